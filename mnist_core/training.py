"""The training loop, whole and visible: `fit` learns and yields, `train` keeps a run folder while it does."""

import contextlib
import copy
import ctypes
import math
import os
import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from mnist_core.augment import augment
from mnist_core.config import TrainConfig
from mnist_core.data import Digits, load_digits, normalise, split
from mnist_core.metrics import Score, log_probabilities, score, with_interval
from mnist_core.models import build
from mnist_core.runs import Predictions, Run

LOGGED = 400  # rows of history a run is kept to, so that the curve of a long one is drawn as quickly


class Diverged(Exception):
    """The loss is no longer a number; the message says when and what to try."""


@dataclass(frozen=True)
class Step:
    """What one step of training did. The two scores are there when it ended an epoch, or the training."""

    step: int  # from 1
    steps: int  # there will be, if nobody stops
    epoch: float  # passes over the training digits so far
    loss: float  # of this batch, in nats, without label smoothing
    accuracy: float  # of this batch, 0..1
    learning_rate: float
    images_per_second: float  # since the training began
    seconds: float  # since the training began
    train: Score | None = None  # mean over the epoch's batches, as they were met
    validation: Score | None = None  # on digits it never learns from


def fit(model: nn.Module, digits: Digits, held_out: Digits, config: TrainConfig) -> Iterator[Step]:
    """Teach the network and yield after every step; leaving the loop is stopping. The model is changed in place.

    The same seed, threads and machine give the same numbers. Raises Diverged when the loss is no longer finite.
    """
    keep_freed_memory()
    torch.set_num_threads(config.threads)
    torch.manual_seed(config.seed)
    device = choose_device(config.device)
    half = bf16_pays(model, device)
    model.to(device).to(memory_format=torch.channels_last)
    learner = copy.deepcopy(model) if config.ema else model  # then the model is the running mean of the learner
    images, labels = torch.tensor(digits.images, device=device), torch.tensor(digits.labels, device=device)
    optimizers = make_optimizers(learner, config)
    per_epoch = math.ceil(len(digits) / config.batch_size)
    steps = max(1, round(config.epochs * per_epoch))
    start, seen = time.perf_counter(), 0

    for step in range(1, steps + 1):
        if (step - 1) % per_epoch == 0:
            order = torch.randperm(len(digits)).to(device)
            losses, hits, met = 0.0, 0.0, 0
        batch = order[(step - 1) % per_epoch * config.batch_size :][: config.batch_size]
        y = labels[batch]
        x = normalise(augment(images[batch], y, config.augmentation, config.augmentation_strength))
        rate = learning_rate(step - 1, steps, config)
        for group in (group for optimizer in optimizers for group in optimizer.param_groups):
            group["lr"] = rate * group["times"]

        learner.train()
        with torch.autocast(device.type, torch.bfloat16, enabled=half):
            logits = learner(x.to(memory_format=torch.channels_last))
        loss = F.cross_entropy(logits.float(), y, label_smoothing=config.label_smoothing)
        loss.backward()  # type: ignore[no-untyped-call]
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad()
        if config.ema:
            move_towards(model, learner, 1 - min(config.ema, step / (step + 10)))

        plain = F.cross_entropy(logits.detach().float(), y).item() if config.label_smoothing else loss.item()
        right = (logits.argmax(1) == y).sum().item()
        if not math.isfinite(plain):
            raise diverged(plain, step, config)
        losses, hits, met, seen = losses + plain * len(y), hits + right, met + len(y), seen + len(y)
        ends = step % per_epoch == 0 or step == steps
        validation = score(log_probabilities(model, held_out.images), held_out.labels) if ends else None
        if validation and not math.isfinite(validation.loss):
            raise diverged(validation.loss, step, config)
        seconds = time.perf_counter() - start
        yield Step(
            step=step,
            steps=steps,
            epoch=step / per_epoch,
            loss=plain,
            accuracy=right / len(y),
            learning_rate=rate,
            images_per_second=seen / seconds,
            seconds=seconds,
            train=Score(losses / met, hits / met) if ends else None,
            validation=validation,
        )


def diverged(loss: float, step: int, config: TrainConfig) -> Diverged:
    """What is raised when the loss is no number any more."""
    return Diverged(
        f"The loss was {loss} after {step} steps: with a learning rate of {config.learning_rate:g} "
        "the training diverged; try a smaller one."
    )


def train(run: Run, stop: Callable[[], bool] = lambda: False) -> Iterator[Step]:
    """Train as the run's config says and write everything into its folder, yielding every step.

    The epoch that is best on the validation digits is kept, or the last, as the config says; the test digits are looked
    at once, at the end. When `stop` says so, the run ends there, with the model kept so far, marked as stopped. Raises
    DataError, Diverged, OSError.
    """
    config = run.config
    digits, held_out = split(load_digits(config.dataset, "train"), config.validation_size or 0, config.seed)
    model = build(config.architecture, config.dropout, config.seed)
    best, best_weights, best_epoch = Score(math.inf, 0.0), {}, 0.0
    make_optimizers(model, config)  # torch imports much for the first one, which is no part of the training
    cpu = time.process_time()
    waiting: list[Step] = []
    stopped = False

    for step in fit(model, digits, held_out, config):
        validation = step.validation
        stopped = step.step < step.steps and stop()
        if stopped and validation is None:  # what was learned since the last epoch may be the best there is
            validation = score(log_probabilities(model, held_out.images), held_out.labels)
            if not math.isfinite(validation.loss):
                raise diverged(validation.loss, step.step, config)
        waiting.append(step)
        if step.step == 1 or len(waiting) >= step.steps / LOGGED:
            run.log(batches_row(waiting))
            waiting = []
        if validation:
            run.log(epoch_row(step, validation))
        better = validation and (validation.accuracy, -validation.loss) > (best.accuracy, -best.loss)
        if validation and (better or config.keep == "last"):
            best, best_epoch = validation, step.epoch
            best_weights = {name: value.clone() for name, value in model.state_dict().items()}
            run.save_model(model)
        yield step
        if stopped:
            break

    cpu = time.process_time() - cpu
    model.load_state_dict(best_weights)
    test = load_digits(config.dataset, "test")
    answers = log_probabilities(model, test.images)
    run.finish(
        {
            "status": "stopped" if stopped else "finished",
            "test": with_interval(score(answers, test.labels), len(test)),
            "validation": asdict(best),
            "best_epoch": best_epoch,
            "epochs": step.epoch,
            "steps": step.step,
            "parameters": sum(weights.numel() for weights in model.parameters()),
            "seconds": step.seconds,
            "cpu_seconds": cpu,
            "device": str(next(model.parameters()).device.type),
            "precision": "bfloat16" if bf16_pays(model, choose_device(config.device)) else "float32",
            "machine": f"{platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}",
        },
        Predictions(answers, test.labels),
    )


def batches_row(steps: list[Step]) -> dict[str, float]:
    """One row of history: the mean loss and accuracy of these steps' batches, at the place of the last of them."""
    last = steps[-1]
    return where(last) | {
        "steps": last.steps,
        "images_per_second": round(last.images_per_second, 1),
        "learning_rate": last.learning_rate,
        "loss": round(float(np.mean([step.loss for step in steps])), 6),
        "accuracy": round(float(np.mean([step.accuracy for step in steps])), 6),
    }


def epoch_row(step: Step, validation: Score) -> dict[str, float]:
    """One row of history for the end of an epoch, or for where the training was stopped."""
    values = {"validation_loss": validation.loss, "validation_accuracy": validation.accuracy}
    if step.train:
        values |= {"train_loss": step.train.loss, "train_accuracy": step.train.accuracy}
    return where(step) | {name: round(value, 6) for name, value in values.items()}


def where(step: Step) -> dict[str, float]:
    """Where on the way a row of history belongs."""
    return {"step": step.step, "epoch": round(step.epoch, 4), "seconds": round(step.seconds, 3)}


def learning_rate(step: int, steps: int, config: TrainConfig) -> float:
    """The rate for step 0..steps-1; `config.learning_rate` is the peak. `config.SCHEDULES` describes the shapes."""
    peak, done = config.learning_rate, step / steps
    if config.schedule == "step":
        return peak * (1.0 if done < 0.6 else 0.1 if done < 0.85 else 0.01)
    if config.schedule == "cosine":
        return peak * 0.5 * (1 + math.cos(math.pi * done))
    if config.schedule == "one-cycle":
        return peak * (0.1 + 0.9 * done / 0.2 if done < 0.2 else (1 - done) / 0.8)
    return peak


def make_optimizers(model: nn.Module, config: TrainConfig) -> list[torch.optim.Optimizer]:
    """The optimizers of the config, each for its share of the weights; their groups say how many `times` the rate.

    Muon takes the convolution kernels, at ten times the rate and without weight decay, and AdamW the rest.
    """
    weights = list(model.parameters())
    decay = config.weight_decay
    if config.optimizer == "sgd":
        groups = [{"params": weights, "times": 1.0}]
        return [torch.optim.SGD(groups, momentum=config.momentum, weight_decay=decay, fused=True)]
    if config.optimizer == "adam":
        return [torch.optim.Adam([{"params": weights, "times": 1.0}], weight_decay=decay, fused=True)]
    if config.optimizer == "adamw":
        return [torch.optim.AdamW([{"params": weights, "times": 1.0}], weight_decay=decay, fused=True)]
    kernels = [weight for weight in weights if weight.ndim == 4]
    rest = [weight for weight in weights if weight.ndim != 4]
    adamw = torch.optim.AdamW([{"params": rest, "times": 1.0}], betas=(0.9, 0.99), weight_decay=decay, fused=True)
    return [Muon([{"params": kernels, "times": 10.0}]), adamw]


class Muon(torch.optim.Optimizer):
    """Momentum whose steps are made orthogonal, for convolution kernels (Jordan et al., 2024, kellerjordan/Muon).

    Before each step a kernel is scaled to a norm of sqrt(its output channels), as in the same author's airbench.
    """

    def __init__(self, groups: Any, momentum: float = 0.6) -> None:
        super().__init__(groups, {"lr": 0.01, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """One step for every kernel that has a gradient."""
        for group in self.param_groups:
            for kernel in group["params"]:
                gradient = kernel.grad
                if gradient is None:
                    continue
                kept = self.state[kernel].setdefault("momentum", torch.zeros_like(gradient))
                kept.mul_(group["momentum"]).add_(gradient)
                nesterov = gradient.add(kept, alpha=group["momentum"])
                kernel.mul_(math.sqrt(len(kernel)) / kernel.norm())
                kernel.add_(orthogonal(nesterov.flatten(1)).view_as(kernel), alpha=-group["lr"])


def orthogonal(matrix: torch.Tensor, steps: int = 3) -> torch.Tensor:
    """Nearly U V^T of the matrix's singular value decomposition U S V^T, by Newton-Schulz steps (Bernstein, 2024).

    Each step multiplies by a polynomial of the Gram matrix X X^T, which is small and changes by the same polynomial:
    so all steps happen on it, and the matrix itself is multiplied once, at the end.
    """
    x = matrix / (matrix.norm() + 1e-7)
    tall = x.shape[0] > x.shape[1]
    gram = x.T @ x if tall else x @ x.T
    product = factor = polynomial(gram)
    for _ in range(steps - 1):
        gram = factor @ gram @ factor
        factor = polynomial(gram)
        product = factor @ product
    turned: torch.Tensor = x @ product if tall else product @ x
    return turned


def polynomial(gram: torch.Tensor) -> torch.Tensor:
    """2.0315 I - 4.7750 G + 3.4445 G^2: what brings singular values between 0 and 1 nearer to 1."""
    values = torch.addmm(gram, gram, gram, beta=-4.7750, alpha=3.4445)
    values.diagonal().add_(2.0315)
    return values


@torch.no_grad()
def move_towards(model: nn.Module, learner: nn.Module, share: float) -> None:
    """Move every weight and every running statistic of the model this share of the way to the learner's."""
    for kept, new in zip(model.state_dict().values(), learner.state_dict().values(), strict=True):
        if kept.is_floating_point():
            kept.lerp_(new, share)
        else:
            kept.copy_(new)


def choose_device(name: str) -> torch.device:
    """The device of this name, or the best there is for "auto". Raises ValueError when this machine has none such."""
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return torch.device(next(device for device, available in there.items() if available))
    if not there[name]:
        raise ValueError(f"device must be auto or one that this machine has, got {name!r}; use cpu here")
    return torch.device(name)


def keep_freed_memory() -> None:
    """Let the C library keep what is freed for the next batch, instead of giving it back and asking again.

    With batches of 256 the maps of a convolution are so large that glibc returns them to the system after every use;
    keeping them makes an epoch 1.3 to 1.7 times as fast. Does nothing where there is no glibc.
    """
    with contextlib.suppress(OSError, AttributeError, TypeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(-3, 1 << 30)  # M_MMAP_THRESHOLD, as in glibc's malloc.h
        mallopt(-1, (1 << 31) - 1)  # M_TRIM_THRESHOLD


def bf16_pays(model: nn.Module, device: torch.device) -> bool:
    """Is training faster in bfloat16? Where the hardware multiplies it, for networks that convolve several channels."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type != "cpu":
        return False
    can = torch.cpu.get_capabilities()
    convolves = any(isinstance(layer, nn.Conv2d) and layer.in_channels >= 16 for layer in model.modules())
    return convolves and bool(can.get("avx512_bf16") or can.get("amx_bf16"))

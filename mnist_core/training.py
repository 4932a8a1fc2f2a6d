"""The training loop, whole and visible: `fit` learns and yields, `train` keeps a run folder while it does."""

import copy
import math
import os
import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from mnist_core.augment import augment
from mnist_core.config import TrainConfig
from mnist_core.data import Digits, load_digits, normalise, split
from mnist_core.errors import MnistLabError
from mnist_core.hardware import bf16_is_faster, choose_device, keep_freed_memory
from mnist_core.inference import log_probabilities
from mnist_core.metrics import Score, score, score_with_interval
from mnist_core.models import build
from mnist_core.optim import ema_update, learning_rate_at, make_optimizers
from mnist_core.result import Result
from mnist_core.runs import Predictions, Run, RunError

MAX_HISTORY_ROWS = 400  # rows of history a run is kept to, so that the curve of a long one is drawn as quickly


class Diverged(MnistLabError):
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
    half = bf16_is_faster(model, device)
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
        rate = learning_rate_at(step - 1, steps, config)
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
            ema_update(model, learner, 1 - min(config.ema, step / (step + 10)))

        plain = F.cross_entropy(logits.detach().float(), y).item() if config.label_smoothing else loss.item()
        right = (logits.argmax(1) == y).sum().item()
        if not math.isfinite(plain):
            raise divergence(plain, step, config)
        losses, hits, met, seen = losses + plain * len(y), hits + right, met + len(y), seen + len(y)
        ends = step % per_epoch == 0 or step == steps
        validation = score(log_probabilities(model, held_out.images), held_out.labels) if ends else None
        if validation and not math.isfinite(validation.loss):
            raise divergence(validation.loss, step, config)
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


def divergence(loss: float, step: int, config: TrainConfig) -> Diverged:
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
    if not isinstance(config, TrainConfig):
        raise RunError(f"{run.name} is an ensemble, which is not trained; train its members instead.")
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
                raise divergence(validation.loss, step.step, config)
        waiting.append(step)
        if step.step == 1 or len(waiting) >= step.steps / MAX_HISTORY_ROWS:
            run.log(batch_row(waiting))
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
    predicted = log_probabilities(model, test.images)
    run.finish(
        Result(
            status="stopped" if stopped else "finished",
            test=score_with_interval(predicted, test.labels),
            validation=best,
            best_epoch=best_epoch,
            epochs=step.epoch,
            steps=step.step,
            parameters=sum(weights.numel() for weights in model.parameters()),
            seconds=step.seconds,
            cpu_seconds=cpu,
            device=str(next(model.parameters()).device.type),
            precision="bfloat16" if bf16_is_faster(model, choose_device(config.device)) else "float32",
            machine=f"{platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}",
        ),
        Predictions(predicted, test.labels),
    )


def batch_row(steps: list[Step]) -> dict[str, float]:
    """One row of history: the mean loss and accuracy of these steps' batches, at the place of the last of them."""
    last = steps[-1]
    return position(last) | {
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
    return position(step) | {name: round(value, 6) for name, value in values.items()}


def position(step: Step) -> dict[str, float]:
    """Where on the way a row of history belongs."""
    return {"step": step.step, "epoch": round(step.epoch, 4), "seconds": round(step.seconds, 3)}

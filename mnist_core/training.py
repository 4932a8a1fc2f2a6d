"""The training loop: `fit` trains a network step by step, `train` also writes a run folder."""

import math
import os
import platform
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, fields, replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from mnist_core.augment import augment
from mnist_core.checkpoint import (
    RECORD_COLUMNS,
    Checkpoint,
    CheckpointLog,
    KeptWeights,
    TrainingState,
    read_checkpoint,
    write_checkpoint,
)
from mnist_core.config import TrainConfig
from mnist_core.data import Digits, load_digits, normalise, split_indices
from mnist_core.errors import MnistLabError
from mnist_core.hardware import bf16_is_faster, keep_freed_memory, num_threads, seeded, set_random_state
from mnist_core.inference import log_probabilities
from mnist_core.interim import plan_interim
from mnist_core.metrics import Score, score
from mnist_core.models import build
from mnist_core.optim import ema_update, learning_rate_at
from mnist_core.pace import Pace
from mnist_core.result import Result
from mnist_core.runs import Predictions, Run, RunError, latest_learning_rate
from mnist_core.snapshots import SnapshotLog, one_of_each
from mnist_core.temperature import calibrate

MAX_HISTORY_ROWS = 400  # of batches, so that the curve of a long run is drawn as quickly as that of a short one

MAX_ROWS_OF_DIVERGENCE = 50  # the last steps before the loss is no longer finite, one row each


class Diverged(MnistLabError):
    """The loss is no longer finite; the message says when that happened and what to try."""


@dataclass(frozen=True)
class Step:
    """One training step. The two scores are None except at the end of an epoch and at the last step."""

    step: int  # from 1
    steps: int  # the total if training is not stopped early
    epoch: float  # passes over the training digits so far
    loss: float  # of this batch, in nats, without label smoothing
    accuracy: float  # of this batch, 0..1
    learning_rate: float
    images_per_second: float  # since the training began
    seconds: float  # of training so far, without the time that the caller spent between steps
    cpu_seconds: float  # of training so far, likewise
    train: Score | None = None  # mean over the epoch's batches, each before its update
    validation: Score | None = None  # on the digits held out


def fit(
    model: nn.Module, digits: Digits, held_out: Digits, config: TrainConfig, state: TrainingState | None = None
) -> Generator[Step, None, None]:
    """Train the model in place and yield after every step. To stop, leave the loop.

    With a `state` of this model it goes on from there, and the state is the present one whenever a step is yielded. The
    same seed, number of threads and machine produce the same numbers. While the generator runs, torch has the
    config's number of threads and its own random state; both are restored when it ends or is closed. What the caller
    does between steps does not count as time of training. Raises ConfigError when this machine has no such device,
    Diverged when the loss is no longer finite.
    """
    keep_freed_memory()
    state = state or TrainingState(model, config)
    device, raw_model, optimizers = state.device, state.raw_model, state.optimizers
    with num_threads(config.threads), seeded(config.seed):
        set_random_state(state.random)
        use_bf16 = bf16_is_faster(model, device)
        images, labels = torch.tensor(digits.images, device=device), torch.tensor(digits.labels, device=device)
        steps_per_epoch, steps = config.steps_per_epoch(len(digits)), config.total_steps(len(digits))

        for step in range(state.step + 1, steps + 1):
            start, cpu_start = time.perf_counter(), time.process_time()
            if (step - 1) % steps_per_epoch == 0:
                state.permutation = torch.randperm(len(digits)).to(device)
                state.epoch_loss, state.epoch_correct, state.epoch_images = 0.0, 0, 0
            indices = state.permutation[(step - 1) % steps_per_epoch * config.batch_size :][: config.batch_size]
            y = labels[indices]
            x = normalise(augment(images[indices], y, config.augmentation, config.augmentation_strength))
            learning_rate = learning_rate_at(step - 1, steps, config)
            for group in (group for optimizer in optimizers for group in optimizer.param_groups):
                group["lr"] = learning_rate * group["lr_scale"]

            raw_model.train()
            with torch.autocast(device.type, torch.bfloat16, enabled=use_bf16):
                logits = raw_model(x.to(memory_format=torch.channels_last))
            loss = F.cross_entropy(logits.float(), y, label_smoothing=config.label_smoothing)
            loss.backward()  # type: ignore[no-untyped-call]
            for optimizer in optimizers:
                optimizer.step()
                optimizer.zero_grad()
            if config.ema:
                decay = min(
                    config.ema, step / (step + 10)
                )  # smaller at first, so that the initial weights are forgotten
                ema_update(model, raw_model, decay)

            batch_loss = F.cross_entropy(logits.detach().float(), y).item() if config.label_smoothing else loss.item()
            correct = (logits.argmax(1) == y).sum().item()
            if not math.isfinite(batch_loss):
                raise divergence(batch_loss, step, config)
            state.epoch_loss += batch_loss * len(y)
            state.epoch_correct += correct
            state.epoch_images += len(y)
            state.images += len(y)
            epoch_ends = step % steps_per_epoch == 0 or step == steps
            validation = score(log_probabilities(model, held_out.images), held_out.labels) if epoch_ends else None
            if validation and not math.isfinite(validation.loss):
                raise divergence(validation.loss, step, config)
            state.step = step
            state.seconds += time.perf_counter() - start
            state.cpu_seconds += time.process_time() - cpu_start
            yield Step(
                step=step,
                steps=steps,
                epoch=step / steps_per_epoch,
                loss=batch_loss,
                accuracy=correct / len(y),
                learning_rate=learning_rate,
                images_per_second=state.images / state.seconds,
                seconds=state.seconds,
                cpu_seconds=state.cpu_seconds,
                train=epoch_score(state) if epoch_ends else None,
                validation=validation,
            )


def epoch_score(state: TrainingState) -> Score:
    """Return the mean loss and accuracy of the batches of this epoch so far."""
    return Score(state.epoch_loss / state.epoch_images, state.epoch_correct / state.epoch_images)


STEP_NUMBERS = [field.name for field in fields(Step)][:RECORD_COLUMNS]  # of one without scores


def divergence(loss: float, step: int, config: TrainConfig) -> Diverged:
    """Return the error for a loss that is not finite after this step."""
    return Diverged(
        f"The loss was {loss} after {step} steps: with a learning rate of {config.learning_rate:g} "
        "the training diverged; try a smaller one."
    )


def train(
    run: Run,
    stop: Callable[[], bool] = lambda: False,
    pace: Pace | None = None,
    pause: Callable[[], bool] = lambda: False,
) -> Generator[Step, None, None]:
    """Train as the run's config says, yield every step, and write everything to the run's folder.

    A run with a checkpoint goes on from there and ends with the same weights as without the break; any other begins at
    its start. The weights of the best epoch on the validation digits are kept, or those of the last, as the config
    says, and their temperature is fitted on the same digits. The test digits are used once, at the end. When `stop()`
    returns True after a step, the training ends there: the weights kept so far become the result, whose status is
    "stopped". When `pause()` does, a checkpoint is stored and the run is "paused". A loop that is left early stores one
    too, and leaves the run unfinished. `pace` holds the steps back; while it does, each is recorded. None of this
    changes what is learned, nor the seconds.

    Raises RunError when the run is an ensemble or has a result, or when its checkpoint or history is damaged;
    ConfigError when there is no such architecture or device or the validation part is too small or too large, DataError
    when the digits are not on this machine or are damaged, Diverged when the loss is no longer finite, and OSError when
    the folder cannot be written.
    """
    config = run.config
    if not isinstance(config, TrainConfig):
        raise RunError(f"{run.name} is an ensemble, which is not trained; train its members instead.")
    if run.result is not None:
        raise RunError(f"{run.name} has its result already; to train longer, start a new run with more epochs.")
    pace = pace or Pace()
    all_digits = load_digits(config.dataset, "train")
    learned, validating = split_indices(all_digits.labels, config.validation_size or 0, config.seed)
    digits, held_out = all_digits.take(learned), all_digits.take(validating)
    model = build(config.architecture, config.dropout, config.seed)
    state = TrainingState(model, config)
    interim = plan_interim(config, len(digits), held_out)
    checkpoint = read_checkpoint(run, config, len(digits), state)
    run.begin(state.step)
    present = replace(config, learning_rate=latest_learning_rate(run.history, config))
    best = Best(run, model, config.keep, checkpoint.kept if checkpoint else None)
    stopped = reached = False

    with num_threads(config.threads), HistoryLog(run, checkpoint.unlogged if checkpoint else None) as history:
        ten, last = one_of_each(all_digits.labels, validating), checkpoint.last_snapshot if checkpoint else None
        snapshots = SnapshotLog(run.log_snapshot, model, all_digits, ten, last)
        checkpoints = CheckpointLog(
            lambda: write_checkpoint(
                run, config, len(digits), state, Checkpoint(snapshots.last, best.kept, history.unlogged())
            )
        )
        pace.wait()
        for step in fit(model, digits, held_out, present, state):
            held_back, record = pace.slow, pace.records(step.step)
            history.add(step, record)
            validation = step.validation
            if step.step in interim.steps:
                measured = interim.measure(model)
                run.log(interim_row(step, measured, len(interim.digits)))
                if is_reached(config, measured):
                    on_all = validate(model, held_out, step, present)
                    validation = on_all if is_reached(config, on_all) else None
            if validation:
                run.log(epoch_row(step, validation))
                best.offer(step, validation)
                reached = is_reached(config, validation)
            if record or snapshots.due(step.step, step.steps):
                snapshots.add(step.step, step.epoch, step.seconds)
            try:
                yield step
            except GeneratorExit:
                if step.step < step.steps:
                    checkpoints.write()
                raise
            if step.step < step.steps and not reached:
                if held_back:
                    pace.wait()
                stopped = stop()
                if not stopped and pause() and checkpoints.write():
                    run.pause()
                    return
                checkpoints.write_if_due(bool(validation))
            if stopped or reached:
                break

        if stopped or reached:
            snapshots.add(step.step, step.epoch, step.seconds)
        if not validation:  # the weights since the last epoch may be the best
            validation = validate(model, held_out, step, present)
            run.log(epoch_row(step, validation))
            best.offer(step, validation)
        assert best.kept is not None
        model.load_state_dict(best.kept.weights)
        validation_log_probs = log_probabilities(model, held_out.images)
        test = load_digits(config.dataset, "test")
        calibrated = calibrate(
            validation_log_probs, held_out.labels, log_probabilities(model, test.images), test.labels
        )

    run.finish(
        Result(
            status="stopped" if stopped else "finished",
            test=calibrated.test,
            validation=calibrated.validation,
            best_epoch=best.kept.epoch,
            epochs=step.epoch,
            steps=step.step,
            parameters=sum(weight.numel() for weight in model.parameters()),
            seconds=step.seconds,
            cpu_seconds=step.cpu_seconds,
            device=state.device.type,
            precision="bfloat16" if bf16_is_faster(model, state.device) else "float32",
            machine=f"{platform.machine()}, {os.cpu_count()} cores, torch {torch.__version__}",
            temperature=calibrated.temperature,
        ),
        Predictions(calibrated.log_probabilities, test.labels),
    )


def validate(model: nn.Module, held_out: Digits, step: Step, config: TrainConfig) -> Score:
    """Return the score on all held-out digits after this step. Raises Diverged when its loss is not finite."""
    result = score(log_probabilities(model, held_out.images), held_out.labels)
    if not math.isfinite(result.loss):
        raise divergence(result.loss, step.step, config)
    return result


def is_reached(config: TrainConfig, validation: Score) -> bool:
    """Return whether the training may end because this is the validation accuracy it was to reach."""
    return 0 < config.stop_at <= validation.accuracy


class Best:
    """The weights that become the result: those of the best validation so far, or of the last, as the config says."""

    def __init__(self, run: Run, model: nn.Module, keep: str, kept: KeptWeights | None = None) -> None:
        """`kept` are those of a run that goes on: they are stored, for the file may be of a later step."""
        self._run, self._model, self._keep = run, model, keep
        self.kept = kept
        if kept:
            run.save_weights(kept.weights)

    def offer(self, step: Step, validation: Score) -> None:
        """Keep and store the weights as they are after this step if they are to be kept."""
        best = self.kept.validation if self.kept else Score(math.inf, 0.0)
        better = (validation.accuracy, -validation.loss) > (best.accuracy, -best.loss)
        if better or self._keep == "last":
            weights = {name: value.clone() for name, value in self._model.state_dict().items()}
            self.kept = KeptWeights(step.epoch, validation, weights)
            self._run.save_weights(weights)


class HistoryLog:
    """Writes the rows of batches to a run's history, at most `MAX_HISTORY_ROWS` unless each step is to be seen.

    As a context manager it writes the steps that have no row yet, one by one, when the training diverges: they show how
    the loss explodes.
    """

    def __init__(self, run: Run, unlogged: torch.Tensor | None = None) -> None:
        """`unlogged` is what a run that goes on had not written when its checkpoint was stored."""
        self._run = run
        self._unlogged = [] if unlogged is None else [Step(*numbers) for numbers in unlogged.tolist()]

    def unlogged(self) -> torch.Tensor:
        """Return the steps that have no row yet, float64 (N, 9): the numbers of `Step` in their order."""
        rows = [[getattr(step, name) for name in STEP_NUMBERS] for step in self._unlogged]
        return torch.tensor(rows, dtype=torch.float64).reshape(len(rows), len(STEP_NUMBERS))

    def add(self, step: Step, now: bool) -> None:
        """Write a row of the steps since the last one, if there are enough of them or it must be written now."""
        self._unlogged.append(step)
        if now or step.step == 1 or len(self._unlogged) >= step.steps / MAX_HISTORY_ROWS:
            self._run.log(batch_row(self._unlogged))
            self._unlogged = []

    def __enter__(self) -> "HistoryLog":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is Diverged:
            for step in self._unlogged[-MAX_ROWS_OF_DIVERGENCE:]:
                self._run.log(batch_row([step]))


def batch_row(steps: list[Step]) -> dict[str, float]:
    """Return one row of history: the mean loss and accuracy of these steps' batches, at the last of the steps."""
    last = steps[-1]
    return position(last) | {
        "steps": last.steps,
        "images_per_second": round(last.images_per_second, 1),
        "learning_rate": last.learning_rate,
        "loss": round(float(np.mean([step.loss for step in steps])), 6),
        "accuracy": round(float(np.mean([step.accuracy for step in steps])), 6),
    }


def epoch_row(step: Step, validation: Score) -> dict[str, float]:
    """Return one row of history for the end of an epoch, or for the step at which training was stopped."""
    values = {"validation_loss": validation.loss, "validation_accuracy": validation.accuracy}
    if step.train:
        values |= {"train_loss": step.train.loss, "train_accuracy": step.train.accuracy}
    return position(step) | {name: round(value, 6) for name, value in values.items()}


def interim_row(step: Step, validation: Score, images: int) -> dict[str, float]:
    """Return one row of history for a validation within an epoch, on so many of the digits held out."""
    return epoch_row(step, validation) | {"validation_images": images}


def position(step: Step) -> dict[str, float]:
    """Return what every row of history begins with: the step, the epoch and the seconds since the training began."""
    return {"step": step.step, "epoch": round(step.epoch, 4), "seconds": round(step.seconds, 3)}

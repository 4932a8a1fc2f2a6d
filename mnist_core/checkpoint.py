"""Checkpoints: everything a training run needs to go on from one of its steps, in one file of its folder.

`checkpoint.safetensors` holds tensors, and the numbers as JSON in its metadata; nothing is ever unpickled. A run that
goes on from it ends with the same weights, bit by bit, as one that was never interrupted, on the same machine.
"""

import copy
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor, nn

from mnist_core.config import TrainConfig, config_from_dict
from mnist_core.hardware import choose_device, random_state, seeded, set_random_state
from mnist_core.metrics import Score
from mnist_core.optim import make_optimizers
from mnist_core.run_files import is_number
from mnist_core.runs import CHECKPOINT, Run, RunError, broken_checkpoint

INTERVAL = 30.0  # seconds after which one is written also within an epoch
MIN_INTERVAL = 2.0  # seconds between two: what a killed run loses at least
MAX_SHARE = 0.005  # of the time that writing them may take: a large network on a slow disk writes fewer
RECORD_COLUMNS = 9  # numbers of a step that is not in the history yet, see `training.HistoryLog`


class TrainingState:
    """The state of a training run between two steps. `fit` changes it, a checkpoint holds it."""

    def __init__(self, model: nn.Module, config: TrainConfig) -> None:
        """Move the model to the config's device. Raises ConfigError when this machine has no such device."""
        self.device = choose_device(config.device)
        self.model = model.to(self.device).to(memory_format=torch.channels_last)
        # With EMA, `model` is the moving average of `raw_model`, which is the one that learns.
        self.raw_model = copy.deepcopy(self.model) if config.ema else self.model
        self.optimizers = make_optimizers(self.raw_model, config)
        self.random: dict[str, Tensor] = {}  # torch's random states to go on with; empty at the beginning of a run
        self.permutation = torch.empty(0, dtype=torch.int64, device=self.device)  # of the training digits, this epoch
        self.step = 0  # steps made
        self.epoch_loss, self.epoch_correct, self.epoch_images = 0.0, 0, 0  # sums of this epoch
        self.images = 0  # seen in all
        self.seconds, self.cpu_seconds = 0.0, 0.0  # of training

    def numbers(self) -> dict[str, float]:
        """Return everything that is not a tensor."""
        names = ("step", "epoch_loss", "epoch_correct", "epoch_images", "images", "seconds", "cpu_seconds")
        return {name: getattr(self, name) for name in names}

    def tensors(self) -> dict[str, Tensor]:
        """Return the tensors that change with every step, by name; not copies."""
        found = {f"weights.{name}": value for name, value in self.raw_model.state_dict().items()}
        if self.raw_model is not self.model:
            found |= {f"average.{name}": value for name, value in self.model.state_dict().items()}
        for index, optimizer in enumerate(self.optimizers):
            parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
            for place, parameter in enumerate(parameters):
                for name, value in optimizer.state[parameter].items():
                    if value is not None:
                        found[f"optimizer.{index}.{place}.{name}"] = value
        return found

    def make_optimizer_state(self) -> None:
        """Let the optimizers make the tensors that they keep, by a step with gradients of 0."""
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                for parameter in group["params"]:
                    parameter.grad = torch.zeros_like(parameter)
            optimizer.step()
            optimizer.zero_grad()


@dataclass(frozen=True)
class KeptWeights:
    """The weights that become the result, so far, and how well they did on the validation digits."""

    epoch: float
    validation: Score
    weights: dict[str, Tensor]


@dataclass(frozen=True)
class Checkpoint:
    """What a checkpoint holds beside the `TrainingState`."""

    last_snapshot: int  # its step
    kept: KeptWeights | None  # None before the first validation
    unlogged: Tensor  # float64 (N, RECORD_COLUMNS): the steps since the last row of the history

    def tensors(self) -> dict[str, Tensor]:
        """Return its tensors by name."""
        weights = self.kept.weights if self.kept else {}
        return {f"kept.{name}": value for name, value in weights.items()} | {"unlogged": self.unlogged}


def write_checkpoint(run: Run, config: TrainConfig, training_size: int, state: TrainingState, rest: Checkpoint) -> bool:
    """Store where the run is; return False, and leave the file as it is, when a value is no longer finite.

    `config` is that of the run's config.json. Raises OSError when the folder cannot be written.
    """
    tensors = state.tensors() | rest.tensors()
    if not all(is_finite(value) for value in tensors.values()):
        return False
    tensors |= {f"random.{name}": value for name, value in random_state(state.device).items()}
    tensors["permutation"] = state.permutation.to(torch.int32)
    kept = rest.kept and {"epoch": rest.kept.epoch, **asdict(rest.kept.validation)}
    content = {"config": asdict(config), "state": state.numbers(), "last_snapshot": rest.last_snapshot, "kept": kept}
    epoch = round(state.step / config.steps_per_epoch(training_size), 4)
    position = {"step": state.step, "epoch": epoch, "seconds": round(state.seconds, 3)}
    metadata = {"content": json.dumps(content), "position": json.dumps(position)}
    run.save_checkpoint(save({name: value.cpu().contiguous() for name, value in tensors.items()}, metadata))
    return True


def read_checkpoint(run: Run, config: TrainConfig, training_size: int, state: TrainingState) -> Checkpoint | None:
    """Set the state to where the run was, and return the rest of its checkpoint; None, and nothing set, without one.

    `state` is a fresh one of a model of this config. Raises RunError, with a sentence that says what to do, when the
    checkpoint is damaged or is not one of this run.
    """
    if not os.path.lexists(run.folder / CHECKPOINT):
        return None
    try:
        with safe_open(run.checkpoint_file(), "pt") as stored:
            content = json.loads((stored.metadata() or {})["content"])
            if config_from_dict(content["config"]) != config:
                raise ValueError("it is of a run with other settings")
            numbers = checked_numbers(content["state"], config, training_size)
            state.make_optimizer_state()
            tensors = checked_tensors(stored, expected_tensors(state, training_size, content["kept"] is not None))
            rest = checked_rest(content, tensors, config)
        check_permutation(tensors["permutation"], training_size)
        for name, value in state.tensors().items():
            value.copy_(tensors[name])
        state.permutation = tensors["permutation"].to(state.device, torch.int64)
        state.random = under("random", tensors)
        with seeded(0):
            set_random_state(state.random)  # raises RuntimeError when it cannot be one
        for name, number in numbers.items():
            setattr(state, name, number)
        return rest
    except (MemoryError, RunError):
        raise
    except Exception as error:  # each kind of damage has its own error class
        what = f"it has no {error.args[0]}" if isinstance(error, KeyError) else error
        raise broken_checkpoint(run, what) from None


def checked_numbers(numbers: dict[str, Any], config: TrainConfig, training_size: int) -> dict[str, float]:
    """Return the numbers of a state. Raises KeyError or ValueError for any that no run of this config has."""
    step = whole_number(numbers, "step", 1, config.total_steps(training_size) - 1)
    epoch_images = whole_number(numbers, "epoch_images", 1, training_size)
    return {
        "step": step,
        "epoch_loss": finite_number(numbers, "epoch_loss"),
        "epoch_correct": whole_number(numbers, "epoch_correct", 0, epoch_images),
        "epoch_images": epoch_images,
        "images": whole_number(numbers, "images", step, step * config.batch_size),
        "seconds": finite_number(numbers, "seconds"),
        "cpu_seconds": finite_number(numbers, "cpu_seconds"),
    }


def checked_rest(content: dict[str, Any], tensors: dict[str, Tensor], config: TrainConfig) -> Checkpoint:
    """Return what is beside the state. Raises KeyError, TypeError or ValueError for values that no run has."""
    kept = None
    if content["kept"] is not None:
        score = Score(finite_number(content["kept"], "loss"), finite_number(content["kept"], "accuracy", 1.0))
        kept = KeptWeights(finite_number(content["kept"], "epoch", config.epochs + 1), score, under("kept", tensors))
    return Checkpoint(whole_number(content, "last_snapshot", 0, content["state"]["step"]), kept, tensors["unlogged"])


def expected_tensors(state: TrainingState, training_size: int, has_kept: bool) -> dict[str, Tensor]:
    """Return a tensor of the shape and type that a checkpoint must have, by name; but any number of steps unlogged."""
    expected = state.tensors() | {f"random.{name}": value for name, value in random_state(state.device).items()}
    if has_kept:
        expected |= {f"kept.{name}": value for name, value in state.model.state_dict().items()}
    return expected | {
        "permutation": torch.empty(training_size, dtype=torch.int32, device="meta"),
        "unlogged": torch.empty(0, RECORD_COLUMNS, dtype=torch.float64, device="meta"),
    }


def checked_tensors(stored: Any, expected: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors of an open file. Raises ValueError when they are not those expected, or not finite."""
    names = set(stored.keys())
    if names != expected.keys():
        different = min(names ^ expected.keys())
        raise ValueError(f"{different} is {'missing' if different in expected else 'none of its tensors'}")
    tensors = {}
    for name, like in expected.items():
        shape = list(stored.get_slice(name).get_shape())
        if shape[1:] != list(like.shape[1:]) or (name != "unlogged" and shape != list(like.shape)):
            raise ValueError(f"{name} has the shape {shape} instead of {list(like.shape)}")
        value: Tensor = stored.get_tensor(name)
        if value.dtype != like.dtype or not is_finite(value):
            raise ValueError(f"{name} holds values that no training run has")
        tensors[name] = value.to(like.device) if name.startswith("kept.") else value
    return tensors


def check_permutation(permutation: Tensor, size: int) -> None:
    """Raise ValueError when these are not the numbers from 0 to size - 1, each once."""
    if not torch.equal(permutation.sort().values, torch.arange(size, dtype=permutation.dtype)):
        raise ValueError("its order of the training digits has one of them twice")


def is_finite(value: Tensor) -> bool:
    """Return whether a tensor has neither infinite values nor NaN."""
    return not value.is_floating_point() or bool(value.isfinite().all())


def under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors whose name begins with a prefix and a point, by the rest of their name."""
    return {name.partition(".")[2]: value for name, value in tensors.items() if name.startswith(f"{prefix}.")}


def finite_number(values: dict[str, Any], name: str, maximum: float = sys.float_info.max) -> float:
    """Return a number of at least 0. Raises KeyError or ValueError when it is missing or anything else."""
    value = values[name]
    if not is_number(value, high=maximum):
        raise ValueError(f"its {name} is not one of a training run")
    return float(value)


def whole_number(values: dict[str, Any], name: str, minimum: int, maximum: int) -> int:
    """Return a whole number between two. Raises KeyError or ValueError when it is missing or anything else."""
    value = values[name]
    if type(value) is not int or not minimum <= value <= maximum:
        raise ValueError(f"its {name} is not one of a training run with these settings")
    return value


class CheckpointLog:
    """Writes checkpoints at the ends of epochs and every 30 s, but more seldom where that would take too long."""

    def __init__(self, write: Callable[[], bool]) -> None:
        """`write` stores a checkpoint and returns whether it could, as `write_checkpoint` does."""
        self._write = write
        self._last, self._cost = time.monotonic(), 0.0

    def write_if_due(self, epoch_ends: bool) -> None:
        """Write a checkpoint if the last one was long enough ago."""
        elapsed = time.monotonic() - self._last
        if elapsed >= max(MIN_INTERVAL if epoch_ends else INTERVAL, self._cost / MAX_SHARE):
            self.write()

    def write(self) -> bool:
        """Write a checkpoint, and return whether that could be done."""
        start = time.monotonic()
        written = self._write()
        self._last = time.monotonic()
        self._cost = self._last - start
        return written

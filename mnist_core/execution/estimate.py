"""How long training runs will take, from what earlier ones have taken."""

import math
import statistics
from collections.abc import Iterable

from mnist_core.config import TRAINING_SIZES, TrainConfig
from mnist_core.runs import HistoryRow, Run, latest_progress

EXTRA_SECONDS = 2.0  # of a run besides its steps: it loads the digits at first and is tested at the end
GUESS = 1e-4  # seconds for each digit, where no run was ever trained


def total_steps(config: TrainConfig) -> int:
    """Return how many steps a run of this config has."""
    return config.total_steps(TRAINING_SIZES[config.dataset] - (config.validation_size or 0))


def seconds_per_step(config: TrainConfig, runs: Iterable[Run]) -> float:
    """Return the median of what a step took in the runs most like one of this config.

    These are runs that were trained here with the same network, batch size and augmentation; else any with the same
    network; else all. A step of another batch size counts as much longer as it looks at more digits.
    """
    tested = [run for run in runs if isinstance(run.config, TrainConfig) and run.tested and run.outcome.steps]
    network = [run for run in tested if run.config.architecture == config.architecture]  # type: ignore[union-attr]
    same = [run for run in network if not run.shipped and _like(run.config, config)]
    for group in (same, network, tested):
        if group:
            return config.batch_size * statistics.median(_seconds_per_digit(run) for run in group)
    return config.batch_size * GUESS


def duration(config: TrainConfig, speed: float | None, runs: Iterable[Run]) -> float:
    """Return the seconds that a run of this config will take at this speed; infinity when it goes step by step."""
    return seconds_at(total_steps(config), seconds_per_step(config, runs), speed) + EXTRA_SECONDS


def remaining(history: list[HistoryRow], speed: float | None) -> float | None:
    """Return the seconds that a run with this history will still take; None before its first step."""
    last = latest_progress(history)
    if not last or not last["step"]:
        return None
    steps = max(last.get("steps", 0) - last["step"], 0)
    return seconds_at(steps, last["seconds"] / last["step"], speed) + EXTRA_SECONDS / 2


def seconds_at(steps: float, seconds_per_step: float, speed: float | None) -> float:
    """Return the seconds of so many steps, of which at most `speed` are made in a second."""
    if speed == 0:
        return math.inf
    return steps * (seconds_per_step if speed is None else max(seconds_per_step, 1 / speed))


def _like(config: object, other: TrainConfig) -> bool:
    names = ("batch_size", "augmentation", "dataset", "threads", "device")
    return all(getattr(config, name) == getattr(other, name) for name in names)


def _seconds_per_digit(run: Run) -> float:
    assert isinstance(run.config, TrainConfig)
    assert run.outcome.steps
    return run.outcome.seconds / run.outcome.steps / run.config.batch_size

"""What a server allows a visitor and a training run: `Limits`, read from the environment.

Every limit is one field with its variable, its two defaults and what it means; docs/limits.md has them as a table.
"""

import dataclasses
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from mnist_core.errors import MnistLabError
from mnist_core.logs import log

TEACHER = "MNIST_TEACHER"  # the word that a teacher signs in with; a server that has one is one for a class


class LimitError(MnistLabError, ValueError):
    """Something that this server does not allow, or allows only later."""


@dataclass(frozen=True)
class Limit:
    """The variable of one field of `Limits`, its default on a server for a class, and what it means."""

    variable: str
    for_a_class: float
    text: str
    minimum: float = 0.0  # of what may be set


def limit(default: float, variable: str, for_a_class: float, text: str, minimum: float = 0.0) -> Any:
    """Return a dataclass field with its `Limit` attached."""
    return dataclasses.field(default=default, metadata={"limit": Limit(variable, for_a_class, text, minimum)})


@dataclass(frozen=True)
class Limits:
    """What a server allows; the defaults are those of a private one. 0 means no limit, where it is allowed."""

    # fmt: off
    slots: int = limit(1, "MNIST_TRAINING_SLOTS", 1, "Runs that train at the same time", minimum=1)
    epochs: float = limit(500, "MNIST_MAX_EPOCHS", 50, "Epochs of a training run", minimum=0.01)
    batch_size: int = limit(4096, "MNIST_MAX_BATCH_SIZE", 1024, "Batch size of a training run", minimum=1)
    threads: int = limit(
        256, "MNIST_MAX_THREADS", 256, "CPU threads of a training run, and never more than the machine has cores",
        minimum=1,
    )
    minutes: float = limit(
        0, "MNIST_MAX_MINUTES", 60,
        "Minutes that a run may take; past them it is stopped and keeps its best weights",
    )
    waiting: int = limit(
        50, "MNIST_MAX_WAITING", 5, "Runs of one visitor that may wait in line at the same time", minimum=1
    )
    kept: int = limit(
        0, "MNIST_MAX_RUNS", 20,
        "Runs of one visitor that are kept; the oldest that is not pinned is removed first",
    )
    megabytes: float = limit(
        0, "MNIST_MAX_MEGABYTES", 2000,
        "Megabytes of all visitors' runs that are kept; the oldest that is not pinned is removed first",
    )
    # fmt: on

    @property
    def max_threads(self) -> int:
        """The most CPU threads that a run may have on this machine."""
        return min(self.threads, os.cpu_count() or 1)

    def problems(self, values: Mapping[str, Any]) -> dict[str, str]:
        """Return a sentence without its full stop for each setting of a run that is above its limit here, by its name.

        What is not a number is left to `mnist_core.config`.
        """
        highest = {"epochs": self.epochs, "batch_size": self.batch_size, "threads": self.max_threads}
        return {
            name: f"{name} must be at most {most:g} on this server, got {values[name]!r}"
            for name, most in highest.items()
            if isinstance(values.get(name), int | float) and values[name] > most
        }

    def check(self, values: Mapping[str, Any]) -> None:
        """Raise LimitError, with one sentence, when a setting of a run is above its limit here."""
        for sentence in self.problems(values).values():
            raise LimitError(f"{sentence}.")


def limit_of(name: str) -> Limit:
    """Return the `Limit` of one field of `Limits`."""
    found: Limit = Limits.__dataclass_fields__[name].metadata["limit"]
    return found


def read_limits(environment: Mapping[str, str] = os.environ) -> Limits:
    """Return the limits that the environment sets; those of a class are the defaults where there is a teacher's word.

    A value that cannot be used is logged, and the default stands in its place.
    """
    values: dict[str, Any] = {}
    for field in fields(Limits):
        known = limit_of(field.name)
        default = known.for_a_class if environment.get(TEACHER) else getattr(Limits, field.name)
        value = _number(environment.get(known.variable, ""), known, default)
        values[field.name] = int(value) if field.type is int else float(value)
    return Limits(**values)


def _number(text: str, known: Limit, default: float) -> float:
    try:
        value = float(text) if text.strip() else default
    except ValueError:
        value = math.nan
    if known.minimum <= value < math.inf:  # not for nan
        return value
    log.error(
        "%s must be a number of at least %g, got %r; %g is used instead.", known.variable, known.minimum, text, default
    )
    return default

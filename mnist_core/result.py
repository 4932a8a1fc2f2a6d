"""The result of a training run, and how it is read back from JSON."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from mnist_core.config import DEVICES, TEST_SIZES
from mnist_core.metrics import Score, TestScore
from mnist_core.run_files import is_number
from mnist_core.temperature import TEMPERATURE_RANGE
from mnist_core.text import plain_line, quoted

MAX_NUMBER = 1e12  # no time and no number of steps or parameters is as large
MAX_LOSS = 3.5e38  # that of a run that all but diverged fits into 32 bits
MAX_TEXT = 200  # characters of what names the machine


@dataclass(frozen=True)
class Result:
    """The result of a training run, or of combining several runs into an ensemble."""

    status: str  # "finished", or "stopped" before its last step
    test: TestScore  # both scores are with the temperature
    validation: Score
    parameters: int  # their number
    seconds: float  # wall time of training
    cpu_seconds: float  # CPU time of training
    device: str  # "cpu", "cuda" or "mps"
    precision: str  # "float32" or "bfloat16"
    machine: str  # processor, cores and version of torch
    best_epoch: float | None = None  # the epoch whose weights were kept; None for an ensemble, like the next two
    epochs: float | None = None
    steps: int | None = None
    temperature: float = 1.0  # fitted on the validation digits; 1 in results from before there was one


def result_from_dict(values: Mapping[str, Any], dataset: str = "mnist") -> Result:
    """Return the `Result` of a run on this data set that `dataclasses.asdict` turned into a dict and JSON stored.

    Raises ValueError when a value is missing or has a type or a range that no result has.
    """
    if values.get("status") not in ("finished", "stopped"):
        raise ValueError("it is not the result of a training run")
    test, validation = _mapping(values, "test"), _mapping(values, "validation")
    interval = test.get("interval")
    if not isinstance(interval, list) or len(interval) != 2:
        raise ValueError("the interval of its test accuracy is not a pair")
    low, high = (_number({"interval": end}, "interval", high=1) for end in interval)
    if low > high:
        raise ValueError("the interval of its test accuracy ends before it begins")
    trained = bool(values.get("steps"))  # 0 in the results of older ensembles
    return Result(
        status=values["status"],
        test=TestScore(
            loss=_number(test, "loss", high=MAX_LOSS),
            accuracy=_number(test, "accuracy", high=1),
            images=int(_number(test, "images", low=1, high=TEST_SIZES[dataset])),
            interval=(low, high),
        ),
        validation=Score(
            loss=_number(validation, "loss", high=MAX_LOSS), accuracy=_number(validation, "accuracy", high=1)
        ),
        parameters=int(_number(values, "parameters")),
        seconds=_number(values, "seconds"),
        cpu_seconds=_number(values, "cpu_seconds"),
        device=_one_of(values, "device", DEVICES),
        precision=_one_of(values, "precision", ("float32", "bfloat16")),
        machine=plain_line(_text(values, "machine"))[:MAX_TEXT],
        best_epoch=_number(values, "best_epoch") if trained else None,
        epochs=_number(values, "epochs") if trained else None,
        steps=int(_number(values, "steps")) if trained else None,
        temperature=_number(values, "temperature", *TEMPERATURE_RANGE) if "temperature" in values else 1.0,
    )


def _mapping(values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = values.get(name)
    if not isinstance(part, dict):
        raise ValueError(f"it has no {name} score")
    return part


def _number(values: Mapping[str, Any], name: str, low: float = 0, high: float = MAX_NUMBER) -> float:
    value = values.get(name)
    if not is_number(value, low, high):
        raise ValueError(f"its {name} is out of range or not a number: {quoted(value)}")
    return float(value)


def _text(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name)
    if not isinstance(value, str):
        raise ValueError(f"its {name} is not text but {quoted(value)}")
    return value


def _one_of(values: Mapping[str, Any], name: str, allowed: Collection[str]) -> str:
    value = _text(values, name)
    if value not in allowed:
        raise ValueError(f"its {name} is none of {', '.join(allowed)}: {quoted(value)}")
    return value

"""The result of a training run, and how it is read back from JSON."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mnist_core.metrics import Score, TestScore
from mnist_core.temperature import TEMPERATURE_RANGE


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


def result_from_dict(values: Mapping[str, Any]) -> Result:
    """Return the `Result` that `dataclasses.asdict` turned into a dict and JSON stored.

    Raises ValueError when a value is missing or has a type or a range that no result has.
    """
    if values.get("status") not in ("finished", "stopped"):
        raise ValueError("it is not the result of a training run")
    test, validation = _mapping(values, "test"), _mapping(values, "validation")
    interval = test.get("interval")
    if not isinstance(interval, list) or len(interval) != 2:
        raise ValueError("the interval of its test accuracy is not a pair")
    trained = bool(values.get("steps"))  # 0 in the results of older ensembles
    return Result(
        status=values["status"],
        test=TestScore(
            loss=_number(test, "loss"),
            accuracy=_number(test, "accuracy", high=1),
            images=int(_number(test, "images", low=1)),
            interval=(
                _number({"interval": interval[0]}, "interval", high=1),
                _number({"interval": interval[1]}, "interval", high=1),
            ),
        ),
        validation=Score(loss=_number(validation, "loss"), accuracy=_number(validation, "accuracy", high=1)),
        parameters=int(_number(values, "parameters")),
        seconds=_number(values, "seconds"),
        cpu_seconds=_number(values, "cpu_seconds"),
        device=_text(values, "device"),
        precision=_text(values, "precision"),
        machine=_text(values, "machine"),
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


def _number(values: Mapping[str, Any], name: str, low: float = 0, high: float = sys.float_info.max) -> float:
    value = values.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:  # not for nan
        raise ValueError(f"its {name} is out of range or not a number: {value!r}")
    return float(value)


def _text(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name)
    if not isinstance(value, str):
        raise ValueError(f"its {name} is not text but {value!r}")
    return value

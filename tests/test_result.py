"""A result survives the way through JSON, and one that is not a result is rejected."""

import json
import math
from dataclasses import asdict, replace

import pytest

from mnist_core.metrics import Score, TestScore
from mnist_core.result import Result, result_from_dict

TRAINED = Result(
    status="finished",
    test=TestScore(0.05, 0.99, 10_000, (0.988, 0.992)),
    validation=Score(0.04, 0.991),
    parameters=7850,
    seconds=12.5,
    cpu_seconds=12.0,
    device="cpu",
    precision="float32",
    machine="x86_64, 2 cores",
    best_epoch=2.0,
    epochs=3.0,
    steps=60,
)
COMBINED = replace(TRAINED, best_epoch=None, epochs=None, steps=None)


def as_json(result):
    return json.loads(json.dumps(asdict(result)))


def with_value(path, value):
    """The dict of a result with another value at this path, such as "test.loss"."""
    content = as_json(TRAINED)
    *parents, name = path.split(".")
    part = content
    for parent in parents:
        part = part[parent]
    part[name] = value
    return content


@pytest.mark.parametrize("result", [TRAINED, COMBINED, replace(TRAINED, status="stopped")])
def test_a_result_is_read_as_it_was_written(result):
    assert result_from_dict(as_json(result)) == result


def test_zeros_in_the_results_of_older_ensembles_mean_that_nothing_was_trained():
    assert result_from_dict(as_json(replace(TRAINED, best_epoch=0.0, epochs=0.0, steps=0))) == COMBINED


def test_values_of_newer_versions_are_ignored():
    assert result_from_dict(as_json(TRAINED) | {"energy": 3}) == TRAINED


def test_a_result_from_before_there_was_a_temperature_has_1():
    content = as_json(replace(TRAINED, temperature=0.5))
    del content["temperature"]
    assert result_from_dict(content) == TRAINED


@pytest.mark.parametrize("path", [name for name in as_json(TRAINED) if name not in ("steps", "temperature")])
def test_a_missing_value_is_rejected(path):
    content = as_json(TRAINED)
    del content[path]
    with pytest.raises(ValueError, match=path if path != "status" else "not the result"):
        result_from_dict(content)


@pytest.mark.parametrize("path", ["test.loss", "test.accuracy", "validation.loss", "seconds", "temperature", "epochs"])
@pytest.mark.parametrize("value", [None, "1", True, -1, math.nan, math.inf, pytest.param(10**400, id="10**400"), []])
def test_a_number_that_is_not_one_or_is_out_of_range_is_rejected(path, value):
    with pytest.raises(ValueError, match=f"its {path.split('.')[-1]} is out of range or not a number"):
        result_from_dict(with_value(path, value))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("status", "unfinished"),
        ("test", None),
        ("validation", [1, 2]),
        ("test.accuracy", 1.01),
        ("test.images", 0),
        ("test.interval", [0.5]),
        ("test.interval", [0.5, 1.5]),
        ("test.interval", "ab"),
        ("device", 0),
        ("machine", None),
    ],
)
def test_a_value_that_no_result_has_is_rejected(path, value):
    with pytest.raises(ValueError, match=r"^(its|it|the interval of its) "):
        result_from_dict(with_value(path, value))

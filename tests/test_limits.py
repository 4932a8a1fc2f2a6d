"""The limits of a server: read from the environment, shown at the form, listed in the documentation."""

import logging
import os
from dataclasses import fields
from pathlib import Path

import pytest

from mnist_core.config import TrainConfig
from mnist_core.limits import TEACHER, LimitError, Limits, limit_of, read_limits

DOCS = Path(__file__).resolve().parent.parent / "docs" / "limits.md"


def test_every_limit_is_in_the_table_of_the_documentation():
    rows = [line.strip("| ").split(" | ") for line in DOCS.read_text().splitlines() if line.startswith("| `")]
    assert rows == [
        [
            f"`{limit_of(field.name).variable}`",
            f"{field.default:g}",
            f"{limit_of(field.name).for_a_class:g}",
            limit_of(field.name).text,
        ]
        for field in fields(Limits)
    ]


def test_a_server_with_a_teacher_has_the_defaults_of_a_class_and_the_environment_changes_them():
    assert read_limits({}) == Limits()
    for_a_class = read_limits({TEACHER: "owl", "MNIST_MAX_EPOCHS": "7.5", "MNIST_MAX_RUNS": "0"})
    assert (for_a_class.epochs, for_a_class.kept, for_a_class.waiting) == (7.5, 0, limit_of("waiting").for_a_class)


@pytest.mark.parametrize("text", ["ten", "-1", "nan", "inf", "0"])
def test_a_value_that_cannot_be_used_is_logged_and_the_default_stands(caplog, text):
    with caplog.at_level(logging.ERROR, "mnist_lab"):
        assert read_limits({"MNIST_MAX_EPOCHS": text}) == Limits()
    assert f"MNIST_MAX_EPOCHS must be a number of at least 0.01, got {text!r}" in caplog.text


def test_no_run_has_more_threads_than_the_machine_has_cores():
    cores = os.cpu_count() or 1
    assert Limits().problems({"threads": cores}) == {}
    with pytest.raises(LimitError, match=f"threads must be at most {cores} on this server, got {cores + 1}"):
        Limits().check({"threads": cores + 1})


def test_what_is_no_number_is_left_to_the_settings():
    assert Limits().problems({"epochs": "many"}) == {}
    assert Limits().problems(vars(TrainConfig(threads=1))) == {}

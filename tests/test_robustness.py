"""A run's errors on corrupted digits: counted as by hand, stored in its folder, and refused when damaged."""

import json
import shutil

import numpy as np
import pytest

from mnist_core.analysis import robustness
from mnist_core.analysis.corruptions import CORRUPTIONS, SEVERITIES, VERSION, corrupt
from mnist_core.analysis.robustness import (
    ROBUSTNESS,
    measure,
    measure_and_save,
    measured_indices,
    robustness_from_dict,
    stored_robustness,
    to_dict,
)
from mnist_core.data import load_digits
from mnist_core.metrics import wilson_interval
from mnist_core.runs import CONFIG, RESULT, Run, RunError, list_runs


@pytest.fixture(scope="module")
def result(trained):
    """The trained run on 20 of its test digits."""
    *_, last = measure([trained], count=20, seed=5)
    return last.results[trained.name]


@pytest.fixture
def own(trained, tmp_path) -> Run:
    """A copy of the trained run, to write to."""
    return Run(shutil.copytree(trained.folder, tmp_path / trained.name))


@pytest.fixture
def stored(own, result) -> Run:
    """The copy with a result."""
    (own.folder / ROBUSTNESS).write_text(json.dumps(to_dict(result)))
    return own


def test_errors_are_those_of_corrupting_and_predicting(trained, result):
    test = load_digits("sample", "test")
    indices = np.arange(20) * len(test) // 20
    digits = test.take(indices)
    assert result.digits == 20
    assert result.clean == (trained.predict(digits.images).argmax(1) != digits.labels).sum()
    for name in ("fog", "rotate"):
        probabilities = trained.predict(corrupt(digits.images, name, 1.0, 5, indices))
        wrong = probabilities.argmax(1) != digits.labels
        assert result.error(name) == pytest.approx(wrong.mean())
        assert np.array_equal(result.predicted[name], probabilities.argmax(1))
        assert np.array_equal(result.confidence[name], np.minimum(99, np.floor(100 * probabilities.max(1))))
        assert result.interval(name) == wilson_interval(int(wrong.sum()), 20)
    assert result.mean_error() == pytest.approx(np.mean([result.error(name) for name in CORRUPTIONS]))
    assert result.mean_error(0) == result.clean_error == result.clean / 20


def test_the_measured_digits_are_spread_over_the_test_set():
    assert measured_indices(10_000, 2_000).tolist() == list(range(0, 10_000, 5))
    assert measured_indices(360, 2_000).tolist() == list(range(360))
    assert measured_indices(10, 4).tolist() == [0, 2, 5, 7]


def test_progress_counts_every_part(trained):
    steps = list(measure([trained], count=2))
    assert [step.done for step in steps] == list(range(1, 2 + len(CORRUPTIONS) * len(SEVERITIES)))
    assert {step.total for step in steps} == {len(steps)}
    assert [bool(step.results) for step in steps] == [False] * (len(steps) - 1) + [True]


def test_runs_that_are_measured_together_have_the_same_results(trained, own, result):
    shutil.move(own.folder, own.folder.with_name("twin"))
    twin = Run(own.folder.with_name("twin"))
    *_, last = measure([trained, twin], count=20, seed=5)
    assert to_dict(last.results["twin"]) == to_dict(last.results[trained.name]) == to_dict(result)


def test_a_result_is_stored_at_the_end_and_read_back(own):
    steps = measure_and_save([own], count=3)
    for step in steps:
        assert stored_robustness(own) is None or step.done == step.total
    read = stored_robustness(own)
    assert to_dict(read) == json.loads((own.folder / ROBUSTNESS).read_text())
    assert [file.name for file in own.folder.iterdir() if file.name.startswith(".")] == []


def test_a_measurement_that_is_left_early_stores_nothing(own):
    for _ in measure_and_save([own], count=3):
        break
    assert not (own.folder / ROBUSTNESS).exists()


def test_a_run_without_result_is_not_measured(own):
    (own.folder / RESULT).unlink()
    with pytest.raises(RunError, match="has no result"):
        next(measure_and_save([Run(own.folder)], count=3))


def test_runs_of_two_data_sets_are_not_measured_together(own, tmp_path):
    other = shutil.copytree(own.folder, tmp_path / "other")
    content = json.loads((other / CONFIG).read_text())
    content["config"] |= {"dataset": "mnist", "validation_size": 5000}
    (other / CONFIG).write_text(json.dumps(content))
    with pytest.raises(RunError, match="different data sets"):
        next(measure([own, Run(other)]))


def test_a_result_of_other_corruptions_counts_as_none(stored):
    content = json.loads((stored.folder / ROBUSTNESS).read_text())
    (stored.folder / ROBUSTNESS).write_text(json.dumps(content | {"version": VERSION + 1}))
    assert stored_robustness(stored) is None


@pytest.mark.parametrize("content", [b"", b"3", b"[]", b"{}", b"\xff\xfe", b"{" * 100_000, b'{"version": true}'])
def test_a_file_that_is_no_result_is_reported_in_a_sentence(stored, content):
    (stored.folder / ROBUSTNESS).write_bytes(content)
    with pytest.raises(RunError, match=rf"^{ROBUSTNESS} of run .* cannot be used: [^\n]*; measure it again\.$"):
        stored_robustness(stored)


@pytest.mark.parametrize(
    "changes",
    [
        {"dataset": "letters"},
        {"dataset": None},
        {"digits": 0},
        {"digits": 20.0},
        {"digits": 19},
        {"digits": True},
        {"seed": -1},
        {"clean": 21},
        {"clean": "1"},
        {"severities": [1.0]},
        {"misread": {}},
        {"misread": [1]},
        {"misread": {"fog": [1] * 6}},
        {"misread": {name: [1] for name in CORRUPTIONS}},
        {"misread": {name: [1, 2, 3, 4, 5, 21] for name in CORRUPTIONS}},
        {"misread": {name: [1, 2, 3, 4, 5, None] for name in CORRUPTIONS}},
        {"predicted": dict.fromkeys(CORRUPTIONS, "0" * 19)},
        {"predicted": dict.fromkeys(CORRUPTIONS, "٤" * 20)},
        {"predicted": dict.fromkeys(CORRUPTIONS, "x" * 20)},
        {"predicted": dict.fromkeys(CORRUPTIONS)},
        {"confidence": dict.fromkeys(CORRUPTIONS, "0" * 20)},
        {"confidence": None},
    ],
)
def test_values_that_no_result_has_are_refused(result, changes):
    with pytest.raises(ValueError, match="its "):
        robustness_from_dict(to_dict(result) | changes)


@pytest.mark.parametrize("run", [run for run in list_runs() if run.shipped], ids=lambda run: run.name)
def test_every_shipped_run_has_its_result(run):
    result = stored_robustness(run)
    assert result is not None, f"python -m mnist_core robustness {run.name} --shipped"
    assert result.dataset == run.config.dataset
    assert result.digits == {"mnist": robustness.DEFAULT_DIGITS, "sample": 360}[run.config.dataset]
    assert result.clean_error == pytest.approx(1 - run.outcome.test.accuracy, abs=0.01)

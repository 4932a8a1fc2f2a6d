"""Which run a page shows, and what it says about one that cannot be shown."""

import json
import shutil
from dataclasses import asdict
from pathlib import Path

import pytest
from app_helpers import page_text, visit

from mnist_core.config import EnsembleConfig
from mnist_core.runs import CONFIG, ERROR, RESULT, Run, to_json
from ui import run_picker
from ui.run_name import unique_run_label


def copy_of(run: Run, name: str, **changes: object) -> Run:
    """A copy beside the run, with these changes of its config.json."""
    folder = Path(shutil.copytree(run.folder, run.folder.parent / name))
    content = json.loads((folder / CONFIG).read_text())
    (folder / CONFIG).write_bytes(to_json(content | changes))
    return Run(folder)


def test_the_picker_lists_tested_runs_only(app, run):
    copy_of(run, "second")
    (copy_of(run, "untested").folder / RESULT).unlink()
    visit(app, "calibration")
    assert len(app.selectbox(key="choice_of_run").options) == 2


def test_the_url_chooses_the_run_and_a_choice_is_written_to_the_url(app, run):
    second = copy_of(run, "second", created="2026-01-01T00:00:00+00:00")
    visit(app, "calibration", run=second.name)
    assert app.selectbox(key="choice_of_run").value == "second"
    app.selectbox(key="choice_of_run").set_value(run.name).run()
    assert app.query_params["run"] == run.name


def test_without_a_tested_run_the_page_links_to_training(app):
    visit(app, "calibration")
    assert "There is no tested model yet" in page_text(app)
    assert "Train a network" in [link.label for link in app.main.get("page_link")]


def test_an_unknown_run_is_unavailable(app, run):
    assert run_picker.unavailable_reason("gone") == "The run in this link is not on this server."


def test_an_ensemble_is_unavailable_only_where_single_networks_are_shown(app, run):
    config = asdict(EnsembleConfig("sample", (run.name,) * 3))
    ensemble = copy_of(run, "ensemble", kind="ensemble", config=config)
    assert "Ensemble of 3 combines several networks" in run_picker.unavailable_reason("ensemble", ensembles=False)
    (ensemble.folder / RESULT).unlink()
    assert "is not tested" in run_picker.unavailable_reason("ensemble")


def test_a_failed_run_is_unavailable_with_its_reason(app, run):
    (run.folder / RESULT).unlink()
    run.fail("The loss was nan.")
    assert run_picker.unavailable_reason(run.name) == "The loss was nan."


@pytest.mark.parametrize("file", [RESULT, ERROR])
def test_a_damaged_run_is_unavailable_with_the_name_of_the_file(app, run, file):
    (run.folder / RESULT).unlink()
    (run.folder / file).write_bytes(b"{")
    assert file in run_picker.unavailable_reason(run.name)


def test_runs_on_the_same_digits_are_comparable(app, run):
    assert run_picker.incomparable_reason(run, copy_of(run, "second")) is None


def test_runs_on_different_digits_are_not_comparable(app, run):
    other = copy_of(run, "mnist", config=asdict(run.config) | {"dataset": "mnist"})
    reason = run_picker.incomparable_reason(run, other)
    assert f"{unique_run_label(run)} was tested on Sample digits" in reason
    assert "was tested on MNIST: digit by digit, they cannot be compared" in reason

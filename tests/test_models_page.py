"""The Models page as a visitor meets it: which run is open, what is said about it, and how it is named."""

import json
import shutil
from dataclasses import asdict, replace

import pytest
from app_helpers import metrics, page_text, visit

from mnist_core import runs
from mnist_core.runs import CHECKPOINT, ERROR, RESULT, Run, RunError, to_json
from ui import caches, labels, run_name


def listed(app):
    """The table of all runs."""
    (table,) = [frame.value for frame in app.dataframe if "Model" in frame.value]
    return table


def opened(app):
    """What the open run is called."""
    return app.subheader[0].value


def detail_rows(app):
    """The table under "Details": name -> value."""
    (table,) = [element.value for element in app.table]
    return dict(zip(table["Measure"], table["Value"], strict=True))


def set_accuracy(run, accuracy, cpu_seconds=1.2):
    """Give a run another result."""
    test = replace(run.result.test, accuracy=accuracy, interval=(0.97 * accuracy, 1.0))
    result = replace(run.result, test=test, cpu_seconds=cpu_seconds)
    (run.folder / RESULT).write_bytes(to_json(asdict(result)))


def test_the_run_in_the_url_is_open(app, run, copy_run):
    copy_run("second", epochs=7)
    assert opened(visit(app, "models", run="second")).endswith("epochs 7")
    assert opened(visit(app, "models", run=run.name)).endswith("epochs 2")
    assert not app.warning


@pytest.mark.parametrize("name", ["gone", "../../etc/passwd", "<script>", ""])
def test_a_run_that_is_not_here_is_a_warning_and_another_one_is_open(app, run, name):
    visit(app, "models", run=name)
    assert ["is not on this server" in warning.value for warning in app.warning] == [True]
    assert opened(app) == labels.run_label(run)


def test_the_list_has_every_run_with_a_label_of_its_own_and_what_matters_first(app, run, copy_run):
    for name in ("second", "third"):
        copy_run(name, recipe="sample-digits")
    table = listed(visit(app, "models"))
    assert table.columns[:4].tolist() == ["Model", "Test accuracy", "Status", "Trained"]
    assert len(set(table["Model"])) == 3


def test_the_time_of_training_is_a_time_so_that_it_sorts(app, run, copy_run):
    other = copy_run("second")
    content = json.loads((other.folder / runs.CONFIG).read_text())
    (other.folder / runs.CONFIG).write_text(json.dumps(content | {"created": "yesterday"}))
    table = listed(visit(app, "models", run="second"))
    assert str(table["Trained"].dtype).startswith("datetime64")
    assert table["Trained"].isna().sum() == 1
    assert detail_rows(app)["Trained"] == "unknown"


def test_one_number_is_large_and_the_others_are_details(app, run):
    set_accuracy(run, 0.9)
    visit(app, "models")
    assert metrics(app) == {"Test accuracy": "90.00 %"}
    assert "would likely be between 87.30 % and 100.00 %" in page_text(app)
    rows = detail_rows(app)
    assert rows["Test loss"] == f"{run.result.test.loss:.4f}"
    assert rows["Parameters"] == "7,850"
    (table,) = [element.value for element in app.table]
    assert "1 CPU second." in " ".join(table.iloc[:, 2])


def test_a_learning_rate_that_was_changed_is_among_the_details(app, run):
    assert "Learning rate changed" not in detail_rows(visit(app, "models"))
    for step, rate in ((10, 0.01), (20, 3e-5)):
        run.log({"step": step, "epoch": step / 20, "seconds": 1.0, "new_learning_rate": rate})
    assert detail_rows(visit(app, "models"))["Learning rate changed"] == "0.01 from step 11, 0.00003 from step 21"


def test_a_paused_run_says_that_it_can_go_on(app, run):
    (run.folder / RESULT).unlink()
    (run.folder / CHECKPOINT).write_bytes(b"")
    run.pause()
    visit(app, "models")
    assert "This run is paused" in page_text(app)
    assert ":orange-badge[paused]" in page_text(app)


def test_the_page_says_what_the_intervals_can_tell(app, run):
    text = page_text(visit(app, "models"))
    assert "as if each had been tested on different digits" in text
    assert "do not clearly differ" not in text


@pytest.mark.parametrize(("accuracy", "colour"), [(0.98, "green"), (0.11, "gray")])
def test_only_a_run_that_has_learned_to_read_wears_green(app, run, accuracy, colour):
    set_accuracy(run, accuracy)
    assert f":{colour}-badge[finished]" in page_text(visit(app, "models"))


def test_a_run_without_result_says_why(app, run):
    (run.folder / RESULT).unlink()
    (run.folder / ERROR).write_bytes(to_json({"error": "The loss was nan."}))
    visit(app, "models")
    assert [error.value for error in app.error] == ["The loss was nan."]


def test_a_run_is_named_and_the_name_is_taken_away_again(app, run):
    visit(app, "models")
    field = app.text_input(key=f"name_of_{run.name}")
    field.set_value("My *first* one").run()
    assert opened(app) == listed(app)["Model"][0] == "My ∗first∗ one"
    assert Run(run.folder).title == "My *first* one"
    app.text_input(key=f"name_of_{run.name}").set_value("").run()
    assert opened(app) == labels.run_label(Run(run.folder))
    assert Run(run.folder).title == ""


def test_a_run_that_cannot_be_named_says_why_once(app, run, monkeypatch):
    def refuse(self, title):
        raise RunError("The disk is full.")

    visit(app, "models")
    monkeypatch.setattr(Run, "rename", refuse)
    app.text_input(key=f"name_of_{run.name}").set_value("Mine").run()
    assert [error.value for error in app.error] == ["The disk is full."]
    assert not app.run().error


def test_a_shipped_run_has_no_field_for_a_name(app, run, monkeypatch):
    monkeypatch.setattr(runs, "SHIPPED_FOLDER", run.folder.parent)
    run.folder.rename(run.folder.parent / "fast")
    visit(app, "models")
    assert not app.text_input


def test_the_runs_trained_here_come_before_the_shipped_ones(app, run, monkeypatch):
    shipped = run.folder.parent.parent / "shipped"
    shutil.copytree(run.folder, shipped / "fast")
    table = listed(visit(app, "models"))
    assert [caches.find_run(name).shipped for name in ("fast", run.name)] == [True, False]
    assert table["Model"].tolist() == [run_name.unique_run_label(caches.find_run(name)) for name in (run.name, "fast")]


def test_without_any_run_the_page_says_how_to_make_one(app):
    assert "There is no model yet" in page_text(visit(app, "models"))

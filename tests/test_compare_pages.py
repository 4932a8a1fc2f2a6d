"""The Curves and Confusion matrix pages as a visitor meets them, without MNIST, on copies of one small run."""

import json
import re
import shutil
from dataclasses import asdict, replace

import numpy as np
import pytest
from test_house import loaded_after
from visiting import said

from mnist_core.analysis.comparison import mcnemar_p_value
from mnist_core.analysis.selection import cell_indices
from mnist_core.data import DataError
from mnist_core.metrics import per_class
from mnist_core.recipes import RECIPES
from mnist_core.runs import CONFIG, PREDICTIONS, Predictions, Run
from ui import caches, labels

CONFUSION, CURVES = "pages/confusion.py", "pages/curves.py"
STRANGE = ["99999", "-1", "4.0", "four", "", "../4", "<b>4</b>", "9" * 5000, "٤", "\0"]


@pytest.fixture
def opened(app):
    """Opens one of the two pages with these parameters in its address."""

    def open_page(file, **parameters):
        app.query_params.clear()
        for name, value in parameters.items():
            app.query_params[name] = value
        app.run()
        return app.switch_page(file).run()

    return open_page


@pytest.fixture
def copy_of(run):
    """Another run beside the first, with some settings changed and, if wanted, other answers."""

    def copy(name, log_probabilities=None, recipe=None, **settings):
        other = Run(shutil.copytree(run.folder, run.folder.parent / name))
        about = {"recipe": recipe, "created": "2026-11-21", "config": asdict(replace(run.config, **settings))}
        (other.folder / CONFIG).write_text(json.dumps(about))
        if log_probabilities is not None:
            other.finish(run.result, Predictions(log_probabilities.astype(np.float32), run.predictions.labels))
        return Run(other.folder)

    return copy


@pytest.fixture
def without_pictures(monkeypatch):
    def no_digits(dataset, part):
        raise DataError("There are none.")

    monkeypatch.setattr(caches, "digits", no_digits)


@pytest.fixture
def pair(run):
    """The most frequent mistake: (written, read as, positions in the order of the page)."""
    answers = run.predictions
    read = answers.log_probabilities.argmax(1)
    wrong = [(int(w), int(r)) for w, r in zip(answers.labels, read, strict=True) if w != r]
    written, read_as = max(set(wrong), key=wrong.count)
    return written, read_as, cell_indices(answers.log_probabilities, answers.labels, written, read_as).tolist()


def listed(app):
    """The numbers of the test digits in the tables that stand in for pictures."""
    return [frame.value["Test digit"].tolist() for frame in app.dataframe if "Test digit" in frame.value]


def test_the_cell_in_the_address_is_shown(opened, run, pair):
    written, read, places = pair
    app = opened(CONFUSION, run=run.name, true=str(written), read=str(read))
    assert f"**Written {written}, read as {read}: {len(places)}**" in said(app)
    assert not app.warning


@pytest.mark.usefixtures("without_pictures")
def test_without_pictures_the_digits_of_the_cell_are_listed(opened, run, pair):
    written, read, places = pair
    app = opened(CONFUSION, run=run.name, true=str(written), read=str(read))
    assert listed(app) == [places]
    assert "which is not on this machine" in said(app)


@pytest.mark.usefixtures("without_pictures")
@pytest.mark.parametrize("hidden", [True, False])
def test_a_hidden_diagonal_leaves_what_was_read_right_out_of_a_row(opened, run, hidden):
    app = opened(CONFUSION, run=run.name, true="3", diagonal="hidden" if hidden else "shown")
    answers = run.predictions
    assert listed(app) == [cell_indices(answers.log_probabilities, answers.labels, 3, None, not hidden).tolist()]


@pytest.mark.usefixtures("without_pictures")
def test_at_first_all_mistakes_are_shown(opened, run):
    answers = run.predictions
    (places,) = listed(opened(CONFUSION, run=run.name))
    assert sorted(places) == np.flatnonzero(answers.log_probabilities.argmax(1) != answers.labels).tolist()


@pytest.mark.parametrize("value", STRANGE)
def test_a_strange_cell_and_a_strange_digit_are_a_sentence_each(opened, run, value):
    app = opened(CONFUSION, run=run.name, true=value, read=value, digit=value)
    assert not app.exception
    assert len(app.warning) == 2
    assert all("in this link does not exist" in warning.value for warning in app.warning)


@pytest.mark.parametrize("value", STRANGE)
@pytest.mark.parametrize("page", [CONFUSION, CURVES])
def test_a_strange_view_is_the_usual_one(opened, run, page, value):
    names = ("show", "scale", "diagonal", "page_cell", "metric", "by", "part", "smoothing", "unknown")
    app = opened(page, run=run.name, **dict.fromkeys(names, value))
    assert not app.exception
    assert not app.warning


def test_the_figures_of_each_class_are_scikit_learns(opened, run):
    app = opened(CONFUSION, run=run.name)
    answers = run.predictions
    expected = per_class(answers.log_probabilities.argmax(1), answers.labels)
    (table,) = [frame.value for frame in app.dataframe if "Precision" in frame.value]
    for name, factor in (("precision", 100), ("recall", 100), ("f1", 1), ("support", 1)):
        column = {"f1": "F1"}.get(name, name.title())
        np.testing.assert_allclose(table[column], factor * expected[name])


def test_the_most_confused_pair_leads_to_its_cell(opened, run, pair):
    _, _, places = pair
    app = opened(CONFUSION, run=run.name, digit="3", page_cell="2")
    count = re.search(r"(once|[\d,]+ times)", app.button(key="pair_1").label)[0]
    assert count in ("once", f"{len(places)} times")
    app.button(key="pair_1").click().run()
    assert app.query_params["run"] == run.name
    assert {"digit", "page_cell"}.isdisjoint(app.query_params)
    assert f"**Written {app.query_params['true']}, read as {app.query_params['read']}:" in said(app)


def test_a_cell_is_chosen_by_name_too(opened, run):
    app = opened(CONFUSION, run=run.name)
    app.selectbox(key="address_true").set_value("4").run()
    assert (app.query_params["true"], "read" in app.query_params) == ("4", False)
    app.selectbox(key="address_read").set_value("9").run()
    assert "**Written 4, read as 9:" in said(app)
    app.button(key="all_mistakes").click().run()
    assert "mistakes**" in said(app)


def test_a_digit_in_the_address_is_shown_with_what_the_run_made_of_it(opened, run):
    app = opened(CONFUSION, run=run.name, digit="7")
    written = run.predictions.labels[7]
    values = np.exp(run.predictions.log_probabilities[7])
    assert f"Test digit 7, written {written}" in said(app)
    assert f"reads {values.argmax()} with {100 * values.max():.2f} %" in said(app)


def test_a_difference_shows_what_only_one_of_two_has_in_the_cell(opened, run, copy_of, without_pictures):
    shifted = copy_of("shifted", np.roll(run.predictions.log_probabilities, 1, axis=1))
    app = opened(CONFUSION, run=run.name, other=shifted.name, true="4", read="4")
    one, other = (
        cell_indices(r.predictions.log_probabilities, r.predictions.labels, 4, 4).tolist() for r in (run, shifted)
    )
    assert listed(app) == [
        only for only in ([p for p in one if p not in other], [p for p in other if p not in one]) if only
    ]


def test_a_difference_of_rows_shows_what_only_one_of_two_misreads(opened, run, copy_of, without_pictures):
    shifted = copy_of("shifted", np.roll(run.predictions.log_probabilities, 1, axis=1))
    fours = np.flatnonzero(run.predictions.labels == 4)
    wrong = [fours[r.predictions.log_probabilities[fours].argmax(1) != 4] for r in (run, shifted)]
    expected = [np.setdiff1d(wrong[0], wrong[1]).tolist(), np.setdiff1d(wrong[1], wrong[0]).tolist()]
    found = [sorted(places) for places in listed(opened(CONFUSION, run=run.name, other=shifted.name, true="4"))]
    assert found == [places for places in expected if places]


def test_runs_of_other_digits_are_not_subtracted(opened, run, copy_of):
    other = copy_of("other", dataset="mnist", validation_size=200)
    app = opened(CONFUSION, run=run.name, other=other.name)
    assert "cannot be compared" in app.warning[0].value
    assert app.selectbox(key="address_other").value == ""


@pytest.mark.parametrize("name", ["gone", "../../etc/passwd", "<script>", "a" * 5000])
def test_an_unknown_run_to_subtract_is_a_sentence(opened, run, name):
    app = opened(CONFUSION, run=run.name, other=name)
    assert not app.exception
    assert "not on this server" in app.warning[0].value


def test_curves_begin_with_the_seeds_recipes(opened, copy_of):
    seeds = [name for name, recipe in RECIPES.items() if recipe.reported]
    for name in [*seeds, "fast"]:
        copy_of(name, recipe=name)
    assert opened(CURVES).multiselect(key="address_runs").value == seeds


def test_the_runs_in_the_address_are_chosen(opened, run, copy_of):
    copy_of("second")
    app = opened(CURVES, runs=f"second,{run.name}")
    assert app.multiselect(key="address_runs").value == ["second", run.name]
    app.multiselect(key="address_runs").set_value(["second"]).run()
    assert app.query_params["runs"] == "second"


@pytest.mark.parametrize("names", ["gone", "../../etc/passwd,<script>", "a" * 5000, ",,gone,,"])
def test_unknown_runs_in_the_address_are_a_sentence(opened, run, names):
    app = opened(CURVES, runs=f"{names},{run.name}")
    assert not app.exception
    assert app.multiselect(key="address_runs").value == [run.name]
    assert ["is not on this server" in warning.value for warning in app.warning] == [True]


def test_no_more_runs_are_shown_than_can_be_followed(opened, copy_of):
    names = [copy_of(f"copy{number}").name for number in range(12)]
    app = opened(CURVES, runs=",".join(names))
    assert len(app.multiselect(key="address_runs").value) == 10
    assert "At most 10" in app.warning[0].value


def test_without_a_chosen_run_the_page_asks_for_one(opened, run):
    app = opened(CURVES, runs=",")
    assert "Choose at least one run" in said(app)


def test_only_settings_that_differ_are_columns(opened, run, copy_of):
    copy_of("second", learning_rate=0.5, epochs=7)
    app = opened(CURVES, runs=f"{run.name},second")
    (table,) = [frame.value for frame in app.dataframe if "CPU seconds" in frame.value]
    assert table.columns[:4].tolist() == ["Run", "Learning rate", "Epochs", "Test accuracy"]
    assert table["Learning rate"].tolist() == [run.config.learning_rate, 0.5]
    assert table["Test accuracy"][0] == round(100 * run.result.test.accuracy, 2)


def test_a_run_is_no_different_from_its_copy(opened, run, copy_of):
    copy_of("second")
    app = opened(CURVES, a=run.name, b="second")
    assert "These two do not differ" in said(app)


@pytest.mark.usefixtures("without_pictures")
def test_what_differs_between_two_is_told_and_listed(opened, run, copy_of):
    answers = run.predictions
    worse = answers.log_probabilities.copy()
    right = np.flatnonzero(worse.argmax(1) == answers.labels)[:20]
    worse[right] = np.roll(worse[right], 1, axis=1)
    copy_of("worse", worse)
    app = opened(CURVES, a="worse", b=run.name)
    assert f"**These two differ: {labels.unique_run_label(run)} is better.**" in said(app)
    assert f"(p = {mcnemar_p_value(0, 20):.2g})" in said(app)
    assert [sorted(places) for places in listed(app)] == [right.tolist()]


def test_runs_of_other_digits_are_not_compared(opened, run, copy_of):
    copy_of("other", dataset="mnist", validation_size=200)
    app = opened(CURVES, a=run.name, b="other", runs=f"{run.name},other")
    assert "cannot be compared" in app.warning[0].value
    assert "their curves cannot be compared" in said(app)
    assert "These two" not in said(app)


def test_two_different_runs_must_be_chosen(opened, run, copy_of):
    copy_of("second")
    assert "Choose two different ones" in said(opened(CURVES, a=run.name, b=run.name))


@pytest.mark.parametrize("value", ["99999", "<b>4</b>"])
def test_a_strange_digit_is_a_sentence_on_the_curves_page_too(opened, run, copy_of, value):
    copy_of("second")
    app = opened(CURVES, a=run.name, b="second", digit=value)
    assert not app.exception
    assert "The digit in this link does not exist" in app.warning[0].value


def test_what_trains_is_among_the_curves_and_stays_when_it_ends(opened, run, worker):
    live = worker.start(run.config)
    app = opened(CURVES)
    assert live.name in app.multiselect(key="address_runs").value
    worker.run = None
    assert live.name in app.run().multiselect(key="address_runs").value


def test_what_trains_can_be_added_to_chosen_runs(opened, run, worker):
    live = worker.start(run.config)
    app = opened(CURVES, runs=run.name)
    assert app.multiselect(key="address_runs").value == [run.name]
    app.button(key="add_live").click().run()
    assert app.multiselect(key="address_runs").value == [run.name, live.name]


@pytest.mark.parametrize("page", [CONFUSION, CURVES])
def test_damaged_answers_are_a_sentence(opened, run, copy_of, page):
    copy_of("second")
    (run.folder / PREDICTIONS).write_bytes(b"\x89PNG")
    app = opened(page, run=run.name, a=run.name, b="second")
    assert not app.exception
    assert PREDICTIONS in app.error[0].value


def test_both_pages_bring_no_torch():
    code = (
        "import numpy as np; import ui.curves.controls, ui.curves.comparison, ui.confusion.selection, ui.confusion.per_class;"
        "from mnist_core import metrics, load_run;"
        "answers = load_run('sample-digits').predictions; read = answers.log_probabilities.argmax(1);"
        "metrics.confusion(read, answers.labels); metrics.per_class(read, answers.labels); metrics.mcnemar(3, 4)"
    )
    assert "torch" not in loaded_after(code)

"""The Confusion matrix page as a visitor meets it, without MNIST, on copies of one small run."""

import re

import numpy as np
import pytest
from app_helpers import INVALID_INTEGERS, listed_digits, page_text, spoil, visit

from mnist_core.analysis.selection import cell_indices
from mnist_core.metrics import per_class
from mnist_core.runs import PREDICTIONS, Predictions
from mnist_core.text import count


@pytest.fixture
def most_confused(run):
    """The most frequent mistake: (true label, prediction, indices in the order of the page)."""
    labels, log_probabilities = run.predictions.labels, run.predictions.log_probabilities
    predicted = log_probabilities.argmax(1)
    mistakes = [(int(t), int(p)) for t, p in zip(labels, predicted, strict=True) if t != p]
    cell = max(set(mistakes), key=mistakes.count)
    return *cell, cell_indices(log_probabilities, labels, *cell).tolist()


@pytest.fixture
def shifted(run, copy_run):
    """A run that predicts the next digit."""
    return copy_run("shifted", np.roll(run.predictions.log_probabilities, 1, axis=1))


def test_the_cell_in_the_url_is_shown(app, run, most_confused):
    label, predicted, indices = most_confused
    visit(app, "confusion", run=run.name, true=label, read=predicted)
    assert f"**Written {label}, read as {predicted}: {count(len(indices), 'digit')}**" in page_text(app)
    assert not app.warning


@pytest.mark.usefixtures("without_images")
def test_without_images_the_digits_of_the_cell_are_listed(app, run, most_confused):
    label, predicted, indices = most_confused
    visit(app, "confusion", run=run.name, true=label, read=predicted)
    assert listed_digits(app) == [indices]
    assert "which is not on this machine" in page_text(app)


@pytest.mark.usefixtures("without_images")
@pytest.mark.parametrize("diagonal", ["shown", "hidden"])
def test_a_hidden_diagonal_leaves_correct_predictions_out_of_a_row(app, run, diagonal):
    visit(app, "confusion", run=run.name, true="3", diagonal=diagonal)
    predictions = run.predictions
    expected = cell_indices(predictions.log_probabilities, predictions.labels, 3, None, diagonal == "shown")
    assert listed_digits(app) == [expected.tolist()]


@pytest.mark.usefixtures("without_images")
def test_at_first_all_mistakes_are_shown(app, run):
    visit(app, "confusion", run=run.name)
    (indices,) = listed_digits(app)
    predictions = run.predictions
    assert sorted(indices) == np.flatnonzero(predictions.log_probabilities.argmax(1) != predictions.labels).tolist()


@pytest.mark.parametrize("value", INVALID_INTEGERS)
def test_an_invalid_cell_and_an_invalid_digit_are_a_warning_each_and_an_invalid_view_is_the_default(app, run, value):
    names = ("true", "read", "digit", "show", "scale", "diagonal", "page_cell", "unknown")
    visit(app, "confusion", run=run.name, **dict.fromkeys(names, value))
    assert ["in this link does not exist" in warning.value for warning in app.warning] == [True, True]


def test_the_metrics_of_each_class_are_scikit_learns(app, run):
    visit(app, "confusion", run=run.name)
    predictions = run.predictions
    expected = per_class(predictions.log_probabilities.argmax(1), predictions.labels)
    (table,) = [frame.value for frame in app.dataframe if "Precision" in frame.value]
    for name, factor in (("precision", 100), ("recall", 100), ("f1", 1), ("support", 1)):
        column = {"f1": "F1"}.get(name, name.title())
        np.testing.assert_allclose(table[column], factor * expected[name])


def test_the_most_confused_pair_leads_to_its_cell(app, run, most_confused):
    *_, indices = most_confused
    visit(app, "confusion", run=run.name, digit="3", page_cell="2")
    times = re.search(r"(once|[\d,]+ times)", app.button(key="pair_1").label)[0]
    assert times in ("once", f"{len(indices)} times")
    app.button(key="pair_1").click().run()
    assert app.query_params["run"] == run.name
    assert {"digit", "page_cell"}.isdisjoint(app.query_params)
    assert f"**Written {app.query_params['true']}, read as {app.query_params['read']}:" in page_text(app)


def test_from_a_cell_one_gets_back_to_all_mistakes(app, run, most_confused):
    label, predicted, _ = most_confused
    visit(app, "confusion", run=run.name, true=label, read=predicted, digit="3")
    app.button(key="all_mistakes").click().run()
    assert dict(app.query_params) == {"run": run.name}
    assert re.search(r"\*\*All \d+ mistakes\*\*", page_text(app))
    assert "all_mistakes" not in [button.key for button in app.button]


def test_there_is_no_accuracy_of_single_digits_since_it_counts_true_negatives(app, run):
    visit(app, "confusion", run=run.name)
    (table,) = [frame.value for frame in app.dataframe if "Precision" in frame.value]
    assert list(table.columns) == ["Digit", "Precision", "Recall", "F1", "Support"]


def test_a_faultless_network_has_no_mistakes_to_press(app, run):
    log_probabilities = np.log(np.where(np.eye(10, dtype=bool)[run.predictions.labels], 0.91, 0.01)).astype(np.float32)
    run.finish(run.outcome, Predictions(log_probabilities, run.predictions.labels))
    visit(app, "confusion", run=run.name)
    assert "Every test digit was read correctly." in page_text(app)
    assert "It misreads **0 digits**" in page_text(app)
    assert "most trouble" not in page_text(app)


def test_a_digit_in_the_url_is_shown_with_its_prediction(app, run):
    visit(app, "confusion", run=run.name, digit="7")
    probabilities = np.exp(run.predictions.log_probabilities[7])
    assert f"Test digit 7, written {run.predictions.labels[7]}" in page_text(app)
    assert f"reads **{probabilities.argmax()}** with {100 * probabilities.max():.2f} %" in page_text(app)


@pytest.mark.usefixtures("without_images")
def test_a_difference_lists_what_only_one_of_two_runs_has_in_the_cell(app, run, shifted):
    visit(app, "confusion", run=run.name, other=shifted.name, true="4", read="4")
    first, second = (
        cell_indices(of.predictions.log_probabilities, of.predictions.labels, 4, 4).tolist() for of in (run, shifted)
    )
    only = [i for i in first if i not in second], [i for i in second if i not in first]
    assert listed_digits(app) == [indices for indices in only if indices]


@pytest.mark.usefixtures("without_images")
def test_a_difference_of_rows_lists_what_only_one_of_two_runs_misreads(app, run, shifted):
    visit(app, "confusion", run=run.name, other=shifted.name, true="4")
    fours = np.flatnonzero(run.predictions.labels == 4)
    first, second = (fours[of.predictions.log_probabilities[fours].argmax(1) != 4] for of in (run, shifted))
    only = np.setdiff1d(first, second).tolist(), np.setdiff1d(second, first).tolist()
    assert [sorted(indices) for indices in listed_digits(app)] == [indices for indices in only if indices]


def test_a_run_on_other_digits_is_not_subtracted(app, run, copy_run):
    other = copy_run("other", dataset="mnist", validation_size=200)
    visit(app, "confusion", run=run.name, other=other.name)
    assert "cannot be compared" in app.warning[0].value
    assert app.selectbox(key="address_other").value == ""


@pytest.mark.parametrize("name", ["gone", "../../etc/passwd", "<script>", "a" * 5000])
def test_an_unknown_run_to_subtract_is_a_warning(app, run, name):
    visit(app, "confusion", run=run.name, other=name)
    assert "not on this server" in app.warning[0].value


def test_damaged_predictions_are_an_error_message(app, run, copy_run):
    copy_run("second")
    spoil(run.folder / PREDICTIONS)
    visit(app, "confusion", run=run.name)
    assert PREDICTIONS in app.error[0].value


def test_the_numbers_of_both_comparing_pages_need_no_torch(python):
    code = (
        "import sys, ui.confusion.per_class, ui.confusion.selection, ui.curves.comparison, ui.curves.controls\n"
        "from mnist_core import load_run, metrics\n"
        "from mnist_core.analysis import comparison\n"
        "predictions = load_run('sample-digits').predictions\n"
        "predicted = predictions.log_probabilities.argmax(1)\n"
        "metrics.confusion_matrix(predicted, predictions.labels)\n"
        "metrics.per_class(predicted, predictions.labels)\n"
        "comparison.mcnemar_p_value(3, 4)\n"
        "print('torch' in sys.modules)"
    )
    assert python(code) == "False\n"

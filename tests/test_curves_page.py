"""The Curves page as a visitor meets it, without MNIST, on copies of one small run."""

import numpy as np
import pytest
from app_helpers import INVALID_INTEGERS, listed_digits, metrics, page_text, spoil, visit

from mnist_core.analysis.comparison import mcnemar_p_value
from mnist_core.recipes import RECIPES
from mnist_core.runs import PREDICTIONS
from ui import caches, labels, run_name
from ui.run_name import unique_run_label


def chosen_runs(app):
    return app.multiselect(key="address_runs").value


def results_table(app):
    (table,) = [frame.value for frame in app.dataframe if "CPU seconds" in frame.value]
    return table


@pytest.mark.parametrize("value", INVALID_INTEGERS)
def test_an_invalid_view_is_the_default(app, run, value):
    names = ("scale", "metric", "by", "part", "smoothing", "unknown")
    visit(app, "curves", run=run.name, **dict.fromkeys(names, value))
    assert not app.warning


def test_at_first_the_runs_of_the_reference_programs_are_chosen(app, copy_run):
    references = [name for name, recipe in RECIPES.items() if recipe.reported]
    for name in [*references, "fast"]:
        copy_run(name, recipe=name)
    assert chosen_runs(visit(app, "curves")) == references


def test_the_runs_in_the_url_are_chosen(app, run, copy_run):
    copy_run("second")
    visit(app, "curves", runs=f"second,{run.name}")
    assert chosen_runs(app) == ["second", run.name]
    app.multiselect(key="address_runs").set_value(["second"]).run()
    assert app.query_params["runs"] == "second"


@pytest.mark.parametrize("names", ["gone", "../../etc/passwd,<script>", "a" * 5000, ",,gone,,"])
def test_unknown_runs_in_the_url_are_a_warning(app, run, names):
    visit(app, "curves", runs=f"{names},{run.name}")
    assert chosen_runs(app) == [run.name]
    assert ["is not on this server" in warning.value for warning in app.warning] == [True]


def test_at_most_ten_runs_are_shown(app, copy_run):
    names = [copy_run(f"copy{number}").name for number in range(12)]
    visit(app, "curves", runs=",".join(names))
    assert len(chosen_runs(app)) == 10
    assert "At most 10" in app.warning[0].value


@pytest.mark.usefixtures("run")
def test_without_a_chosen_run_the_page_asks_for_one(app):
    assert "Choose at least one run" in page_text(visit(app, "curves", runs=","))


def test_only_settings_that_differ_are_columns(app, run, copy_run):
    copy_run("second", learning_rate=0.5, epochs=7)
    table = results_table(visit(app, "curves", runs=f"{run.name},second"))
    assert table.columns[:4].tolist() == ["Run", "Test accuracy", "95 % interval", "Learning rate"]
    assert table["Learning rate"].tolist() == [run.config.learning_rate, 0.5]
    assert table["Test accuracy"][0] == round(100 * run.result.test.accuracy, 2)
    assert "The same for all runs: digits Sample digits" in page_text(app)


@pytest.mark.parametrize("metric", ["accuracy", "loss", "learning_rate"])
@pytest.mark.parametrize("scale", ["linear", "log"])
def test_an_ensemble_has_results_but_neither_settings_nor_a_curve(app, run, copy_run, ensemble, metric, scale):
    copy_run("second", learning_rate=0.5, architecture="mlp")
    names = ",".join([run.name, ensemble.name, "second"])
    table = results_table(visit(app, "curves", runs=names, metric=metric, scale=scale))
    assert table[["Network", "Learning rate"]].isna().values.tolist() == [[False] * 2, [True] * 2, [False] * 2]
    assert table["Test accuracy"].tolist() == [round(100 * run.result.test.accuracy, 2)] * 3
    assert "The same for all single networks: digits Sample digits" in page_text(app)
    assert "An ensemble has no curve" in page_text(app)
    assert not app.error


def test_an_ensemble_can_be_the_only_chosen_run(app, ensemble):
    table = results_table(visit(app, "curves", runs=ensemble.name))
    assert table["Run"].tolist() == [run_name.unique_run_label(ensemble)]
    assert metrics(app)["Best test accuracy"] == labels.percent(ensemble.result.test.accuracy)
    assert "The same for all" not in page_text(app)


def test_the_settings_of_a_single_trained_run_are_not_called_shared(app, run, ensemble):
    visit(app, "curves", runs=f"{run.name},{ensemble.name}")
    assert "The same for all" not in page_text(app)


def test_a_run_does_not_differ_from_its_copy(app, run, copy_run):
    copy_run("second")
    assert "No difference between these two" in page_text(visit(app, "curves", a=run.name, b="second"))


@pytest.mark.usefixtures("without_images")
def test_the_better_of_two_runs_is_named_and_the_digits_are_listed(app, run, copy_run):
    predictions = run.predictions
    worse = predictions.log_probabilities.copy()
    changed = np.flatnonzero(worse.argmax(1) == predictions.labels)[:20]
    worse[changed] = np.roll(worse[changed], 1, axis=1)
    copy_run("worse", worse)
    visit(app, "curves", a="worse", b=run.name)
    assert f"**These two differ: {run_name.unique_run_label(run)} is better.**" in page_text(app)
    assert mcnemar_p_value(0, 20) < 0.001
    assert "in fewer than 1 in 1,000 cases (p < 0.001)" in page_text(app)
    assert "0 digits are read correctly only by" in page_text(app)
    assert [sorted(indices) for indices in listed_digits(app)] == [changed.tolist()]


def test_the_comparison_says_how_it_is_calculated(app, run, ensemble):
    visit(app, "curves", a=run.name, b=ensemble.name)
    assert "How this is calculated" in [expander.label for expander in app.expander]
    assert "This is McNemar's exact test" in page_text(app)
    assert "two networks may differ here although their intervals overlap" in page_text(app)


def test_runs_on_different_digits_are_not_compared(app, run, copy_run):
    copy_run("other", dataset="mnist", validation_size=200)
    visit(app, "curves", a=run.name, b="other", runs=f"{run.name},other")
    assert "cannot be compared" in app.warning[0].value
    assert "curves on both cannot be compared" in page_text(app)
    assert "These two" not in page_text(app)


def test_two_different_runs_must_be_chosen(app, run, copy_run):
    copy_run("second")
    assert "Choose two different ones" in page_text(visit(app, "curves", a=run.name, b=run.name))


@pytest.mark.parametrize("value", ["99999", "<b>4</b>"])
def test_an_invalid_digit_is_a_warning(app, run, copy_run, value):
    copy_run("second")
    visit(app, "curves", a=run.name, b="second", digit=value)
    assert "The digit in this link does not exist" in app.warning[0].value


@pytest.mark.usefixtures("run")
def test_the_run_that_is_training_is_chosen_and_stays_when_it_ends(app, trained, executor, queue):
    live = queue.submit(trained.config)
    visit(app, "curves")
    assert live.name in chosen_runs(app)
    executor.end()
    assert live.name in chosen_runs(app.run())


def test_the_run_that_is_training_can_be_added_to_the_chosen_ones(app, run, queue):
    live = queue.submit(run.config)
    visit(app, "curves", runs=run.name)
    assert chosen_runs(app) == [run.name]
    app.button(key="add_live").click().run()
    assert chosen_runs(app) == [run.name, live.name]


@pytest.mark.usefixtures("without_images")
def test_one_digit_more_is_no_clear_difference(app, run, copy_run):
    predictions = run.predictions
    worse = predictions.log_probabilities.copy()
    first = np.flatnonzero(worse.argmax(1) == predictions.labels)[0]
    worse[first] = np.roll(worse[first], 1)
    copy_run("worse", worse)
    visit(app, "curves", a=run.name, b="worse")
    assert "**No clear difference between these two**" in page_text(app)
    assert "1 digit is read correctly only by" in page_text(app)
    assert "in 100 % of cases (p = 1.000)" in page_text(app)


def test_runs_that_would_be_called_the_same_are_told_apart_wherever_they_are_named(app, run, copy_run):
    for name, changes in (("first", {"seed": 3}), ("second", {"seed": 4}), ("third", {"seed": 4})):
        copy_run(name, recipe="sample-digits", **changes)
    visit(app, "curves", runs="first,second,third", a="second", b="third")
    names = results_table(app)["Run"].tolist()
    assert len(set(names)) == 3
    assert names[2] == f"{names[1]} #2"
    assert set(names) <= set(app.multiselect(key="address_runs").options)
    assert all(any(name in option for option in app.selectbox(key="choice_of_a").options) for name in names)
    assert f"{names[1]} and {names[2]} read exactly the same digits" in page_text(app)


def test_a_name_that_a_person_gave_is_used_everywhere_and_is_never_markup(app, run, copy_run):
    copy_run("second").rename("<b>Mine</b> :red[x]")
    visit(app, "curves", runs=f"{run.name},second", a=run.name, b="second")
    shown = run_name.unique_run_label(caches.find_run("second"))
    assert "Mine" in shown
    assert results_table(app)["Run"].tolist()[1] == shown
    assert shown in page_text(app)
    assert "<b>" not in page_text(app)
    assert ":red[" not in page_text(app)


def test_damaged_predictions_are_an_error_message(app, run, copy_run):
    copy_run("second")
    spoil(run.folder / PREDICTIONS)
    visit(app, "curves", a=run.name, b="second")
    assert PREDICTIONS in app.error[0].value


def test_equal_runs_are_named_once_each(app, run, copy_run):
    for name in ("second", "third"):
        copy_run(name)
    visit(app, "curves", runs=f"{run.name},second,third")
    sentences = [caption.value for caption in app.caption if "lies exactly on" in caption.value]
    assert len(sentences) == 2
    assert all(unique_run_label(run) in sentence for sentence in sentences)
    visit(app, "curves", runs=f"{run.name}")
    assert "lies exactly on" not in page_text(app)

"""Learning curves of one run and of several, on histories of a few rows."""

import math

import pytest

from ui import charts, learning_curves, palette
from ui.learning_curves import CurveView

FIRST = {"step": 10, "epoch": 0.5, "seconds": 3.0, "learning_rate": 0.2, "loss": 2.0, "accuracy": 0.5}
SECOND = {"step": 20, "epoch": 1.0, "seconds": 6.0, "learning_rate": 0.0, "loss": 1.0, "accuracy": 1.0}
VALIDATION = {"step": 20, "epoch": 1.0, "seconds": 6.5, "validation_loss": 0.9, "validation_accuracy": 0.8}
ROWS = [FIRST, SECOND, VALIDATION]
BOTH = {"fast": ROWS, "accurate": ROWS}
LABELS = {"fast": "Fast", "accurate": "Accurate", "pen": "Pen"}
BOTH_METRICS = pytest.mark.parametrize("metric", ["accuracy", "loss"])


def lines(figure):
    """The (x, y) of each line."""
    return [(list(line.x), list(line.y)) for line in figure.data]


def curves_of_one(view):
    """The (x, y) of each line of one run's curves."""
    return lines(learning_curves.curves({"fast": ROWS}, LABELS, view))


# The curves of one run


@BOTH_METRICS
def test_an_empty_history_has_empty_lines_and_fixed_axes(metric):
    figure = learning_curves.run_curve([], metric, 5)
    assert lines(figure) == [([], [])] * 3
    assert figure.layout.xaxis.range == (0, 5.1)


@BOTH_METRICS
def test_one_row_is_one_point(metric):
    raw, smoothed, validation = lines(learning_curves.run_curve([FIRST], metric, 5))
    assert raw == smoothed == ([0.5], [FIRST[metric]])
    assert validation == ([], [])


@BOTH_METRICS
def test_training_and_validation_are_drawn_where_they_were_measured(metric):
    raw, smoothed, validation = lines(learning_curves.run_curve(ROWS, metric, 5))
    assert raw == ([0.5, 1.0], [FIRST[metric], SECOND[metric]])
    assert smoothed == ([0.5, 1.0], [FIRST[metric], pytest.approx((FIRST[metric] + SECOND[metric]) / 2)])
    assert validation == ([1.0], [VALIDATION[f"validation_{metric}"]])


@BOTH_METRICS
def test_the_axes_do_not_move_while_a_curve_grows(metric):
    later = SECOND | {"accuracy": 0.6}
    before, after = (learning_curves.run_curve(rows, metric, 5).layout for rows in ([FIRST], [FIRST, later]))
    assert before.xaxis.range == after.xaxis.range
    assert before.yaxis.range == after.yaxis.range


@pytest.mark.parametrize("best", [0.1, 0.5, 0.86, 0.97, 0.99, 1.0])
def test_the_best_accuracy_is_within_the_axis(best):
    layout = learning_curves.run_curve([VALIDATION | {"validation_accuracy": best}], "accuracy", 5).layout
    low, high = layout.yaxis.range
    assert low < best < high


@pytest.mark.parametrize("loss", [0.002, 0.03, 2.303, 3.9])
def test_usual_losses_are_within_the_axis(loss):
    low, high = learning_curves.run_curve([], "loss", 5).layout.yaxis.range
    assert low < math.log10(loss) < high


@BOTH_METRICS
def test_axis_titles_name_the_metric_and_the_unit(metric):
    figure = learning_curves.run_curve(ROWS, metric, 5)
    assert figure.layout.xaxis.title.text == "epochs"
    assert metric in figure.layout.yaxis.title.text


def test_training_and_validation_differ_in_colour():
    raw, smoothed, validation = learning_curves.run_curve(ROWS, "loss", 5).data
    assert raw.line.color == smoothed.line.color == palette.TRAINING
    assert validation.line.color == palette.VALIDATION != palette.TRAINING


# The curves of several runs


@BOTH_METRICS
def test_smoothing_keeps_the_raw_line(metric):
    raw, smooth, validation = curves_of_one(CurveView(metric))
    assert raw == ([0.5, 1.0], [FIRST[metric], SECOND[metric]])
    assert smooth == ([0.5, 1.0], [FIRST[metric], (FIRST[metric] + SECOND[metric]) / 2])
    assert validation == ([1.0], [VALIDATION[f"validation_{metric}"]])


def test_without_smoothing_there_is_only_the_raw_line():
    raw, _ = curves_of_one(CurveView("loss", smoothing=1))
    assert raw == ([0.5, 1.0], [2.0, 1.0])


@pytest.mark.parametrize(("by", "expected"), [("epoch", [0.5, 1.0]), ("step", [10, 20]), ("seconds", [3.0, 6.0])])
def test_curves_are_drawn_against_epochs_steps_or_seconds(by, expected):
    assert curves_of_one(CurveView("loss", by=by))[0][0] == expected
    assert learning_curves.curves(BOTH, LABELS, CurveView(by=by)).layout.xaxis.title.text == learning_curves.AXES[by]


@pytest.mark.parametrize(("part", "count"), [("both", 3), ("training", 2), ("validation", 1)])
def test_only_the_chosen_part_is_drawn(part, count):
    assert len(curves_of_one(CurveView(part=part))) == count


def test_on_a_logarithmic_axis_accuracy_is_the_share_misread():
    raw, _, validation = curves_of_one(CurveView("accuracy", "log"))
    assert raw[1] == [0.5, None]  # 0 has no position on such an axis
    assert validation[1] == [pytest.approx(0.2)]
    assert "misread" in learning_curves.curves(BOTH, LABELS, CurveView("accuracy", "log")).layout.yaxis.title.text


def test_the_learning_rate_is_one_line_per_run():
    assert curves_of_one(CurveView("learning_rate")) == [([0.5, 1.0], [0.2, 0.0])]
    assert curves_of_one(CurveView("learning_rate", "log")) == [([0.5, 1.0], [0.2, None])]


@pytest.mark.parametrize("metric", learning_curves.METRICS)
@pytest.mark.parametrize("scale", learning_curves.SCALES)
@pytest.mark.parametrize("part", learning_curves.PARTS)
@pytest.mark.parametrize("histories", [{}, {"fast": []}, {"fast": [FIRST]}, BOTH], ids=["none", "empty", "one", "two"])
def test_every_view_of_every_history_is_a_figure(metric, scale, part, histories):
    figure = learning_curves.curves(histories, LABELS, CurveView(metric, scale, part=part))
    assert figure.layout.yaxis.type in (None, scale)


@pytest.mark.parametrize("metric", learning_curves.METRICS)
@pytest.mark.parametrize("part", learning_curves.PARTS)
def test_each_run_is_in_the_legend_once(metric, part):
    figure = learning_curves.curves(BOTH, LABELS, CurveView(metric, part=part))
    assert [line.name for line in figure.data if line.showlegend is not False] == ["Fast", "Accurate"]


def test_a_run_keeps_its_colour_whichever_others_are_chosen():
    alone, together = (
        learning_curves.curves(histories, LABELS, CurveView()) for histories in ({"accurate": ROWS}, BOTH)
    )
    assert {line.line.color for line in alone.data} == {charts.run_colour("accurate")}
    assert {line.line.color for line in together.data if line.name == "Accurate"} == {charts.run_colour("accurate")}


@pytest.mark.parametrize("best", [0.3, 0.9, 0.97, 0.995])
def test_the_lowest_of_the_runs_best_accuracies_is_within_the_axis(best):
    histories = {"fast": [VALIDATION | {"validation_accuracy": best}], "pen": ROWS}
    low, high = learning_curves.curves(histories, LABELS, CurveView()).layout.yaxis.range
    assert low < min(best, 0.8) < high


def test_a_run_without_history_does_not_change_the_axis_of_the_loss():
    trained = {"fast": [FIRST | {"loss": 0.2}]}
    alone, together = (
        learning_curves.curves(histories, LABELS, CurveView("loss")).layout.yaxis.range
        for histories in (trained, trained | {"pen": []})
    )
    assert alone == together == (0, pytest.approx(0.22))


# Smoothing


def test_smoothed_values_are_trailing_means():
    assert learning_curves.smoothed([1, 3, 5, 7], 2) == [1, 2, 4, 6]


def test_nothing_smoothed_is_nothing():
    assert learning_curves.smoothed([], 3) == []


def test_a_mean_of_one_value_changes_nothing():
    assert learning_curves.smoothed([4.0, 2.0, 0.1, 0.3], 1) == [4.0, 2.0, 0.1, 0.3]


def test_a_gap_counts_as_0_and_stays_a_gap_where_the_mean_is_0():
    assert learning_curves.smoothed([0.5, None, None, None, 1.0], 2) == [0.5, 0.25, None, None, 0.5]

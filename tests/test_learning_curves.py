"""Learning curves of one run and of several, on histories of a few rows."""

import math
from itertools import pairwise

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


@pytest.mark.parametrize("metric", learning_curves.RUN_METRICS)
def test_a_changed_learning_rate_is_marked_by_a_line_with_the_new_one(metric):
    change = {"step": 10, "epoch": 0.5, "seconds": 3.0, "new_learning_rate": 0.01}
    figure = learning_curves.run_curve([FIRST, change, SECOND], metric, 5)
    assert [(shape.x0, shape.x1) for shape in figure.layout.shapes] == [(0.5, 0.5)]
    assert [note.text for note in figure.layout.annotations] == ["learning rate 0.01"]
    assert lines(figure) == lines(learning_curves.run_curve([FIRST, SECOND], metric, 5))
    view = CurveView(by="step")
    figure = learning_curves.curves({"fast": [FIRST, change, SECOND], "accurate": ROWS}, LABELS, view)
    assert [shape.x0 for shape in figure.layout.shapes] == [10]


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
    assert smoothed == raw  # two values are too few for a mean
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
    assert figure.layout.xaxis.ticksuffix == " epochs"
    assert metric in figure.layout.yaxis.title.text


def test_training_and_validation_differ_in_colour():
    raw, smoothed, validation = learning_curves.run_curve(ROWS, "loss", 5).data
    assert raw.line.color == smoothed.line.color == palette.TRAINING
    assert validation.line.color == palette.VALIDATION != palette.TRAINING


# The curves of several runs


@BOTH_METRICS
def test_smoothing_keeps_the_raw_line(metric):
    rows = [FIRST, SECOND] * 4
    raw, smooth = lines(learning_curves.curves({"fast": rows}, LABELS, CurveView(metric, part="training")))
    assert raw[1] == [row[metric] for row in rows]
    assert len(smooth[1]) == len(rows)
    assert max(smooth[1][2:6]) < max(raw[1])


def test_without_smoothing_there_is_only_the_raw_line():
    raw, _ = curves_of_one(CurveView("loss", smoothing=1))
    assert raw == ([0.5, 1.0], [2.0, 1.0])


@pytest.mark.parametrize(("by", "expected"), [("epoch", [0.5, 1.0]), ("step", [10, 20]), ("seconds", [3.0, 6.0])])
def test_curves_are_drawn_against_epochs_steps_or_seconds(by, expected):
    assert curves_of_one(CurveView("loss", by=by))[0][0] == expected
    assert learning_curves.curves(BOTH, LABELS, CurveView(by=by)).layout.xaxis.title.text == learning_curves.AXES[by]


@pytest.mark.parametrize(("part", "count"), [("both", 2), ("training", 1), ("validation", 1)])
def test_only_the_chosen_part_is_drawn(part, count):
    assert len(curves_of_one(CurveView(part=part))) == count


def test_on_a_logarithmic_axis_accuracy_is_the_share_misread():
    raw, validation = curves_of_one(CurveView("accuracy", "log"))
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


def test_a_run_keeps_its_colour_when_others_are_added():
    styles = charts.run_styles(["accurate"])
    alone, together = (
        learning_curves.curves(histories, LABELS, CurveView()) for histories in ({"accurate": ROWS}, BOTH)
    )
    assert {line.line.color for line in alone.data} == {styles["accurate"].colour}
    assert {line.line.color for line in together.data if line.name == "Accurate"} == {styles["accurate"].colour}


def test_own_runs_with_the_same_label_differ_in_colour():
    names = {f"fast@2026-{number}": ROWS for number in range(8)}
    figure = learning_curves.curves(names, dict.fromkeys(names, "Fast"), CurveView(part="validation"))
    assert len({line.line.color for line in figure.data}) == 8


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


# Logarithmic axes


def log_ticks(values, percentages=False):
    """The ends of the axis and the texts of its ticks."""
    axis = learning_curves.log_axis(values, (0.01, 2), percentages)
    low, high = (10**end for end in axis["range"])
    assert all(low <= tick <= high for tick in axis["tickvals"])
    return low, high, axis["ticktext"]


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([0.9, 0.003], ["0.3 %", "1 %", "3 %", "10 %", "30 %", "100 %"]),
        ([0.03, 0.012], ["1 %", "2 %", "5 %"]),
        ([0.9, 1e-5], ["0.001 %", "0.01 %", "0.1 %", "1 %", "10 %", "100 %"]),
    ],
)
def test_the_ticks_of_an_error_are_percentages(values, texts):
    assert log_ticks(values, percentages=True)[2] == texts


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([2.3, 0.03], ["0.03", "0.1", "0.3", "1", "3"]),
        ([4800, 0.15], ["0.1", "1", "10", "100", "1,000"]),
        ([3e9, 0.02], ["1", "100", "1e4", "1e6", "1e8"]),
        ([1.1e-5, 2e-5], ["5e-6", "1e-5", "2e-5", "5e-5"]),
        ([], ["0.01", "0.03", "0.1", "0.3", "1"]),
    ],
)
def test_the_ticks_of_a_loss_are_few_and_round(values, texts):
    assert log_ticks(values)[2] == texts


@pytest.mark.parametrize("least", [1e-9, 0.0007, 0.1, 0.5, 1, 2.302585, 1e9])
@pytest.mark.parametrize("ratio", [1, 1.5, 30, 1e3, 1e9, 1e200])
def test_every_value_is_on_the_axis_and_no_two_ticks_have_the_same_text(least, ratio):
    low, high, texts = log_ticks([least, least * ratio])
    assert low <= least <= least * ratio <= high
    assert 2 <= len(texts) <= 12
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize(("metric", "diverged"), [("loss", 5e8), ("accuracy", 0.1)])
def test_a_run_that_diverged_is_within_the_logarithmic_axis(metric, diverged):
    bad = [row | {key: diverged for key in (metric, f"validation_{metric}") if key in row} for row in ROWS]
    figure = learning_curves.curves({"fast": ROWS, "pen": bad}, LABELS, CurveView(metric, "log"))
    low, high = figure.layout.yaxis.range
    shown = [math.log10(value) for line in figure.data for value in line.y if value is not None]
    assert low <= min(shown) < max(shown) <= high


def test_values_that_are_not_finite_are_left_out():
    rows = [FIRST, SECOND | {"loss": math.inf}, SECOND | {"loss": math.nan}]
    assert learning_curves.series(rows, "loss", CurveView("loss")) == ([0.5], [2.0])


# Smoothing


def test_smoothed_values_are_means_of_the_values_around_them():
    assert learning_curves.smoothed([1, 3, 5, 7, 9], 2) == [1, 3, 5, 7, pytest.approx((7 + 2 * 9) / 3)]
    assert learning_curves.smoothed([0, 0, 4, 0, 0], 2) == [0, 1, 2, 1, 0]


def test_a_straight_line_stays_where_it_is_until_its_end():
    line = [float(number) for number in range(100)]
    assert learning_curves.smoothed(line, 20)[:80] == pytest.approx(line[:80])


@pytest.mark.parametrize("count", [12, 40])
def test_smoothing_invents_no_cliff(count):
    falling = [2.3 * 0.95**index for index in range(200)]
    spiked = [*falling[:100], 5.0, *falling[101:]]
    means = learning_curves.smoothed(falling, count)
    assert means[:5] == pytest.approx(falling[:5], rel=0.02)
    assert all(before >= after for before, after in pairwise(means))
    steps = [abs(after - before) for before, after in pairwise(learning_curves.smoothed(spiked, count)[60:])]
    assert max(steps) < 5 / count


@pytest.mark.parametrize("length", [1, 2, 3, 5, 20])
def test_a_short_curve_keeps_its_first_and_nearly_its_last_value(length):
    values = [1 / (index + 1) for index in range(length)]
    means = learning_curves.smoothed(values, 40)
    assert means[0] == values[0]
    assert values[-1] <= means[-1] <= 1.5 * values[-1]


def test_nothing_smoothed_is_nothing():
    assert learning_curves.smoothed([], 3) == []


def test_a_mean_of_one_value_changes_nothing():
    assert learning_curves.smoothed([4.0, 2.0, 0.1, 0.3], 1) == [4.0, 2.0, 0.1, 0.3]


def test_a_gap_counts_as_0_and_stays_a_gap_where_the_mean_is_0():
    assert learning_curves.smoothed([0.5, None, None, None, 0.5], 2) == [0.5, 0.125, None, 0.125, pytest.approx(1 / 3)]


def test_a_geometric_mean_leaves_gaps_out_and_weighs_factors():
    alternating = [1.0, 100.0, 1.0, 100.0, 1.0]
    assert learning_curves.smoothed(alternating, 2, geometric=True)[:4] == pytest.approx([1, 10, 10, 10])
    assert learning_curves.smoothed([2.0, None, 2.0, 2.0], 2, geometric=True) == pytest.approx([2.0] * 4)
    assert learning_curves.smoothed([None] * 8, 2, geometric=True) == [None] * 8


# Equal runs


def widths(histories):
    """The widths of the validation lines, and the sizes of their markers."""
    figure = learning_curves.curves(histories, dict.fromkeys(histories, "Run"), CurveView())
    return [(line.line.width, line.marker.size) for line in figure.data if line.mode == "lines+markers"]


def test_of_equal_runs_each_is_wider_than_those_that_are_drawn_on_it():
    assert learning_curves.covering({"a": ROWS, "b": ROWS, "c": ROWS}, CurveView()) == {
        "a": ["b", "c"],
        "b": ["c"],
        "c": [],
    }
    lines, markers = zip(*widths({"a": ROWS, "b": ROWS, "c": ROWS}), strict=True)
    assert list(lines) == sorted({*lines}, reverse=True)
    assert list(markers) == sorted({*markers}, reverse=True)


def test_different_runs_are_equally_wide():
    other = [*ROWS[:2], VALIDATION | {"validation_accuracy": 0.81}]
    assert learning_curves.covering({"a": ROWS, "b": other}, CurveView()) == {"a": [], "b": []}
    assert len({*widths({"a": ROWS, "b": other})}) == 1


def test_a_run_that_was_stopped_lies_on_the_one_that_went_on_as_far_as_it_goes():
    longer = [*ROWS, FIRST | {"step": 30, "epoch": 1.5}]
    assert learning_curves.covering({"a": ROWS, "b": longer}, CurveView())["a"] == ["b"]
    assert learning_curves.covering({"a": ROWS, "b": []}, CurveView())["a"] == []

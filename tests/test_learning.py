"""The figure of several learning curves, on histories of a few rows; the colours of runs."""

from itertools import combinations

import pytest

from mnist_core.recipes import RECIPES
from ui import charts, learning_curves, palette
from ui.learning_curves import CurveView

ROWS = [
    {"step": 10, "epoch": 0.5, "seconds": 3.0, "learning_rate": 0.2, "loss": 2.0, "accuracy": 0.5},
    {"step": 20, "epoch": 1.0, "seconds": 6.0, "learning_rate": 0.0, "loss": 1.0, "accuracy": 1.0},
    {"step": 20, "epoch": 1.0, "seconds": 6.5, "validation_loss": 0.9, "validation_accuracy": 0.8},
]
BOTH = {"fast": ROWS, "accurate": ROWS}
TITLES = {"fast": "Fast", "accurate": "Accurate"}


def lines(view, histories=None):
    """The (x, y) of each line."""
    figure = learning_curves.curves(histories or {"fast": ROWS}, TITLES, view)
    return [(list(line.x), list(line.y)) for line in figure.data]


@pytest.mark.parametrize("metric", ["accuracy", "loss"])
def test_smoothing_keeps_the_raw_line(metric):
    first, second = (row[metric] for row in ROWS[:2])
    raw, smooth, validation = lines(CurveView(metric))
    assert raw == ([0.5, 1.0], [first, second])
    assert smooth == ([0.5, 1.0], [first, (first + second) / 2])
    assert validation == ([1.0], [ROWS[2][f"validation_{metric}"]])


def test_without_smoothing_there_is_only_the_raw_line():
    raw, _ = lines(CurveView("loss", smoothing=1))
    assert raw == ([0.5, 1.0], [2.0, 1.0])


@pytest.mark.parametrize(("by", "expected"), [("epoch", [0.5, 1.0]), ("step", [10, 20]), ("seconds", [3.0, 6.0])])
def test_curves_run_along_epochs_steps_or_seconds(by, expected):
    assert lines(CurveView("loss", by=by))[0][0] == expected
    assert learning_curves.curves(BOTH, TITLES, CurveView(by=by)).layout.xaxis.title.text == learning_curves.AXES[by]


@pytest.mark.parametrize(("part", "count"), [("both", 3), ("training", 2), ("validation", 1)])
def test_only_what_is_asked_for_is_drawn(part, count):
    assert len(lines(CurveView(part=part))) == count


def test_on_a_logarithmic_axis_accuracy_is_the_share_misread():
    raw, _, validation = lines(CurveView("accuracy", "log"))
    assert raw[1] == [0.5, None]  # nothing misread has no place on such an axis
    assert validation[1] == [pytest.approx(0.2)]
    assert "misread" in learning_curves.curves(BOTH, TITLES, CurveView("accuracy", "log")).layout.yaxis.title.text


def test_the_learning_rate_is_one_line_a_run():
    assert lines(CurveView("learning_rate")) == [([0.5, 1.0], [0.2, 0.0])]
    assert lines(CurveView("learning_rate", "log")) == [([0.5, 1.0], [0.2, None])]


@pytest.mark.parametrize("metric", learning_curves.METRICS)
@pytest.mark.parametrize("scale", learning_curves.SCALES)
@pytest.mark.parametrize("part", learning_curves.PARTS)
@pytest.mark.parametrize("histories", [{}, {"fast": []}, {"fast": ROWS[:1]}, BOTH], ids=["none", "empty", "one", "two"])
def test_every_view_of_every_history_is_a_figure(metric, scale, part, histories):
    figure = learning_curves.curves(histories, TITLES, CurveView(metric, scale, part=part))
    assert figure.layout.yaxis.type in (None, scale)


@pytest.mark.parametrize("metric", learning_curves.METRICS)
@pytest.mark.parametrize("part", learning_curves.PARTS)
def test_each_run_is_named_once(metric, part):
    figure = learning_curves.curves(BOTH, TITLES, CurveView(metric, part=part))
    assert [line.name for line in figure.data if line.showlegend is not False] == ["Fast", "Accurate"]


def test_a_run_keeps_its_colour_whichever_others_are_chosen():
    alone, together = (
        learning_curves.curves(histories, TITLES, CurveView()) for histories in ({"accurate": ROWS}, BOTH)
    )
    assert {line.line.color for line in alone.data} == {charts.run_colour("accurate")}
    assert {line.line.color for line in together.data if line.name == "Accurate"} == {charts.run_colour("accurate")}


@pytest.mark.parametrize("best", [0.3, 0.9, 0.97, 0.995])
def test_the_worst_of_the_best_accuracies_is_on_the_axis(best):
    rows = [ROWS[2] | {"validation_accuracy": best}]
    low, high = learning_curves.curves(
        {"fast": rows, "pen": ROWS}, TITLES | {"pen": "Pen"}, CurveView()
    ).layout.yaxis.range
    assert low < min(best, 0.8) < high


def test_no_two_recipes_look_the_same():
    looks = [(charts.run_colour(name), charts.run_symbol(name)) for name in RECIPES]
    assert len(set(looks)) == len(RECIPES)


def test_the_seeds_have_colours_of_their_own():
    seeds = [name for name, recipe in RECIPES.items() if recipe.reported]
    assert len({charts.run_colour(name) for name in seeds}) == len(seeds)


@pytest.mark.parametrize("name", ["", "fast@20261121-101010-abcd", "é" * 1000])
def test_any_name_has_a_colour(name):
    assert charts.run_colour(name) in palette.RUNS
    assert charts.run_symbol(name) in charts.RUN_SYMBOLS


@pytest.mark.parametrize("page", ["#FFFFFF", "#10141C"])
@pytest.mark.parametrize("colour", [*palette.RUNS, palette.SELECTED])
def test_a_runs_colour_is_seen_on_light_and_dark_pages(colour, page):
    low, high = sorted((luminance(colour), luminance(page)))
    assert (high + 0.05) / (low + 0.05) >= 3  # WCAG 2, for graphics


@pytest.mark.parametrize(("one", "another"), [*combinations(palette.RUNS, 2)])
def test_runs_colours_are_told_apart(one, another):
    assert max(abs(a - b) for a, b in zip(linear(one), linear(another), strict=True)) > 0.05


def linear(colour):
    """#RRGGBB as light, 0..1."""
    parts = [part / 255 for part in bytes.fromhex(colour.removeprefix("#"))]
    return [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]


def luminance(colour):
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear(colour), strict=True))

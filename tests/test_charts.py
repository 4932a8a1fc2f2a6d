"""What all charts share: the finish, the colours, the bars of ten probabilities, the look of a run."""

import importlib
import inspect
import re
from pathlib import Path

import numpy as np
import plotly.graph_objects as go
import pytest

from mnist_core.analysis.calibration import reliability_bins
from mnist_core.recipes import RECIPES
from ui import charts, learning_curves, palette
from ui.break_it import response_chart
from ui.calibration import diagrams
from ui.look_inside import feature_maps
from ui.robustness import severity

ROOT = Path(__file__).resolve().parent.parent
COLOUR = r"#(?:[0-9a-f]{8}|[0-9a-f]{6}|[0-9a-f]{3,4})\b|\b(?:rgb|hsl)a?\(\s*[\d.]"  # rgb({red},... is a template
CSS_NAME = r":[^;{]*(?<![-\w])(?:black|white|gr[ae]y|red|green|blue|orange|yellow)(?![-\w])"
CONFIDENCE = np.linspace(0.1, 1, 20)
CORRECT = np.arange(20) % 3 > 0
FIGURES = {  # one example of what each function of ui that makes a figure returns
    "ui.break_it.response_chart.response_chart": response_chart.response_chart(
        np.linspace(-1, 1, 5), np.full((5, 10), 0.1), 3, 0.5, "angle"
    ),
    "ui.calibration.diagrams.coverage_chart": diagrams.coverage_chart(
        np.linspace(0.05, 1, 20), np.linspace(1, 0.6, 20), refused=0.1, accuracy=0.7, max_refused=0.2
    ),
    "ui.calibration.diagrams.reliability_diagram": diagrams.reliability_diagram(reliability_bins(CONFIDENCE, CORRECT)),
    "ui.charts.probability_chart": charts.probability_chart(np.full(10, 0.1)),
    "ui.learning_curves.curves": learning_curves.curves({"fast": []}, {"fast": "Fast"}, learning_curves.CurveView()),
    "ui.learning_curves.run_curve": learning_curves.run_curve([], "loss", 5),
    "ui.look_inside.feature_maps.attribution_chart": feature_maps.attribution_chart(
        np.eye(28), np.zeros((28, 28), np.uint8)
    ),
    "ui.look_inside.feature_maps.bare_figure": feature_maps.bare_figure(100),
    "ui.look_inside.feature_maps.clickable_map": feature_maps.clickable_map(np.eye(2), list("abcd"), (0, 1), 1.0),
    "ui.look_inside.feature_maps.contributions_chart": feature_maps.contributions_chart(np.ones(3), range(3), "map"),
    "ui.robustness.severity.severity_chart": severity.severity_chart({}, {}, None),
}
WITH_LEGEND = ("ui.learning_curves.run_curve", "ui.robustness.severity.severity_chart")  # lines that need names


def makes_figure(function):
    """Whether a function returns a figure that it was not given."""
    annotations = dict(inspect.get_annotations(function))
    return annotations.pop("return", None) is go.Figure and go.Figure not in annotations.values()


def figure_functions():
    """The names of all public functions of ui that make a figure."""
    for file in (ROOT / "ui").rglob("*.py"):
        if "go.Figure" in file.read_text("utf-8"):
            module = importlib.import_module(".".join(file.relative_to(ROOT).with_suffix("").parts))
            for name, function in inspect.getmembers(module, inspect.isfunction):
                if (
                    function is not charts.new_figure
                    and function.__module__ == module.__name__
                    and makes_figure(function)
                    and not name.startswith("_")
                ):
                    yield f"{module.__name__}.{name}"


def test_there_is_an_example_of_every_figure():
    assert sorted(figure_functions()) == sorted(FIGURES)


@pytest.mark.parametrize("name", FIGURES)
def test_no_figure_can_be_dragged_or_zoomed(name):
    layout = FIGURES[name].layout
    axes = [layout[axis] for axis in layout.to_plotly_json() if re.fullmatch(r"[xy]axis\d*", axis)]
    assert len(axes) >= 2
    assert all(axis.fixedrange for axis in axes)
    assert layout.dragmode is False


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_has_the_finish_of_all(name):
    layout = FIGURES[name].layout
    assert layout.hovermode == "closest"
    assert layout.height
    assert (layout.xaxis.gridcolor, layout.yaxis.gridcolor) == (palette.GRID, palette.GRID)
    assert layout.showlegend is (name in WITH_LEGEND)


def test_click_targets_are_invisible_selected_or_not():
    figure = go.Figure()
    charts.click_targets(figure, [0, 1], [2, 3], ["one", "two"], size=20)
    (targets,) = figure.data
    opacities = targets.marker.opacity, targets.selected.marker.opacity, targets.unselected.marker.opacity
    assert opacities == (0, 0, 0)
    assert (list(targets.x), list(targets.y), list(targets.hovertext)) == ([0, 1], [2, 3], ["one", "two"])


def colour_literals(text, suffix):
    """The colours written in the source text of a file with this suffix."""
    pattern = f"{COLOUR}|{CSS_NAME}" if suffix == ".css" else COLOUR
    return [match.group() for match in re.finditer(pattern, text, re.IGNORECASE)]


@pytest.mark.parametrize(
    ("text", "suffix", "count"),
    [
        ("#fff #D98200 #D98200cc", ".py", 3),
        ("rgb(1, 2, 3) rgba(128, 1, 1, 0.5) hsl(10 20% 30%)", ".js", 3),
        ("rgb({red},{green},{blue}) rgb(${red}) #id, # 123", ".js", 0),
        ("a { background-color: black; } b { border: 1px solid white; }", ".css", 2),
        ("a { white-space: nowrap; color: var(--lab-black); }", ".css", 0),
    ],
)
def test_colours_in_sources_are_recognised(text, suffix, count):
    assert len(colour_literals(text, suffix)) == count


def test_colours_are_written_only_in_the_palette():
    files = [ROOT / "Home.py", *(ROOT / "ui").rglob("*"), *(ROOT / "pages").rglob("*")]
    sources = [file for file in files if file.suffix in (".py", ".css", ".js") and file.name != "palette.py"]
    assert {".py", ".css", ".js"} == {file.suffix for file in sources}
    colours = {file.name: colour_literals(file.read_text("utf-8"), file.suffix) for file in sources}
    assert {name: literals for name, literals in colours.items() if literals} == {}


# The ten probabilities


def bars(probabilities, label=None):
    """The heights and the colours of the ten bars."""
    bar = charts.probability_chart(np.array(probabilities), label).data[0]
    return list(bar.y), list(bar.marker.color)


def test_ten_bars_show_ten_probabilities():
    values = [0.01] * 9 + [0.91]
    assert bars(values)[0] == values


def test_small_bars_have_no_numbers_that_would_run_into_each_other_but_the_true_label_has():
    probabilities = [0.01] * 8 + [0.02, 0.9]
    assert list(charts.probability_chart(np.array(probabilities), 8).data[0].text) == [""] * 8 + ["2%", "90%"]


@pytest.mark.parametrize("label", [None, 9])
def test_a_correct_prediction_is_blue(label):
    colours = bars([0.01] * 9 + [0.91], label)[1]
    assert colours[9] == palette.CORRECT
    assert palette.INCORRECT not in colours


def test_a_wrong_prediction_is_orange_and_the_true_label_blue():
    colours = bars([0.01] * 9 + [0.91], 4)[1]
    assert (colours[4], colours[9]) == (palette.CORRECT, palette.INCORRECT)


# The look of a run


def test_up_to_forty_runs_have_a_look_of_their_own():
    names = [*RECIPES, *(f"fast@20261121-1010{number}-abcd" for number in range(10, 50 - len(RECIPES)))]
    assert len(names) == 40
    assert len(set(charts.run_styles(names).values())) == 40


def test_more_runs_share_looks():
    assert len(charts.run_styles([str(number) for number in range(100)])) == 100


@pytest.mark.parametrize(
    "names", [list(RECIPES)[:8], [f"own{number}" for number in range(8)], ["a", "fast", "b", "pen"]]
)
def test_up_to_eight_runs_differ_in_colour(names):
    assert len({style.colour for style in charts.run_styles(names).values()}) == len(names)


def test_added_runs_do_not_change_the_look_of_those_before_them():
    names = ["own", "fast", "another", "dropout-cnn", "third", "", "é" * 1000, *RECIPES]
    final = charts.run_styles(names)
    for count in range(1, len(names)):
        assert charts.run_styles(names[:count]).items() <= final.items()


@pytest.mark.parametrize("name", RECIPES)
def test_the_run_of_a_recipe_has_the_same_look_in_every_chart_where_nothing_else_has_its_colour(name):
    alone = charts.run_styles([name])[name]
    other = next(other for other in RECIPES if charts.run_styles([other])[other].colour != alone.colour)
    assert charts.run_styles([other, name])[name] == alone


def test_the_recipes_of_the_reference_programs_differ_in_colour():
    references = [name for name, recipe in RECIPES.items() if recipe.reported]
    assert len({charts.run_styles([name])[name].colour for name in references}) == len(references)

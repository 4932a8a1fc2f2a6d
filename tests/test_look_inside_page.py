"""The Look inside page, offline with one small run."""

import re

import pytest
from app_helpers import page_text, visit

from mnist_core.models import ARCHITECTURES, build
from mnist_core.runs import Run
from ui import caches, digit_picker
from ui.look_inside import layers


def with_architecture(run: Run, architecture: str) -> Run:
    """Replace the run's network with one of this architecture with fresh weights."""
    text = (run.folder / "config.json").read_text()
    (run.folder / "config.json").write_text(text.replace('"softmax"', f'"{architecture}"'))
    run = Run(run.folder)
    run.save_model(build(architecture, seed=1))
    return run


def to_float(text: str) -> float:
    return float(text.replace("\N{MINUS SIGN}", "-"))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_view_of_every_architecture_opens(app, run, architecture):
    with_architecture(run, architecture)
    visit(app, "look_inside")
    for view in layers.VIEWS:
        app.query_params["part"] = view
        app.run()
        assert not app.exception
        assert not app.error


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_weighted_sum_is_the_value_in_the_heading(app, run, architecture):
    with_architecture(run, architecture)
    visit(app, "look_inside", map=3)
    heading = re.search(r" is (\N{MINUS SIGN}?[\d.]+)$", page_text(app), re.MULTILINE)
    terms = re.search(r"\*\*(\S+)\*\* \+ bias \*\*(\S+)\*\* = \*\*(\S+)\*\*", page_text(app))
    assert heading
    assert terms
    assert heading[1] == terms[3]
    assert to_float(terms[1]) + to_float(terms[2]) == pytest.approx(to_float(terms[3]), abs=1.1e-4)


def test_every_layer_opens(app, run):
    with_architecture(run, "space-to-depth-cnn")
    visit(app, "look_inside")
    for name, _ in build("space-to-depth-cnn").named_children():
        app.query_params["layer"] = name
        app.run()
        assert not app.exception
        assert f"**{name}**" in page_text(app)


def test_a_layer_without_a_filter_links_to_the_filter_before_it(app, run):
    with_architecture(run, "lenet-5")
    visit(app, "look_inside", layer="relu2", map=4, row=2, column=3)
    app.button(key="previous_filter").click().run()
    parameters = {name: app.query_params[name] for name in ("layer", "map", "row", "column")}
    assert parameters == {"layer": "conv2", "map": "4", "row": "2", "column": "3"}
    assert "Map 4 at row 2, column 3 is" in page_text(app)


def test_the_units_of_a_dense_layer_are_called_units(app, run):
    visit(app, "look_inside", layer="output", map=7)
    assert "**Unit 7** of 10" in page_text(app)
    assert "Unit 7 is " in page_text(app)
    assert app.number_input(key="unit").label == "Unit"
    app.number_input(key="unit").set_value(2).run()
    assert app.query_params["map"] == "2"
    assert "Unit 2 is " in page_text(app)


@pytest.mark.parametrize("name", ["digit", "layer", "map", "row", "column"])
def test_an_invalid_parameter_in_the_url_is_reported_in_one_sentence(app, run, name):
    with_architecture(run, "lenet-5")
    visit(app, "look_inside")
    for value in ("-1", "1000000", "1e3", "²", "<b>", "../..", ""):
        app.query_params[name] = value
        app.run()
        assert not app.exception, value
        assert ["is shown instead" in warning.value for warning in app.warning] == [True], value


def test_the_class_to_explain_can_be_chosen(app, run):
    visit(app, "look_inside", part="why", for_="4")
    assert "green ones evidence for 4" in page_text(app)
    app.segmented_control(key="address_for").set_value("9").run()
    assert (app.query_params["for"], "green ones evidence for 9" in page_text(app)) == ("9", True)


def test_the_page_begins_with_the_network_and_its_answer(app, run, monkeypatch):
    drawn = []
    monkeypatch.setattr(layers, "clickable_network", lambda key, diagram, reveals: drawn.append(diagram))
    with_architecture(run, "lenet-5")
    visit(app, "look_inside", layer="pool1")
    html = drawn[-1]
    assert re.findall(r'data-layer="(\w+)"[^>]*aria-pressed="true"', html) == ["pool1"]
    assert "finds strokes" in html
    assert re.search(r"✓ correct|✗ wrong: it is an? \d", html)
    assert html.count('class="net-map net-large" src="data:image/png') == 5


def test_a_click_on_a_layer_of_the_drawing_selects_it(app, run, monkeypatch):
    with_architecture(run, "lenet-5")
    visit(app, "look_inside", map=3)
    clicks = ["conv2", "no such layer"]
    monkeypatch.setattr(layers, "clickable_network", lambda key, diagram, reveals: clicks.pop(0) if clicks else None)
    app.run()
    assert app.query_params["layer"] == "conv2"
    assert "map" not in app.query_params
    assert "**conv2**" in page_text(app)


def test_neighbors_are_prepared_in_the_background(app, run, monkeypatch):
    computed = []
    monkeypatch.setattr(caches, "neighbor_candidates", lambda run, dataset: computed.append(run.name))
    monkeypatch.setattr(caches, "pca_map", lambda run, dataset: computed.append(dataset))
    monkeypatch.setattr(digit_picker, "DEFAULT_RUN", run.name)
    visit(app, "look_inside")
    caches.preload_neighbors(run, "sample").join()
    assert computed == [run.name, "sample"]  # once, however often the page is opened

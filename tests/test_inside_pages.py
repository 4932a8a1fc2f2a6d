"""Look inside and Break it as a visitor meets them, offline with one small run, or with the shipped ones."""

import re

import numpy as np
import pytest
from visiting import said, visit

from mnist_core.analysis.perturbations import PERTURBATIONS
from mnist_core.data import load_digits
from mnist_core.models import ARCHITECTURES, build
from mnist_core.runs import MODEL, Run
from ui import caches
from ui.digit_picker import DRAWN_DIGIT_KEY
from ui.look_inside import feature_maps, layers

INSIDE, BREAK = "look_inside", "break_it"


def as_if(run: Run, architecture: str) -> Run:
    """The run with a network of this architecture and fresh weights in it."""
    text = (run.folder / "config.json").read_text()
    (run.folder / "config.json").write_text(text.replace('"softmax"', f'"{architecture}"'))
    other = Run(run.folder)
    other.save_model(build(architecture, seed=1))
    return other


def as_number(text: str) -> float:
    return float(text.replace("\N{MINUS SIGN}", "-"))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_network_is_looked_into_in_every_part(app, run, architecture):
    as_if(run, architecture)
    for part in layers.VIEWS:
        visit(app, INSIDE, part=part)
        assert not app.error


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_sum_is_the_value_that_is_shown(app, run, architecture):
    as_if(run, architecture)
    visit(app, INSIDE, map=3)
    shown = re.search(r" is (\N{MINUS SIGN}?[\d.]+)$", said(app), re.MULTILINE)
    summed = re.search(r"\*\*(\S+)\*\* \+ bias \*\*(\S+)\*\* = \*\*(\S+)\*\*", said(app))
    assert shown
    assert summed
    assert shown[1] == summed[3]
    assert as_number(summed[1]) + as_number(summed[2]) == pytest.approx(as_number(summed[3]), abs=1.1e-4)


def test_every_layer_opens(app, run):
    as_if(run, "fast")
    for name, _ in build("fast").named_children():
        visit(app, INSIDE, layer=name)
        assert f"**{name}**" in said(app)


def test_a_layer_without_a_filter_leads_to_the_one_behind_it(app, run):
    as_if(run, "lenet-5")
    visit(app, INSIDE, layer="relu2", map=4, row=2, column=3)
    app.button(key="behind").click().run()
    kept = {name: app.query_params[name] for name in ("layer", "map", "row", "column")}
    assert kept == {"layer": "conv2", "map": "4", "row": "2", "column": "3"}
    assert "Map 4 at row 2, column 3 is" in said(app)


@pytest.mark.parametrize("value", ["-1", "1000000", "1e3", "²", "<b>", "../..", ""])
@pytest.mark.parametrize("name", ["digit", "layer", "map", "row", "column"])
def test_what_makes_no_sense_in_the_address_is_one_sentence(app, run, name, value):
    as_if(run, "lenet-5")
    visit(app, INSIDE, **{name: value})
    assert len(app.warning) == 1
    assert "is shown instead" in app.warning[0].value


@pytest.mark.parametrize("value", ["-1", "nan", "inf", "x", "1e99", ""])
@pytest.mark.parametrize("name", ["rotate", "noise", "epsilon", "digit"])
def test_a_slider_ignores_what_makes_no_sense_in_the_address(app, run, name, value):
    if (name, value) == ("rotate", "-1"):
        pytest.skip("it makes sense")
    visit(app, BREAK, **{name: value})
    assert len(app.warning) == 1


def test_an_attack_that_does_not_exist_is_one_sentence(app, run):
    visit(app, BREAK, attack="nonsense")
    assert len(app.warning) == 1


@pytest.mark.parametrize("page", [INSIDE, BREAK])
def test_a_drawing_is_taken_up(app, run, page):
    app.session_state[DRAWN_DIGIT_KEY] = load_digits("sample", "train").images[0]
    visit(app, page, from_="drawing")
    assert not app.info
    assert "written as" not in said(app)
    assert "hand_digit" not in [box.key for box in app.number_input]


def test_the_drawing_is_put_away_and_taken_up_again(app, run):
    app.session_state[DRAWN_DIGIT_KEY] = load_digits("sample", "train").images[0]
    visit(app, INSIDE, from_="drawing")
    app.segmented_control(key="address_from").set_value("test").run()
    assert app.number_input(key="hand_digit").value == 0
    app.segmented_control(key="address_from").set_value("drawing").run()
    assert app.query_params["from"] == "drawing"
    assert "hand_digit" not in [box.key for box in app.number_input]


@pytest.mark.parametrize("page", [INSIDE, BREAK])
@pytest.mark.parametrize("drawn", [None, "a word", np.zeros((3, 3), np.uint8)], ids=["none", "a word", "too small"])
def test_without_a_drawing_there_is_a_test_digit_and_a_sentence(app, run, page, drawn):
    if drawn is not None:
        app.session_state[DRAWN_DIGIT_KEY] = drawn
    visit(app, page, from_="drawing")
    assert "There is no drawing here" in app.info[0].value
    assert app.number_input(key="hand_digit").value == 0


def test_it_is_explained_for_any_digit_that_is_asked_for(app, run):
    visit(app, INSIDE, part="why", for_="4")
    assert "orange speaks for 4" in said(app)
    app.segmented_control(key="address_for").set_value("9").run()
    assert (app.query_params["for"], "orange speaks for 9" in said(app)) == ("9", True)


def test_another_digit_is_a_step_away(app, run):
    visit(app, INSIDE)
    app.number_input(key="hand_digit").set_value(7).run()
    assert app.query_params["digit"] == "7"
    app.button(key="misread_one").click().run()
    answers = run.predictions
    index = app.number_input(key="hand_digit").value
    assert answers.log_probabilities[index].argmax() != answers.labels[index]


@pytest.mark.parametrize("page", [INSIDE, BREAK])
def test_a_network_that_cannot_be_loaded_is_one_sentence(app, run, page):
    (run.folder / MODEL).write_bytes(b"no weights")
    visit(app, page)
    assert len(app.error) == 1
    assert "cannot be used" in app.error[0].value


def test_where_mnist_is_missing_a_run_on_it_reads_the_sample_digits(app, run):
    text = (run.folder / "config.json").read_text()
    (run.folder / "config.json").write_text(text.replace('"sample"', '"mnist"'))
    for page in (INSIDE, BREAK):
        assert "the digits on this page are the sample ones" in said(visit(app, page))


def test_one_network_serves_every_visitor(app, run):
    visit(app, INSIDE)
    assert caches.model(Run(run.folder)) is caches.model(Run(run.folder))


def test_neutral_sliders_leave_the_digit_alone_and_undo_brings_them_back(app, run):
    visit(app, BREAK, digit=3)
    assert {name: app.slider(key=f"slider_{name}").value for name in PERTURBATIONS} == {
        name: pytest.approx(one.neutral) for name, one in PERTURBATIONS.items()
    }
    assert app.button(key="neutral").disabled
    app.slider(key="slider_rotate").set_value(45.0).run()
    assert "rotate" in app.query_params
    assert app.button_group(key="address_watch").value == "rotate"
    app.button(key="neutral").click().run()
    assert "rotate" not in app.query_params
    assert app.slider(key="slider_rotate").value == 0


def test_fool_it_fools_it(app, run):
    visit(app, BREAK, digit=3, epsilon=0.4)
    assert "Fooled" not in said(app)
    app.button(key="fool").click().run()
    assert not app.exception
    assert "**Fooled:**" in said(app)
    assert "96.4 %" in said(app)


def test_numbers_have_a_true_minus_and_zero_has_none():
    assert [feature_maps.format_number(value) for value in (-1.5, 0.00001, -0.00001)] == ["−1.5000", "0.0000", "0.0000"]


def test_colours_are_black_at_zero_and_differ_by_sign():
    zero, above, below = feature_maps.apply_colormap(np.array([0.0, 0.6, -0.6]), 1.0)
    assert zero.tolist() == [0, 0, 0]
    assert above[0] > above[2]
    assert below[2] > below[0]

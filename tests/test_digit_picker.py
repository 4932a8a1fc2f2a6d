"""The digit picker of the Look inside and Break it pages, offline with one small run."""

import numpy as np
import pytest
from app_helpers import page_text, spoil, visit

from mnist_core.data import load_digits
from mnist_core.runs import MODEL, Run
from ui import caches
from ui.digit_picker import DRAWN_DIGIT_KEY

PAGES = ["look_inside", "break_it"]


def has_number_input(app) -> bool:
    """Return whether the page asks for a test digit."""
    return "test_digit" in [element.key for element in app.number_input]


@pytest.mark.parametrize("page", PAGES)
def test_a_drawing_is_shown(app, run, page):
    app.session_state[DRAWN_DIGIT_KEY] = load_digits("sample", "train").images[0]
    visit(app, page, from_="drawing")
    assert not app.info
    assert "written as" not in page_text(app)
    assert not has_number_input(app)


def test_one_can_switch_between_the_drawing_and_the_test_digits(app, run):
    app.session_state[DRAWN_DIGIT_KEY] = load_digits("sample", "train").images[0]
    visit(app, "look_inside", from_="drawing")
    app.segmented_control(key="address_from").set_value("test").run()
    assert app.number_input(key="test_digit").value == 0
    app.segmented_control(key="address_from").set_value("drawing").run()
    assert app.query_params["from"] == "drawing"
    assert not has_number_input(app)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("drawing", [None, "a word", np.zeros((3, 3), np.uint8)], ids=["none", "a word", "too small"])
def test_without_a_drawing_a_test_digit_is_shown_and_the_page_says_so(app, run, page, drawing):
    if drawing is not None:
        app.session_state[DRAWN_DIGIT_KEY] = drawing
    visit(app, page, from_="drawing")
    assert "There is no drawing here" in app.info[0].value
    assert app.number_input(key="test_digit").value == 0


def test_another_digit_and_the_next_mistake_can_be_chosen(app, run):
    visit(app, "look_inside")
    app.number_input(key="test_digit").set_value(7).run()
    assert app.query_params["digit"] == "7"
    app.button(key="next_mistake").click().run()
    index = app.number_input(key="test_digit").value
    assert run.predictions.log_probabilities[index].argmax() != run.predictions.labels[index]


@pytest.mark.parametrize("page", PAGES)
def test_a_network_that_cannot_be_loaded_is_reported_in_one_sentence(app, run, page):
    spoil(run.folder / MODEL)
    visit(app, page)
    assert len(app.error) == 1
    assert "cannot be used" in app.error[0].value


def test_without_mnist_a_run_trained_on_it_is_shown_the_sample_digits(app, run):
    text = (run.folder / "config.json").read_text()
    (run.folder / "config.json").write_text(text.replace('"sample"', '"mnist"'))
    for page in PAGES:
        assert "the digits on this page are the sample digits" in page_text(visit(app, page))


def test_a_network_is_loaded_once_for_all_visitors(app, run):
    visit(app, "look_inside")
    assert caches.model(Run(run.folder)) is caches.model(Run(run.folder))

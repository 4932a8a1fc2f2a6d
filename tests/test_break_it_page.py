"""The Break it page, offline with one small run."""

import numpy as np
import pytest
from app_helpers import metrics, page_text, visit

from mnist_core.analysis.perturbations import PERTURBATIONS
from ui.break_it import attack, sliders
from ui.break_it.response_chart import response_chart


@pytest.mark.parametrize("name", ["rotate", "noise", "epsilon", "digit"])
def test_an_invalid_parameter_in_the_url_is_reported_in_one_sentence(app, run, name):
    visit(app, "break_it")
    for value in ("-1" if name != "rotate" else "-181", "nan", "inf", "x", "1e99", ""):
        app.query_params[name] = value
        app.run()
        assert not app.exception, value
        assert len(app.warning) == 1, value


def test_an_attack_that_does_not_exist_is_reported_in_one_sentence(app, run):
    visit(app, "break_it", attack="nonsense")
    assert len(app.warning) == 1


def test_neutral_sliders_show_their_neutral_values_and_reset_restores_them(app, run):
    visit(app, "break_it", digit=3)
    assert {name: app.slider(key=f"slider_{name}").value for name in PERTURBATIONS} == {
        name: pytest.approx(perturbation.neutral) for name, perturbation in PERTURBATIONS.items()
    }
    assert app.button(key="reset_sliders").disabled
    app.slider(key="slider_rotate").set_value(45.0).run()
    assert "rotate" in app.query_params
    assert app.selectbox(key="address_watch").value == "rotate"
    app.button(key="reset_sliders").click().run()
    assert "rotate" not in app.query_params
    assert app.slider(key="slider_rotate").value == 0


def test_the_fool_it_button_runs_the_attack(app, run):
    visit(app, "break_it", digit=3, epsilon=0.4)
    assert "**Fooled:**" not in page_text(app)
    app.button(key="fool").click().run()
    assert not app.exception
    assert "**Fooled:**" in page_text(app)
    assert "96.4 %" in page_text(app)


def test_a_preset_sets_its_sliders_and_nothing_else(app, run):
    visit(app, "break_it", digit=3, noise=0.5)
    app.button(key="preset_Off centre").click().run()
    assert {name: app.query_params[name] for name in ("shift_right", "shift_down", "watch")} == {
        "shift_right": "8",
        "shift_down": "6",
        "watch": "shift_right",
    }
    assert "noise" not in app.query_params
    assert app.slider(key="slider_shift_right").value == 8


def test_every_preset_is_a_position_of_the_sliders():
    for preset in sliders.PRESETS.values():
        for name, value in preset.items():
            perturbation = PERTURBATIONS[name]
            assert perturbation.minimum <= value <= perturbation.maximum
            steps = (value - perturbation.minimum) / perturbation.step
            assert steps == pytest.approx(round(steps))


def test_the_answer_is_large_and_says_when_it_is_wrong(app, run):
    visit(app, "break_it", digit=3)
    before = metrics(app)["It reads"]
    assert f"It still reads the {before}" in page_text(app)
    app.query_params["invert"] = "1"
    app.run()
    assert ("It is fooled" in page_text(app)) == (metrics(app)["It reads"] != before)


@pytest.mark.parametrize(
    ("after", "smallest", "sentence"),
    [
        (3, 0.1, "**Fooled:** it reads a 3"),
        (7, 0.3, "takes an epsilon of 0.3"),
        (7, None, "Not even 0.4 is enough"),
    ],
)
def test_the_verdict_says_what_it_takes_to_fool(after, smallest, sentence):
    before, changed = np.eye(10)[7], np.eye(10)[after]
    assert sentence in attack.verdict(7, before, changed, smallest)


def test_a_prediction_is_written_once_for_as_long_as_it_stays_the_same():
    probabilities = np.eye(10)[[6, 6, 7, 7, 7, 2]]
    texts = response_chart(np.arange(6.0), probabilities, 7, 3.0, "angle").data[1]
    assert list(texts.text) == ["6", "7", "2"]
    assert list(texts.x) == [0.5, 3.0, 5.0]


def test_the_mark_of_the_current_value_ends_below_the_predictions():
    (line,) = response_chart(np.arange(6.0), np.full((6, 10), 0.1), 7, 3.0, "angle").layout.shapes
    assert (line.x0, line.y1) == (3.0, 1)

"""The Break it page, offline with one small run."""

import pytest
from app_helpers import page_text, visit

from mnist_core.analysis.perturbations import PERTURBATIONS


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
    assert app.button_group(key="address_watch").value == "rotate"
    app.button(key="reset_sliders").click().run()
    assert "rotate" not in app.query_params
    assert app.slider(key="slider_rotate").value == 0


def test_the_fool_it_button_runs_the_attack(app, run):
    visit(app, "break_it", digit=3, epsilon=0.4)
    assert "Fooled" not in page_text(app)
    app.button(key="fool").click().run()
    assert not app.exception
    assert "**Fooled:**" in page_text(app)
    assert "96.4 %" in page_text(app)

"""The Calibration page: its metrics are the library's, and its URL keeps how many digits may be refused."""

from dataclasses import replace

import numpy as np
import pytest
from app_helpers import metrics, page_text, spoil, visit

from mnist_core.analysis.calibration import auroc, expected_calibration_error, reliability_bins
from mnist_core.runs import PREDICTIONS, Predictions


def test_the_metrics_are_those_of_the_predictions(app, run):
    probabilities = np.exp(run.predictions.log_probabilities.astype(np.float64))
    confidence, correct = probabilities.max(1), probabilities.argmax(1) == run.predictions.labels
    error = expected_calibration_error(reliability_bins(confidence, correct))
    visit(app, "calibration", run=run.name)
    assert metrics(app) == {
        "It is sure": f"{100 * confidence.mean():.2f} %",
        "It is right": f"{100 * correct.mean():.2f} %",
        "ECE": f"{100 * error:.2f} %",
        "AUROC": f"{100 * auroc(confidence, correct):.2f} %",
    }


def test_the_confidence_can_be_shown_as_trained_and_the_url_keeps_it(app, run):
    run.finish(replace(run.outcome, temperature=0.5), run.predictions)
    visit(app, "calibration", run=run.name)
    with_temperature = metrics(app)
    assert "too modest" in page_text(app)
    app.segmented_control[0].set_value("trained").run()
    assert app.query_params["confidence"] == "trained"
    as_trained = metrics(app)
    assert as_trained["It is right"] == with_temperature["It is right"]
    assert float(as_trained["It is sure"][:-2]) < float(with_temperature["It is sure"][:-2])


@pytest.mark.parametrize(("temperature", "sentence"), [(2.0, "too sure of itself"), (1.0, "has no")])
def test_a_temperature_above_1_and_none_are_explained(app, run, temperature, sentence):
    run.finish(replace(run.outcome, temperature=temperature), run.predictions)
    assert sentence in page_text(visit(app, "calibration", run=run.name))
    assert bool(app.segmented_control) == (temperature != 1)


def test_every_metric_has_a_help_text(app, run):
    visit(app, "calibration", run=run.name)
    assert [metric.label for metric in app.metric if not metric.help] == []


def test_a_faultless_network_has_no_auroc_and_no_mistakes_left(app, run):
    labels = run.predictions.labels
    probabilities = np.where(np.eye(10, dtype=bool)[labels], 0.91, 0.01).astype(np.float32)
    run.finish(run.outcome, Predictions(np.log(probabilities), labels))
    visit(app, "calibration", run=run.name)
    assert metrics(app)["AUROC"] == "not defined"
    assert "It makes no mistake on these digits" in page_text(app)
    assert "left" not in page_text(app).replace("left unanswered", "")
    assert "Look at the confident mistakes" not in [link.label for link in app.get("page_link")]


def test_what_it_may_refuse_is_said_and_kept_in_the_url(app, run):
    visit(app, "calibration", run=run.name)
    app.slider(key="may_refuse").set_value(0.5).run()
    assert app.query_params["refuse"] == "0.5"
    assert "Without the digit it is least sure of" in page_text(app)  # 0.5 % of 360
    assert not app.exception


@pytest.mark.parametrize(
    "value", ["../../etc/passwd", "<script>alert(1)</script>", "", "-1", "20.1", "0.55", "1e1", "٤"]
)
def test_nonsense_in_the_url_lets_it_refuse_one_percent(app, run, value):
    assert visit(app, "calibration", run=run.name, refuse=value).slider(key="may_refuse").value == 1


@pytest.mark.parametrize("value", ["0", "0.1", "5", "20"])
def test_every_share_that_a_link_could_ever_ask_for_is_shown(app, run, value):
    assert visit(app, "calibration", run=run.name, refuse=value).slider(key="may_refuse").value == float(value)


def test_the_page_says_that_predictions_are_damaged_and_says_where_to_go_next(app, run):
    spoil(run.folder / PREDICTIONS)
    visit(app, "calibration", run=run.name)
    assert PREDICTIONS in app.error[0].value
    assert "Where to next?" in page_text(app)

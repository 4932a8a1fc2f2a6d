"""The figures and sentences about calibration show the numbers they are given."""

import numpy as np
import plotly.graph_objects as go
import pytest

from mnist_core.analysis.calibration import SelectivePrediction, coverage_curve, reliability_bins, selective_prediction
from ui.calibration import diagrams

CONFIDENCE = np.array([0.95, 0.95, 0.55, 0.55, 0.15])
CORRECT = np.array([True, False, True, True, False])


def coverage_chart(confidence: np.ndarray, correct: np.ndarray, prediction: SelectivePrediction) -> go.Figure:
    return diagrams.coverage_chart(
        *coverage_curve(confidence, correct), refused=1 - prediction.answered.mean(), accuracy=prediction.accuracy
    )


def sentence(confidence: np.ndarray, correct: np.ndarray, percent: float) -> str:
    prediction = selective_prediction(confidence, correct, percent / 100)
    return diagrams.selective_prediction_text(prediction, correct, percent)


def test_a_reliability_diagram_has_a_point_and_a_bar_for_each_bin():
    bins = reliability_bins(CONFIDENCE, CORRECT, n_bins=10)
    diagonal, points, bars = diagrams.reliability_diagram(bins).data
    assert list(diagonal.x) == list(diagonal.y) == [0, 1]
    assert list(points.x) == pytest.approx([0.15, 0.55, 0.95])
    assert list(points.y) == pytest.approx([0, 1, 0.5])
    assert list(bars.y) == [1, 2, 2]
    for bin, low, high in zip(bins, points.error_y.arrayminus, points.error_y.array, strict=True):
        assert (bin.accuracy - low, bin.accuracy + high) == pytest.approx(bin.interval)


def test_the_coverage_curve_starts_at_the_accuracy_and_passes_through_the_marked_point():
    rng = np.random.default_rng(0)
    confidence = rng.uniform(0.1, 1, 1000)
    correct = rng.random(1000) < confidence
    prediction = selective_prediction(confidence, correct, 0.02)
    line, point = coverage_chart(confidence, correct, prediction).data
    assert (line.x[0], line.y[0]) == pytest.approx((0, correct.mean()))
    assert (point.x[0], point.y[0]) == pytest.approx((0.02, prediction.accuracy))
    assert dict(zip(np.round(line.x, 6), line.y, strict=True))[0.02] == pytest.approx(prediction.accuracy)


@pytest.mark.parametrize("max_refused", [0, 0.001, 0.04, 0.1, 0.2])
@pytest.mark.parametrize("accuracy", [0.1, 0.9, 0.99, 1.0])
def test_the_marked_point_lies_within_the_axes(max_refused, accuracy):
    confidence = np.linspace(0.1, 1, 1000)
    correct = np.arange(1000) >= round(1000 * (1 - accuracy))
    figure = coverage_chart(confidence, correct, selective_prediction(confidence, correct, max_refused))
    (left, right), (low, high) = figure.layout.xaxis.range, figure.layout.yaxis.range
    assert left < figure.data[1].x[0] < right
    assert low <= figure.data[1].y[0] <= high


def test_the_sentence_says_in_numbers_what_refusing_gains():
    confidence, correct = np.linspace(0.5, 1, 1000), np.arange(1000) != 3
    assert sentence(confidence, correct, 1) == (
        "If it may refuse the 1 % it is least sure of (confidence below 50.5 %), its accuracy is **100.00 %**: "
        "0 mistakes instead of 1. Of the 10 digits it refuses, it would have misread 1."
    )
    assert sentence(confidence, correct, 0) == "It answers every digit. Its accuracy is **99.90 %**: 1 mistake."


def test_the_sentence_says_why_no_digit_is_refused():
    confidence, correct = np.ones(100), np.ones(100, bool)
    assert sentence(confidence, correct, 10).startswith(
        "It answers every digit: more digits share its lowest confidence than it may refuse."
    )
    assert sentence(confidence, correct, 0.1).startswith("It answers every digit: 0.1 % is less than one digit.")

"""The figures and sentences about calibration show the numbers they are given."""

import re

import numpy as np
import plotly.graph_objects as go
import pytest

from mnist_core.analysis.calibration import coverage_curve, reliability_bins, selective_prediction
from ui.calibration import diagrams

CONFIDENCE = np.array([0.95, 0.95, 0.55, 0.55, 0.15])
CORRECT = np.array([True, False, True, True, False])


def coverage_chart(confidence: np.ndarray, correct: np.ndarray, max_refused: float) -> go.Figure:
    prediction = selective_prediction(confidence, correct, max_refused)
    return diagrams.coverage_chart(
        *coverage_curve(confidence, correct),
        refused=1 - prediction.answered.mean(),
        accuracy=prediction.accuracy,
        max_refused=0.2,
    )


def sentence(confidence: np.ndarray, correct: np.ndarray, percent: float) -> str:
    prediction = selective_prediction(confidence, correct, percent / 100)
    return diagrams.selective_prediction_text(prediction, correct, percent)


def remaining(confidence: np.ndarray, correct: np.ndarray, percent: float) -> str:
    return diagrams.remaining_mistakes_text(selective_prediction(confidence, correct, percent / 100), correct)


def test_a_reliability_diagram_has_a_point_and_a_bar_for_each_bin():
    bins = reliability_bins(CONFIDENCE, CORRECT, n_bins=10)
    diagonal, points, bars = diagrams.reliability_diagram(bins).data
    assert list(diagonal.x) == list(diagonal.y) == [0, 100]
    assert list(points.x) == pytest.approx([15, 55, 95])
    assert list(points.y) == pytest.approx([0, 100, 50])
    assert list(bars.y) == [1, 2, 2]
    assert list(bars.customdata) == ["1 digit", "2 digits", "2 digits"]
    for bin, low, high in zip(bins, points.error_y.arrayminus, points.error_y.array, strict=True):
        assert (bin.accuracy - low / 100, bin.accuracy + high / 100) == pytest.approx(bin.interval)


def test_the_coverage_curve_starts_at_the_accuracy_and_passes_through_the_marked_point():
    rng = np.random.default_rng(0)
    confidence = rng.uniform(0.1, 1, 1000)
    correct = rng.random(1000) < confidence
    line, point = coverage_chart(confidence, correct, 0.02).data
    accuracy = 100 * selective_prediction(confidence, correct, 0.02).accuracy
    assert (line.x[0], line.y[0]) == pytest.approx((0, 100 * correct.mean()))
    assert (point.x[0], point.y[0]) == pytest.approx((2, accuracy))
    assert dict(zip(np.round(line.x, 6), line.y, strict=True))[2] == pytest.approx(accuracy)


@pytest.mark.parametrize("accuracy", [0.1, 0.9, 0.99, 0.999, 1.0])
def test_the_axes_stay_and_the_marked_point_moves_within_them(accuracy):
    confidence = np.linspace(0.1, 1, 1000)
    correct = np.arange(1000) >= round(1000 * (1 - accuracy))
    figures = [coverage_chart(confidence, correct, share) for share in (0, 0.001, 0.04, 0.1, 0.2)]
    axes = {(figure.layout.xaxis.range, figure.layout.yaxis.range) for figure in figures}
    assert len(axes) == 1
    ((left, right), (low, high)) = axes.pop()
    points = [(figure.data[1].x[0], figure.data[1].y[0]) for figure in figures]
    assert all(left < x < right and low <= y <= high for x, y in points)
    assert len({x for x, _ in points}) == len(points)


def test_the_sentence_says_in_numbers_what_unanswered_digits_gain():
    confidence, correct = np.linspace(0.5, 1, 1000), np.arange(1000) != 3
    assert sentence(confidence, correct, 1) == (
        "Without the 10 digits it is least sure of (below 50.5 %), its accuracy is **100.00 %**: no mistake instead of "
        "1."
    )
    assert sentence(confidence, correct, 0.1).startswith("Without the digit it is least sure of (below 50.1 %), ")
    assert sentence(confidence, correct, 0.1).endswith(": 1 mistake, as before.")
    assert sentence(confidence, correct, 0) == "It answers every digit. Its accuracy is **99.90 %**: 1 mistake."


def test_the_sentence_says_why_no_digit_is_left_out():
    confidence, correct = np.ones(100), np.ones(100, bool)
    assert sentence(confidence, correct, 10).startswith(
        "It answers every digit: more digits share its lowest confidence than may stay unanswered."
    )
    assert sentence(confidence, correct, 0.1).startswith("It answers every digit: 0.1 % of 100 digits is less than")


@pytest.mark.parametrize(
    ("mistakes", "percent", "expected"),
    [
        ([], 1, "It makes no mistake on these digits, so there is nothing to gain"),
        ([3], 0, "Move the slider"),
        ([3], 1, "No mistake is left: .* Of the 10 unanswered digits it would have misread 1."),
        ([0], 0.1, "No mistake is left: .* Of the one unanswered digit it would have misread 1."),
        ([900], 1, "Of the 10 .* misread none. It is surer of the one mistake .* avoid it too"),
        ([3, 900, 901], 1, "Of the 10 .* misread 1. It is surer of the 2 mistakes still left: to avoid them"),
    ],
)
def test_what_to_notice_fits_the_mistakes_that_are_left(mistakes, percent, expected):
    confidence, correct = np.linspace(0.5, 1, 1000), ~np.isin(np.arange(1000), mistakes)
    text = remaining(confidence, correct, percent)
    assert re.match(expected, text), text
    assert ("left" in text) == (bool(mistakes) and percent > 0)


@pytest.mark.parametrize(
    ("confidence", "accuracy", "expected"),
    [
        (0.888, 0.992, "It is under-confident: on average it says 10.40 percentage points less"),
        (0.996, 0.990, "It is over-confident: on average it says 0.60 percentage points more"),
        (0.991, 0.990, "On average it is right about as often as it says"),
        (1.0, 1.0, "On average it is right about as often as it says"),
    ],
)
def test_the_insight_says_whether_its_confidence_can_be_believed(confidence, accuracy, expected):
    assert diagrams.calibration_text(confidence, accuracy).startswith(expected)

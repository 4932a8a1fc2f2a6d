"""Figures about confidence show the numbers they are given."""

import numpy as np
import pytest

from mnist_core.analysis.calibration import coverage_curve, reliability_bins, selective_prediction
from ui.calibration import diagrams

SURE = np.array([0.95, 0.95, 0.55, 0.55, 0.15])
RIGHT = np.array([True, False, True, True, False])


def test_a_reliability_diagram_has_a_point_and_a_bar_for_each_bin():
    table = reliability_bins(SURE, RIGHT, bins=10)
    diagonal, points, bars = diagrams.reliability_diagram(table).data
    assert list(diagonal.x) == list(diagonal.y) == [0, 1]
    assert list(points.x) == pytest.approx([0.15, 0.55, 0.95])
    assert list(points.y) == pytest.approx([0, 1, 0.5])
    assert list(bars.y) == [1, 2, 2]
    for row, low, high in zip(table, points.error_y.arrayminus, points.error_y.array, strict=True):
        assert (row.accuracy - low, row.accuracy + high) == pytest.approx(row.interval)


def test_the_coverage_curve_begins_at_the_accuracy_and_passes_the_chosen_point():
    random = np.random.default_rng(0)
    sure = random.uniform(0.1, 1, 1000)
    right = random.random(1000) < sure
    left = selective_prediction(sure, right, 0.02)
    line, point = diagrams.coverage_chart(*coverage_curve(sure, right), (1 - left.kept.mean(), left.accuracy)).data
    assert (line.x[0], line.y[0]) == pytest.approx((0, right.mean()))
    assert (point.x[0], point.y[0]) == pytest.approx((0.02, left.accuracy))
    assert dict(zip(np.round(line.x, 6), line.y, strict=True))[0.02] == pytest.approx(left.accuracy)


@pytest.mark.parametrize("share", [0, 0.001, 0.04, 0.1, 0.2])
@pytest.mark.parametrize("accuracy", [0.1, 0.9, 0.99, 1.0])
def test_the_chosen_point_lies_within_the_axes(share, accuracy):
    sure = np.linspace(0.1, 1, 1000)
    right = np.arange(1000) >= round(1000 * (1 - accuracy))
    left = selective_prediction(sure, right, share)
    figure = diagrams.coverage_chart(*coverage_curve(sure, right), (1 - left.kept.mean(), left.accuracy))
    (left_edge, right_edge), (low, high) = figure.layout.xaxis.range, figure.layout.yaxis.range
    assert left_edge < figure.data[1].x[0] < right_edge
    assert low <= figure.data[1].y[0] <= high


def test_what_refusing_gains_is_said_in_numbers():
    sure, right = np.linspace(0.5, 1, 1000), np.arange(1000) != 3
    assert diagrams.selective_prediction_text(selective_prediction(sure, right, 0.01), right, 1) == (
        "If it may refuse the 1 % it is least sure of (below 50.5 %), it is **100.00 %** right: "
        "0 mistakes instead of 1. Of the 10 digits it refuses, it would have misread 1."
    )
    assert (
        diagrams.selective_prediction_text(selective_prediction(sure, right, 0), right, 0)
        == "It answers every digit. **99.90 %** right, 1 mistake."
    )


def test_why_none_is_refused_is_said():
    sure, right = np.ones(100), np.ones(100, bool)
    tied, few = (
        diagrams.selective_prediction_text(selective_prediction(sure, right, share / 100), right, share)
        for share in (10, 0.1)
    )
    assert tied.startswith("It answers every digit: it is equally sure of more digits than it may refuse.")
    assert few.startswith("It answers every digit: 0.1 % allows no digit.")

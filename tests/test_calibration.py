"""Confidence against accuracy: by hand, against scikit-learn, and against the formula written another way."""

import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from mnist_core.analysis.calibration import (
    auroc,
    confidence,
    coverage_curve,
    expected_calibration_error,
    reliability_bins,
    selective_prediction,
)

SURE = np.array([0.95, 0.95, 0.55, 0.55, 0.15])
RIGHT = np.array([True, False, True, True, False])


@pytest.fixture
def many():
    """(confidence, right) of 5,000 made-up answers that are a little too confident."""
    random = np.random.default_rng(0)
    sure = random.uniform(0.1, 1, 5000).round(3)  # rounded, so that some are equally sure
    return sure, random.random(5000) < sure**1.5


def test_confidence_is_the_probability_of_the_answer():
    table = np.log(np.array([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8]], np.float32))
    assert confidence(table) == pytest.approx([0.5, 0.8])


def test_reliability_is_what_comes_out_by_hand():
    low, middle, high = reliability_bins(SURE, RIGHT, bins=10)
    assert [row.count for row in (low, middle, high)] == [1, 2, 2]
    assert (low.confidence, low.accuracy) == pytest.approx((0.15, 0))
    assert (middle.confidence, middle.accuracy) == pytest.approx((0.55, 1))
    assert (high.confidence, high.accuracy) == pytest.approx((0.95, 0.5))
    assert (high.low, high.high) == pytest.approx((0.9, 1))
    assert high.interval[0] < 0.5 < high.interval[1]


def test_calibration_error_is_what_comes_out_by_hand():
    by_hand = 1 / 5 * 0.15 + 2 / 5 * 0.45 + 2 / 5 * 0.45
    assert expected_calibration_error(reliability_bins(SURE, RIGHT, bins=10)) == pytest.approx(by_hand)


def test_reliability_is_scikit_learns(many):
    accuracy, mean = calibration_curve(many[1], many[0], n_bins=15)
    table = reliability_bins(*many)
    assert [row.accuracy for row in table] == pytest.approx(accuracy)
    assert [row.confidence for row in table] == pytest.approx(mean)


def test_calibration_error_agrees_with_the_sums_of_its_bins(many):
    sure, right = many
    place = np.ceil(sure * 15).astype(int)
    gaps = np.bincount(place, right - sure)  # a bin's count times its gap is the sum of right - sure over its digits
    assert expected_calibration_error(reliability_bins(sure, right)) == pytest.approx(np.abs(gaps).sum() / len(sure))


def test_a_network_that_is_as_right_as_it_is_sure_has_no_error():
    sure, right = np.full(10, 0.8), np.arange(10) < 8
    assert expected_calibration_error(reliability_bins(sure, right)) == pytest.approx(0)


def test_every_confidence_has_a_bin():
    assert sum(row.count for row in reliability_bins(np.array([0.0, 1 / 15, 1.0]), np.ones(3, bool))) == 3


@pytest.mark.parametrize(
    ("share", "threshold", "kept", "accuracy"),
    [
        (0.0, 0.15, 5, 3 / 5),
        (0.19, 0.15, 5, 3 / 5),
        (0.2, 0.55, 4, 3 / 4),
        (0.4, 0.55, 4, 3 / 4),
        (0.6, 0.95, 2, 1 / 2),
    ],
)
def test_refusing_is_what_comes_out_by_hand(share, threshold, kept, accuracy):
    left = selective_prediction(SURE, RIGHT, share)
    assert (left.threshold, left.kept.sum(), left.accuracy) == pytest.approx((threshold, kept, accuracy))


@pytest.mark.parametrize("share", [0.0, 0.001, 0.01, 0.1, 0.5, 0.99])
def test_never_more_is_refused_than_allowed(many, share):
    left = selective_prediction(*many, share)
    assert len(many[0]) * share >= (~left.kept).sum() >= len(many[0]) * share - 30  # as many may be equally sure
    assert many[0][left.kept].min() >= left.threshold > many[0][~left.kept].max(initial=0)


def test_the_coverage_curve_is_what_comes_out_by_hand():
    coverage, accuracy = coverage_curve(SURE, RIGHT)
    assert coverage == pytest.approx([1, 4 / 5, 2 / 5])
    assert accuracy == pytest.approx([3 / 5, 3 / 4, 1 / 2])


def test_the_coverage_curve_goes_through_every_refusal(many):
    points = dict(zip(*coverage_curve(*many), strict=True))
    for share in (0.0, 0.01, 0.3, 0.9):
        left = selective_prediction(*many, share)
        assert points[left.kept.mean()] == pytest.approx(left.accuracy)


def test_telling_apart_counts_the_pairs_in_the_right_order():
    sure, right = np.array([0.9, 0.8, 0.7, 0.6]), np.array([True, True, False, True])
    assert auroc(sure, right) == pytest.approx(2 / 3)  # of its three pairs, right against wrong


def test_without_mistakes_there_is_nothing_to_tell_apart():
    assert auroc(SURE, np.ones(5, bool)) is None
    assert auroc(SURE, np.zeros(5, bool)) is None

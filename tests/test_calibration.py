"""Calibration: computed by hand, compared with scikit-learn, and with the formula written another way."""

import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from mnist_core.analysis.calibration import (
    auroc,
    coverage_curve,
    expected_calibration_error,
    reliability_bins,
    selective_prediction,
)

CONFIDENCE = np.array([0.95, 0.95, 0.55, 0.55, 0.15])
CORRECT = np.array([True, False, True, True, False])


@pytest.fixture
def many() -> tuple[np.ndarray, np.ndarray]:
    """(confidence, correct) of 5,000 made-up predictions that are a little over-confident."""
    rng = np.random.default_rng(0)
    confidence = rng.uniform(0.1, 1, 5000).round(3)  # rounded, so that some are equal
    return confidence, rng.random(5000) < confidence**1.5


def test_reliability_bins_are_what_is_computed_by_hand():
    low, middle, high = reliability_bins(CONFIDENCE, CORRECT, n_bins=10)
    assert [bin.count for bin in (low, middle, high)] == [1, 2, 2]
    assert (low.confidence, low.accuracy) == pytest.approx((0.15, 0))
    assert (middle.confidence, middle.accuracy) == pytest.approx((0.55, 1))
    assert (high.confidence, high.accuracy) == pytest.approx((0.95, 0.5))
    assert (high.low, high.high) == pytest.approx((0.9, 1))
    assert high.interval[0] < 0.5 < high.interval[1]


def test_expected_calibration_error_is_what_is_computed_by_hand():
    by_hand = 1 / 5 * 0.15 + 2 / 5 * 0.45 + 2 / 5 * 0.45
    assert expected_calibration_error(reliability_bins(CONFIDENCE, CORRECT, n_bins=10)) == pytest.approx(by_hand)


def test_reliability_bins_agree_with_scikit_learn(many):
    confidence, correct = many
    accuracy, mean_confidence = calibration_curve(correct, confidence, n_bins=15)
    bins = reliability_bins(confidence, correct)
    assert [bin.accuracy for bin in bins] == pytest.approx(accuracy)
    assert [bin.confidence for bin in bins] == pytest.approx(mean_confidence)


def test_expected_calibration_error_agrees_with_the_sums_of_its_bins(many):
    confidence, correct = many
    index = np.ceil(confidence * 15).astype(int)
    gaps = np.bincount(index, correct - confidence)  # count times gap of a bin is the sum of these over its digits
    expected = np.abs(gaps).sum() / len(confidence)
    assert expected_calibration_error(reliability_bins(confidence, correct)) == pytest.approx(expected)


def test_a_network_whose_accuracy_is_its_confidence_has_no_calibration_error():
    confidence, correct = np.full(10, 0.8), np.arange(10) < 8
    assert expected_calibration_error(reliability_bins(confidence, correct)) == pytest.approx(0)


def test_every_confidence_falls_into_a_bin():
    assert sum(bin.count for bin in reliability_bins(np.array([0.0, 1 / 15, 1.0]), np.ones(3, bool))) == 3


@pytest.mark.parametrize(
    ("max_refused", "threshold", "answered", "accuracy"),
    [
        (0.0, 0.15, 5, 3 / 5),
        (0.19, 0.15, 5, 3 / 5),
        (0.2, 0.55, 4, 3 / 4),
        (0.4, 0.55, 4, 3 / 4),
        (0.6, 0.95, 2, 1 / 2),
    ],
)
def test_selective_prediction_is_what_is_computed_by_hand(max_refused, threshold, answered, accuracy):
    prediction = selective_prediction(CONFIDENCE, CORRECT, max_refused)
    assert prediction.answered.sum() == answered
    assert (prediction.threshold, prediction.accuracy) == pytest.approx((threshold, accuracy))


@pytest.mark.parametrize("max_refused", [0.0, 0.001, 0.01, 0.1, 0.5, 0.99])
def test_no_more_digits_are_refused_than_allowed(many, max_refused):
    confidence, correct = many
    prediction = selective_prediction(confidence, correct, max_refused)
    allowed = len(confidence) * max_refused
    assert allowed >= (~prediction.answered).sum() >= allowed - 30  # up to so many share a confidence
    refused = confidence[~prediction.answered]
    assert confidence[prediction.answered].min() >= prediction.threshold > refused.max(initial=0)


def test_the_coverage_curve_is_what_is_computed_by_hand():
    coverage, accuracy = coverage_curve(CONFIDENCE, CORRECT)
    assert coverage == pytest.approx([1, 4 / 5, 2 / 5])
    assert accuracy == pytest.approx([3 / 5, 3 / 4, 1 / 2])


def test_every_selective_prediction_lies_on_the_coverage_curve(many):
    points = dict(zip(*coverage_curve(*many), strict=True))
    for max_refused in (0.0, 0.01, 0.3, 0.9):
        prediction = selective_prediction(*many, max_refused)
        assert points[prediction.answered.mean()] == pytest.approx(prediction.accuracy)


def test_auroc_is_the_share_of_pairs_in_the_right_order():
    confidence, correct = np.array([0.9, 0.8, 0.7, 0.6]), np.array([True, True, False, True])
    assert auroc(confidence, correct) == pytest.approx(2 / 3)  # of the three pairs of a correct one and the mistake


def test_auroc_is_none_without_both_mistakes_and_correct_predictions():
    assert auroc(CONFIDENCE, np.ones(5, bool)) is None
    assert auroc(CONFIDENCE, np.zeros(5, bool)) is None

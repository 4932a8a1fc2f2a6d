"""The metrics agree with values computed by hand or by other libraries."""

import math

import numpy as np
import pytest
import torch
from toy_predictions import LABELS, LOG_PROBABILITIES, toy_log_probabilities

from mnist_core.metrics import (
    confusion_matrix,
    most_confused,
    normalise_rows,
    per_class,
    score,
    score_with_interval,
    wilson_interval,
)


def test_score_is_what_a_calculation_by_hand_yields():
    result = score(toy_log_probabilities((3, 0.5), (4, 0.9), (5, 0.91)), np.array([3, 4, 6]))
    assert result.accuracy == pytest.approx(2 / 3)
    assert result.loss == pytest.approx(-(math.log(0.5) + math.log(0.9) + math.log(0.01)) / 3)


def test_a_test_score_is_the_score_with_the_interval_of_its_accuracy():
    log_probabilities, labels = toy_log_probabilities((3, 0.5), (4, 0.9), (5, 0.91)), np.array([3, 4, 6])
    result, plain = score_with_interval(log_probabilities, labels), score(log_probabilities, labels)
    assert (result.loss, result.accuracy) == (plain.loss, plain.accuracy)
    assert (result.images, result.interval) == (3, wilson_interval(2, 3))


def test_the_loss_of_guessing_is_2_30_nats():
    assert score(toy_log_probabilities((0, 0.1)), np.array([7])).loss == pytest.approx(2.302585)


def test_score_is_torchs_cross_entropy():
    logits, labels = torch.randn(50, 10), torch.randint(10, (50,))
    result = score(logits.log_softmax(1).numpy(), labels.numpy())
    assert result.loss == pytest.approx(torch.nn.functional.cross_entropy(logits, labels).item(), rel=1e-6)


@pytest.mark.parametrize(("correct", "count"), [(0, 10), (1, 10), (5, 10), (10, 10), (350, 360), (9930, 10_000)])
def test_the_interval_is_wilsons_formula(correct, count):
    p, z = correct / count, 1.959964  # two-sided 95 % of the normal distribution
    centre = (p + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z / (1 + z**2 / count) * math.sqrt(p * (1 - p) / count + z**2 / (4 * count**2))
    assert wilson_interval(correct, count) == pytest.approx((centre - half, centre + half), abs=1e-6)


@pytest.mark.parametrize("count", [1, 360, 10_000])
def test_the_interval_lies_between_0_and_1(count):
    assert all(0 <= end <= 1 for correct in (0, count // 2, count) for end in wilson_interval(correct, count))


def test_per_class_is_what_a_calculation_by_hand_yields():
    table = per_class(predicted=np.array([0, 0, 1, 1, 1, 2]), labels=np.array([0, 1, 1, 1, 2, 3]))
    assert table["precision"][:4] == pytest.approx([1 / 2, 2 / 3, 0, 0])
    assert table["recall"][:4] == pytest.approx([1, 2 / 3, 0, 0])
    assert table["f1"][:4] == pytest.approx([2 / 3, 2 / 3, 0, 0])
    assert table["support"].tolist() == [1, 3, 1, 1, 0, 0, 0, 0, 0, 0]


def test_per_class_has_ten_rows_even_for_one_digit():
    assert all(len(column) == 10 for column in per_class(np.array([4]), np.array([4])).values())


def test_the_confusion_matrix_has_a_row_for_each_label_and_a_column_for_each_prediction():
    counts = confusion_matrix(LOG_PROBABILITIES.argmax(1), LABELS)
    expected = np.zeros((10, 10), int)
    expected[0, 0], expected[1, 1], expected[1, 0], expected[1, 9], expected[9, 9] = 2, 1, 1, 1, 1
    np.testing.assert_array_equal(counts, expected)


def test_normalised_rows_sum_to_1():
    shares = normalise_rows(confusion_matrix(LOG_PROBABILITIES.argmax(1), LABELS))
    assert shares[1, [0, 1, 9]] == pytest.approx([1 / 3] * 3)
    assert shares.sum(1).tolist() == pytest.approx([1, 1, 0, 0, 0, 0, 0, 0, 0, 1])


def test_most_confused_sorts_the_cells_off_the_diagonal():
    counts = np.diag([50] * 10)
    counts[4, 9], counts[9, 4], counts[7, 2] = 3, 8, 1
    assert most_confused(counts) == [(9, 4, 8), (4, 9, 3), (7, 2, 1)]
    assert most_confused(np.diag([1] * 10)) == []

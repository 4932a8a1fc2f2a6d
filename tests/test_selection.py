"""The digits of a cell of the confusion matrix and the mistakes of a network are found and sorted."""

import numpy as np
import pytest
from toy_predictions import LABELS, LOG_PROBABILITIES, toy_log_probabilities

from mnist_core.analysis.selection import cell_indices, mistakes_by_loss


@pytest.mark.parametrize(
    ("true_label", "predicted_label", "include_correct", "expected"),
    [
        (1, 0, True, [3]),
        (0, 0, True, [1, 0]),  # the most confident first
        (1, None, True, [3, 4, 2]),  # mistakes first
        (None, 9, True, [4, 5]),
        (1, None, False, [3, 4]),
        (None, None, True, [3, 4]),  # all mistakes
        (5, 5, True, []),
    ],
)
def test_cell_indices_are_the_digits_of_a_cell_row_or_column(true_label, predicted_label, include_correct, expected):
    indices = cell_indices(LOG_PROBABILITIES, LABELS, true_label, predicted_label, include_correct)
    assert indices.tolist() == expected


def test_mistakes_are_sorted_by_loss_the_largest_first():
    log_probabilities = toy_log_probabilities((0, 0.9), (0, 0.5), (0, 0.99), (3, 0.4), (0, 0.7))
    assert mistakes_by_loss(log_probabilities, np.array([0, 1, 2, 3, 4])).tolist() == [2, 4, 1]


def test_a_network_without_mistakes_has_an_empty_list_of_them():
    assert len(mistakes_by_loss(toy_log_probabilities((0, 0.9), (1, 0.9)), np.array([0, 1]))) == 0

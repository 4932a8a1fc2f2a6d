"""Two networks are compared by the digits that only one of them classifies correctly."""

import math

import pytest
from toy_predictions import LABELS, LOG_PROBABILITIES, toy_log_probabilities

from mnist_core.analysis.comparison import compare_predictions, mcnemar_p_value


@pytest.mark.parametrize(("first", "second"), [(0, 0), (1, 0), (5, 5), (2, 9), (40, 12), (700, 650)])
def test_mcnemars_p_value_is_that_of_fair_coin_tosses(first, second):
    count = first + second
    at_least = sum(math.comb(count, heads) for heads in range(max(first, second), count + 1)) / 2**count
    assert mcnemar_p_value(first, second) == pytest.approx(min(1.0, 2 * at_least))


def test_a_comparison_holds_what_only_one_of_two_gets_right():
    second = toy_log_probabilities((0, 0.6), (3, 0.9), (3, 0.99), (1, 0.8), (9, 0.7), (9, 0.9))
    comparison = compare_predictions(LOG_PROBABILITIES, second, LABELS)
    assert comparison.only_first.tolist() == [2, 1]  # the most confident mistake of the second first
    assert comparison.only_second.tolist() == [3]
    assert comparison.p_value == mcnemar_p_value(2, 1)


def test_a_network_does_not_differ_from_itself():
    comparison = compare_predictions(LOG_PROBABILITIES, LOG_PROBABILITIES, LABELS)
    assert (len(comparison.only_first), len(comparison.only_second), comparison.p_value) == (0, 0, 1.0)

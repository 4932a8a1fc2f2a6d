"""Figures of merit agree with those worked out by hand or by others."""

import math

import numpy as np
import pytest
import torch

from mnist_core.analysis.comparison import compare_predictions, mcnemar_p_value
from mnist_core.analysis.selection import cell_indices, mistakes_by_loss
from mnist_core.data import normalise
from mnist_core.inference import BATCH_SIZE, log_probabilities
from mnist_core.metrics import (
    confusion_matrix,
    most_confused,
    normalise_rows,
    one_vs_rest_accuracy,
    per_class,
    score,
    score_with_interval,
    wilson_interval,
)
from mnist_core.models import ARCHITECTURES, build


def answers(*rows):
    """Log-probabilities that give each row's class its probability, and share the rest out."""
    table = np.empty((len(rows), 10), np.float32)
    for line, (digit, probability) in zip(table, rows, strict=True):
        line[:] = math.log((1 - probability) / 9)
        line[digit] = math.log(probability)
    return table


@pytest.fixture(scope="module")
def network():
    return build("lenet-5", dropout=0.5, seed=1)


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (BATCH_SIZE + 1, 28, 28), dtype=np.uint8)


def test_score_is_what_comes_out_by_hand():
    found = score(answers((3, 0.5), (4, 0.9), (5, 0.91)), np.array([3, 4, 6]))
    assert found.accuracy == pytest.approx(2 / 3)
    assert found.loss == pytest.approx(-(math.log(0.5) + math.log(0.9) + math.log(0.01)) / 3)


def test_a_test_score_is_the_score_with_the_interval_of_its_accuracy():
    log_probabilities, labels = answers((3, 0.5), (4, 0.9), (5, 0.91)), np.array([3, 4, 6])
    found, plain = score_with_interval(log_probabilities, labels), score(log_probabilities, labels)
    assert (found.loss, found.accuracy) == (plain.loss, plain.accuracy)
    assert (found.images, found.interval) == (3, wilson_interval(2, 3))


def test_guessing_costs_2_30_nats():
    assert score(answers((0, 0.1)), np.array([7])).loss == pytest.approx(2.302585)


def test_score_is_torchs_cross_entropy():
    logits, labels = torch.randn(50, 10), torch.randint(10, (50,))
    found = score(logits.log_softmax(1).numpy(), labels.numpy())
    assert found.loss == pytest.approx(torch.nn.functional.cross_entropy(logits, labels).item(), rel=1e-6)


@pytest.mark.parametrize(("correct", "count"), [(0, 10), (1, 10), (5, 10), (10, 10), (350, 360), (9930, 10_000)])
def test_the_interval_is_wilsons_formula(correct, count):
    p, z = correct / count, 1.959964  # two-sided 95 % of the normal distribution
    middle = (p + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z / (1 + z**2 / count) * math.sqrt(p * (1 - p) / count + z**2 / (4 * count**2))
    assert wilson_interval(correct, count) == pytest.approx((middle - half, middle + half), abs=1e-6)


@pytest.mark.parametrize("count", [1, 360, 10_000])
def test_the_interval_lies_between_0_and_1(count):
    assert all(0 <= end <= 1 for correct in (0, count // 2, count) for end in wilson_interval(correct, count))


def test_per_class_is_what_comes_out_by_hand():
    table = per_class(predicted=np.array([0, 0, 1, 1, 1, 2]), labels=np.array([0, 1, 1, 1, 2, 3]))
    assert table["precision"][:4] == pytest.approx([1 / 2, 2 / 3, 0, 0])
    assert table["recall"][:4] == pytest.approx([1, 2 / 3, 0, 0])
    assert table["f1"][:4] == pytest.approx([2 / 3, 2 / 3, 0, 0])
    assert table["support"].tolist() == [1, 3, 1, 1, 0, 0, 0, 0, 0, 0]


def test_per_class_has_ten_rows_even_for_one_digit():
    assert all(len(column) == 10 for column in per_class(np.array([4]), np.array([4])).values())


def test_worst_lists_the_mistakes_from_the_most_certain_on():
    labels = np.array([0, 1, 2, 3, 4])
    found = mistakes_by_loss(answers((0, 0.9), (0, 0.5), (0, 0.99), (3, 0.4), (0, 0.7)), labels)
    assert found.tolist() == [2, 4, 1]


def test_worst_of_a_faultless_network_is_empty():
    assert len(mistakes_by_loss(answers((0, 0.9), (1, 0.9)), np.array([0, 1]))) == 0


LABELS = np.array([0, 0, 1, 1, 1, 9])
ANSWERS = answers((0, 0.6), (0, 0.9), (1, 0.5), (0, 0.8), (9, 0.7), (9, 0.9))


def test_confusion_has_a_row_for_what_was_written_and_a_column_for_what_was_read():
    counts = confusion_matrix(ANSWERS.argmax(1), LABELS)
    expected = np.zeros((10, 10), int)
    expected[0, 0], expected[1, 1], expected[1, 0], expected[1, 9], expected[9, 9] = 2, 1, 1, 1, 1
    np.testing.assert_array_equal(counts, expected)


def test_rates_are_shares_of_the_row():
    shares = normalise_rows(confusion_matrix(ANSWERS.argmax(1), LABELS))
    assert shares[1, [0, 1, 9]] == pytest.approx([1 / 3] * 3)
    assert shares.sum(1).tolist() == pytest.approx([1, 1, 0, 0, 0, 0, 0, 0, 0, 1])


def test_one_against_rest_is_accuracy_on_yes_or_no():
    read, labels = np.random.default_rng(0).integers(0, 10, (2, 200))
    expected = [((read == digit) == (labels == digit)).mean() for digit in range(10)]
    assert one_vs_rest_accuracy(confusion_matrix(read, labels)) == pytest.approx(expected)


def test_most_confused_ranks_the_mistakes_alone():
    counts = np.diag([50] * 10)
    counts[4, 9], counts[9, 4], counts[7, 2] = 3, 8, 1
    assert most_confused(counts) == [(9, 4, 8), (4, 9, 3), (7, 2, 1)]
    assert most_confused(np.diag([1] * 10)) == []


@pytest.mark.parametrize(
    ("written", "read", "right", "expected"),
    [
        (1, 0, True, [3]),
        (0, 0, True, [1, 0]),  # the most confident first
        (1, None, True, [3, 4, 2]),  # misread ones first
        (None, 9, True, [4, 5]),
        (1, None, False, [3, 4]),
        (None, None, True, [3, 4]),  # all mistakes
        (5, 5, True, []),
    ],
)
def test_in_cell_finds_the_digits_of_a_cell_row_or_column(written, read, right, expected):
    assert cell_indices(ANSWERS, LABELS, written, read, right).tolist() == expected


@pytest.mark.parametrize(("first", "second"), [(0, 0), (1, 0), (5, 5), (2, 9), (40, 12), (700, 650)])
def test_mcnemar_is_a_fair_coin(first, second):
    count = first + second
    at_least = sum(math.comb(count, heads) for heads in range(max(first, second), count + 1)) / 2**count
    assert mcnemar_p_value(first, second) == pytest.approx(min(1.0, 2 * at_least))


def test_what_differs_is_what_only_one_reads():
    second = answers((0, 0.6), (3, 0.9), (3, 0.99), (1, 0.8), (9, 0.7), (9, 0.9))
    found = compare_predictions(ANSWERS, second, LABELS)
    assert found.only_first.tolist() == [2, 1]  # the most confident mistake of the second first
    assert found.only_second.tolist() == [3]
    assert found.p_value == mcnemar_p_value(2, 1)


def test_a_network_does_not_differ_from_itself():
    found = compare_predictions(ANSWERS, ANSWERS, LABELS)
    assert (len(found.only_first), len(found.only_second), found.p_value) == (0, 0, 1.0)


def in_one_go(network, images):
    """The network's log-probabilities by torch alone, all images in one batch."""
    with torch.inference_mode():
        return network.eval()(normalise(torch.tensor(images))).log_softmax(1)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_log_probabilities_are_the_networks_own(name, images):
    network = build(name)
    found = log_probabilities(network, images[:4])
    np.testing.assert_allclose(found, in_one_go(network, images[:4]), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("count", [0, 1, BATCH_SIZE - 1, BATCH_SIZE, BATCH_SIZE + 1])
def test_log_probabilities_do_not_depend_on_where_batches_end(network, images, count):
    found = log_probabilities(network, images[:count])
    assert (found.shape, found.dtype) == ((count, 10), np.float32)
    np.testing.assert_allclose(found, in_one_go(network, images[:count]), rtol=1e-4, atol=1e-4)


def test_log_probabilities_sum_to_certainty(network, images):
    np.testing.assert_allclose(np.exp(log_probabilities(network, images)).sum(1), 1, atol=1e-5)


def test_log_probabilities_switch_dropout_off(network, images):
    network.train()
    first = log_probabilities(network, images[:8])
    np.testing.assert_array_equal(first, log_probabilities(network, images[:8]))
    assert not network.training

"""The known label errors are those of the paper and fit the real test set; accuracy can leave them out."""

import numpy as np
import pytest

from mnist_core.analysis.label_errors import MNIST_TEST, LabelError, accuracy_without, known_label_errors
from mnist_core.data import load_digits


def test_there_are_15_label_errors_with_five_votes_each():
    assert len(MNIST_TEST) == 15
    assert {error.for_given + error.for_proposed + error.for_neither for error in MNIST_TEST.values()} == {5}


def test_the_given_label_never_had_a_majority():
    assert max(error.for_given for error in MNIST_TEST.values()) <= 2
    assert all(error.given != error.proposed for error in MNIST_TEST.values())


def test_the_given_labels_are_those_of_the_real_test_set(mnist, monkeypatch):
    monkeypatch.setenv("MNIST_DATA_DIR", str(mnist))
    labels = load_digits("mnist", "test").labels
    assert known_label_errors("mnist", labels) == MNIST_TEST


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (LabelError(8, 9, 0, 5, 0), "all five read a 9"),
        (LabelError(0, 6, 2, 3, 0), "three of five read a 6"),
        (LabelError(6, 1, 0, 2, 3), "three of five saw neither a 6 nor a 1"),
        (LabelError(4, 9, 2, 2, 1), "no agreement"),
    ],
)
def test_the_verdict_is_the_majority(error, verdict):
    assert error.verdict == verdict


def test_the_sentence_counts_all_five_votes():
    asked = "Of five people who were asked,"
    assert LabelError(5, 3, 1, 3, 1).votes == f"{asked} three read a 3 and one the 5 of the label; one saw neither."
    assert LabelError(8, 9, 0, 5, 0).votes == f"{asked} all five read a 9 and none the 8 of the label."


def test_label_errors_are_known_only_of_mnist_and_only_where_the_label_is_the_given_one():
    labels = np.zeros(10_000, np.int64)
    assert known_label_errors("sample", labels) == {}
    assert set(known_label_errors("mnist", labels)) == {1621, 6651}  # the two whose given label is 0
    assert known_label_errors("mnist", labels[:100]) == {}


def test_accuracy_without_label_errors_is_what_is_computed_by_hand():
    predicted, labels = np.array([1, 2, 3, 4, 5]), np.array([1, 2, 3, 0, 0])
    error = LabelError(0, 4, 0, 5, 0)
    assert accuracy_without(predicted, labels, {}) == pytest.approx(3 / 5)
    assert accuracy_without(predicted, labels, {3: error}) == pytest.approx(3 / 4)
    assert accuracy_without(predicted, labels, {0: error, 3: error}) == pytest.approx(2 / 3)

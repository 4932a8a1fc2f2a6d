"""Metrics: loss, accuracy with its confidence interval, precision, recall, F1 and the confusion matrix.

Predictions come first, then labels, as in torchmetrics; scikit-learn has them the other way round.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Score:
    """Mean loss and accuracy over some digits."""

    loss: float  # cross-entropy in nats: 2.30 for guessing, 0 for full confidence in the correct label
    accuracy: float  # 0..1


@dataclass(frozen=True)
class TestScore(Score):
    """Loss and accuracy on a test set, with the confidence interval of the accuracy."""

    __test__ = False  # so that pytest does not collect it

    images: int  # the size of the test set
    interval: tuple[float, float]  # 95 % confidence interval of the accuracy


def score(log_probabilities: np.ndarray, labels: np.ndarray) -> Score:
    """Return mean loss and accuracy of log-probabilities (N, 10) against labels (N,); N is at least 1."""
    of_label = log_probabilities[np.arange(len(labels)), labels]
    return Score(
        loss=float(-of_label.mean(dtype=np.float64)),
        accuracy=float((log_probabilities.argmax(1) == labels).mean()),
    )


def wilson_interval(n_correct: int, n_total: int) -> tuple[float, float]:
    """Return the 95 % confidence interval (low, high) of an accuracy of `n_correct` out of `n_total` (Wilson, 1927)."""
    from scipy.stats import binomtest  # takes a moment to import

    interval = binomtest(n_correct, n_total).proportion_ci(0.95, method="wilson")
    return float(interval.low), float(interval.high)


def score_with_interval(log_probabilities: np.ndarray, labels: np.ndarray) -> TestScore:
    """Return `score` of log-probabilities (N, 10) against test labels (N,), with the confidence interval."""
    plain = score(log_probabilities, labels)
    n_correct = int((log_probabilities.argmax(1) == labels).sum())
    return TestScore(plain.loss, plain.accuracy, len(labels), wilson_interval(n_correct, len(labels)))


def per_class(predicted: np.ndarray, labels: np.ndarray) -> dict[str, np.ndarray]:
    """Return "precision", "recall", "f1" and "support", each (10,), of the ten digits.

    A ratio is 0 where it is undefined: precision of a digit never predicted, recall of one that never occurs.
    """
    from sklearn.metrics import precision_recall_fscore_support  # takes a second to import

    precision, recall, f1, support = precision_recall_fscore_support(
        labels, predicted, labels=list(range(10)), zero_division=0
    )
    return {"precision": precision, "recall": recall, "f1": f1, "support": support}


def confusion_matrix(predicted: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the confusion matrix (10, 10) of counts: rows are true labels, columns predictions."""
    from sklearn import metrics

    counts: np.ndarray = metrics.confusion_matrix(labels, predicted, labels=list(range(10)))
    return counts


def normalise_rows(counts: np.ndarray) -> np.ndarray:
    """Return the confusion matrix (10, 10) normalised over the true labels: each row sums to 1, or to 0 if empty."""
    normalised: np.ndarray = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    return normalised


def most_confused(counts: np.ndarray) -> list[tuple[int, int, int]]:
    """Return (true label, prediction, count) of every non-zero cell off the diagonal, the largest count first."""
    pairs = [(i, j, int(counts[i, j])) for i in range(10) for j in range(10) if i != j and counts[i, j]]
    return sorted(pairs, key=lambda pair: -pair[2])

"""How good a network is: accuracy, its confidence interval, precision, recall, F1 and the confusion matrix."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Score:
    """Loss and accuracy over some digits."""

    loss: float  # cross-entropy in nats: 2.30 is guessing, 0 is certain and right
    accuracy: float  # 0..1


@dataclass(frozen=True)
class TestScore(Score):
    """Loss and accuracy on a test set, with what says how certain the accuracy is."""

    __test__ = False  # pytest would take it for a test case

    images: int
    interval: tuple[float, float]  # 95 %, of the accuracy


def score(log_probabilities: np.ndarray, labels: np.ndarray) -> Score:
    """Mean loss and accuracy of (N, 10) log-probabilities against (N,) labels; N is at least 1."""
    right = log_probabilities[np.arange(len(labels)), labels]
    return Score(
        loss=float(-right.mean(dtype=np.float64)),
        accuracy=float((log_probabilities.argmax(1) == labels).mean()),
    )


def wilson_interval(correct: int, count: int) -> tuple[float, float]:
    """Return the 95 % confidence interval of an accuracy of `correct` out of `count` digits (Wilson, 1927).

    Another test set of this size would likely give an accuracy within it.
    """
    from scipy.stats import binomtest  # takes a moment to import

    found = binomtest(correct, count).proportion_ci(0.95, method="wilson")
    return float(found.low), float(found.high)


def score_with_interval(log_probabilities: np.ndarray, labels: np.ndarray) -> TestScore:
    """Return loss and accuracy of (N, 10) log-probabilities against (N,) test labels, with the accuracy's interval."""
    found = score(log_probabilities, labels)
    correct = int((log_probabilities.argmax(1) == labels).sum())
    return TestScore(found.loss, found.accuracy, len(labels), wilson_interval(correct, len(labels)))


def per_class(predicted: np.ndarray, labels: np.ndarray) -> dict[str, np.ndarray]:
    """precision, recall, f1 (10,) and support (10,) of the ten digits; 0 where a digit never occurs."""
    from sklearn.metrics import precision_recall_fscore_support  # takes a second to import

    precision, recall, f1, support = precision_recall_fscore_support(
        labels, predicted, labels=list(range(10)), zero_division=0
    )
    return {"precision": precision, "recall": recall, "f1": f1, "support": support}


def confusion_matrix(predicted: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Counts (10, 10): the row is the digit that was written, the column what it was read as."""
    from sklearn.metrics import confusion_matrix

    counts: np.ndarray = confusion_matrix(labels, predicted, labels=list(range(10)))
    return counts


def normalise_rows(counts: np.ndarray) -> np.ndarray:
    """Each row of a confusion matrix as shares of that written digit, 0..1; a digit that never occurs has zeros."""
    shares: np.ndarray = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    return shares


def one_vs_rest_accuracy(counts: np.ndarray) -> np.ndarray:
    """(10,) for each digit the share of all test digits for which "is it this one?" is answered rightly, 0..1."""
    hits = counts.diagonal()
    mixed_up = counts.sum(1) + counts.sum(0) - 2 * hits  # it was one and read as another, or the other way round
    shares: np.ndarray = 1 - mixed_up / max(counts.sum(), 1)
    return shares


def most_confused(counts: np.ndarray) -> list[tuple[int, int, int]]:
    """(written, read as, how often) for each kind of mistake that occurs, the most frequent first."""
    wrong = [(w, r, int(counts[w, r])) for w in range(10) for r in range(10) if w != r and counts[w, r]]
    return sorted(wrong, key=lambda pair: -pair[2])

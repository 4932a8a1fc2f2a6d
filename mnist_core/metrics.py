"""How good a network is: one pass of predictions, and the figures made of it. Only that pass needs torch."""

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mnist_core._lazy import LazyModule
from mnist_core.data import normalise

if TYPE_CHECKING:
    import torch
    from torch import nn
else:
    torch = LazyModule("torch")

BATCH = 200  # larger ones are slower on a CPU: their maps no longer fit its cache


@dataclass(frozen=True)
class Score:
    """Loss and accuracy over some digits."""

    loss: float  # cross-entropy in nats: 2.30 is guessing, 0 is certain and right
    accuracy: float  # 0..1


def log_probabilities(model: "nn.Module", images: np.ndarray) -> np.ndarray:
    """uint8 (N, 28, 28) to float32 (N, 10): the natural logarithm of what the network believes of each digit.

    The network is left in evaluation mode. Computed in float32 whatever it was trained in.
    """
    model.eval()
    device = next(model.parameters()).device
    parts = [np.empty((0, 10), np.float32)]
    with torch.inference_mode():
        for start in range(0, len(images), BATCH):
            batch = torch.tensor(images[start : start + BATCH], device=device)
            x = normalise(batch).to(memory_format=torch.channels_last)
            parts.append(model(x).float().log_softmax(1).cpu().numpy())
    return np.concatenate(parts)


def score(log_probabilities: np.ndarray, labels: np.ndarray) -> Score:
    """Mean loss and accuracy of (N, 10) log-probabilities against (N,) labels; N is at least 1."""
    right = log_probabilities[np.arange(len(labels)), labels]
    return Score(
        loss=float(-right.mean(dtype=np.float64)),
        accuracy=float((log_probabilities.argmax(1) == labels).mean()),
    )


def interval(accuracy: float, count: int) -> tuple[float, float]:
    """The 95 % interval of an accuracy measured on `count` digits (Wilson, 1927).

    Another test set of this size would likely give an accuracy in it: two results inside it do not differ.
    """
    z = 1.959964  # two-sided 95 % of the normal distribution
    middle = (accuracy + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z / (1 + z**2 / count) * math.sqrt(accuracy * (1 - accuracy) / count + z**2 / (4 * count**2))
    return middle - half, middle + half


def with_interval(found: Score, count: int) -> dict[str, Any]:
    """A score on `count` test digits as a run's result tells it, with the 95 % interval of the accuracy."""
    return {**asdict(found), "images": count, "interval": interval(found.accuracy, count)}


def per_class(predicted: np.ndarray, labels: np.ndarray) -> dict[str, np.ndarray]:
    """precision, recall, f1 (10,) and support (10,) of the ten digits; 0 where a digit never occurs."""
    from sklearn.metrics import precision_recall_fscore_support  # takes a second to import

    precision, recall, f1, support = precision_recall_fscore_support(
        labels, predicted, labels=list(range(10)), zero_division=0
    )
    return {"precision": precision, "recall": recall, "f1": f1, "support": support}


def confusion(predicted: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Counts (10, 10): the row is the digit that was written, the column what it was read as."""
    from sklearn.metrics import confusion_matrix

    counts: np.ndarray = confusion_matrix(labels, predicted, labels=list(range(10)))
    return counts


def rates(counts: np.ndarray) -> np.ndarray:
    """Each row of a confusion matrix as shares of that written digit, 0..1; a digit that never occurs has zeros."""
    shares: np.ndarray = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    return shares


def one_against_rest(counts: np.ndarray) -> np.ndarray:
    """(10,) for each digit the share of all test digits for which "is it this one?" is answered rightly, 0..1."""
    hits = counts.diagonal()
    mixed_up = counts.sum(1) + counts.sum(0) - 2 * hits  # it was one and read as another, or the other way round
    shares: np.ndarray = 1 - mixed_up / max(counts.sum(), 1)
    return shares


def most_confused(counts: np.ndarray) -> list[tuple[int, int, int]]:
    """(written, read as, how often) for each kind of mistake that occurs, the most frequent first."""
    wrong = [(w, r, int(counts[w, r])) for w in range(10) for r in range(10) if w != r and counts[w, r]]
    return sorted(wrong, key=lambda pair: -pair[2])


def in_cell(
    log_probabilities: np.ndarray, labels: np.ndarray, written: int | None, read: int | None, right: bool = True
) -> np.ndarray:
    """Positions of the digits of one cell, row (`read` None) or column; of neither, all that were misread.

    Misread ones first, and of each the most confident first. Without `right` those that were read right are left out.
    """
    predicted = log_probabilities.argmax(1)
    wrong = predicted != labels
    inside = np.ones(len(labels), bool) if right and (written, read) != (None, None) else wrong
    if written is not None:
        inside = inside & (labels == written)
    if read is not None:
        inside = inside & (predicted == read)
    places = np.flatnonzero(inside)
    confidence = log_probabilities[places].max(1)
    return places[np.lexsort((-confidence, ~wrong[places]))]


@dataclass(frozen=True)
class Difference:
    """The test digits that one of two networks reads right and the other does not."""

    only_first: np.ndarray  # positions; the most confident mistakes of the second first
    only_second: np.ndarray  # positions; the most confident mistakes of the first first
    p_value: float  # how often equally good networks would disagree at least this unevenly, 0..1


def what_differs(first: np.ndarray, second: np.ndarray, labels: np.ndarray) -> Difference:
    """Compare two networks by their (N, 10) log-probabilities on the same (N,) labels."""
    first_right, second_right = (answers.argmax(1) == labels for answers in (first, second))
    only_first = np.flatnonzero(first_right & ~second_right)
    only_second = np.flatnonzero(second_right & ~first_right)
    return Difference(
        only_first[np.argsort(-second[only_first].max(1), kind="stable")],
        only_second[np.argsort(-first[only_second].max(1), kind="stable")],
        mcnemar(len(only_first), len(only_second)),
    )


def mcnemar(only_first: int, only_second: int) -> float:
    """The exact p-value of McNemar's test (1947): a fair coin decides who is right on each digit they disagree on."""
    from scipy.stats import binomtest

    disagreements = only_first + only_second
    return float(binomtest(only_first, disagreements).pvalue) if disagreements else 1.0


def worst(log_probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Positions of the misclassified digits, the largest loss first."""
    wrong = np.flatnonzero(log_probabilities.argmax(1) != labels)
    return wrong[np.argsort(log_probabilities[wrong, labels[wrong]], kind="stable")]

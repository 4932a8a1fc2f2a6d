"""Calibration of a network's confidence: reliability bins, ECE, AUROC and selective prediction.

`confidence` is always (N,), 0..1, the probability of the predicted class; `correct` is bool (N,): was it the label?
"""

from dataclasses import dataclass

import numpy as np

from mnist_core.metrics import wilson_interval

N_BINS = 15  # as in Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern Neural Networks", 2017


@dataclass(frozen=True)
class Bin:
    """The digits whose confidence lies above `low` and up to `high`."""

    low: float
    high: float
    count: int
    confidence: float  # mean, 0..1
    accuracy: float  # 0..1
    interval: tuple[float, float]  # 95 %, of the accuracy: wide for a bin of few digits


@dataclass(frozen=True)
class SelectivePrediction:
    """What a network predicts when it may refuse the digits it is least confident of."""

    threshold: float  # the smallest confidence that is answered
    answered: np.ndarray  # bool (N,)
    accuracy: float  # on the answered digits, 0..1


def reliability_bins(confidence: np.ndarray, correct: np.ndarray, n_bins: int = N_BINS) -> list[Bin]:
    """Sort predictions into `n_bins` bins of equal width by confidence and return those that are not empty."""
    edges = np.linspace(0, 1, n_bins + 1)
    bin_indices = np.searchsorted(edges[1:-1], confidence)  # a confidence on an edge belongs to the bin below it
    bins = []
    for index in np.unique(bin_indices):
        inside = bin_indices == index
        count, n_correct = int(inside.sum()), int(correct[inside].sum())
        bins.append(
            Bin(
                low=float(edges[index]),
                high=float(edges[index + 1]),
                count=count,
                confidence=float(confidence[inside].mean()),
                accuracy=n_correct / count,
                interval=wilson_interval(n_correct, count),
            )
        )
    return bins


def expected_calibration_error(bins: list[Bin]) -> float:
    """Return the expected calibration error, 0..1 (Naeini, Cooper and Hauskrecht, 2015).

    It is the gap between the confidence and the accuracy of a bin, averaged over the bins, weighted by their digits.
    """
    gaps = [abs(bin.confidence - bin.accuracy) for bin in bins]
    return float(np.average(gaps, weights=[bin.count for bin in bins]))


def selective_prediction(confidence: np.ndarray, correct: np.ndarray, max_refused: float) -> SelectivePrediction:
    """Refuse the least confident digits, at most the share `max_refused` (0..1, less than 1) of all.

    Digits of equal confidence are all answered or all refused, since no threshold can separate them. The idea is
    Chow's reject option (1970); see El-Yaniv and Wiener, "On the Foundations of Noise-free Selective
    Classification", 2010.
    """
    threshold = float(np.sort(confidence)[int(max_refused * len(confidence) + 1e-9)])
    answered = confidence >= threshold
    return SelectivePrediction(threshold, answered, float(correct[answered].mean()))


def coverage_curve(confidence: np.ndarray, correct: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (coverage, accuracy), one point for each possible threshold, starting with full coverage.

    Coverage is the share of the digits that are answered, accuracy the share of the answers that are correct.
    """
    order = np.argsort(-confidence, kind="stable")
    last = np.flatnonzero(np.append(np.diff(confidence[order]) < 0, True))  # of each group of equal confidence
    coverage = (last + 1) / len(confidence)
    accuracy = correct[order].cumsum()[last] / (last + 1)
    return coverage[::-1], accuracy[::-1]


def auroc(confidence: np.ndarray, correct: np.ndarray) -> float | None:
    """Return the area under the ROC curve, 0..1, of telling correct predictions from mistakes by their confidence.

    It is the probability that a correct prediction has a higher confidence than a mistake (Hendrycks and Gimpel,
    2017). None when all predictions are correct, or none is.
    """
    if correct.all() or not correct.any():
        return None
    from sklearn.metrics import roc_auc_score  # takes a second to import

    return float(roc_auc_score(correct, confidence))

"""How far a network's confidence can be trusted: in bins, in one number, and as what it gains by refusing to answer."""

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
    interval: tuple[float, float]  # 95 %, of the accuracy: a bin of few digits says little


@dataclass(frozen=True)
class SelectivePrediction:
    """What is left when a network may refuse the digits it is least sure of."""

    threshold: float  # it answers from this confidence on
    kept: np.ndarray  # bool (N,): the digits it answers
    accuracy: float  # of its answers, 0..1


def confidence(log_probabilities: np.ndarray) -> np.ndarray:
    """(N, 10) log-probabilities to float64 (N,): the probability of each answer, which is the largest of the ten."""
    sure: np.ndarray = np.exp(log_probabilities.max(1).astype(np.float64)).clip(0, 1)
    return sure


def reliability_bins(sure: np.ndarray, right: np.ndarray, bins: int = N_BINS) -> list[Bin]:
    """The bins of equal width that hold digits, by (N,) confidence 0..1 and (N,) bool: was the answer right?"""
    edges = np.linspace(0, 1, bins + 1)
    places = np.searchsorted(edges[1:-1], sure)  # a confidence on an edge belongs below it
    table = []
    for place in np.unique(places):
        here = places == place
        accuracy, count = float(right[here].mean()), int(here.sum())
        table.append(
            Bin(
                *(float(edges[place]), float(edges[place + 1]), count),
                *(float(sure[here].mean()), accuracy, wilson_interval(int(right[here].sum()), count)),
            )
        )
    return table


def expected_calibration_error(table: list[Bin]) -> float:
    """The expected calibration error, 0..1: how far a bin's confidence is from its accuracy, averaged over digits."""
    digits = sum(row.count for row in table)
    return sum(row.count * abs(row.confidence - row.accuracy) for row in table) / digits


def selective_prediction(sure: np.ndarray, right: np.ndarray, share: float) -> SelectivePrediction:
    """Refuse the digits that are least sure, at most this share 0..1 (less than 1) of them.

    Digits that are equally sure are all kept or all refused, since a threshold cannot tell them apart.
    """
    threshold = float(np.sort(sure)[int(share * len(sure) + 1e-9)])
    kept = sure >= threshold
    return SelectivePrediction(threshold, kept, float(right[kept].mean()))


def coverage_curve(sure: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(coverage, accuracy), one point for each threshold there is, from one that refuses nothing upwards.

    Coverage is the share of the digits that are answered, accuracy the share of these answers that are right.
    """
    order = np.argsort(-sure, kind="stable")
    last = np.flatnonzero(np.append(np.diff(sure[order]) < 0, True))  # the ends of groups that are equally sure
    coverage = (last + 1) / len(sure)
    accuracy = right[order].cumsum()[last] / (last + 1)
    return coverage[::-1], accuracy[::-1]


def auroc(sure: np.ndarray, right: np.ndarray) -> float | None:
    """The area under the ROC curve, 0..1: how often a right answer is surer than a wrong one; None if all are alike."""
    if right.all() or not right.any():
        return None
    from sklearn.metrics import roc_auc_score  # takes a second to import

    return float(roc_auc_score(right, sure))

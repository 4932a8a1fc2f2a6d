"""Compare the predictions of two networks on the same digits."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mnist_core._lazy import LazyModule

if TYPE_CHECKING:
    import torch
else:
    torch = LazyModule("torch")


@dataclass(frozen=True)
class Comparison:
    """The test digits that one of two networks reads right and the other does not."""

    only_first: np.ndarray  # positions; the most confident mistakes of the second first
    only_second: np.ndarray  # positions; the most confident mistakes of the first first
    p_value: float  # how often equally good networks would disagree at least this unevenly, 0..1


def compare_predictions(first: np.ndarray, second: np.ndarray, labels: np.ndarray) -> Comparison:
    """Compare two networks by their (N, 10) log-probabilities on the same (N,) labels."""
    first_right, second_right = (answers.argmax(1) == labels for answers in (first, second))
    only_first = np.flatnonzero(first_right & ~second_right)
    only_second = np.flatnonzero(second_right & ~first_right)
    return Comparison(
        only_first[np.argsort(-second[only_first].max(1), kind="stable")],
        only_second[np.argsort(-first[only_second].max(1), kind="stable")],
        mcnemar_p_value(len(only_first), len(only_second)),
    )


def mcnemar_p_value(only_first: int, only_second: int) -> float:
    """The exact p-value of McNemar's test (1947): a fair coin decides who is right on each digit they disagree on."""
    from scipy.stats import binomtest

    disagreements = only_first + only_second
    return float(binomtest(only_first, disagreements).pvalue) if disagreements else 1.0

"""Compare the predictions of two networks on the same digits."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Comparison:
    """The test digits that one of two networks classifies correctly and the other does not, the discordant pairs."""

    only_first: np.ndarray  # indices of those only the first gets right; the second's most confident mistakes first
    only_second: np.ndarray  # indices of those only the second gets right; the first's most confident mistakes first
    p_value: float  # of McNemar's exact test that both networks are equally good, 0..1


def compare_predictions(first: np.ndarray, second: np.ndarray, labels: np.ndarray) -> Comparison:
    """Compare two networks by their (N, 10) log-probabilities on the same (N,) labels."""
    first_correct, second_correct = first.argmax(1) == labels, second.argmax(1) == labels
    only_first = np.flatnonzero(first_correct & ~second_correct)
    only_second = np.flatnonzero(second_correct & ~first_correct)
    return Comparison(
        only_first[np.argsort(-second[only_first].max(1), kind="stable")],
        only_second[np.argsort(-first[only_second].max(1), kind="stable")],
        mcnemar_p_value(len(only_first), len(only_second)),
    )


def mcnemar_p_value(only_first: int, only_second: int) -> float:
    """Return the two-sided p-value of McNemar's exact test (McNemar, 1947) from the counts of discordant pairs.

    Under the null hypothesis each of them is a fair coin toss. Without any the p-value is 1.
    """
    from scipy.stats import binomtest  # takes a moment to import

    discordant = only_first + only_second
    return float(binomtest(only_first, discordant).pvalue) if discordant else 1.0

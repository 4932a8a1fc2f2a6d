"""Known label errors of MNIST's test set: digits whose label is in doubt, and how five people labelled them.

From "Pervasive Label Errors in Test Sets Destabilize Machine Learning Benchmarks" (Northcutt, Athalye and Mueller,
2021, arXiv 2103.14749) and its data (github.com/cleanlab/label-errors, mturk/mnist_mturk.json): of the test digits
that confident learning flagged, the 15 for which fewer than three of five people chose the given label.
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np

SOURCE = "https://arxiv.org/abs/2103.14749"
NUMBERS = "none", "one", "two", "three", "four", "all five"


@dataclass(frozen=True)
class LabelError:
    """A label in doubt, the label proposed instead, and how many of five people chose each."""

    given: int  # the label in the data set
    proposed: int  # what the algorithm suggested instead
    for_given: int
    for_proposed: int
    for_neither: int

    @property
    def verdict(self) -> str:
        """What most of the five people said, in a few words."""
        if self.for_proposed >= 3:
            return f"{NUMBERS[self.for_proposed]} {'' if self.for_proposed == 5 else 'of five '}read a {self.proposed}"
        if self.for_neither >= 3:
            return f"{NUMBERS[self.for_neither]} of five saw neither a {self.given} nor a {self.proposed}"
        return "no agreement"

    @property
    def votes(self) -> str:
        """How all five people voted, as a sentence."""
        return (
            f"Of five people who were asked, {NUMBERS[self.for_proposed]} read a {self.proposed} and "
            f"{NUMBERS[self.for_given]} the {self.given} of the label"
            + (f"; {NUMBERS[self.for_neither]} saw neither." if self.for_neither else ".")
        )


MNIST_TEST = {  # by index in the test set
    947: LabelError(8, 9, 0, 5, 0),
    1621: LabelError(0, 6, 2, 3, 0),
    1901: LabelError(9, 4, 2, 3, 0),
    2130: LabelError(4, 9, 2, 2, 1),
    2462: LabelError(2, 0, 0, 4, 1),
    2597: LabelError(5, 3, 0, 4, 1),
    2654: LabelError(6, 1, 0, 2, 3),
    3520: LabelError(6, 4, 2, 0, 3),
    3558: LabelError(5, 0, 1, 4, 0),
    5937: LabelError(5, 3, 1, 3, 1),
    6651: LabelError(0, 6, 0, 5, 0),
    6783: LabelError(1, 6, 2, 3, 0),
    8527: LabelError(4, 9, 2, 2, 1),
    9679: LabelError(6, 3, 2, 0, 3),
    9729: LabelError(5, 6, 2, 3, 0),
}


def known_label_errors(dataset: str, labels: np.ndarray) -> dict[int, LabelError]:
    """Return the known label errors among these (N,) test labels of a data set, by index.

    Only those of "mnist" are known; an entry counts only where the label is the one that people were asked about.
    """
    if dataset != "mnist":
        return {}
    return {index: error for index, error in MNIST_TEST.items() if index < len(labels) and labels[index] == error.given}


def accuracy_without(predicted: np.ndarray, labels: np.ndarray, excluded: Collection[int]) -> float:
    """Return the accuracy, 0..1, of (N,) predictions, leaving out the digits of the `excluded` indices."""
    left_out = list(excluded)
    return float((np.delete(predicted, left_out) == np.delete(labels, left_out)).mean())

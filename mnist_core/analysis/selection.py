"""Which test digits belong to a cell of the confusion matrix or are misclassified, sorted."""

from typing import TYPE_CHECKING

import numpy as np

from mnist_core._lazy import LazyModule

if TYPE_CHECKING:
    import torch
else:
    torch = LazyModule("torch")


def cell_indices(
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


def mistakes_by_loss(log_probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Positions of the misclassified digits, the largest loss first."""
    wrong = np.flatnonzero(log_probabilities.argmax(1) != labels)
    return wrong[np.argsort(log_probabilities[wrong, labels[wrong]], kind="stable")]

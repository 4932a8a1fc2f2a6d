"""Which test digits belong to a cell of the confusion matrix or are misclassified, sorted."""

import numpy as np


def cell_indices(
    log_probabilities: np.ndarray,
    labels: np.ndarray,
    true_label: int | None,
    predicted_label: int | None,
    include_correct: bool = True,
) -> np.ndarray:
    """Return the indices of the digits in one cell of the confusion matrix, in one row or in one column.

    None stands for all labels: (4, None) is a row, (None, 9) a column, and (None, None) stands for all mistakes.
    Mistakes come first, and among them the most confident first. Without `include_correct` there are only mistakes.
    """
    predicted = log_probabilities.argmax(1)
    mistakes = predicted != labels
    whole_matrix = true_label is None and predicted_label is None
    inside = np.ones(len(labels), bool) if include_correct and not whole_matrix else mistakes
    if true_label is not None:
        inside = inside & (labels == true_label)
    if predicted_label is not None:
        inside = inside & (predicted == predicted_label)
    indices = np.flatnonzero(inside)
    confidence = log_probabilities[indices].max(1)
    return indices[np.lexsort((-confidence, ~mistakes[indices]))]


def mistakes_by_loss(log_probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the indices of the misclassified digits, the largest loss first."""
    mistakes = np.flatnonzero(log_probabilities.argmax(1) != labels)
    return mistakes[np.argsort(log_probabilities[mistakes, labels[mistakes]], kind="stable")]

"""Predictions that are easy to check by hand, for the tests of what is computed from them."""

import math

import numpy as np


def toy_log_probabilities(*rows: tuple[int, float]) -> np.ndarray:
    """Return log-probabilities (N, 10) from (digit, its probability) pairs; the others share the rest equally."""
    table = np.empty((len(rows), 10), np.float32)
    for line, (digit, probability) in zip(table, rows, strict=True):
        line[:] = math.log((1 - probability) / 9)
        line[digit] = math.log(probability)
    return table


LABELS = np.array([0, 0, 1, 1, 1, 9])
LOG_PROBABILITIES = toy_log_probabilities((0, 0.6), (0, 0.9), (1, 0.5), (0, 0.8), (9, 0.7), (9, 0.9))

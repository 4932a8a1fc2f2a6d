"""Temperature scaling: one number per run that makes its confidence mean what it says.

The ten scores of a network are divided by a temperature before the softmax. Above 1 it makes the network more modest,
below 1 surer; every prediction stays the same, because the order of the scores does (Guo, Pleiss, Sun and Weinberger,
"On Calibration of Modern Neural Networks", 2017).
"""

import math

import numpy as np

from mnist_core.metrics import score

TEMPERATURE_RANGE = 0.05, 20.0  # that is searched, and that a stored temperature must lie in
# The lowest confidence of an answer to a drawing; below it is "not sure". On 6,992 digits drawn by others, pen says so
# for one in a hundred, and of these it would have misread almost half (docs/measured.md).
CONFIDENCE_THRESHOLD = 0.8


def with_temperature(log_probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Return log-probabilities (N, 10) with a temperature, float32 (N, 10). 1 leaves them, 1 / T takes T back."""
    from scipy.special import log_softmax  # takes a moment to import

    if temperature == 1:
        return log_probabilities
    scaled: np.ndarray = log_softmax(log_probabilities.astype(np.float64) / temperature, axis=1).astype(np.float32)
    return scaled


def fit_temperature(log_probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Return the temperature with the lowest loss of log-probabilities (N, 10), as trained, against labels (N,).

    The digits must be ones that the network has not learned from; N is at least 1. When it misreads none of them, the
    loss would be lowest with no doubt at all, which so few digits cannot show: then it is 1.
    """
    from scipy.optimize import minimize_scalar

    if (log_probabilities.argmax(1) == labels).all():
        return 1.0
    bounds = [math.log(limit) for limit in TEMPERATURE_RANGE]
    found = minimize_scalar(
        lambda logarithm: score(with_temperature(log_probabilities, math.exp(logarithm)), labels).loss,
        bounds=bounds,
        method="bounded",
    )
    return round(math.exp(found.x), 4)

"""Temperature scaling: one number per run that makes its confidence mean what it says.

The ten scores of a network are divided by a temperature before the softmax. Above 1 it makes the network more modest,
below 1 surer; every prediction stays the same, because the order of the scores does (Guo, Pleiss, Sun and Weinberger,
"On Calibration of Modern Neural Networks", 2017).
"""

import math
from dataclasses import dataclass

import numpy as np

from mnist_core.metrics import Score, TestScore, score, score_with_interval

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


@dataclass(frozen=True)
class Calibrated:
    """The temperature of a network, and how it scores with it."""

    temperature: float
    validation: Score
    test: TestScore
    log_probabilities: np.ndarray  # float32 (N, 10) of the test digits, with the temperature


def calibrate(
    validation: np.ndarray, validation_labels: np.ndarray, test: np.ndarray, test_labels: np.ndarray
) -> Calibrated:
    """Fit a temperature to log-probabilities (N, 10) of the validation digits, and score those and the test digits.

    All log-probabilities are as the network was trained, without a temperature.
    """
    temperature = fit_temperature(validation, validation_labels)
    scaled = with_temperature(test, temperature)
    return Calibrated(
        temperature,
        score(with_temperature(validation, temperature), validation_labels),
        score_with_interval(scaled, test_labels),
        scaled,
    )

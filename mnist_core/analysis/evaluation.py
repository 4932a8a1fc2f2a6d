"""What one run predicted on its test set, digit by digit."""

from dataclasses import dataclass

import numpy as np

from mnist_core.analysis.label_errors import LabelError
from mnist_core.runs import Run


@dataclass(frozen=True)
class Evaluation:
    """What one run made of its test set; all arrays have one entry, or row, a test digit."""

    run: Run
    labels: np.ndarray  # int64: what is written, as labelled
    read: np.ndarray  # int64: what the network reads
    probabilities: np.ndarray  # float64 (N, 10)
    sure: np.ndarray  # float64, 0..1: the probability of its answer
    loss: np.ndarray  # float64, nats
    mistakes: np.ndarray  # positions, the worst first
    doubts: dict[int, LabelError]  # labels that are known to be in doubt, by position

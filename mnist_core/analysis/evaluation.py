"""The predictions of one run on its test set, digit by digit."""

from dataclasses import dataclass

import numpy as np

from mnist_core.analysis.label_errors import LabelError, known_label_errors
from mnist_core.analysis.selection import mistakes_by_loss
from mnist_core.runs import Predictions, Run
from mnist_core.temperature import with_temperature


@dataclass(frozen=True)
class Evaluation:
    """What a run predicted for each of the N digits of its test set, and how good that was."""

    run: Run
    labels: np.ndarray  # int64 (N,)
    predicted: np.ndarray  # int64 (N,): the most probable digit
    probabilities: np.ndarray  # float64 (N, 10)
    confidence: np.ndarray  # float64 (N,), 0..1: the probability of the predicted digit
    loss: np.ndarray  # float64 (N,): cross-entropy in nats
    mistakes: np.ndarray  # int64: indices of the misclassified digits, the largest loss first
    label_errors: dict[int, LabelError]  # index -> known label error

    @property
    def correct(self) -> np.ndarray:
        """Whether each digit was classified as its label says, bool (N,)."""
        correct: np.ndarray = self.predicted == self.labels
        return correct


def as_trained(evaluation: Evaluation) -> Evaluation:
    """Return the evaluation of the same predictions as they were before the run's temperature."""
    log_probabilities = np.log(evaluation.probabilities.clip(min=1e-300))
    before = with_temperature(log_probabilities, 1 / evaluation.run.temperature)
    return evaluate(evaluation.run, Predictions(before, evaluation.labels))


def evaluate(run: Run, predictions: Predictions) -> Evaluation:
    """Return everything the analysis pages show of these predictions of `run` on its test set."""
    log_probabilities, labels = predictions.log_probabilities, predictions.labels
    probabilities = np.exp(log_probabilities.astype(np.float64))
    return Evaluation(
        run=run,
        labels=labels,
        predicted=log_probabilities.argmax(1),
        probabilities=probabilities,
        confidence=probabilities.max(1).clip(max=1),  # float32 logarithms can lie a little above 0
        loss=-log_probabilities[np.arange(len(labels)), labels].astype(np.float64),
        mistakes=mistakes_by_loss(log_probabilities, labels),
        label_errors=known_label_errors(run.config.dataset, labels),
    )

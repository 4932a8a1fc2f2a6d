"""The evaluation of a run agrees with values computed by hand and with the run's own test result."""

import numpy as np
import pytest

from mnist_core.analysis.evaluation import evaluate
from mnist_core.runs import Predictions

PROBABILITIES = np.full((3, 10), 0.01, np.float32)
PROBABILITIES[0, 4] = 0.91  # labelled 4
PROBABILITIES[1, [2, 7]] = 0.12, 0.80  # labelled 2
PROBABILITIES[2, [3, 5]] = 0.22, 0.70  # labelled 9
LABELS = np.array([4, 2, 9])


def test_an_evaluation_is_what_is_computed_by_hand(trained):
    evaluation = evaluate(trained, Predictions(np.log(PROBABILITIES), LABELS))
    assert evaluation.run is trained
    assert evaluation.labels.tolist() == [4, 2, 9]
    assert evaluation.predicted.tolist() == [4, 7, 5]
    assert evaluation.correct.tolist() == [True, False, False]
    assert evaluation.probabilities == pytest.approx(PROBABILITIES)
    assert evaluation.confidence == pytest.approx([0.91, 0.80, 0.70])
    assert evaluation.loss == pytest.approx([-np.log(0.91), -np.log(0.12), -np.log(0.01)])
    assert evaluation.mistakes.tolist() == [2, 1]  # the largest loss first
    assert evaluation.label_errors == {}


def test_a_confidence_is_never_above_1(trained):
    log_probabilities = np.full((1, 10), -30, np.float32)
    log_probabilities[0, 4] = 1e-7  # rounding in float32 may do this
    assert evaluate(trained, Predictions(log_probabilities, LABELS[:1])).confidence == 1


def test_accuracy_and_loss_are_those_of_the_runs_test_result(trained):
    evaluation = evaluate(trained, trained.predictions)
    assert evaluation.correct.mean() == pytest.approx(trained.outcome.test.accuracy)
    assert evaluation.loss.mean() == pytest.approx(trained.outcome.test.loss)
    assert len(evaluation.mistakes) == (~evaluation.correct).sum()
    assert evaluation.probabilities.sum(1) == pytest.approx(np.ones(len(evaluation.labels)))

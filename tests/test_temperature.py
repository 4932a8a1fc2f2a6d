"""Temperature scaling: what it changes, what it never changes, and how it is found."""

import numpy as np
import pytest
from scipy.special import log_softmax

from mnist_core.metrics import score
from mnist_core.models import ARCHITECTURES
from mnist_core.runs import divide_scores
from mnist_core.temperature import TEMPERATURE_RANGE, fit_temperature, with_temperature

RNG = np.random.default_rng(0)
LABELS = RNG.integers(0, 10, 2000)


def log_probabilities(true_temperature, n=2000):
    """Return log-probabilities of labels that were drawn from the same scores divided by the true temperature."""
    scores = RNG.normal(0, 3, (n, 10))
    labels = np.array([RNG.choice(10, p=np.exp(row)) for row in log_softmax(scores / true_temperature, axis=1)])
    return log_softmax(scores, axis=1).astype(np.float32), labels


@pytest.mark.parametrize("true_temperature", [0.4, 1.0, 2.5])
def test_it_is_found_on_digits_whose_labels_follow_it(true_temperature):
    log_probs, labels = log_probabilities(true_temperature)
    assert fit_temperature(log_probs, labels) == pytest.approx(true_temperature, rel=0.15)


@pytest.mark.parametrize("true_temperature", [0.4, 2.5])
def test_it_lowers_the_loss_and_leaves_every_prediction(true_temperature):
    log_probs, labels = log_probabilities(true_temperature)
    scaled = with_temperature(log_probs, fit_temperature(log_probs, labels))
    assert score(scaled, labels).loss < score(log_probs, labels).loss
    assert (scaled.argmax(1) == log_probs.argmax(1)).all()
    assert scaled.dtype == np.float32
    assert np.allclose(np.exp(scaled.astype(float)).sum(1), 1, atol=1e-5)


def test_a_network_that_misreads_none_of_the_digits_keeps_its_confidence():
    log_probs, _ = log_probabilities(1.0, 100)
    assert fit_temperature(log_probs, log_probs.argmax(1)) == 1


def test_it_stays_in_its_range_for_predictions_that_say_nothing():
    low, high = TEMPERATURE_RANGE
    log_probs, labels = log_probabilities(1.0, 500)
    assert low <= fit_temperature(log_probs, (labels + 1) % 10) <= high


def test_its_inverse_takes_it_back():
    log_probs, _ = log_probabilities(1.0, 100)
    assert np.allclose(with_temperature(with_temperature(log_probs, 0.4), 1 / 0.4), log_probs, atol=1e-4)
    assert with_temperature(log_probs, 1) is log_probs


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_dividing_the_last_layer_divides_the_scores_of_every_architecture(name):
    import torch

    network = ARCHITECTURES[name].make(0.0).eval()
    images = torch.rand(4, 1, 28, 28)
    with torch.no_grad():
        before = network(images)
        divide_scores(network, 0.4)
        assert torch.allclose(network(images), before / 0.4, rtol=1e-4, atol=1e-5)

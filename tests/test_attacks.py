"""Attacks stay within epsilon, increase the loss and fool an ordinary network."""

import numpy as np
import pytest
import torch
from torch import nn

from mnist_core.analysis.attacks import ATTACKS, EPSILONS, ascent_direction, fgsm, pgd, smallest_epsilon
from mnist_core.data import load_digits
from mnist_core.inference import as_pixels, log_probabilities, logits, pixel_probabilities
from mnist_core.models import build
from mnist_core.runs import load_run


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=list(ATTACKS))
def test_an_attack_stays_within_epsilon_and_between_black_and_white(network, blob, attack):
    options, epsilons = {"steps": 3} if attack is pgd else {}, EPSILONS[[0, 5, 15]]
    attacked = attack(network, blob, 3, epsilons, **options)
    assert (attacked.shape, attacked.dtype) == ((3, 28, 28), np.float32)
    assert attacked.min() >= 0
    assert attacked.max() <= 1
    for pixels, epsilon in zip(attacked, epsilons, strict=True):
        assert np.abs(pixels - blob / 255).max() <= epsilon + 1e-6
    np.testing.assert_allclose(attacked[0], blob / 255, atol=1e-6)
    assert all(parameter.grad is None for parameter in network.parameters())


def test_the_ascent_direction_is_that_of_the_cross_entropy_gradient(network, blob):
    pixels = as_pixels(blob).requires_grad_()
    loss = nn.functional.cross_entropy(logits(network, pixels), torch.tensor([3]))
    gradient = torch.autograd.grad(loss, pixels)[0].flatten()
    assert torch.cosine_similarity(gradient, ascent_direction(network, pixels, 3).flatten(), dim=0) > 0.9999


def test_the_ascent_direction_does_not_vanish_where_the_network_is_certain(linear_network, blob):
    with torch.no_grad():
        linear_network.output.bias[3] = 1000.0
    assert ascent_direction(linear_network, as_pixels(blob), 3).abs().min() > 0


def test_fgsm_takes_one_step_along_the_sign_of_the_gradient(linear_network, blob):
    attacked = fgsm(linear_network, blob, 3, np.array([0.1]))[0]
    gradient = ascent_direction(linear_network, as_pixels(blob), 3)[0].numpy()
    np.testing.assert_allclose(attacked, (blob / 255 + 0.1 * np.sign(gradient)).clip(0, 1), atol=1e-6)


def test_pgd_lowers_the_probability_at_least_as_far_as_fgsm(blob):
    network, epsilons = build("two-block-cnn", seed=1).eval(), np.array([0.1])
    label = int(log_probabilities(network, blob[None]).argmax())
    after_fgsm, after_pgd = (
        pixel_probabilities(network, attack(network, blob, label, epsilons))[0, label] for attack in (fgsm, pgd)
    )
    assert after_pgd <= after_fgsm


def test_an_ordinary_network_withstands_almost_no_pgd_attack_at_0_3():
    network, digits = load_run("mnist-cnn-adam").model(), load_digits("sample", "test").take(np.arange(10))
    correct = pixel_probabilities(network, digits.images / 255).argmax(1) == digits.labels
    attacked = [
        pgd(network, image, label, np.array([0.3]))[0]
        for image, label in zip(digits.images, digits.labels, strict=True)
    ]
    still_correct = pixel_probabilities(network, np.stack(attacked)).argmax(1) == digits.labels
    assert correct.sum() >= 8
    assert still_correct.sum() <= 1


def test_pgd_is_deterministic(linear_network, blob):
    np.testing.assert_array_equal(pgd(linear_network, blob, 3), pgd(linear_network, blob, 3))


def test_the_smallest_epsilon_is_the_first_that_changes_the_prediction():
    correct, incorrect = np.eye(10)[3], np.eye(10)[5]
    probabilities = np.stack([correct, correct, incorrect, incorrect])
    assert smallest_epsilon(probabilities, 3, np.array([0, 0.1, 0.2, 0.3])) == 0.2
    assert smallest_epsilon(probabilities[:2], 3, np.array([0, 0.1])) is None


def test_probabilities_of_pixels_agree_with_the_predictions(network, blob):
    np.testing.assert_allclose(
        pixel_probabilities(network, blob[None] / 255), np.exp(log_probabilities(network, blob[None])), atol=1e-5
    )

"""Attributions are what their definitions say: gradients, their integral, and the fall of the logit under occlusion."""

import copy

import numpy as np
import pytest
import torch

from mnist_core.analysis.attribution import ATTRIBUTIONS, gradient, integrated_gradients, occlusion
from mnist_core.data import MEAN, STD
from mnist_core.inference import as_pixels, logits
from mnist_core.models import build


@pytest.fixture
def digit(toy_digits):
    return toy_digits.images[3]


def logit(network, digit, label):
    return float(logits(network, as_pixels(digit))[0, label].detach())


def test_a_gradient_is_a_difference_quotient(network, digit):
    gradients, label, h = gradient(network, digit, 4), 4, 1e-5
    network = copy.deepcopy(network).double()  # in float32 a difference this small would be all rounding
    for row, column in [(4, 4), (10, 12), (20, 20)]:
        pixels = torch.tensor(digit).double().repeat(2, 1, 1) / 255
        pixels[0, row, column] += h
        pixels[1, row, column] -= h
        with torch.no_grad():
            up, down = network(((pixels - MEAN) / STD).unsqueeze(1))[:, label].tolist()
        assert gradients[row, column] == pytest.approx((up - down) / (2 * h), rel=1e-3, abs=1e-5)


@pytest.mark.parametrize("attribute", ATTRIBUTIONS.values(), ids=list(ATTRIBUTIONS))
def test_an_attribution_is_an_image_and_leaves_no_gradients_in_the_network(network, digit, attribute):
    values = attribute(network, digit, 2)
    assert (values.shape, values.dtype) == ((28, 28), np.float32)
    assert np.isfinite(values).all()
    assert all(parameter.grad is None for parameter in network.parameters())


def test_integrated_gradients_sum_to_the_rise_of_the_logit(network, digit):
    for label in (0, 7):
        rise = logit(network, digit, label) - logit(network, np.zeros_like(digit), label)
        values = integrated_gradients(network, digit, label)
        assert float(values.sum()) == pytest.approx(rise, abs=0.01 * float(np.abs(values).sum()))


def test_more_steps_bring_integrated_gradients_closer_to_completeness(digit):
    network = build("two-block-cnn", seed=1).eval()
    rise = logit(network, digit, 7) - logit(network, np.zeros_like(digit), 7)
    errors = [abs(integrated_gradients(network, digit, 7, steps).sum() - rise) for steps in (2, 400)]
    assert errors[1] < errors[0]


def test_attributions_of_a_linear_network_have_closed_forms(linear_network, digit):
    gradients = linear_network.output.weight[5].detach().view(28, 28).numpy() / STD  # pixels are divided by it
    contributions = gradients * digit / 255
    np.testing.assert_allclose(gradient(linear_network, digit, 5), gradients, atol=1e-5)
    np.testing.assert_allclose(integrated_gradients(linear_network, digit, 5), contributions, atol=1e-5)
    np.testing.assert_allclose(occlusion(linear_network, digit, 5, side=1, stride=1), contributions, atol=1e-4)
    offsets = [*range(0, 24, 2), 24]
    falls = {(r, c): contributions[r : r + 4, c : c + 4].sum() for r in offsets for c in offsets}
    over_one_pixel = [fall for (r, c), fall in falls.items() if r <= 10 < r + 4 and c <= 7 < c + 4]
    assert occlusion(linear_network, digit, 5)[10, 7] == pytest.approx(np.mean(over_one_pixel), abs=1e-4)


def test_occlusion_of_a_black_image_is_zero(network):
    np.testing.assert_allclose(occlusion(network, np.zeros((28, 28), np.uint8), 1), 0, atol=1e-5)

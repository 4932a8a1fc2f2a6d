"""Predictions are those of the network itself, however the images are batched."""

import numpy as np
import pytest
import torch

from mnist_core.data import normalise
from mnist_core.inference import BATCH_SIZE, as_pixels, log_probabilities, logits, pixel_probabilities
from mnist_core.models import ARCHITECTURES, build


@pytest.fixture(scope="module")
def lenet():
    return build("lenet-5", dropout=0.5, seed=1)


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 256, (BATCH_SIZE + 1, 28, 28), dtype=np.uint8)


def in_one_batch(network, images):
    """The network's log-probabilities by torch alone."""
    with torch.inference_mode():
        return network.eval()(normalise(torch.tensor(images))).log_softmax(1)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_log_probabilities_are_the_networks_own(name, images):
    network = build(name)
    predicted = log_probabilities(network, images[:4])
    np.testing.assert_allclose(predicted, in_one_batch(network, images[:4]), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("count", [0, 1, BATCH_SIZE - 1, BATCH_SIZE, BATCH_SIZE + 1])
def test_log_probabilities_do_not_depend_on_where_batches_end(lenet, images, count):
    predicted = log_probabilities(lenet, images[:count])
    assert (predicted.shape, predicted.dtype) == ((count, 10), np.float32)
    np.testing.assert_allclose(predicted, in_one_batch(lenet, images[:count]), rtol=1e-4, atol=1e-4)


def test_the_probabilities_sum_to_1(lenet, images):
    np.testing.assert_allclose(np.exp(log_probabilities(lenet, images)).sum(1), 1, atol=1e-5)


def test_log_probabilities_switch_dropout_off(lenet, images):
    lenet.train()
    first = log_probabilities(lenet, images[:8])
    np.testing.assert_array_equal(first, log_probabilities(lenet, images[:8]))
    assert not lenet.training


def test_predictions_from_pixels_are_those_from_the_image(lenet, images):
    expected = np.exp(log_probabilities(lenet, images[:1]))
    pixels = as_pixels(images[0])
    assert (pixels.shape, pixels.dtype) == ((1, 28, 28), torch.float32)
    np.testing.assert_allclose(pixel_probabilities(lenet, pixels.numpy()), expected, atol=1e-5)
    np.testing.assert_allclose(logits(lenet, pixels).softmax(1).detach(), expected, atol=1e-5)

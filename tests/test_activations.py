"""Layer activations are what the network computes, and every value of a layer with weights is its weighted sum."""

import time
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from mnist_core.analysis.activations import convolution_sum, exact_output, layer_activations, weighted_sum
from mnist_core.inference import log_probabilities


@pytest.fixture
def digit(toy_digits):
    return toy_digits.images[3]


def test_activations_follow_the_layers_and_end_in_the_logits(network, digit):
    activations = layer_activations(network, digit)
    assert [activation.name for activation in activations] == [name for name, _ in network.named_children()]
    for previous, following in pairwise(activations):
        np.testing.assert_array_equal(following.input, previous.output)
    predicted = torch.tensor(activations[-1].output).log_softmax(0).numpy()
    np.testing.assert_allclose(predicted, log_probabilities(network, digit[None])[0], atol=1e-4)


def test_activations_of_one_digit_take_less_than_20_ms(network, digit):
    def once():
        start = time.perf_counter()
        layer_activations(network, digit)
        return time.perf_counter() - start

    assert min(once() for _ in range(10)) < 0.02  # the quickest: the machine may be busy


def test_a_weighted_sum_is_the_value_in_the_feature_map(network, digit):
    for activation in layer_activations(network, digit):
        layer = network.get_submodule(activation.name)
        if not isinstance(layer, nn.Conv2d):
            continue
        output = exact_output(layer, activation.input)
        np.testing.assert_allclose(output, activation.output, atol=1e-4)
        maps, height, width = output.shape
        for index, row, column in [(0, 0, 0), (maps - 1, height - 1, width - 1), (maps // 2, height // 2, 1)]:
            terms = weighted_sum(layer, activation.input, index, row, column)
            assert terms.patch.shape == terms.kernel.shape == terms.products.shape
            assert terms.value == pytest.approx(output[index, row, column], abs=1e-12)


@pytest.mark.parametrize(
    "options",
    [
        {"padding": 1},
        {"stride": 2, "padding": (2, 0)},
        {"dilation": 2, "padding": "same"},
        {"groups": 2, "bias": False},
        {"padding": 1, "padding_mode": "reflect"},
        {"padding": "valid", "stride": (1, 3)},
    ],
    ids=str,
)
def test_a_weighted_sum_handles_every_kind_of_convolution(options):
    layer = nn.Conv2d(4, 6, (3, 5), **options)
    x = np.random.default_rng(0).normal(size=(4, 12, 11)).astype(np.float32)
    output = exact_output(layer, x)
    sums = [convolution_sum(layer, x, *index).value for index in np.ndindex(*output.shape)]
    np.testing.assert_allclose(sums, output.ravel(), atol=1e-12)


def test_a_unit_of_a_dense_layer_is_a_weighted_sum(network, digit):
    for activation in layer_activations(network, digit):
        layer = network.get_submodule(activation.name)
        if isinstance(layer, nn.Linear):
            terms = weighted_sum(layer, activation.input, 3)
            assert terms.value == pytest.approx(activation.output[3], abs=1e-4)


def test_a_layer_without_weights_has_no_weighted_sum(digit):
    assert weighted_sum(nn.ReLU(), digit[None].astype(np.float32), 0) is None

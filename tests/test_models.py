"""Every architecture fits the digits and is described."""

import math
from itertools import pairwise

import pytest
import torch
from torch import nn

from mnist_core.config import ConfigError
from mnist_core.models import ARCHITECTURES, architecture, build, describe, get_architecture, sequential
from mnist_core.recipes import RECIPES


@pytest.fixture(params=ARCHITECTURES)
def name(request):
    return request.param


@pytest.fixture
def added_architecture():
    """An architecture that is registered for one test."""

    @architecture("One layer", source="a test")
    def one_layer(dropout):
        """Weighs all pixels once,
        in a docstring of two lines.

        And of two paragraphs."""
        return sequential(flatten=nn.Flatten(), output=nn.Linear(784, 10))

    yield ARCHITECTURES["one-layer"]
    del ARCHITECTURES["one-layer"]


def test_a_network_maps_images_to_logits(name):
    logits = build(name).eval()(torch.randn(2, 1, 28, 28))
    assert logits.shape == (2, 10)
    assert logits.isfinite().all()
    assert logits.min() < 0, "logits, not probabilities"


def test_a_prediction_does_not_depend_on_the_rest_of_the_batch(name):
    network, x = build(name).eval(), torch.randn(3, 1, 28, 28)
    torch.testing.assert_close(network(x)[:1], network(x[:1]), rtol=1e-4, atol=1e-5)


def test_the_description_counts_every_parameter(name):
    layers, network = describe(name), build(name)
    assert sum(layer.parameters for layer in layers) == sum(weight.numel() for weight in network.parameters())
    assert [layer.name for layer in layers] == [layer for layer, _ in network.named_children()]


def test_the_description_has_the_output_shape_of_every_layer(name):
    x = torch.randn(1, 1, 28, 28)
    for row, layer in zip(describe(name), build(name).eval(), strict=True):
        x = layer(x)
        assert row.shape == tuple(x.shape[1:])
    assert row.shape == (10,)


def test_every_layer_is_described(name):
    assert all(layer.description for layer in describe(name, dropout=0.5))


def test_the_same_seed_initialises_the_same_weights(name):
    first, again, other = (build(name, seed=seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert not all(torch.equal(first[key], other[key]) for key in first)


def test_dropout_is_active_only_in_training(name):
    network, x = build(name, dropout=0.5), torch.randn(2, 1, 28, 28)
    assert not torch.equal(network(x), network(x))
    network.eval()
    assert torch.equal(network(x), network(x))


def test_an_architecture_has_a_title_a_source_and_one_sentence(name):
    network = ARCHITECTURES[name]
    assert network.name == name
    assert network.title
    assert network.source
    assert network.description.endswith(".")
    assert network.description.count(". ") == 0, "one sentence"


def test_titles_differ():
    assert len({network.title for network in ARCHITECTURES.values()}) == len(ARCHITECTURES)


def test_an_unknown_architecture_is_rejected_with_all_names():
    with pytest.raises(ConfigError, match="got 'nonsense'") as caught:
        build("nonsense")
    assert all(name in str(caught.value) for name in ARCHITECTURES)


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_recipe_trains_an_architecture_that_exists(recipe):
    assert RECIPES[recipe].config.architecture in ARCHITECTURES


def test_a_decorated_function_is_a_new_architecture(added_architecture):
    assert get_architecture("one-layer") is added_architecture
    assert (added_architecture.title, added_architecture.source) == ("One layer", "a test")
    assert added_architecture.description == "Weighs all pixels once, in a docstring of two lines."
    assert describe("one-layer")[-1].shape == (10,)


def test_two_block_cnn_has_the_size_of_reference_c():
    assert sum(layer.parameters for layer in describe("two-block-cnn")) == 421_642


def test_wide_head_cnn_has_the_dense_layers_of_reference_d():
    dense = [layer for layer in describe("wide-head-cnn") if layer.kind == "Linear"]
    sizes = [math.prod(layer.shape) for layer in dense]
    assert sizes == [1000, 100, 10]
    assert [layer.parameters for layer in dense] == [n * m + m for n, m in pairwise([3136, *sizes])]

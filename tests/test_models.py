"""Every network fits the digits and says what it is."""

import math
from itertools import pairwise

import pytest
import torch
from torch import nn

from mnist_core.models import ARCHITECTURES, architecture, build, describe, get_architecture, sequential
from mnist_core.recipes import RECIPES, get_recipe


@pytest.fixture(params=ARCHITECTURES)
def name(request):
    return request.param


@pytest.fixture
def newcomer():
    """A network entered into the registry for one test."""

    @architecture("Newcomer", source="a test")
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


def test_a_network_judges_each_digit_alone(name):
    network, x = build(name).eval(), torch.randn(3, 1, 28, 28)
    torch.testing.assert_close(network(x)[:1], network(x[:1]), rtol=1e-4, atol=1e-5)


def test_the_table_counts_every_parameter(name):
    table, network = describe(name), build(name)
    assert sum(layer.parameters for layer in table) == sum(weights.numel() for weights in network.parameters())
    assert [layer.name for layer in table] == [layer for layer, _ in network.named_children()]


def test_the_table_has_the_shape_of_every_layers_output(name):
    x = torch.randn(1, 1, 28, 28)
    for row, layer in zip(describe(name), build(name).eval(), strict=True):
        x = layer(x)
        assert row.shape == tuple(x.shape[1:])
    assert row.shape == (10,)


def test_every_layer_is_explained(name):
    assert all(layer.about for layer in describe(name, dropout=0.5))


def test_the_same_seed_gives_the_same_weights(name):
    first, again, other = (build(name, seed=seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert not all(torch.equal(first[key], other[key]) for key in first)


def test_dropout_works_in_training_alone(name):
    network, x = build(name, dropout=0.5), torch.randn(2, 1, 28, 28)
    assert not torch.equal(network(x), network(x))
    network.eval()
    assert torch.equal(network(x), network(x))


def test_a_network_says_what_it_is(name):
    network = ARCHITECTURES[name]
    assert network.name == name
    assert network.title
    assert network.source
    assert network.about.endswith(".")
    assert network.about.count(". ") == 0, "one sentence"


def test_an_unknown_network_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match="got 'nonsense'") as caught:
        build("nonsense")
    assert all(name in str(caught.value) for name in ARCHITECTURES)


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_recipe_trains_a_network_that_exists(recipe):
    assert get_recipe(recipe).config.architecture in ARCHITECTURES


def test_an_unknown_recipe_is_refused_with_those_there_are():
    with pytest.raises(ValueError, match=f"one of {', '.join(RECIPES)}, got 'nonsense'"):
        get_recipe("nonsense")


def test_a_new_function_is_a_new_network(newcomer):
    assert get_architecture("one-layer") is newcomer
    assert (newcomer.title, newcomer.source) == ("Newcomer", "a test")
    assert newcomer.about == "Weighs all pixels once, in a docstring of two lines."
    assert describe("one-layer")[-1].shape == (10,)


def test_mnist_cnn_adam_has_the_size_of_seed_002():
    assert sum(layer.parameters for layer in describe("mnist-cnn-adam")) == 421_642


def test_wide_head_has_the_shapes_of_seed_003():
    sizes = [math.prod(layer.shape) for layer in describe("wide-head") if layer.kind == "Linear"]
    assert sizes == [1000, 100, 10]
    parameters = [layer.parameters for layer in describe("wide-head") if layer.kind == "Linear"]
    assert parameters == [before * after + after for before, after in pairwise([3136, *sizes])]

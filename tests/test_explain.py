"""What is said about a network's inside is what it computes: sums by hand, slopes, falls, neighbours."""

import copy
import time
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from mnist_core.analysis.activations import convolution_sum, exact_output, layer_activations, weighted_sum
from mnist_core.analysis.attribution import ATTRIBUTIONS, gradient, integrated_gradients, occlusion
from mnist_core.analysis.embeddings import embeddings, fit_pca, stratified_sample
from mnist_core.analysis.neighbors import nearest_embeddings
from mnist_core.data import MEAN, STD
from mnist_core.inference import as_pixels, log_probabilities, logits
from mnist_core.models import ARCHITECTURES, build, sequential

WITH_CONVOLUTIONS = [name for name in ARCHITECTURES if any(isinstance(m, nn.Conv2d) for m in build(name))]


@pytest.fixture(params=ARCHITECTURES)
def network(request):
    return build(request.param, seed=1).eval()


@pytest.fixture
def digit(toy_digits):
    return toy_digits.images[3]


def score(network, digit, label):
    return float(logits(network, as_pixels(digit))[0, label].detach())


def linear(seed=0):
    """Scores that are weighted sums of the pixels: every attribution has a closed form."""
    torch.manual_seed(seed)
    return sequential(flatten=nn.Flatten(), output=nn.Linear(784, 10)).eval()


def slopes_of(network, label):
    """What one pixel (0..1) adds to a linear network's score, given how digits are normalised."""
    return network.output.weight[label].detach().view(28, 28).numpy() / STD


def test_the_steps_are_the_networks_layers_and_end_in_its_answer(network, digit):
    passed = layer_activations(network, digit)
    assert [step.name for step in passed] == [name for name, _ in network.named_children()]
    for before, after in pairwise(passed):
        np.testing.assert_array_equal(after.before, before.after)
    answer = torch.tensor(passed[-1].after).log_softmax(0).numpy()
    np.testing.assert_allclose(answer, log_probabilities(network, digit[None])[0], atol=1e-4)


def test_the_steps_of_one_digit_take_less_than_20_ms(network, digit):
    def once():
        start = time.perf_counter()
        layer_activations(network, digit)
        return time.perf_counter() - start

    assert min(once() for _ in range(10)) < 0.02  # the quickest: the machine may be busy


@pytest.mark.parametrize("name", WITH_CONVOLUTIONS)
def test_a_sum_by_hand_is_the_value_in_the_map(name, digit):
    network = build(name, seed=1).eval()
    for step in layer_activations(network, digit):
        layer = network.get_submodule(step.name)
        if not isinstance(layer, nn.Conv2d):
            continue
        shown = exact_output(layer, step.before)
        np.testing.assert_allclose(shown, step.after, atol=1e-4)
        maps, height, width = shown.shape
        for place, row, column in [(0, 0, 0), (maps - 1, height - 1, width - 1), (maps // 2, height // 2, 1)]:
            found = weighted_sum(layer, step.before, place, row, column)
            assert found.patch.shape == found.filter.shape == found.products.shape
            assert found.value == pytest.approx(shown[place, row, column], abs=1e-12)


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
def test_a_sum_by_hand_knows_every_kind_of_convolution(options):
    layer = nn.Conv2d(4, 6, (3, 5), **options)
    before = np.random.default_rng(0).normal(size=(4, 12, 11)).astype(np.float32)
    shown = exact_output(layer, before)
    by_hands = [convolution_sum(layer, before, *place).value for place in np.ndindex(*shown.shape)]
    np.testing.assert_allclose(by_hands, shown.ravel(), atol=1e-12)


def test_a_dense_layers_value_is_a_sum_too(network, digit):
    for step in layer_activations(network, digit):
        layer = network.get_submodule(step.name)
        if isinstance(layer, nn.Linear):
            assert weighted_sum(layer, step.before, 3).value == pytest.approx(step.after[3], abs=1e-4)


def test_a_layer_without_weights_makes_no_sum(digit):
    assert weighted_sum(nn.ReLU(), digit[None].astype(np.float32), 0) is None


def test_a_gradient_is_what_a_small_change_of_a_pixel_does(network, digit):
    slopes, label, tiny = gradient(network, digit, 4), 4, 1e-5
    doubled = copy.deepcopy(network).double()  # in float32 a difference this small would be all rounding
    for row, column in [(4, 4), (10, 12), (20, 20)]:
        pixels = torch.tensor(digit).double().repeat(2, 1, 1) / 255
        pixels[0, row, column] += tiny
        pixels[1, row, column] -= tiny
        with torch.no_grad():
            up, down = doubled(((pixels - MEAN) / STD).unsqueeze(1))[:, label].tolist()
        assert slopes[row, column] == pytest.approx((up - down) / (2 * tiny), rel=1e-3, abs=1e-5)


@pytest.mark.parametrize("attribute", ATTRIBUTIONS.values(), ids=list(ATTRIBUTIONS))
def test_an_attribution_is_a_picture_and_leaves_no_trace_in_the_network(network, digit, attribute):
    found = attribute(network, digit, 2)
    assert (found.shape, found.dtype) == ((28, 28), np.float32)
    assert np.isfinite(found).all()
    assert all(weights.grad is None for weights in network.parameters())


def test_integrated_gradients_sum_to_the_rise_of_the_score(network, digit):
    for label in (0, 7):
        rise = score(network, digit, label) - score(network, np.zeros_like(digit), label)
        found = integrated_gradients(network, digit, label)
        assert float(found.sum()) == pytest.approx(rise, abs=0.01 * float(np.abs(found).sum()))


def test_more_points_bring_integrated_gradients_closer_to_complete(digit):
    network = build("mnist-cnn-adam", seed=1).eval()
    rise = score(network, digit, 7) - score(network, np.zeros_like(digit), 7)
    errors = [abs(integrated_gradients(network, digit, 7, points).sum() - rise) for points in (2, 400)]
    assert errors[1] < errors[0]


def test_in_a_linear_network_attributions_have_their_closed_forms(digit):
    network = linear()
    weights, ink = slopes_of(network, 5), digit / 255
    np.testing.assert_allclose(gradient(network, digit, 5), weights, atol=1e-5)
    np.testing.assert_allclose(integrated_gradients(network, digit, 5), weights * ink, atol=1e-5)
    np.testing.assert_allclose(occlusion(network, digit, 5, side=1, stride=1), weights * ink, atol=1e-4)
    corners = [*range(0, 24, 2), 24]
    falls = {(r, c): (weights * ink)[r : r + 4, c : c + 4].sum() for r in corners for c in corners}
    over_a_pixel = [fall for (r, c), fall in falls.items() if r <= 10 < r + 4 and c <= 7 < c + 4]
    assert occlusion(network, digit, 5)[10, 7] == pytest.approx(np.mean(over_a_pixel), abs=1e-4)


def test_a_black_digit_has_nothing_to_cover(network):
    np.testing.assert_allclose(occlusion(network, np.zeros((28, 28), np.uint8), 1), 0, atol=1e-5)


def test_the_last_hidden_layer_is_what_the_last_dense_one_weighs(network, toy_digits):
    found = embeddings(network, toy_digits.images[:3])
    dense = [layer for layer in network if isinstance(layer, nn.Linear)][-1]
    assert found.shape == (3, dense.in_features)
    logits = dense(torch.tensor(found)).log_softmax(1).detach().numpy()
    np.testing.assert_allclose(logits, log_probabilities(network, toy_digits.images[:3]), atol=1e-4)


def test_a_network_without_a_dense_layer_has_a_last_hidden_one(toy_digits):
    network = sequential(conv=nn.Conv2d(1, 10, 3), relu=nn.ReLU(), pool=nn.AdaptiveAvgPool2d(1), flatten=nn.Flatten())
    assert embeddings(network, toy_digits.images[:3]).shape == (3, 10)


def test_the_nearest_is_the_digit_itself_and_then_the_next():
    many = np.array([[0, 0], [3, 4], [0, 1]], np.float32)
    order, distances = nearest_embeddings(many[0], many, 2)
    assert order.tolist() == [0, 2]
    assert distances.tolist() == [0, 1]


def test_the_plane_is_that_of_a_singular_value_decomposition():
    many = np.random.default_rng(0).normal(size=(50, 6)) * [5, 1, 1, 3, 1, 1]
    found = fit_pca(many)
    _, spread, axes = np.linalg.svd(many - many.mean(0), full_matrices=False)
    np.testing.assert_allclose(np.abs(found.axes @ axes[:2].T), np.eye(2), atol=1e-6)
    np.testing.assert_allclose(found.shares, (spread**2 / (spread**2).sum())[:2])
    np.testing.assert_allclose(found.place(many), (many - many.mean(0)) @ found.axes.T)


def test_some_of_each_digit_are_chosen_by_its_share():
    labels = np.repeat([3, 5], [900, 100])
    chosen = stratified_sample(labels, 100)
    assert len(set(chosen.tolist())) == 100
    assert (labels[chosen] == 5).sum() == 10
    np.testing.assert_array_equal(chosen, stratified_sample(labels, 100))
    assert len(stratified_sample(labels, 5000)) == 1000

"""Sliders do what they say and nothing when neutral; attacks stay within their bounds and fool a network."""

import numpy as np
import pytest
import torch
from torch import nn

from mnist_core.analysis.attacks import ATTACKS, EPSILONS, ascent_direction, fgsm, pgd, smallest_epsilon
from mnist_core.analysis.perturbations import PERTURBATIONS, perturb, sweep
from mnist_core.data import load_digits
from mnist_core.inference import as_pixels, log_probabilities, logits, pixel_probabilities
from mnist_core.models import ARCHITECTURES, build, sequential
from mnist_core.runs import load_run


@pytest.fixture
def digit():
    """A smooth blob off the middle, so that every change shows."""
    rows, columns = np.mgrid[:28, :28]
    return (200 * np.exp(-((rows - 10) ** 2) / 30 - (columns - 15) ** 2 / 8)).astype(np.uint8)


@pytest.fixture(params=PERTURBATIONS.values(), ids=list(PERTURBATIONS))
def change(request):
    return request.param


def mass_centre(image):
    image = image.astype(float)
    return image.sum(1) @ np.arange(28) / image.sum(), image.sum(0) @ np.arange(28) / image.sum()


def test_neutral_sliders_change_nothing(digit):
    np.testing.assert_array_equal(perturb(digit, {}), digit)
    np.testing.assert_array_equal(perturb(digit, {name: one.neutral for name, one in PERTURBATIONS.items()}), digit)


def test_a_change_at_its_neutral_value_is_no_change(digit, change):
    np.testing.assert_allclose(change.apply(digit.astype(float), change.neutral), digit, atol=1e-9)


def test_a_change_grows_out_of_its_neutral_value(digit, change):
    little = change.apply(digit.astype(float), change.neutral + change.step / 1000)
    np.testing.assert_allclose(little, digit, atol=1)


def test_a_change_shows_and_stays_a_digit(digit, change):
    for value in {change.low, change.high} - {change.neutral}:
        other = perturb(digit, {change.name: value})
        assert (other.shape, other.dtype) == ((28, 28), np.uint8)
        assert (other != digit).any()


def test_a_change_explains_itself_and_can_be_neutral(change):
    assert change.about.endswith(".")
    assert change.low <= change.neutral <= change.high
    steps = (change.neutral - change.low) / change.step
    assert steps == pytest.approx(round(steps))


def test_a_quarter_turn_is_a_quarter_turn(digit):
    np.testing.assert_allclose(perturb(digit, {"rotate": 90}), np.rot90(digit, -1), atol=1)


def test_a_shift_moves_every_pixel(digit):
    np.testing.assert_array_equal(perturb(digit, {"shift_right": 3.0})[:, 3:], digit[:, :-3])
    np.testing.assert_array_equal(perturb(digit, {"shift_down": -2.0})[:-2], digit[2:])
    assert not perturb(digit, {"shift_right": 3.0})[:, :3].any()


def test_twice_the_size_covers_four_times_the_area():
    square = np.zeros((28, 28), np.uint8)
    square[11:17, 11:17] = 255
    assert perturb(square, {"scale": 1.5}).sum() == pytest.approx(2.25 * square.sum(), rel=0.1)


def test_thicker_ink_is_more_and_thinner_is_less(digit):
    ink = [perturb(digit, {"thickness": value}).sum() for value in (-1, -0.5, 0, 0.5, 1, 2)]
    assert ink == sorted(ink)
    assert len(set(ink)) == len(ink)


def test_inverted_ink_is_dark_on_white(digit):
    np.testing.assert_array_equal(perturb(digit, {"invert": 1.0}), 255 - digit)


def test_blur_keeps_the_ink_and_its_place(digit):
    other = perturb(digit, {"blur": 1.0})
    assert other.sum() == pytest.approx(digit.sum(), rel=0.02)
    np.testing.assert_allclose(mass_centre(other), mass_centre(digit), atol=0.1)


def test_noise_is_the_same_each_time(digit):
    np.testing.assert_array_equal(perturb(digit, {"noise": 0.4}), perturb(digit, {"noise": 0.4}))


def test_changes_are_made_in_their_fixed_order(digit):
    values = {"shift_right": 8.0, "rotate": 90.0}
    turned = perturb(digit, {"rotate": 90.0})
    np.testing.assert_array_equal(perturb(digit, values), perturb(turned, {"shift_right": 8.0}))


def test_along_a_slider_the_others_stay_as_they_are(digit, change):
    other = "blur" if change.name != "blur" else "invert"
    stops, images = sweep(digit, {other: 0.5}, change.name)
    assert 20 <= len(stops) == len(images) <= 43
    assert (stops.min(), stops.max()) == (change.low, change.high)
    neutral = images[stops.tolist().index(change.neutral)]
    np.testing.assert_array_equal(neutral, perturb(digit, {other: 0.5}))


def test_the_present_value_is_among_the_stops(digit):
    stops, images = sweep(digit, {"rotate": 20.0}, "rotate")
    np.testing.assert_array_equal(images[stops.tolist().index(20.0)], perturb(digit, {"rotate": 20.0}))


@pytest.fixture(params=ARCHITECTURES)
def network(request):
    return build(request.param, seed=1).eval()


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=list(ATTACKS))
def test_an_attack_stays_within_epsilon_and_between_black_and_white(network, digit, attack):
    options = {"steps": 3} if attack is pgd else {}
    found, epsilons = attack(network, digit, 3, EPSILONS[[0, 5, 15]], **options), EPSILONS[[0, 5, 15]]
    assert (found.shape, found.dtype) == ((3, 28, 28), np.float32)
    assert found.min() >= 0
    assert found.max() <= 1
    for pixels, epsilon in zip(found, epsilons, strict=True):
        assert np.abs(pixels - digit / 255).max() <= epsilon + 1e-6
    np.testing.assert_allclose(found[0], digit / 255, atol=1e-6)
    assert all(weights.grad is None for weights in network.parameters())


def linear():
    torch.manual_seed(0)
    return sequential(flatten=nn.Flatten(), output=nn.Linear(784, 10)).eval()


def test_uphill_is_the_direction_of_the_cross_entropys_slope(network, digit):
    pixels = as_pixels(digit).requires_grad_()
    loss = nn.functional.cross_entropy(logits(network, pixels), torch.tensor([3]))
    slope = torch.autograd.grad(loss, pixels)[0].flatten()
    assert torch.cosine_similarity(slope, ascent_direction(network, pixels, 3).flatten(), dim=0) > 0.9999


def test_uphill_does_not_vanish_where_the_network_is_certain(digit):
    network = linear()
    with torch.no_grad():
        network.output.bias[3] = 1000.0
    assert ascent_direction(network, as_pixels(digit), 3).abs().min() > 0


def test_fgsm_takes_one_step_along_the_sign_of_the_slope(digit):
    network = linear()
    found = fgsm(network, digit, 3, np.array([0.1]))[0]
    slope = ascent_direction(network, as_pixels(digit), 3)[0].numpy()
    np.testing.assert_allclose(found, (digit / 255 + 0.1 * np.sign(slope)).clip(0, 1), atol=1e-6)


def test_pgd_leads_further_uphill_than_fgsm(digit):
    network, epsilons = build("mnist-cnn-adam", seed=1).eval(), np.array([0.1])
    label = int(log_probabilities(network, digit[None]).argmax())
    one_step, many = (
        pixel_probabilities(network, attack(network, digit, label, epsilons))[0, label] for attack in (fgsm, pgd)
    )
    assert many <= one_step


def test_an_ordinary_network_reads_next_to_nothing_under_pgd_at_0_3():
    network, digits = load_run("mnist-cnn-adam").model(), load_digits("sample", "test").take(np.arange(10))
    right = pixel_probabilities(network, digits.images / 255).argmax(1) == digits.labels
    attacked = [pgd(network, *one, np.array([0.3]))[0] for one in zip(digits.images, digits.labels, strict=True)]
    still_right = pixel_probabilities(network, np.stack(attacked)).argmax(1) == digits.labels
    assert right.sum() >= 8
    assert still_right.sum() <= 1


def test_the_same_attack_is_the_same_twice(digit):
    network = linear()
    np.testing.assert_array_equal(pgd(network, digit, 3), pgd(network, digit, 3))


def test_reading_agrees_with_the_predictions(network, digit):
    np.testing.assert_allclose(
        pixel_probabilities(network, digit[None] / 255), np.exp(log_probabilities(network, digit[None])), atol=1e-5
    )


def test_the_first_epsilon_that_fools_is_found():
    sure, fooled = np.eye(10)[3], np.eye(10)[5]
    assert smallest_epsilon(np.stack([sure, sure, fooled, fooled]), 3, np.array([0, 0.1, 0.2, 0.3])) == 0.2
    assert smallest_epsilon(np.stack([sure, sure]), 3, np.array([0, 0.1])) is None

"""Perturbations do what they say, nothing at their neutral value, and always in the same order."""

import numpy as np
import pytest

from mnist_core.analysis.perturbations import PERTURBATIONS, perturb, sweep


@pytest.fixture(params=PERTURBATIONS.values(), ids=list(PERTURBATIONS))
def perturbation(request):
    return request.param


def centre_of_mass(image):
    image = image.astype(float)
    return image.sum(1) @ np.arange(28) / image.sum(), image.sum(0) @ np.arange(28) / image.sum()


def test_neutral_values_change_nothing(blob):
    np.testing.assert_array_equal(perturb(blob, {}), blob)
    neutral = {name: perturbation.neutral for name, perturbation in PERTURBATIONS.items()}
    np.testing.assert_array_equal(perturb(blob, neutral), blob)


def test_a_perturbation_is_the_identity_at_its_neutral_value(blob, perturbation):
    np.testing.assert_allclose(perturbation.apply(blob.astype(float), perturbation.neutral), blob, atol=1e-9)


def test_a_perturbation_is_continuous_at_its_neutral_value(blob, perturbation):
    slightly = perturbation.apply(blob.astype(float), perturbation.neutral + perturbation.step / 1000)
    np.testing.assert_allclose(slightly, blob, atol=1)


def test_a_perturbed_digit_is_a_different_digit(blob, perturbation):
    for value in {perturbation.minimum, perturbation.maximum} - {perturbation.neutral}:
        perturbed = perturb(blob, {perturbation.name: value})
        assert (perturbed.shape, perturbed.dtype) == ((28, 28), np.uint8)
        assert (perturbed != blob).any()


def test_a_perturbation_is_described_and_its_slider_can_be_neutral(perturbation):
    assert perturbation.description.endswith(".")
    assert perturbation.minimum <= perturbation.neutral <= perturbation.maximum
    steps = (perturbation.neutral - perturbation.minimum) / perturbation.step
    assert steps == pytest.approx(round(steps))


def test_rotation_by_90_degrees_is_rot90(blob):
    np.testing.assert_allclose(perturb(blob, {"rotate": 90}), np.rot90(blob, -1), atol=1)


def test_a_shift_moves_every_pixel(blob):
    np.testing.assert_array_equal(perturb(blob, {"shift_right": 3.0})[:, 3:], blob[:, :-3])
    np.testing.assert_array_equal(perturb(blob, {"shift_down": -2.0})[:-2], blob[2:])
    assert not perturb(blob, {"shift_right": 3.0})[:, :3].any()


def test_area_grows_with_the_square_of_the_scale():
    square = np.zeros((28, 28), np.uint8)
    square[11:17, 11:17] = 255
    assert perturb(square, {"scale": 1.5}).sum() == pytest.approx(2.25 * square.sum(), rel=0.1)


def test_ink_increases_with_thickness(blob):
    ink = [perturb(blob, {"thickness": value}).sum() for value in (-1, -0.5, 0, 0.5, 1, 2)]
    assert ink == sorted(ink)
    assert len(set(ink)) == len(ink)


def test_inversion_swaps_black_and_white(blob):
    np.testing.assert_array_equal(perturb(blob, {"invert": 1.0}), 255 - blob)


def test_blur_preserves_the_ink_and_its_centre_of_mass(blob):
    blurred = perturb(blob, {"blur": 1.0})
    assert blurred.sum() == pytest.approx(blob.sum(), rel=0.02)
    np.testing.assert_allclose(centre_of_mass(blurred), centre_of_mass(blob), atol=0.1)


def test_noise_is_the_same_each_time(blob):
    np.testing.assert_array_equal(perturb(blob, {"noise": 0.4}), perturb(blob, {"noise": 0.4}))


def test_perturbations_are_applied_in_their_fixed_order(blob):
    values = {"shift_right": 8.0, "rotate": 90.0}
    rotated = perturb(blob, {"rotate": 90.0})
    np.testing.assert_array_equal(perturb(blob, values), perturb(rotated, {"shift_right": 8.0}))


def test_a_sweep_covers_one_range_and_leaves_the_other_values_alone(blob, perturbation):
    other = "blur" if perturbation.name != "blur" else "invert"
    points, images = sweep(blob, {other: 0.5}, perturbation.name)
    assert 20 <= len(points) == len(images) <= 43
    assert (points.min(), points.max()) == (perturbation.minimum, perturbation.maximum)
    neutral = images[points.tolist().index(perturbation.neutral)]
    np.testing.assert_array_equal(neutral, perturb(blob, {other: 0.5}))


def test_a_sweep_contains_the_current_value(blob):
    points, images = sweep(blob, {"rotate": 20.0}, "rotate")
    np.testing.assert_array_equal(images[points.tolist().index(20.0)], perturb(blob, {"rotate": 20.0}))

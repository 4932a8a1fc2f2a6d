"""Affine maps, fields and resampling, compared with their definitions."""

import math

import numpy as np
import pytest
import torch

from mnist_core.warping import (
    MAX_ROTATION,
    MAX_SCALING,
    MAX_SHEAR,
    MAX_SHIFT,
    bernoulli,
    bounding_box,
    gaussian_blur,
    random_affine_matrix,
    resample,
    sampling_grid,
    uniform,
)


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def test_random_affine_matrices_cover_their_limits_and_stay_within():
    matrices = random_affine_matrix(torch.zeros(500, 28, 28), 1.0).numpy()
    (a, b, dx), (c, d, dy), _ = matrices.transpose(1, 2, 0)
    angle = np.arctan2(-c, a)
    scale_x, scale_y = np.cos(angle) / a, np.cos(angle) / d
    parameters = {"angle": angle, "scale_x": scale_x - 1, "scale_y": scale_y - 1, "shear": b - np.sin(angle) / scale_y}
    parameters |= {"dx": dx * 14, "dy": dy * 14}
    limits = {
        "angle": MAX_ROTATION,
        "scale_x": MAX_SCALING,
        "scale_y": MAX_SCALING,
        "shear": MAX_SHEAR,
        "dx": MAX_SHIFT,
        "dy": MAX_SHIFT,
    }
    for name, limit in limits.items():
        assert 0.9 * limit < np.abs(parameters[name]).max() <= limit * 1.001, name
        assert abs(parameters[name].mean()) < 0.1 * limit, name


def test_the_identity_matrix_leaves_images_as_they_are():
    images = torch.rand(3, 28, 28)
    grid = sampling_grid(torch.eye(3).expand(3, 3, 3), images)
    torch.testing.assert_close(resample(images, grid), images)


def test_a_matrix_that_scales_by_two_halves_the_image():
    images = torch.zeros(1, 28, 28)
    images[:, 4:24, 8:20] = 255
    half = resample(images, sampling_grid(torch.diag(torch.tensor([2.0, 2.0, 1.0]))[None], images))
    assert [edge.item() for edge in bounding_box(half)] == [9, 18, 11, 16]


def test_a_bounding_box_is_the_first_and_last_row_and_column_with_ink():
    images = torch.zeros(2, 28, 28)
    images[0, 3, 5] = images[0, 20, 9] = 255
    assert [edge.tolist() for edge in bounding_box(images)] == [[3, 0], [20, 27], [5, 0], [9, 27]]  # no ink: all of it


def test_random_numbers_have_their_probability_and_their_range():
    images = torch.zeros(2000, 1, 1)
    assert bernoulli(images, 0.3).float().mean() == pytest.approx(0.3, abs=0.04)
    numbers = uniform(images, -1, 3)
    assert (numbers.min(), numbers.max()) == (pytest.approx(-1, abs=0.05), pytest.approx(3, abs=0.05))


def test_gaussian_blur_follows_its_formula():
    sigma, spot = 2.0, torch.zeros(1, 1, 21, 21)
    spot[0, 0, 10, 10] = 1
    kernel = np.array(
        [math.exp(-((x - 10) ** 2) / (2 * sigma**2)) if abs(x - 10) <= 2 * sigma else 0 for x in range(21)]
    )
    kernel /= kernel.sum()
    np.testing.assert_allclose(gaussian_blur(spot, sigma)[0, 0], np.outer(kernel, kernel), atol=1e-6)


def test_gaussian_blur_treats_every_map_alone():
    maps = torch.rand(2, 3, 28, 28)
    torch.testing.assert_close(gaussian_blur(maps, 4.0)[1:, 2:], gaussian_blur(maps[1:, 2:], 4.0))

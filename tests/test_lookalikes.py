"""The nearest pictures are those that scikit-learn finds."""

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from mnist_core.analysis.neighbors import BLOCK_SIZE, nearest_images


@pytest.mark.parametrize("count", [5, BLOCK_SIZE - 1, BLOCK_SIZE, BLOCK_SIZE + 1, 2 * BLOCK_SIZE + 7])
def test_look_alikes_are_the_nearest_neighbours(count):
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (count, 28, 28), dtype=np.uint8)
    picture = random.integers(0, 256, (28, 28), dtype=np.uint8)
    places, distances = nearest_images(picture, images, 5)
    flat = images.reshape(count, -1) / 255
    expected = NearestNeighbors(n_neighbors=5).fit(flat).kneighbors(picture.reshape(1, -1) / 255)
    np.testing.assert_allclose(distances, expected[0][0], rtol=1e-5)
    assert places.tolist() == expected[1][0].tolist()


def test_a_picture_looks_most_like_itself(toy_digits):
    places, distances = nearest_images(toy_digits.images[7], toy_digits.images, 3)
    assert (places[0], distances[0]) == (7, 0)
    assert distances.tolist() == sorted(distances)


def test_black_and_white_are_28_apart():
    white = np.full((1, 28, 28), 255, np.uint8)
    assert nearest_images(np.zeros((28, 28), np.uint8), white, 1)[1] == pytest.approx([28])


def test_no_more_are_found_than_there_are(toy_digits):
    assert len(nearest_images(toy_digits.images[0], toy_digits.images[:2], 8)[0]) == 2

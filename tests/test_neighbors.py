"""Nearest neighbours are those that scikit-learn finds."""

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from mnist_core.analysis.neighbors import BLOCK_SIZE, nearest_embeddings, nearest_images


@pytest.mark.parametrize("count", [5, BLOCK_SIZE - 1, BLOCK_SIZE, BLOCK_SIZE + 1, 2 * BLOCK_SIZE + 7])
def test_nearest_images_agree_with_scikit_learn(count):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (count, 28, 28), dtype=np.uint8)
    query = rng.integers(0, 256, (28, 28), dtype=np.uint8)
    indices, distances = nearest_images(query, images, 5)
    x = images.reshape(count, -1) / 255
    expected_distances, expected_indices = NearestNeighbors(n_neighbors=5).fit(x).kneighbors(query.reshape(1, -1) / 255)
    np.testing.assert_allclose(distances, expected_distances[0], rtol=1e-5)
    assert indices.tolist() == expected_indices[0].tolist()


def test_an_image_is_nearest_to_itself(toy_digits):
    indices, distances = nearest_images(toy_digits.images[7], toy_digits.images, 3)
    assert (indices[0], distances[0]) == (7, 0)
    assert distances.tolist() == sorted(distances)


def test_the_distance_from_black_to_white_is_28():
    white = np.full((1, 28, 28), 255, np.uint8)
    assert nearest_images(np.zeros((28, 28), np.uint8), white, 1)[1] == pytest.approx([28])


def test_there_are_no_more_neighbours_than_images(toy_digits):
    assert len(nearest_images(toy_digits.images[0], toy_digits.images[:2], 8)[0]) == 2


def test_nearest_embeddings_come_in_order_of_distance():
    embeddings = np.array([[0, 0], [3, 4], [0, 1]], np.float32)
    indices, distances = nearest_embeddings(embeddings[0], embeddings, 2)
    assert indices.tolist() == [0, 2]
    assert distances.tolist() == [0, 1]

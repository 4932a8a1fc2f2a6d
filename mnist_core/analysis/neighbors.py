"""Nearest neighbours of a digit, by its pixels or by its embedding, in little memory."""

import numpy as np

BLOCK_SIZE = 500  # images at a time: as floats they stay in the processor's cache


def nearest_images(query: np.ndarray, images: np.ndarray, n_neighbors: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the indices and distances of the images nearest to the query, the nearest first.

    `query` is uint8 (28, 28), `images` uint8 (N, 28, 28). The distance is Euclidean over the 784 pixels scaled to
    0..1, so at most 28. With fewer images than `n_neighbors` all are returned.
    """
    rows, target = images.reshape(len(images), -1), query.reshape(-1).astype(np.float32)
    squared_distances = np.empty(len(rows), np.float32)
    for start in range(0, len(rows), BLOCK_SIZE):
        difference = rows[start : start + BLOCK_SIZE] - target
        squared_distances[start : start + BLOCK_SIZE] = np.einsum("ij,ij->i", difference, difference)
    nearest = np.argsort(squared_distances, kind="stable")[:n_neighbors]
    return nearest, np.sqrt(squared_distances[nearest]) / 255


def nearest_embeddings(query: np.ndarray, embeddings: np.ndarray, n_neighbors: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the indices and Euclidean distances of the (N, D) embeddings nearest to the (D,) query, as above."""
    distances = np.linalg.norm(embeddings - query, axis=1)
    nearest = np.argsort(distances, kind="stable")[:n_neighbors]
    return nearest, distances[nearest]

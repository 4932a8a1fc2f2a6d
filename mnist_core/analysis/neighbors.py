"""The pictures that look most like one, pixel by pixel: of 60,000 in a few hundredths of a second, in little memory."""

from typing import TYPE_CHECKING

import numpy as np

from mnist_core._lazy import LazyModule

if TYPE_CHECKING:
    import torch
    from torch import nn
else:
    torch, nn = LazyModule("torch"), LazyModule("torch.nn")


def nearest_embeddings(one: np.ndarray, many: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Which of the (N, D) embeddings lie closest to the one (D,), the closest first, and how far away they are."""
    distances = np.linalg.norm(many - one, axis=1)
    order = np.argsort(distances, kind="stable")[:count]
    return order, distances[order]


BLOCK_SIZE = 500  # pictures at a time: as floats they stay in the processor's cache


def nearest_images(picture: np.ndarray, images: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """(positions, distances) of the `count` of uint8 (N, 28, 28) images nearest to a uint8 (28, 28) picture.

    The nearest comes first. A distance is Euclid's over the 784 pixels of 0..1, so it is 28 at most.
    """
    rows, wanted = images.reshape(len(images), -1), picture.reshape(-1).astype(np.float32)
    squares = np.empty(len(rows), np.float32)
    for start in range(0, len(rows), BLOCK_SIZE):
        difference = rows[start : start + BLOCK_SIZE] - wanted
        squares[start : start + BLOCK_SIZE] = np.einsum("ij,ij->i", difference, difference)
    nearest = np.argsort(squares, kind="stable")[:count]
    return nearest, np.sqrt(squares[nearest]) / 255

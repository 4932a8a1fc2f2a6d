"""Digits as the last hidden layer represents them, and their first two principal components."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mnist_core._lazy import LazyModule
from mnist_core.data import normalise
from mnist_core.inference import BATCH_SIZE

if TYPE_CHECKING:
    import torch
    from torch import nn
else:
    torch, nn = LazyModule("torch"), LazyModule("torch.nn")


# What it resembles: digits as the last hidden layer sees them.


def embeddings(network: "nn.Sequential", images: np.ndarray) -> np.ndarray:
    """uint8 (N, 28, 28) to the float32 (N, D) that goes into the last dense layer."""
    return np.concatenate(list(iter_embeddings(network, images)))


def iter_embeddings(network: "nn.Sequential", images: np.ndarray) -> Iterator[np.ndarray]:
    """The same, batch by batch."""
    body = feature_extractor(network.eval())
    for start in range(0, len(images), BATCH_SIZE):
        with torch.inference_mode():
            x = normalise(torch.tensor(images[start : start + BATCH_SIZE]))
            yield body(x.to(memory_format=torch.channels_last)).flatten(1).numpy()


def feature_extractor(network: "nn.Sequential") -> "nn.Sequential":
    """The layers before the last dense one; without a dense layer, all but the last."""
    dense = [place for place, layer in enumerate(network) if isinstance(layer, nn.Linear)]
    return network[: dense[-1] if dense else -1]


def stratified_sample(labels: np.ndarray, count: int, seed: int = 0) -> np.ndarray:
    """The places of `count` digits chosen by chance, each digit with the share it has among the labels; in order."""
    count = min(count, len(labels))
    shuffled = np.random.default_rng(seed).permutation(len(labels))
    sorted_by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]
    return np.sort(sorted_by_class[np.arange(count) * len(labels) // count])


@dataclass(frozen=True)
class PCAProjection:
    """The flat sheet through many dimensions on which the embeddings spread most (Pearson, 1901)."""

    middle: np.ndarray  # (D,)
    axes: np.ndarray  # (2, D)
    shares: np.ndarray  # (2,): of the spread that each axis shows, 0..1

    def place(self, embeddings: np.ndarray) -> np.ndarray:
        """(N, D) to (N, 2)."""
        placed: np.ndarray = (embeddings - self.middle) @ self.axes.T
        return placed


def fit_pca(embeddings: np.ndarray) -> PCAProjection:
    """The two principal components of (N, D) embeddings."""
    from sklearn.decomposition import PCA  # takes a second to import

    found = PCA(2, random_state=0).fit(embeddings)
    return PCAProjection(found.mean_, found.components_, found.explained_variance_ratio_)

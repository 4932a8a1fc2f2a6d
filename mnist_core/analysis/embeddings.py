"""Embeddings of digits in the last hidden layer, and their first two principal components."""

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


def embeddings(network: "nn.Sequential", images: np.ndarray) -> np.ndarray:
    """Return the float32 (N, D) inputs of the last dense layer for uint8 (N, 28, 28) images."""
    return np.concatenate(list(embedding_batches(network, images)))


def embedding_batches(network: "nn.Sequential", images: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the embeddings of `BATCH_SIZE` images at a time. The network is left in evaluation mode."""
    extract = feature_extractor(network.eval())
    for start in range(0, len(images), BATCH_SIZE):
        with torch.inference_mode():
            x = normalise(torch.tensor(images[start : start + BATCH_SIZE]))
            yield extract(x.to(memory_format=torch.channels_last)).flatten(1).numpy()


def feature_extractor(network: "nn.Sequential") -> "nn.Sequential":
    """Return the layers before the last dense one; without a dense layer, all but the last."""
    dense = [index for index, layer in enumerate(network) if isinstance(layer, nn.Linear)]
    return network[: dense[-1] if dense else -1]


def stratified_sample(labels: np.ndarray, count: int, seed: int = 0) -> np.ndarray:
    """Return the sorted indices of `count` random digits, each class in proportion to its frequency in `labels`.

    With fewer labels than `count` all are returned.
    """
    count = min(count, len(labels))
    shuffled = np.random.default_rng(seed).permutation(len(labels))
    sorted_by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]
    return np.sort(sorted_by_class[np.arange(count) * len(labels) // count])


@dataclass(frozen=True)
class PCAProjection:
    """The first two principal components of embeddings (Pearson, 1901)."""

    mean: np.ndarray  # (D,)
    components: np.ndarray  # (2, D), orthonormal
    explained_variance_ratio: np.ndarray  # (2,), 0..1

    def transform(self, embeddings: np.ndarray) -> np.ndarray:
        """Project (N, D) embeddings to (N, 2)."""
        projected: np.ndarray = (embeddings - self.mean) @ self.components.T
        return projected


def fit_pca(embeddings: np.ndarray) -> PCAProjection:
    """Fit the first two principal components to (N, D) embeddings, N and D at least 3."""
    mean = embeddings.mean(0)
    centred = (embeddings - mean).astype(np.float64)
    start = np.ones(min(centred.shape))  # the same one every time, for the same signs
    from scipy.sparse.linalg import svds  # takes a moment to import

    _, singular_values, components = svds(centred, k=2, v0=start)  # the smaller one first
    variance_ratio = singular_values[::-1] ** 2 / max(float((centred**2).sum()), 1e-12)
    return PCAProjection(mean, components[::-1], variance_ratio)

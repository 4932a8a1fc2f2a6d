"""How good a network is: one pass of predictions, and the figures made of it. Only that pass needs torch."""

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mnist_core._lazy import LazyModule
from mnist_core.data import normalise

if TYPE_CHECKING:
    import torch
    from torch import nn
else:
    torch = LazyModule("torch")

BATCH = 200  # larger ones are slower on a CPU: their maps no longer fit its cache


@dataclass(frozen=True)
class Score:
    """Loss and accuracy over some digits."""

    loss: float  # cross-entropy in nats: 2.30 is guessing, 0 is certain and right
    accuracy: float  # 0..1


def log_probabilities(model: "nn.Module", images: np.ndarray) -> np.ndarray:
    """uint8 (N, 28, 28) to float32 (N, 10): the natural logarithm of what the network believes of each digit.

    The network is left in evaluation mode. Computed in float32 whatever it was trained in.
    """
    model.eval()
    device = next(model.parameters()).device
    parts = [np.empty((0, 10), np.float32)]
    with torch.inference_mode():
        for start in range(0, len(images), BATCH):
            batch = torch.tensor(images[start : start + BATCH], device=device)
            x = normalise(batch).to(memory_format=torch.channels_last)
            parts.append(model(x).float().log_softmax(1).cpu().numpy())
    return np.concatenate(parts)


def score(log_probabilities: np.ndarray, labels: np.ndarray) -> Score:
    """Mean loss and accuracy of (N, 10) log-probabilities against (N,) labels; N is at least 1."""
    right = log_probabilities[np.arange(len(labels)), labels]
    return Score(
        loss=float(-right.mean(dtype=np.float64)),
        accuracy=float((log_probabilities.argmax(1) == labels).mean()),
    )


def interval(accuracy: float, count: int) -> tuple[float, float]:
    """The 95 % interval of an accuracy measured on `count` digits (Wilson, 1927).

    Another test set of this size would likely give an accuracy in it: two results inside it do not differ.
    """
    z = 1.959964  # two-sided 95 % of the normal distribution
    middle = (accuracy + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z / (1 + z**2 / count) * math.sqrt(accuracy * (1 - accuracy) / count + z**2 / (4 * count**2))
    return middle - half, middle + half


def per_class(predicted: np.ndarray, labels: np.ndarray) -> dict[str, np.ndarray]:
    """precision, recall, f1 (10,) and support (10,) of the ten digits; 0 where a digit never occurs."""
    from sklearn.metrics import precision_recall_fscore_support  # takes a second to import

    precision, recall, f1, support = precision_recall_fscore_support(
        labels, predicted, labels=list(range(10)), zero_division=0
    )
    return {"precision": precision, "recall": recall, "f1": f1, "support": support}


def worst(log_probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Positions of the misclassified digits, the largest loss first."""
    wrong = np.flatnonzero(log_probabilities.argmax(1) != labels)
    return wrong[np.argsort(log_probabilities[wrong, labels[wrong]], kind="stable")]

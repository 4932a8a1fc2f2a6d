"""One pass of predictions: images to logits and probabilities."""

from typing import TYPE_CHECKING

import numpy as np

from mnist_core._lazy import LazyModule
from mnist_core.data import normalise

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn
else:
    torch = LazyModule("torch")


def pixel_probabilities(network: "nn.Module", pixels: np.ndarray) -> np.ndarray:
    """(N, 28, 28) of 0..1 to the probabilities (N, 10)."""
    with torch.inference_mode():
        return logits(network, torch.tensor(pixels, dtype=torch.float32)).softmax(1).numpy()


# What it looked at: maps (28, 28) of what each pixel did for the score of one answer, before the softmax.


def as_pixels(digit: np.ndarray) -> "Tensor":
    """A digit (28, 28) of 0..255 as the float (1, 28, 28) of 0..1 in which attributions and attacks count."""
    return torch.tensor(digit)[None].float() / 255


def logits(network: "nn.Module", pixels: "Tensor") -> "Tensor":
    """(N, 28, 28) of 0..1 to the ten scores (N, 10): what the network gives before the softmax."""
    logits: Tensor = network(normalise(255 * pixels))
    return logits


BATCH_SIZE = 200  # larger ones are slower on a CPU: their maps no longer fit its cache


def log_probabilities(model: "nn.Module", images: np.ndarray) -> np.ndarray:
    """uint8 (N, 28, 28) to float32 (N, 10): the natural logarithm of what the network believes of each digit.

    The network is left in evaluation mode. Computed in float32 whatever it was trained in.
    """
    model.eval()
    device = next(model.parameters()).device
    parts = [np.empty((0, 10), np.float32)]
    with torch.inference_mode():
        for start in range(0, len(images), BATCH_SIZE):
            batch = torch.tensor(images[start : start + BATCH_SIZE], device=device)
            x = normalise(batch).to(memory_format=torch.channels_last)
            parts.append(model(x).float().log_softmax(1).cpu().numpy())
    return np.concatenate(parts)

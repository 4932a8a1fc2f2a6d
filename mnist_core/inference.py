"""Predictions without gradients: images to logits and probabilities."""

from typing import TYPE_CHECKING

import numpy as np

from mnist_core._lazy import LazyModule
from mnist_core.data import normalise

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn
else:
    torch = LazyModule("torch")

BATCH_SIZE = 200  # larger batches are slower on a CPU: their feature maps no longer fit its cache


def log_probabilities(model: "nn.Module", images: np.ndarray) -> np.ndarray:
    """Return the natural logarithm of the class probabilities, float32 (N, 10), of uint8 images (N, 28, 28).

    Leaves the model in evaluation mode. Computes in float32 whatever the model was trained in.
    """
    model.eval()
    device = next(model.parameters()).device
    batches = [np.empty((0, 10), np.float32)]
    with torch.inference_mode():
        for start in range(0, len(images), BATCH_SIZE):
            batch = torch.tensor(images[start : start + BATCH_SIZE], device=device)
            x = normalise(batch).to(memory_format=torch.channels_last)
            batches.append(model(x).float().log_softmax(1).cpu().numpy())
    return np.concatenate(batches)


def as_pixels(image: np.ndarray) -> "Tensor":
    """Return a uint8 image (28, 28) as the float32 tensor (1, 28, 28) of 0..1 that attributions and attacks use."""
    return torch.tensor(image)[None].float() / 255


def logits(network: "nn.Module", pixels: "Tensor") -> "Tensor":
    """Return the network's outputs before the softmax, (N, 10), for pixels (N, 28, 28) of 0..1. Keeps gradients."""
    outputs: Tensor = network(normalise(255 * pixels))
    return outputs


def pixel_probabilities(network: "nn.Module", pixels: np.ndarray) -> np.ndarray:
    """Return the class probabilities (N, 10) for pixels (N, 28, 28) of 0..1."""
    with torch.inference_mode():
        return logits(network, torch.tensor(pixels, dtype=torch.float32)).softmax(1).numpy()

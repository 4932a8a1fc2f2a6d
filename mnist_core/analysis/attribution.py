"""Attribution methods: how much each pixel of a digit contributes to the logit of one class."""

from typing import TYPE_CHECKING

import numpy as np

from mnist_core._lazy import LazyModule
from mnist_core.inference import BATCH_SIZE, as_pixels, logits

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn
else:
    torch = LazyModule("torch")

INTEGRATION_STEPS = 100  # points between black and the digit at which integrated gradients are evaluated
PATCH_SIZE, PATCH_STRIDE = 4, 2  # pixels: side of the black square of occlusion, and how far it moves at a time


def logit_gradients(network: "nn.Module", pixels: "Tensor", label: int) -> "Tensor":
    """Return the (N, 28, 28) gradients of the logit of `label` with respect to the (N, 28, 28) pixels of 0..1."""
    with torch.enable_grad():
        pixels = pixels.detach().requires_grad_()
        gradients: Tensor = torch.autograd.grad(logits(network, pixels)[:, label].sum(), pixels)[0]
    return gradients


def gradient(network: "nn.Module", digit: np.ndarray, label: int) -> np.ndarray:
    """Return the gradient of the logit with respect to the pixels (Simonyan, Vedaldi & Zisserman, 2013).

    As for every method here, `digit` is uint8 (28, 28) and the result float32 (28, 28).
    """
    return logit_gradients(network, as_pixels(digit), label)[0].numpy()


def integrated_gradients(
    network: "nn.Module", digit: np.ndarray, label: int, steps: int = INTEGRATION_STEPS
) -> np.ndarray:
    """Return the mean gradient on the straight line from black to the digit, times the pixels.

    Its sum is the logit of the digit minus that of a black image, up to the error of a midpoint sum over `steps`
    points (Sundararajan, Taly & Yan, 2017).
    """
    pixels = as_pixels(digit)
    alphas = (torch.arange(steps) + 0.5).view(-1, 1, 1) / steps
    return (pixels * logit_gradients(network, alphas * pixels, label).mean(0))[0].numpy()


def occlusion(
    network: "nn.Module", digit: np.ndarray, label: int, side: int = PATCH_SIZE, stride: int = PATCH_STRIDE
) -> np.ndarray:
    """Return how far the logit falls when a black square hides the pixel (Zeiler & Fergus, 2014).

    The square has `side` pixels and moves by `stride`; a pixel's value is the mean over all squares that cover it.
    """
    pixels = as_pixels(digit)
    offsets = [*range(0, 28 - side, stride), 28 - side]
    masks = torch.zeros(len(offsets) ** 2, 28, 28)
    for index, mask in enumerate(masks):
        top, left = offsets[index // len(offsets)], offsets[index % len(offsets)]
        mask[top : top + side, left : left + side] = 1
    with torch.inference_mode():
        original = logits(network, pixels)[0, label]
        occluded = torch.cat(
            [logits(network, batch)[:, label] for batch in torch.split(pixels * (1 - masks), BATCH_SIZE)]
        )
        return (((original - occluded).view(-1, 1, 1) * masks).sum(0) / masks.sum(0)).numpy()


ATTRIBUTIONS = {"gradient": gradient, "integrated gradients": integrated_gradients, "occlusion": occlusion}

"""What a network does with one digit: every layer's output, one value by hand, what it looked at, what it resembles."""

from typing import TYPE_CHECKING

import numpy as np

from mnist_core._lazy import LazyModule
from mnist_core.inference import BATCH_SIZE, as_pixels, logits

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn
else:
    torch, nn = LazyModule("torch"), LazyModule("torch.nn")

INTEGRATION_STEPS = 100  # points between black and the digit at which integrated gradients look
PATCH_SIZE, PATCH_STRIDE = 4, 2  # pixels: of the black square of occlusion, and how far it moves at a time


def score_gradients(network: "nn.Module", pixels: "Tensor", label: int) -> "Tensor":
    """(N, 28, 28): how much the score of `label` would rise for each pixel (0..1) made brighter."""
    with torch.enable_grad():
        pixels = pixels.detach().requires_grad_()
        slopes: Tensor = torch.autograd.grad(logits(network, pixels)[:, label].sum(), pixels)[0]
    return slopes


def gradient(network: "nn.Module", digit: np.ndarray, label: int) -> np.ndarray:
    """The slope of the score with each pixel (Simonyan, Vedaldi & Zisserman, 2013)."""
    return score_gradients(network, as_pixels(digit), label)[0].numpy()


def integrated_gradients(
    network: "nn.Module", digit: np.ndarray, label: int, points: int = INTEGRATION_STEPS
) -> np.ndarray:
    """The slope averaged on the way from black to the digit, times the ink (Sundararajan, Taly & Yan, 2017).

    Its sum is the score of the digit less that of a black picture, but for the error of a sum over `points` middles.
    """
    pixels = as_pixels(digit)
    along = (torch.arange(points) + 0.5).view(-1, 1, 1) / points
    return (pixels * score_gradients(network, along * pixels, label).mean(0))[0].numpy()


def occlusion(
    network: "nn.Module", digit: np.ndarray, label: int, side: int = PATCH_SIZE, stride: int = PATCH_STRIDE
) -> np.ndarray:
    """How far the score falls with a black square over the pixel (Zeiler & Fergus, 2014).

    A pixel's value is the mean over all the squares that cover it, in steps of `stride` pixels.
    """
    pixels = as_pixels(digit)
    places = [*range(0, 28 - side, stride), 28 - side]
    squares = torch.zeros(len(places) ** 2, 28, 28)
    for number, square in enumerate(squares):
        top, left = places[number // len(places)], places[number % len(places)]
        square[top : top + side, left : left + side] = 1
    with torch.inference_mode():
        whole = logits(network, pixels)[0, label]
        covered = torch.cat(
            [logits(network, part)[:, label] for part in torch.split(pixels * (1 - squares), BATCH_SIZE)]
        )
        return (((whole - covered).view(-1, 1, 1) * squares).sum(0) / squares.sum(0)).numpy()


ATTRIBUTIONS = {"gradient": gradient, "integrated gradients": integrated_gradients, "occlusion": occlusion}

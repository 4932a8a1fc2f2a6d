"""Adversarial attacks on one digit: FGSM and PGD, bounded by epsilon in the maximum norm."""

from typing import TYPE_CHECKING

import numpy as np

from mnist_core._lazy import LazyModule
from mnist_core.inference import as_pixels, logits

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn
else:
    torch = LazyModule("torch")

EPSILONS = np.arange(21) / 50  # 0 to 0.4: how far each pixel of 0..1 may move
PGD_STEPS = 40  # as Madry et al. used in training


def fgsm(network: "nn.Module", digit: np.ndarray, label: int, epsilons: np.ndarray = EPSILONS) -> np.ndarray:
    """Fast gradient sign method: one step of size epsilon that increases the loss (Goodfellow, Shlens & Szegedy, 2014).

    Turn a uint8 (28, 28) digit into float32 (N, 28, 28) images of 0..1, one for each of the N epsilons.
    """
    pixels, bounds = as_pixels(digit), per_image(epsilons)
    return (pixels + bounds * ascent_direction(network, pixels, label).sign()).clamp(0, 1).numpy()


def pgd(
    network: "nn.Module", digit: np.ndarray, label: int, epsilons: np.ndarray = EPSILONS, steps: int = PGD_STEPS
) -> np.ndarray:
    """Projected gradient descent: small steps, each clipped to within epsilon of the digit (Madry et al., 2018).

    Starts at a random point within epsilon, the same in every call, with steps of 2.5 * epsilon / steps. Shapes as in
    `fgsm`.
    """
    pixels, bounds = as_pixels(digit), per_image(epsilons)
    generator = torch.Generator().manual_seed(0)
    x = (pixels + bounds * (2 * torch.rand(28, 28, generator=generator) - 1)).clamp(0, 1)
    for _ in range(steps):
        x = x + 2.5 * bounds / steps * ascent_direction(network, x, label).sign()
        x = x.clamp(pixels - bounds, pixels + bounds).clamp(0, 1)
    return x.numpy()


def ascent_direction(network: "nn.Module", pixels: "Tensor", label: int) -> "Tensor":
    """Return the (N, 28, 28) gradient of the cross-entropy on `label`, up to a positive factor for each image.

    The factor, one minus the probability of `label`, is left out because it vanishes where the network is certain.
    """
    with torch.enable_grad():
        pixels = pixels.detach().requires_grad_()
        z = logits(network, pixels)
        others = z.masked_fill(torch.arange(10) == label, -torch.inf).logsumexp(1)
        gradients: Tensor = torch.autograd.grad((others - z[:, label]).sum(), pixels)[0]
    return gradients


def per_image(epsilons: np.ndarray) -> "Tensor":
    """Return (N,) epsilons as a float32 (N, 1, 1) tensor."""
    return torch.tensor(np.asarray(epsilons), dtype=torch.float32).view(-1, 1, 1)


ATTACKS = {"fgsm": fgsm, "pgd": pgd}


def smallest_epsilon(probabilities: np.ndarray, label: int, epsilons: np.ndarray = EPSILONS) -> float | None:
    """Return the smallest epsilon at which the prediction is not `label`; None if it is `label` throughout.

    `probabilities` is (N, 10), one row for each epsilon.
    """
    misclassified = np.flatnonzero(probabilities.argmax(1) != label)
    return float(epsilons[misclassified[0]]) if len(misclassified) else None

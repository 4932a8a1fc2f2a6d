"""Adversarial attacks: FGSM and PGD."""

from typing import TYPE_CHECKING

import numpy as np

from mnist_core._lazy import LazyModule
from mnist_core.inference import as_pixels, logits

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn
else:
    torch = LazyModule("torch")

EPSILONS = np.arange(21) / 50  # 0 to 0.4 of the way from black to white, which each pixel may move
PGD_STEPS = 40  # as Madry et al. trained against


# Made against the network: no pixel (0..1) moves further than epsilon, and away from the label the loss climbs.


def fgsm(network: "nn.Module", digit: np.ndarray, label: int, epsilons: np.ndarray = EPSILONS) -> np.ndarray:
    """One full step up the loss, each pixel by epsilon (Goodfellow, Shlens & Szegedy, 2014).

    A uint8 (28, 28) digit to float32 (N, 28, 28) of 0..1, one for each epsilon.
    """
    pixels, limits = as_pixels(digit), per_image(epsilons)
    return (pixels + limits * ascent_direction(network, pixels, label).sign()).clamp(0, 1).numpy()


def pgd(
    network: "nn.Module", digit: np.ndarray, label: int, epsilons: np.ndarray = EPSILONS, steps: int = PGD_STEPS
) -> np.ndarray:
    """Many small steps, brought back within epsilon after each (Madry et al., 2018); shapes as in `fgsm`.

    Starts at a random place within epsilon, always the same one; a step is 2.5 epsilon over their number.
    """
    pixels, limits = as_pixels(digit), per_image(epsilons)
    dice = torch.Generator().manual_seed(0)
    x = (pixels + limits * (2 * torch.rand(28, 28, generator=dice) - 1)).clamp(0, 1)
    for _ in range(steps):
        x = x + 2.5 * limits / steps * ascent_direction(network, x, label).sign()
        x = x.clamp(pixels - limits, pixels + limits).clamp(0, 1)
    return x.numpy()


def ascent_direction(network: "nn.Module", pixels: "Tensor", label: int) -> "Tensor":
    """(N, 28, 28): how the loss on `label` rises with each pixel, up to a positive factor for each picture.

    That factor is left out of the cross-entropy's slope because it vanishes where the network is certain.
    """
    with torch.enable_grad():
        pixels = pixels.detach().requires_grad_()
        answers = logits(network, pixels)
        others = answers.masked_fill(torch.arange(10) == label, -torch.inf).logsumexp(1)
        slopes: Tensor = torch.autograd.grad((others - answers[:, label]).sum(), pixels)[0]
    return slopes


def per_image(epsilons: np.ndarray) -> "Tensor":
    """(N,) to (N, 1, 1)."""
    return torch.tensor(np.asarray(epsilons), dtype=torch.float32).view(-1, 1, 1)


ATTACKS = {"fgsm": fgsm, "pgd": pgd}


def smallest_epsilon(probabilities: np.ndarray, label: int, epsilons: np.ndarray = EPSILONS) -> float | None:
    """The smallest of the epsilons at which the answer is no longer `label`; None if there is none."""
    fooled = np.flatnonzero(probabilities.argmax(1) != label)
    return float(epsilons[fooled[0]]) if len(fooled) else None

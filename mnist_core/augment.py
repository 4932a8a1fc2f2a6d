"""Changes to a batch of digits that leave them the same digit. Every picture gets its own, drawn by torch's dice.

Each takes and gives (N, 28, 28) of 0..255, with the labels (N,), which only the pen looks at, and a strength: 1 is the
usual amount, 0 changes nothing.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from mnist_core.config import AUGMENTATIONS
from mnist_core.pen_augment import pen
from mnist_core.warping import MAX_SHIFT, elastic_field, random_affine_matrix, resample, sampling_grid


def augment(images: Tensor, labels: Tensor, name: str, strength: float = 1.0) -> Tensor:
    """uint8 or float (N, 28, 28) of 0..255 to the same, changed as `config.AUGMENTATIONS` says."""
    return images if name == "none" or strength == 0 else TRANSFORMS[name](images, labels, strength)


def shift(images: Tensor, labels: Tensor, strength: float = 1.0) -> Tensor:
    """Moved by whole pixels, up to 2 each way; what comes in at the edge is black."""
    reach = round(MAX_SHIFT * strength)
    count, height, width = images.shape
    dx, dy = torch.randint(-reach, reach + 1, (2, count, 1), device=images.device)
    rows = torch.arange(height, device=images.device) - dy + reach
    columns = torch.arange(width, device=images.device) - dx + reach
    padded = F.pad(images, (reach, reach, reach, reach))
    each = torch.arange(count, device=images.device)[:, None, None]
    return padded[each, rows[:, :, None], columns[:, None, :]]


def affine(images: Tensor, labels: Tensor, strength: float = 1.0) -> Tensor:
    """Turned by up to 10 degrees, stretched either way and slanted by up to 10 %, and shifted by up to 2 pixels."""
    images = images.float()
    return resample(images, sampling_grid(random_affine_matrix(images, strength), images))


def elastic(images: Tensor, labels: Tensor, strength: float = 1.0) -> Tensor:
    """Affine, and every pixel displaced by a smooth random field (Simard, Steinkraus & Platt, 2003)."""
    images = images.float()
    return resample(
        images, sampling_grid(random_affine_matrix(images, strength), images) + elastic_field(images, strength)
    )


TRANSFORMS: dict[str, Callable[[Tensor, Tensor, float], Tensor]] = {
    "shift": shift,
    "affine": affine,
    "elastic": elastic,
    "pen": pen,
}
assert {"none", *TRANSFORMS} == set(AUGMENTATIONS), "config.AUGMENTATIONS describes what stands here"

"""Data augmentation: label-preserving random changes to a batch of digits, different for every image.

Each augmentation takes images (N, 28, 28) of 0..255, their labels (N,), which only `pen` uses, and a strength: 1 is the
usual amount, 0 changes nothing. It returns the changed images (N, 28, 28). Random numbers are from torch's generator.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from mnist_core.config import AUGMENTATIONS
from mnist_core.pen_augment import pen
from mnist_core.robust_augment import robust
from mnist_core.warping import MAX_SHIFT, elastic_field, random_affine_matrix, resample, sampling_grid


def augment(images: Tensor, labels: Tensor, name: str, strength: float = 1.0) -> Tensor:
    """Return uint8 or float images (N, 28, 28) of 0..255, changed by the augmentation that `name` stands for.

    The names are those of `config.AUGMENTATIONS`. For "none", and for strength 0, the images are returned as they are.
    """
    return images if name == "none" or strength == 0 else TRANSFORMS[name](images, labels, strength)


def shift(images: Tensor, labels: Tensor, strength: float = 1.0) -> Tensor:
    """Shift by whole pixels, at most 2 in each direction; the space left behind is black."""
    reach = round(MAX_SHIFT * strength)
    count, height, width = images.shape
    dx, dy = torch.randint(-reach, reach + 1, (2, count, 1), device=images.device)
    rows = torch.arange(height, device=images.device) - dy + reach
    columns = torch.arange(width, device=images.device) - dx + reach
    padded = F.pad(images, (reach, reach, reach, reach))
    index = torch.arange(count, device=images.device)[:, None, None]
    return padded[index, rows[:, :, None], columns[:, None, :]]


def affine(images: Tensor, labels: Tensor, strength: float = 1.0) -> Tensor:
    """Rotate by at most 10 degrees, scale each axis and shear by at most 10 %, and shift by at most 2 pixels."""
    images = images.float()
    return resample(images, sampling_grid(random_affine_matrix(images, strength), images))


def elastic(images: Tensor, labels: Tensor, strength: float = 1.0) -> Tensor:
    """Apply `affine` and a smooth random displacement of every pixel (Simard, Steinkraus & Platt, 2003)."""
    images = images.float()
    grid = sampling_grid(random_affine_matrix(images, strength), images)
    return resample(images, grid + elastic_field(images, strength))


TRANSFORMS: dict[str, Callable[[Tensor, Tensor, float], Tensor]] = {
    "shift": shift,
    "affine": affine,
    "elastic": elastic,
    "pen": pen,
    "robust": robust,
}
assert {"none", *TRANSFORMS} == set(AUGMENTATIONS), "config.AUGMENTATIONS must describe every transform"

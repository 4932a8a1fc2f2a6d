"""Changes to a batch of digits that leave them the same digit. Every picture gets its own, drawn by torch's dice.

Each takes and gives float (N, 28, 28) of 0..255, and a strength: 1 is the usual amount, 0 changes nothing.
"""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from mnist_core.config import AUGMENTATIONS

SHIFT = 2.0  # pixels
TURN, RESIZE, SLANT = math.radians(10), 0.10, 0.10  # each way
BEND, SMOOTHNESS = 6.0, 4.0  # pixels: of the raw displacements, and the sigma that smooths them


def augment(images: Tensor, name: str, strength: float = 1.0) -> Tensor:
    """uint8 or float (N, 28, 28) of 0..255 to the same, changed as `config.AUGMENTATIONS` says."""
    return images if name == "none" else CHANGES[name](images.float(), strength)


def shift(images: Tensor, strength: float = 1.0) -> Tensor:
    """Moved by whole pixels, up to 2 each way; what comes in at the edge is black."""
    reach = round(SHIFT * strength)
    count, height, width = images.shape
    dx, dy = torch.randint(-reach, reach + 1, (2, count, 1), device=images.device)
    rows = torch.arange(height, device=images.device) - dy + reach
    columns = torch.arange(width, device=images.device) - dx + reach
    padded = F.pad(images, (reach, reach, reach, reach))
    each = torch.arange(count, device=images.device)[:, None, None]
    return padded[each, rows[:, :, None], columns[:, None, :]]


def affine(images: Tensor, strength: float = 1.0) -> Tensor:
    """Turned by up to 10 degrees, resized and slanted by up to 10 %, and shifted by up to 2 pixels, all at once."""
    return look_up(images, affine_grid(images, strength))


def elastic(images: Tensor, strength: float = 1.0) -> Tensor:
    """Affine, and every pixel displaced by a smooth random field (Simard, Steinkraus & Platt, 2003)."""
    count, height, width = images.shape
    field = torch.empty(count, 2, height, width, device=images.device).uniform_(-1, 1) * BEND * strength
    smooth = blur(field, SMOOTHNESS) * (2 / width)  # grid units: the picture spans 2
    return look_up(images, affine_grid(images, strength) + smooth.permute(0, 2, 3, 1))


CHANGES: dict[str, Callable[[Tensor, float], Tensor]] = {"shift": shift, "affine": affine, "elastic": elastic}
assert {"none", *CHANGES} == set(AUGMENTATIONS), "config.AUGMENTATIONS describes what stands here"


def affine_grid(images: Tensor, strength: float) -> Tensor:
    """(N, 28, 28, 2): where each pixel of the new pictures looks in the old ones, -1..1."""
    count, height, width = images.shape

    def dice(reach: float) -> Tensor:
        return torch.empty(count, device=images.device).uniform_(-1, 1) * reach * strength

    angle, size, slant = dice(TURN), 1 + dice(RESIZE), dice(SLANT)
    dx, dy = dice(SHIFT * 2 / width), dice(SHIFT * 2 / height)
    cos, sin = torch.cos(angle) / size, torch.sin(angle) / size
    matrix = torch.stack([cos, sin + slant, dx, -sin, cos, dy], dim=1).view(count, 2, 3)
    return F.affine_grid(matrix, [count, 1, height, width], align_corners=False)


def look_up(images: Tensor, grid: Tensor) -> Tensor:
    """The pictures sampled where the grid looks, bilinearly; black outside."""
    return F.grid_sample(images.unsqueeze(1), grid, align_corners=False).squeeze(1)


def blur(maps: Tensor, sigma: float) -> Tensor:
    """(N, C, H, W) smoothed by a Gaussian of `sigma` pixels, one axis after the other; 0 outside."""
    reach = math.ceil(2 * sigma)
    at = torch.arange(-reach, reach + 1, device=maps.device, dtype=maps.dtype)
    weights = torch.exp(-0.5 * (at / sigma) ** 2)
    weights = weights / weights.sum()
    count, channels, height, width = maps.shape
    flat = maps.reshape(count * channels, 1, height, width)
    flat = F.conv2d(flat, weights.view(1, 1, 1, -1), padding=(0, reach))
    return F.conv2d(flat, weights.view(1, 1, -1, 1), padding=(reach, 0)).view_as(maps)

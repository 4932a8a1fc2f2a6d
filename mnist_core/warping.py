"""Random affine maps and displacement fields for batches of digits: what the augmentations are made of."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from mnist_core.drawing import SIZE

MAX_SHIFT = 2.0  # pixels
MAX_ROTATION, MAX_SCALING, MAX_SHEAR = math.radians(10), 0.10, 0.10  # each way
INK_THRESHOLD = 64.0  # of 255: a pixel brighter than this belongs to the digit's box
ELASTIC_ALPHA, ELASTIC_SIGMA = 12.0, 4.0  # pixels: of the raw displacements, and the sigma that smooths them


def bernoulli(images: Tensor, share: float) -> Tensor:
    """(N,) True for about this share of the pictures."""
    return torch.rand(len(images), device=images.device) < share


def bounding_box(images: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """(N,) each: the first and last row, first and last column with ink; the whole picture where there is none."""
    ink = images > INK_THRESHOLD
    rows, columns = ink.any(2).float(), ink.any(1).float()
    size = images.shape[1] - 1
    first, last = rows.argmax(1), size - rows.flip(1).argmax(1)
    return first.float(), last.float(), columns.argmax(1).float(), (size - columns.flip(1).argmax(1)).float()


def pixel_grid(images: Tensor) -> tuple[Tensor, Tensor]:
    """The column and the row of every pixel, (1, 1, W) and (1, H, 1)."""
    _, height, width = images.shape
    return (
        torch.arange(width, device=images.device, dtype=torch.float32).view(1, 1, -1),
        torch.arange(height, device=images.device, dtype=torch.float32).view(1, -1, 1),
    )


def affine_matrices(a: Tensor, b: Tensor, c: Tensor, d: Tensor, e: Tensor, f: Tensor) -> Tensor:
    """(N, 3, 3) from the six numbers of an affine map."""
    zero, one = torch.zeros_like(a), torch.ones_like(a)
    return torch.stack([a, b, c, d, e, f, zero, zero, one], 1).view(-1, 3, 3)


def random_affine_matrix(images: Tensor, strength: float, shift: float = MAX_SHIFT) -> Tensor:
    """(N, 3, 3): turned by up to 10 degrees, stretched either way and slanted by up to 10 %, and shifted (pixels)."""
    angle = uniform(images, -MAX_ROTATION, MAX_ROTATION) * strength
    wide, high = (1 + uniform(images, -MAX_SCALING, MAX_SCALING) * strength for _ in range(2))
    slant = uniform(images, -MAX_SHEAR, MAX_SHEAR) * strength
    dx, dy = (uniform(images, -shift, shift) * strength * 2 / SIZE for _ in range(2))  # a picture spans 2
    cos, sin = torch.cos(angle), torch.sin(angle)
    return affine_matrices(cos / wide, sin / high + slant, dx, -sin / wide, cos / high, dy)


def sampling_grid(matrix: Tensor, images: Tensor) -> Tensor:
    """(N, 28, 28, 2): where each pixel of the new pictures looks in the old ones, -1..1."""
    count, height, width = images.shape
    return F.affine_grid(matrix[:, :2], [count, 1, height, width], align_corners=False)


def elastic_field(images: Tensor, strength: float) -> Tensor:
    """(N, 28, 28, 2): a smooth random displacement (Simard, Steinkraus & Platt, 2003)."""
    count, height, width = images.shape
    field = torch.empty(count, 2, height, width, device=images.device).uniform_(-1, 1) * ELASTIC_ALPHA * strength
    return (gaussian_blur(field, ELASTIC_SIGMA) * (2 / width)).permute(0, 2, 3, 1)


def uniform(images: Tensor, low: float, high: float) -> Tensor:
    """(N,) random numbers, one for each picture."""
    return torch.empty(len(images), device=images.device).uniform_(low, high)


def resample(images: Tensor, grid: Tensor) -> Tensor:
    """The pictures sampled where the grid looks, bilinearly; black outside."""
    return F.grid_sample(images.unsqueeze(1), grid, align_corners=False).squeeze(1)


def gaussian_blur(maps: Tensor, sigma: float) -> Tensor:
    """(N, C, H, W) smoothed by a Gaussian of `sigma` pixels, one axis after the other; 0 outside."""
    reach = math.ceil(2 * sigma)
    at = torch.arange(-reach, reach + 1, device=maps.device, dtype=maps.dtype)
    weights = torch.exp(-0.5 * (at / sigma) ** 2)
    weights = weights / weights.sum()
    count, channels, height, width = maps.shape
    flat = maps.reshape(count * channels, 1, height, width)
    flat = F.conv2d(flat, weights.view(1, 1, 1, -1), padding=(0, reach))
    return F.conv2d(flat, weights.view(1, 1, -1, 1), padding=(reach, 0)).view_as(maps)

"""Random affine maps and displacement fields for batches of digits: the building blocks of the augmentations.

A matrix is (N, 3, 3) and a field is (N, 28, 28, 2), both in the coordinates of `torch.nn.functional.affine_grid`: x, y
from -1 to 1 across the image. They map a pixel of the new image to where it is sampled in the old one, so a matrix that
scales by 2 halves the digit. A field is added to the grid of a matrix. Random numbers are from torch's generator.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from mnist_core.drawing import SIZE

MAX_SHIFT = 2.0  # pixels
MAX_ROTATION, MAX_SCALING, MAX_SHEAR = math.radians(10), 0.10, 0.10  # in either direction
BOX_INK_THRESHOLD = 64.0  # of 255: a pixel brighter than this lies in the digit's bounding box
ELASTIC_ALPHA, ELASTIC_SIGMA = 12.0, 4.0  # pixels: scale of the raw displacements, and sigma of their smoothing


def bernoulli(images: Tensor, p: float) -> Tensor:
    """Return a random bool (N,), True with probability p, independently for each image."""
    return torch.rand(len(images), device=images.device) < p


def uniform(images: Tensor, low: float, high: float) -> Tensor:
    """Return random numbers (N,), uniform from low to high, one for each image."""
    return torch.empty(len(images), device=images.device).uniform_(low, high)


def bounding_box(images: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return top, bottom, left, right, each (N,): the first and last row and column with ink.

    An image without ink has the whole image as its box.
    """
    ink = images > BOX_INK_THRESHOLD
    rows, columns = ink.any(2).float(), ink.any(1).float()
    last = images.shape[1] - 1
    top, bottom = rows.argmax(1), last - rows.flip(1).argmax(1)
    left, right = columns.argmax(1), last - columns.flip(1).argmax(1)
    return top.float(), bottom.float(), left.float(), right.float()


def pixel_grid(images: Tensor) -> tuple[Tensor, Tensor]:
    """Return the x and the y coordinate of every pixel, in pixels: (1, 1, W) and (1, H, 1)."""
    _, height, width = images.shape
    return (
        torch.arange(width, device=images.device, dtype=torch.float32).view(1, 1, -1),
        torch.arange(height, device=images.device, dtype=torch.float32).view(1, -1, 1),
    )


def affine_matrices(a: Tensor, b: Tensor, c: Tensor, d: Tensor, e: Tensor, f: Tensor) -> Tensor:
    """Return matrices (N, 3, 3) with the rows (a, b, c), (d, e, f), (0, 0, 1), from numbers (N,) each."""
    zero, one = torch.zeros_like(a), torch.ones_like(a)
    return torch.stack([a, b, c, d, e, f, zero, zero, one], 1).view(-1, 3, 3)


def random_affine_matrix(images: Tensor, strength: float, shift: float = MAX_SHIFT) -> Tensor:
    """Return matrices (N, 3, 3) that rotate by up to 10 degrees, scale each axis and shear by up to 10 %, and shift.

    `shift` is the largest shift in pixels; `strength` multiplies all limits.
    """
    angle = uniform(images, -MAX_ROTATION, MAX_ROTATION) * strength
    scale_x, scale_y = (1 + uniform(images, -MAX_SCALING, MAX_SCALING) * strength for _ in range(2))
    shear = uniform(images, -MAX_SHEAR, MAX_SHEAR) * strength
    dx, dy = (uniform(images, -shift, shift) * strength * 2 / SIZE for _ in range(2))  # an image is 2 units wide
    cos, sin = torch.cos(angle), torch.sin(angle)
    return affine_matrices(cos / scale_x, sin / scale_y + shear, dx, -sin / scale_x, cos / scale_y, dy)


def sampling_grid(matrices: Tensor, images: Tensor) -> Tensor:
    """Return the grid (N, 28, 28, 2) of the matrices (N, 3, 3): where each pixel of the new images is sampled."""
    count, height, width = images.shape
    return F.affine_grid(matrices[:, :2], [count, 1, height, width], align_corners=False)


def elastic_field(images: Tensor, strength: float) -> Tensor:
    """Return a smooth random field (N, 28, 28, 2), the elastic distortion of Simard, Steinkraus & Platt (2003)."""
    count, height, width = images.shape
    field = torch.empty(count, 2, height, width, device=images.device).uniform_(-1, 1) * ELASTIC_ALPHA * strength
    return (gaussian_blur(field, ELASTIC_SIGMA) * (2 / width)).permute(0, 2, 3, 1)


def resample(images: Tensor, grid: Tensor) -> Tensor:
    """Return the images sampled bilinearly at the grid (N, 28, 28, 2); black outside."""
    return F.grid_sample(images.unsqueeze(1), grid, align_corners=False).squeeze(1)


def draw_line(images: Tensor, lines: Tensor, half_width: Tensor, mask: Tensor) -> Tensor:
    """Return the images with a round-capped line (N, 4) of half_width (N,) pixels drawn where mask (N,) is True."""
    x, y = pixel_grid(images)
    x0, y0, x1, y1 = lines[:, :, None, None].unbind(1)
    dx, dy = x1 - x0, y1 - y0
    t = (((x - x0) * dx + (y - y0) * dy) / (dx**2 + dy**2).clamp(min=1e-3)).clamp(0, 1)  # 0 at one end, 1 at the other
    distance = torch.hypot(x - x0 - t * dx, y - y0 - t * dy)
    line = 255 * (half_width[:, None, None] + 0.5 - distance).clamp(0, 1)
    return torch.where(mask[:, None, None], torch.maximum(images, line), images)


def gaussian_blur(maps: Tensor, sigma: float) -> Tensor:
    """Return maps (N, C, H, W) smoothed by a Gaussian of `sigma` pixels, truncated at 2 sigma; 0 outside."""
    radius = math.ceil(2 * sigma)
    offsets = torch.arange(-radius, radius + 1, device=maps.device, dtype=maps.dtype)
    kernel = torch.exp(-0.5 * (offsets / sigma) ** 2)
    kernel = kernel / kernel.sum()
    count, channels, height, width = maps.shape
    flat = maps.reshape(count * channels, 1, height, width)
    flat = F.conv2d(flat, kernel.view(1, 1, 1, -1), padding=(0, radius))
    return F.conv2d(flat, kernel.view(1, 1, -1, 1), padding=(radius, 0)).view_as(maps)

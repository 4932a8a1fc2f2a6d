"""The robust augmentation: digits in bad light, out of place, half covered, noisy or blurred.

Only general means, none of the functions that robustness is measured with (`mnist_core.analysis.corruptions`): wide
affine maps and elastic distortion; chains of simple operations mixed with the digit itself, after AugMix (Hendrycks et
al., 2020, arXiv 1912.02781); smooth random backgrounds and contrasts; random erasing (Zhong et al., 2017, arXiv
1708.04896); strokes across the digit; rectangles in negative; Gaussian, multiplicative and blotchy noise.

Images are float (N, 28, 28) of 0..255, masks are bool (N,). Random numbers are from torch's generator.
"""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from mnist_core.warping import (
    affine_matrices,
    bernoulli,
    draw_line,
    elastic_field,
    gaussian_blur,
    pixel_grid,
    random_affine_matrix,
    resample,
    sampling_grid,
    uniform,
)

PROBABILITIES = {
    "far": 0.35,
    "chain": 0.4,
    "strokes": 0.25,
    "erased": 0.2,
    "light": 0.4,
    "negative": 0.2,
    "noise": 0.3,
}  # that a digit which is not left clean gets the change, at strength 1
CLEAN = 0.25  # share of the digits that are only moved and bent a little
Operation = Callable[[Tensor], Tensor]


def robust(images: Tensor, labels: Tensor, strength: float = 1.0) -> Tensor:
    """Return digits (N, 28, 28) as bad light, poor cameras and careless hands leave them; one in four stays clean."""
    images = images.float()
    dirty = ~bernoulli(images, CLEAN)
    masks = {name: bernoulli(images, p * strength) & dirty for name, p in PROBABILITIES.items()}
    images = move(images, masks["far"], strength)
    images = on_some(images, masks["chain"], mix_with_chain)
    images = on_some(images, masks["strokes"], cross_out)
    images = on_some(images, masks["light"], change_light)
    images = on_some(images, masks["erased"], erase_rectangle)
    images = on_some(images, masks["negative"], negate_rectangle)
    return on_some(images, masks["noise"], add_noise).clamp(0, 255)  # blurring can end a trace below 0


def on_some(images: Tensor, mask: Tensor, operation: Operation) -> Tensor:
    """Return the images (N, 28, 28), those where mask (N,) is True changed by the operation."""
    if not mask.any():
        return images
    changed = images.clone()
    changed[mask] = operation(images[mask])
    return changed


def move(images: Tensor, far: Tensor, strength: float) -> Tensor:
    """Return the images turned, stretched, slanted, shifted and bent; where `far` (N,) is True, 2.5 times as much."""
    near_matrix, far_matrix = (random_affine_matrix(images, amount * strength) for amount in (1.0, 2.5))
    shrink, zero = uniform(images, 1.0, 1.4), uniform(images, 0, 0)
    far_matrix = far_matrix @ affine_matrices(shrink, zero, zero, zero, shrink, zero)
    matrices = torch.where(far[:, None, None], far_matrix, near_matrix)
    return resample(images, sampling_grid(matrices, images) + elastic_field(images, strength))


def mix_with_chain(images: Tensor) -> Tensor:
    """Return each image mixed, in a random proportion, with a chain of one to three operations on it (AugMix)."""
    chained = images
    for probability in (1.0, 0.5, 0.25):
        operation = torch.randint(len(OPERATIONS), (len(images),), device=images.device)
        active = bernoulli(images, probability)
        for number, function in enumerate(OPERATIONS):
            chained = on_some(chained, active & (operation == number), function)
    share = uniform(images, 0, 1)[:, None, None].sqrt()  # of the chain: mostly more than half
    return images + (chained - images) * share


def dilate(images: Tensor) -> Tensor:
    """Return the ink grown by a pixel."""
    return F.max_pool2d(images.unsqueeze(1), 3, 1, 1).squeeze(1)


def erode(images: Tensor) -> Tensor:
    """Return the ink shrunk by half a pixel."""
    return (images - F.max_pool2d(-images.unsqueeze(1), 3, 1, 1).squeeze(1)) / 2


def blur(images: Tensor) -> Tensor:
    """Return the images blurred by a Gaussian of 0.5 to 1.8 pixels."""
    return gaussian_blur(images.unsqueeze(1), float(torch.empty(1).uniform_(0.5, 1.8))).squeeze(1)


def sharpen(images: Tensor) -> Tensor:
    """Return the images with their blur subtracted: bright edges, dark halos."""
    return (2.5 * images - 1.5 * gaussian_blur(images.unsqueeze(1), 1.0).squeeze(1)).clamp(0, 255)


def outline(images: Tensor) -> Tensor:
    """Return the ink's outline instead of the ink: one of the three morphological gradients.

    They are dilation minus erosion, dilation minus the image, and the image minus erosion (Serra, 1982).
    """
    maps = images.unsqueeze(1)
    outer, inner = F.max_pool2d(maps, 3, 1, 1) - maps, maps + F.max_pool2d(-maps, 3, 1, 1)
    kind = torch.randint(3, (len(images), 1, 1, 1), device=images.device)
    return torch.where(kind == 0, outer + inner, torch.where(kind == 1, outer, inner)).squeeze(1)


def posterise(images: Tensor) -> Tensor:
    """Return the images in two to four levels of grey."""
    levels = torch.randint(1, 4, (len(images), 1, 1), device=images.device)
    return (images / 255 * levels).round() / levels * 255


def solarise(images: Tensor) -> Tensor:
    """Return the images with everything above a random brightness in negative."""
    return torch.where(images > uniform(images, 80, 250)[:, None, None], 255 - images, images)


def fade(images: Tensor) -> Tensor:
    """Return the images at 30 to 90 % of their brightness."""
    return images * uniform(images, 0.3, 0.9)[:, None, None]


def grain(images: Tensor) -> Tensor:
    """Return the images seen through a pane of uneven glass: every pixel taken from up to a pixel beside it."""
    count, height, width = images.shape
    one, zero = uniform(images, 1, 1), uniform(images, 0, 0)
    jitter = torch.empty(count, height, width, 2, device=images.device).normal_() * (1 / width)  # of half a pixel
    return resample(images, sampling_grid(affine_matrices(one, zero, zero, zero, one, zero), images) + jitter)


OPERATIONS: list[Operation] = [
    dilate, erode, blur, blur, sharpen, outline, outline, outline, posterise, solarise, fade, grain,
]  # fmt: skip


def cross_out(images: Tensor) -> Tensor:
    """Return the images with one to four thin straight strokes across them, of any brightness."""
    for probability in (1.0, 0.6, 0.4, 0.3):
        ends = torch.empty(len(images), 4, device=images.device).uniform_(0, images.shape[1] - 1)
        half_width, brightness = uniform(images, 0.2, 1.2), uniform(images, 0.3, 1)
        drawn = draw_line(torch.zeros_like(images), ends, half_width, bernoulli(images, probability))
        images = torch.maximum(images, drawn * brightness[:, None, None])
    return images


def erase_rectangle(images: Tensor) -> Tensor:
    """Return the images with a rectangle of at most half the width and height painted over in a random grey."""
    inside = random_rectangle(images, 3, 14)
    grey = 255 * uniform(images, 0, 1) * bernoulli(images, 0.7)
    return torch.where(inside, grey[:, None, None], images)


def negate_rectangle(images: Tensor) -> Tensor:
    """Return the images with one or two rectangles in negative; a rectangle may be as large as the image."""
    for probability in (1.0, 0.5):
        inside = random_rectangle(images, 4, 56) & bernoulli(images, probability)[:, None, None]
        images = torch.where(inside, 255 - images, images)
    return images


def random_rectangle(images: Tensor, smallest: float, largest: float) -> Tensor:
    """Return masks (N, 28, 28) of rectangles with their centre in the image and sides between two lengths in pixels."""
    x, y = pixel_grid(images)
    inside = torch.ones_like(images, dtype=torch.bool)
    for positions in (x, y):
        centre, half = uniform(images, 0, images.shape[1]), uniform(images, smallest, largest) / 2
        inside &= (positions - centre[:, None, None]).abs() <= half[:, None, None]
    return inside


def change_light(images: Tensor) -> Tensor:
    """Return the images on a smooth random background, in weaker ink: as a camera sees paper in uneven light."""
    background, contrast = random_background(images), uniform(images, 0.35, 1)[:, None, None]
    amount = uniform(images, 0.1, 0.8)[:, None, None]
    adds = bernoulli(images, 0.5)[:, None, None]
    added = images * contrast + 255 * background * amount  # light on top: the brightest parts are lost
    blended = images * (1 - amount) + 255 * background * amount  # haze: all contrasts shrink
    return torch.where(adds, added, blended).clamp(0, 255)


def random_background(images: Tensor) -> Tensor:
    """Return backgrounds (N, 28, 28) of 0..1: noise on grids of 2x2 to 14x14, smoothly enlarged and summed."""
    count, height, width = images.shape
    total = torch.zeros_like(images)
    roughness = uniform(images, 0.2, 0.9)[:, None, None]  # amplitude of a grid against that of the grid before
    for level, size in enumerate((2, 4, 7, 14)):
        grid = torch.rand(count, 1, size, size, device=images.device)
        smooth = F.interpolate(grid, (height, width), mode="bilinear", align_corners=True).squeeze(1)
        total += smooth * roughness**level
    low, high = total.amin((1, 2), keepdim=True), total.amax((1, 2), keepdim=True)
    scaled = (total - low) / (high - low).clamp(min=1e-3)
    contrast = uniform(images, 0, 1)[:, None, None]  # 0: an even background
    return scaled * contrast + (1 - contrast) * uniform(images, 0, 1)[:, None, None]


def add_noise(images: Tensor) -> Tensor:
    """Return the images with one of three kinds of noise: Gaussian, multiplicative, or blotches of two pixels."""
    kind = torch.randint(3, (len(images), 1, 1), device=images.device)
    amount = uniform(images, 0.05, 0.35)[:, None, None]
    normal = torch.randn_like(images) * amount
    count, height, width = images.shape
    blotches = torch.rand(count, 1, math.ceil(height / 2), math.ceil(width / 2), device=images.device)
    blotches = F.interpolate(blotches, (height, width), mode="nearest").squeeze(1)
    blotted = torch.where(blotches < amount / 3, 255 * torch.rand_like(images).round(), images)
    noisy = torch.where(kind == 0, images + 255 * normal, images + 2 * images * normal)
    return torch.where(kind == 2, blotted, noisy).clamp(0, 255)

"""The pen augmentation: the ways people write that MNIST hardly contains."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from mnist_core.drawing import BOX, CENTRE, SIZE
from mnist_core.warping import (
    INK_THRESHOLD,
    affine_matrices,
    bernoulli,
    bounding_box,
    elastic_field,
    pixel_grid,
    random_affine_matrix,
    resample,
    sampling_grid,
    uniform,
)

WARP_STD = 1.5  # pixels: what four by four points are displaced by, one standard deviation, at most
MAX_WAVE = 2.5, 1.5  # pixels: how far a row is moved sideways and up or down, at most
LOOP_EXPONENT = -0.7, 0.3  # the power to which the way down is raised, as a logarithm: below 0 the upper part shrinks
STEM_SHIFT = -2.0, 5.0  # pixels: how far the lower part moves to the left


def pen(images: Tensor, labels: Tensor, strength: float = 1.0) -> Tensor:
    """The ways people write that MNIST hardly has, added to some of the digits, then all of them bent and warped.

    Slashed zeros, ones with a flag or a foot, crossed sevens, downstrokes that end in a hook, nines with a small loop
    and a stem that curves, gaps where strokes do not quite meet, thinner and thicker ink, flat and narrow shapes. What
    comes out is placed as `drawing.to_digit` would place it, give or take a pixel.
    """
    images = images.float()
    shares = {"slash": 0.25, "flag": 0.25, "foot": 0.15, "bar": 0.25, "hook": 0.25, "gap": 0.15, "ink": 0.5}
    shares |= {"squeeze": 0.3, "loop": 0.3, "swing": 0.25}
    chosen = {name: bernoulli(images, share * strength) for name, share in shares.items()}
    width = uniform(images, 0.9, 2.2)  # half that of the added line, in pixels
    images = draw_line(images, slash_line(images), width, chosen["slash"] & (labels == 0) & is_wide(images))
    below = foot_line(images)  # before the flag: that is ink too
    images = draw_line(images, flag_line(images), width, chosen["flag"] & (labels == 1))
    images = draw_line(images, below, width, chosen["foot"] & (labels == 1))
    images = draw_line(images, bar_line(images), width, chosen["bar"] & (labels == 7))
    ends_below = torch.isin(labels, torch.tensor([1, 4, 7, 9], device=labels.device))
    images = draw_line(images, hook_line(images), 0.8 * width, chosen["hook"] & ends_below)
    images = erase_spot(images, chosen["gap"])
    inked = change_thickness(images, uniform(images, -0.9, 1.5))
    images = torch.where(chosen["ink"][:, None, None], inked, images)
    shape = squeeze_matrix(images, chosen["squeeze"]) @ random_affine_matrix(images, 1.5 * strength, shift=0.0)
    displaced = elastic_field(images, 0.75 * strength) + warp_field(images, strength) + wave_field(images, strength)
    nine = labels == 9
    displaced = displaced + small_loop_field(images, chosen["loop"] & nine) + stem_field(images, chosen["swing"] & nine)
    images = resample(images, sampling_grid(shape, images) + displaced)
    place = recentring_matrix(images)
    place[:, :2, 2] += torch.stack([uniform(images, -1, 1), uniform(images, -1, 1)], 1) * strength * 2 / SIZE
    return rescale_brightness(resample(images, sampling_grid(place, images)))


def slash_line(images: Tensor) -> Tensor:
    """(N, 4): ends of a line through the digit, upright or from lower left to upper right, about as far as its box."""
    top, bottom, left, right = bounding_box(images)
    out, height = uniform(images, -0.15, 0.25), bottom - top
    middle, half = (left + right) / 2, (right - left) * (0.5 + out) * uniform(images, 0.2, 1)
    return torch.stack([middle - half, bottom + out * height, middle + half, top - out * height], 1)


def is_wide(images: Tensor) -> Tensor:
    """(N,) True where the digit is at least half as wide as high: a slash would fill a narrower zero."""
    top, bottom, left, right = bounding_box(images)
    return right - left >= (bottom - top) / 2


def flag_line(images: Tensor) -> Tensor:
    """(N, 4): ends of a line from the digit's top down to the left, 20 to 55 % of its height long."""
    top, bottom, _, _ = bounding_box(images)
    length, angle = (bottom - top) * uniform(images, 0.2, 0.55), uniform(images, 0.35, 1.2)  # radians
    tip = top_column(images)
    return torch.stack([tip, top, tip - length * torch.cos(angle), top + length * torch.sin(angle)], 1)


def foot_line(images: Tensor) -> Tensor:
    """(N, 4): ends of a nearly level line under the digit, a quarter to three quarters of its height long."""
    top, bottom, _, _ = bounding_box(images)
    half, tip = (bottom - top) * uniform(images, 0.12, 0.38), top_column(images.flip(1))
    middle, tilt = tip + half * uniform(images, -0.5, 0.5), uniform(images, -1, 1)
    return torch.stack([middle - half, bottom + tilt, middle + half, bottom - tilt], 1)


def bar_line(images: Tensor) -> Tensor:
    """(N, 4): ends of a short, nearly level line across the digit's middle."""
    top, bottom, left, right = bounding_box(images)
    width, y = right - left, top + (bottom - top) * uniform(images, 0.4, 0.65)
    x = (left + right) / 2 + width * uniform(images, -0.1, 0.15)
    half, tilt = width * uniform(images, 0.2, 0.4), uniform(images, -2, 2)
    return torch.stack([x - half, y + tilt, x + half, y - tilt], 1)


def hook_line(images: Tensor) -> Tensor:
    """(N, 4): ends of a short line from the digit's lowest point upwards, mostly to the right, as a pen leaves it."""
    top, bottom, _, _ = bounding_box(images)
    length, angle = (bottom - top) * uniform(images, 0.1, 0.33), uniform(images, 0.4, 1.3)  # radians
    tip, side = top_column(images.flip(1)), torch.where(bernoulli(images, 0.75), 1.0, -1.0)
    return torch.stack([tip, bottom, tip + side * length * torch.cos(angle), bottom - length * torch.sin(angle)], 1)


def top_column(images: Tensor) -> Tensor:
    """(N,): the column where the topmost ink lies."""
    first = (images > INK_THRESHOLD).any(2).float().argmax(1)
    row = images[torch.arange(len(images), device=images.device), first]
    return (row @ torch.arange(row.shape[1], device=row.device, dtype=row.dtype)) / row.sum(1).clamp(min=1)


def draw_line(images: Tensor, ends: Tensor, half_width: Tensor, where: Tensor) -> Tensor:
    """The pictures with a round-capped line from (x0, y0) to (x1, y1), ends (N, 4), added `where` (N,) says so."""
    x, y = pixel_grid(images)
    x0, y0, x1, y1 = ends[:, :, None, None].unbind(1)
    dx, dy = x1 - x0, y1 - y0
    along = (((x - x0) * dx + (y - y0) * dy) / (dx**2 + dy**2).clamp(min=1e-3)).clamp(0, 1)
    distance = torch.hypot(x - x0 - along * dx, y - y0 - along * dy)
    line = 255 * (half_width[:, None, None] + 0.5 - distance).clamp(0, 1)
    return torch.where(where[:, None, None], torch.maximum(images, line), images)


def erase_spot(images: Tensor, where: Tensor) -> Tensor:
    """The pictures with a small round piece of ink missing, `where` (N,) says so."""
    at = torch.multinomial(images.flatten(1) + 1e-3, 1).squeeze(1)
    x, y = pixel_grid(images)
    distance = torch.hypot(x - (at % images.shape[2])[:, None, None], y - (at // images.shape[2])[:, None, None])
    hole = (distance - uniform(images, 0.8, 1.8)[:, None, None] + 0.5).clamp(0, 1)
    return torch.where(where[:, None, None], images * hole, images)


def change_thickness(images: Tensor, amount: Tensor) -> Tensor:
    """Ink grown (amount above 0, in pixels up to 2) or thinned (below 0, down to -1); (N,) amounts."""
    maps = images.unsqueeze(1)
    cross = F.max_pool2d(maps, 3, 1, 1)
    wider = F.max_pool2d(cross, 3, 1, 1)
    thinner = -F.max_pool2d(-maps, 3, 1, 1)
    a = amount[:, None, None, None]
    grown = maps + (cross - maps) * a.clamp(0, 1) + (wider - cross) * (a - 1).clamp(0, 1)
    return rescale_brightness((grown + (thinner - maps) * (-a).clamp(0, 1)).squeeze(1))


def rescale_brightness(images: Tensor) -> Tensor:
    """The brightest ink of each picture at 255, as `drawing.to_digit` makes it; black ones stay black."""
    return images * (255 / images.amax((1, 2), keepdim=True).clamp(min=1))


def recentring_matrix(images: Tensor) -> Tensor:
    """(N, 3, 3): looks where `drawing.to_digit` would, the longer side on 20 pixels, the centre of mass at 14."""
    top, bottom, left, right = bounding_box(images)
    scale = (torch.maximum(bottom - top, right - left) + 1) / BOX
    x, y = pixel_grid(images)
    mass = images.sum((1, 2)).clamp(min=1)
    size = images.shape[1]
    target = (CENTRE + 0.5) * 2 / size - 1

    def place(weighted: Tensor) -> Tensor:
        return (weighted.sum((1, 2)) / mass + 0.5) * 2 / size - 1 - scale * target

    return affine_matrices(
        scale, torch.zeros_like(scale), place(images * x), torch.zeros_like(scale), scale, place(images * y)
    )


def squeeze_matrix(images: Tensor, where: Tensor) -> Tensor:
    """(N, 3, 3): up to 40 % flatter or narrower, `where` (N,) says so."""
    by = 1 / (1 - uniform(images, 0, 0.4))
    one, zero, flat = torch.ones_like(by), torch.zeros_like(by), bernoulli(images, 0.6)
    wide, high = torch.where(where & ~flat, by, one), torch.where(where & flat, by, one)
    return affine_matrices(wide, zero, zero, zero, high, zero)


def warp_field(images: Tensor, strength: float) -> Tensor:
    """(N, 28, 28, 2): a wide random displacement, a random amount of it: some parts grow, others shrink or lean."""
    count, height, width = images.shape
    corners = torch.empty(count, 2, 4, 4, device=images.device).normal_() * WARP_STD * strength
    field = F.interpolate(corners, (height, width), mode="bicubic", align_corners=True)
    return (field * uniform(images, 0, 1)[:, None, None, None] * (2 / width)).permute(0, 2, 3, 1)


def wave_field(images: Tensor, strength: float) -> Tensor:
    """(N, 28, 28, 2): rows moved sideways and up or down along waves, so that stems curve and loops shrink or grow."""
    rows = torch.arange(images.shape[1], device=images.device) / images.shape[1]
    waves = []
    for most in MAX_WAVE:
        often, phase = uniform(images, 0.5, 1.3), uniform(images, 0, 2 * math.pi)  # waves in a picture, radians
        far = uniform(images, 0, most) * strength
        waves.append(far[:, None] * torch.sin(2 * math.pi * often[:, None] * rows + phase[:, None]))
    return row_field(*waves)


def small_loop_field(images: Tensor, where: Tensor) -> Tensor:
    """(N, 28, 28, 2): the upper part of the digit flatter, or a little higher, and the lower part fills the rest."""
    down, high = relative_row(images)
    power = torch.exp(uniform(images, *LOOP_EXPONENT) * where)[:, None]
    return row_field(torch.zeros_like(down), (down**power - down) * high)


def stem_field(images: Tensor, where: Tensor) -> Tensor:
    """(N, 28, 28, 2): the lower part moved sideways, its end less: a stem that begins left of where it ends."""
    down, _ = relative_row(images)
    knee = uniform(images, 0.3, 0.55)[:, None]
    aside = ((down - knee + 0.1) / 0.2).clamp(0, 1)
    back = uniform(images, 0, 1)[:, None] * ((down - knee) / (1 - knee)).clamp(0, 1)
    far = (uniform(images, *STEM_SHIFT) * where)[:, None]
    return row_field(far * (aside - back), torch.zeros_like(down))


def relative_row(images: Tensor) -> tuple[Tensor, Tensor]:
    """(N, 28): where each row lies in the digit, 0 down to its top, 1 from its bottom on; and its height, (N, 1)."""
    top, bottom, _, _ = (edge[:, None] for edge in bounding_box(images))
    rows, high = torch.arange(images.shape[1], device=images.device), bottom - top
    return ((rows - top) / high.clamp(min=1)).clamp(0, 1), high


def row_field(aside: Tensor, down: Tensor) -> Tensor:
    """(N, 28, 28, 2): every row displaced as a whole by these pixels, (N, 28) each."""
    count, height = aside.shape
    return (torch.stack([aside, down], 2) * (2 / height))[:, :, None, :].expand(count, height, height, 2)

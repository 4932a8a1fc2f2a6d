"""Changes to a batch of digits that leave them the same digit. Every picture gets its own, drawn by torch's dice.

Each takes and gives (N, 28, 28) of 0..255, with the labels (N,), which only the pen looks at, and a strength: 1 is the
usual amount, 0 changes nothing.
"""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from mnist_core.config import AUGMENTATIONS
from mnist_core.drawing import BOX, CENTRE, SIZE

SHIFT = 2.0  # pixels
TURN, RESIZE, SLANT = math.radians(10), 0.10, 0.10  # each way
INK = 64.0  # of 255: a pixel brighter than this belongs to the digit's box
WARP = 1.5  # pixels: what four by four points are displaced by, one standard deviation, at most
SWAY = 2.5, 1.5  # pixels: how far a row is moved sideways and up or down, at most
LOOP = -0.7, 0.3  # the power to which the way down is raised, as a logarithm: below 0 the upper part shrinks
SWING = -2.0, 5.0  # pixels: how far the lower part moves to the left
BEND, SMOOTHNESS = 12.0, 4.0  # pixels: of the raw displacements, and the sigma that smooths them


def augment(images: Tensor, labels: Tensor, name: str, strength: float = 1.0) -> Tensor:
    """uint8 or float (N, 28, 28) of 0..255 to the same, changed as `config.AUGMENTATIONS` says."""
    return images if name == "none" or strength == 0 else CHANGES[name](images, labels, strength)


def shift(images: Tensor, labels: Tensor, strength: float = 1.0) -> Tensor:
    """Moved by whole pixels, up to 2 each way; what comes in at the edge is black."""
    reach = round(SHIFT * strength)
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
    return look_up(images, grid_of(random_affine(images, strength), images))


def elastic(images: Tensor, labels: Tensor, strength: float = 1.0) -> Tensor:
    """Affine, and every pixel displaced by a smooth random field (Simard, Steinkraus & Platt, 2003)."""
    images = images.float()
    return look_up(images, grid_of(random_affine(images, strength), images) + bend(images, strength))


def pen(images: Tensor, labels: Tensor, strength: float = 1.0) -> Tensor:
    """The ways people write that MNIST hardly has, added to some of the digits, then all of them bent and warped.

    Slashed zeros, ones with a flag or a foot, crossed sevens, downstrokes that end in a hook, nines with a small loop
    and a stem that curves, gaps where strokes do not quite meet, thinner and thicker ink, flat and narrow shapes. What
    comes out is placed as `drawing.to_digit` would place it, give or take a pixel.
    """
    images = images.float()
    shares = {"slash": 0.25, "flag": 0.25, "foot": 0.15, "bar": 0.25, "hook": 0.25, "gap": 0.15, "ink": 0.5}
    shares |= {"squeeze": 0.3, "loop": 0.3, "swing": 0.25}
    chosen = {name: some(images, share * strength) for name, share in shares.items()}
    width = uniform(images, 0.9, 2.2)  # half that of the added line, in pixels
    images = stroke(images, slash(images), width, chosen["slash"] & (labels == 0) & wide(images))
    below = foot(images)  # before the flag: that is ink too
    images = stroke(images, flag(images), width, chosen["flag"] & (labels == 1))
    images = stroke(images, below, width, chosen["foot"] & (labels == 1))
    images = stroke(images, bar(images), width, chosen["bar"] & (labels == 7))
    ends_below = torch.isin(labels, torch.tensor([1, 4, 7, 9], device=labels.device))
    images = stroke(images, hook(images), 0.8 * width, chosen["hook"] & ends_below)
    images = gap(images, chosen["gap"])
    inked = thickness(images, uniform(images, -0.9, 1.5))
    images = torch.where(chosen["ink"][:, None, None], inked, images)
    shape = squeeze(images, chosen["squeeze"]) @ random_affine(images, 1.5 * strength, shift=0.0)
    displaced = bend(images, 0.75 * strength) + warp(images, strength) + sway(images, strength)
    nine = labels == 9
    displaced = displaced + small_loop(images, chosen["loop"] & nine) + swing(images, chosen["swing"] & nine)
    images = look_up(images, grid_of(shape, images) + displaced)
    place = placed_anew(images)
    place[:, :2, 2] += torch.stack([uniform(images, -1, 1), uniform(images, -1, 1)], 1) * strength * 2 / SIZE
    return brightened(look_up(images, grid_of(place, images)))


CHANGES: dict[str, Callable[[Tensor, Tensor, float], Tensor]] = {
    "shift": shift,
    "affine": affine,
    "elastic": elastic,
    "pen": pen,
}
assert {"none", *CHANGES} == set(AUGMENTATIONS), "config.AUGMENTATIONS describes what stands here"


def slash(images: Tensor) -> Tensor:
    """(N, 4): ends of a line through the digit, upright or from lower left to upper right, about as far as its box."""
    top, bottom, left, right = ink_box(images)
    out, height = uniform(images, -0.15, 0.25), bottom - top
    middle, half = (left + right) / 2, (right - left) * (0.5 + out) * uniform(images, 0.2, 1)
    return torch.stack([middle - half, bottom + out * height, middle + half, top - out * height], 1)


def wide(images: Tensor) -> Tensor:
    """(N,) True where the digit is at least half as wide as high: a slash would fill a narrower zero."""
    top, bottom, left, right = ink_box(images)
    return right - left >= (bottom - top) / 2


def flag(images: Tensor) -> Tensor:
    """(N, 4): ends of a line from the digit's top down to the left, 20 to 55 % of its height long."""
    top, bottom, _, _ = ink_box(images)
    length, angle = (bottom - top) * uniform(images, 0.2, 0.55), uniform(images, 0.35, 1.2)  # radians
    tip = tip_column(images)
    return torch.stack([tip, top, tip - length * torch.cos(angle), top + length * torch.sin(angle)], 1)


def foot(images: Tensor) -> Tensor:
    """(N, 4): ends of a nearly level line under the digit, a quarter to three quarters of its height long."""
    top, bottom, _, _ = ink_box(images)
    half, tip = (bottom - top) * uniform(images, 0.12, 0.38), tip_column(images.flip(1))
    middle, tilt = tip + half * uniform(images, -0.5, 0.5), uniform(images, -1, 1)
    return torch.stack([middle - half, bottom + tilt, middle + half, bottom - tilt], 1)


def bar(images: Tensor) -> Tensor:
    """(N, 4): ends of a short, nearly level line across the digit's middle."""
    top, bottom, left, right = ink_box(images)
    width, y = right - left, top + (bottom - top) * uniform(images, 0.4, 0.65)
    x = (left + right) / 2 + width * uniform(images, -0.1, 0.15)
    half, tilt = width * uniform(images, 0.2, 0.4), uniform(images, -2, 2)
    return torch.stack([x - half, y + tilt, x + half, y - tilt], 1)


def hook(images: Tensor) -> Tensor:
    """(N, 4): ends of a short line from the digit's lowest point upwards, mostly to the right, as a pen leaves it."""
    top, bottom, _, _ = ink_box(images)
    length, angle = (bottom - top) * uniform(images, 0.1, 0.33), uniform(images, 0.4, 1.3)  # radians
    tip, side = tip_column(images.flip(1)), torch.where(some(images, 0.75), 1.0, -1.0)
    return torch.stack([tip, bottom, tip + side * length * torch.cos(angle), bottom - length * torch.sin(angle)], 1)


def some(images: Tensor, share: float) -> Tensor:
    """(N,) True for about this share of the pictures."""
    return torch.rand(len(images), device=images.device) < share


def ink_box(images: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """(N,) each: the first and last row, first and last column with ink; the whole picture where there is none."""
    ink = images > INK
    rows, columns = ink.any(2).float(), ink.any(1).float()
    size = images.shape[1] - 1
    first, last = rows.argmax(1), size - rows.flip(1).argmax(1)
    return first.float(), last.float(), columns.argmax(1).float(), (size - columns.flip(1).argmax(1)).float()


def tip_column(images: Tensor) -> Tensor:
    """(N,): the column where the topmost ink lies."""
    first = (images > INK).any(2).float().argmax(1)
    row = images[torch.arange(len(images), device=images.device), first]
    return (row @ torch.arange(row.shape[1], device=row.device, dtype=row.dtype)) / row.sum(1).clamp(min=1)


def pixels(images: Tensor) -> tuple[Tensor, Tensor]:
    """The column and the row of every pixel, (1, 1, W) and (1, H, 1)."""
    _, height, width = images.shape
    return (
        torch.arange(width, device=images.device, dtype=torch.float32).view(1, 1, -1),
        torch.arange(height, device=images.device, dtype=torch.float32).view(1, -1, 1),
    )


def stroke(images: Tensor, ends: Tensor, half_width: Tensor, where: Tensor) -> Tensor:
    """The pictures with a round-capped line from (x0, y0) to (x1, y1), ends (N, 4), added `where` (N,) says so."""
    x, y = pixels(images)
    x0, y0, x1, y1 = ends[:, :, None, None].unbind(1)
    dx, dy = x1 - x0, y1 - y0
    along = (((x - x0) * dx + (y - y0) * dy) / (dx**2 + dy**2).clamp(min=1e-3)).clamp(0, 1)
    distance = torch.hypot(x - x0 - along * dx, y - y0 - along * dy)
    line = 255 * (half_width[:, None, None] + 0.5 - distance).clamp(0, 1)
    return torch.where(where[:, None, None], torch.maximum(images, line), images)


def gap(images: Tensor, where: Tensor) -> Tensor:
    """The pictures with a small round piece of ink missing, `where` (N,) says so."""
    at = torch.multinomial(images.flatten(1) + 1e-3, 1).squeeze(1)
    x, y = pixels(images)
    distance = torch.hypot(x - (at % images.shape[2])[:, None, None], y - (at // images.shape[2])[:, None, None])
    hole = (distance - uniform(images, 0.8, 1.8)[:, None, None] + 0.5).clamp(0, 1)
    return torch.where(where[:, None, None], images * hole, images)


def thickness(images: Tensor, amount: Tensor) -> Tensor:
    """Ink grown (amount above 0, in pixels up to 2) or thinned (below 0, down to -1); (N,) amounts."""
    maps = images.unsqueeze(1)
    cross = F.max_pool2d(maps, 3, 1, 1)
    wider = F.max_pool2d(cross, 3, 1, 1)
    thinner = -F.max_pool2d(-maps, 3, 1, 1)
    a = amount[:, None, None, None]
    grown = maps + (cross - maps) * a.clamp(0, 1) + (wider - cross) * (a - 1).clamp(0, 1)
    return brightened((grown + (thinner - maps) * (-a).clamp(0, 1)).squeeze(1))


def brightened(images: Tensor) -> Tensor:
    """The brightest ink of each picture at 255, as `drawing.to_digit` makes it; black ones stay black."""
    return images * (255 / images.amax((1, 2), keepdim=True).clamp(min=1))


def placed_anew(images: Tensor) -> Tensor:
    """(N, 3, 3): looks where `drawing.to_digit` would, the longer side on 20 pixels, the centre of mass at 14."""
    top, bottom, left, right = ink_box(images)
    scale = (torch.maximum(bottom - top, right - left) + 1) / BOX
    x, y = pixels(images)
    mass = images.sum((1, 2)).clamp(min=1)
    size = images.shape[1]
    target = (CENTRE + 0.5) * 2 / size - 1

    def place(weighted: Tensor) -> Tensor:
        return (weighted.sum((1, 2)) / mass + 0.5) * 2 / size - 1 - scale * target

    return matrices(
        scale, torch.zeros_like(scale), place(images * x), torch.zeros_like(scale), scale, place(images * y)
    )


def matrices(a: Tensor, b: Tensor, c: Tensor, d: Tensor, e: Tensor, f: Tensor) -> Tensor:
    """(N, 3, 3) from the six numbers of an affine map."""
    zero, one = torch.zeros_like(a), torch.ones_like(a)
    return torch.stack([a, b, c, d, e, f, zero, zero, one], 1).view(-1, 3, 3)


def random_affine(images: Tensor, strength: float, shift: float = SHIFT) -> Tensor:
    """(N, 3, 3): turned by up to 10 degrees, stretched either way and slanted by up to 10 %, and shifted (pixels)."""
    angle = uniform(images, -TURN, TURN) * strength
    wide, high = (1 + uniform(images, -RESIZE, RESIZE) * strength for _ in range(2))
    slant = uniform(images, -SLANT, SLANT) * strength
    dx, dy = (uniform(images, -shift, shift) * strength * 2 / SIZE for _ in range(2))  # a picture spans 2
    cos, sin = torch.cos(angle), torch.sin(angle)
    return matrices(cos / wide, sin / high + slant, dx, -sin / wide, cos / high, dy)


def squeeze(images: Tensor, where: Tensor) -> Tensor:
    """(N, 3, 3): up to 40 % flatter or narrower, `where` (N,) says so."""
    by = 1 / (1 - uniform(images, 0, 0.4))
    one, zero, flat = torch.ones_like(by), torch.zeros_like(by), some(images, 0.6)
    wide, high = torch.where(where & ~flat, by, one), torch.where(where & flat, by, one)
    return matrices(wide, zero, zero, zero, high, zero)


def grid_of(matrix: Tensor, images: Tensor) -> Tensor:
    """(N, 28, 28, 2): where each pixel of the new pictures looks in the old ones, -1..1."""
    count, height, width = images.shape
    return F.affine_grid(matrix[:, :2], [count, 1, height, width], align_corners=False)


def bend(images: Tensor, strength: float) -> Tensor:
    """(N, 28, 28, 2): a smooth random displacement (Simard, Steinkraus & Platt, 2003)."""
    count, height, width = images.shape
    field = torch.empty(count, 2, height, width, device=images.device).uniform_(-1, 1) * BEND * strength
    return (blur(field, SMOOTHNESS) * (2 / width)).permute(0, 2, 3, 1)


def warp(images: Tensor, strength: float) -> Tensor:
    """(N, 28, 28, 2): a wide random displacement, a random amount of it: some parts grow, others shrink or lean."""
    count, height, width = images.shape
    corners = torch.empty(count, 2, 4, 4, device=images.device).normal_() * WARP * strength
    field = F.interpolate(corners, (height, width), mode="bicubic", align_corners=True)
    return (field * uniform(images, 0, 1)[:, None, None, None] * (2 / width)).permute(0, 2, 3, 1)


def sway(images: Tensor, strength: float) -> Tensor:
    """(N, 28, 28, 2): rows moved sideways and up or down along waves, so that stems curve and loops shrink or grow."""
    rows = torch.arange(images.shape[1], device=images.device) / images.shape[1]
    waves = []
    for most in SWAY:
        often, phase = uniform(images, 0.5, 1.3), uniform(images, 0, 2 * math.pi)  # waves in a picture, radians
        far = uniform(images, 0, most) * strength
        waves.append(far[:, None] * torch.sin(2 * math.pi * often[:, None] * rows + phase[:, None]))
    return by_rows(*waves)


def small_loop(images: Tensor, where: Tensor) -> Tensor:
    """(N, 28, 28, 2): the upper part of the digit flatter, or a little higher, and the lower part fills the rest."""
    down, high = way_down(images)
    power = torch.exp(uniform(images, *LOOP) * where)[:, None]
    return by_rows(torch.zeros_like(down), (down**power - down) * high)


def swing(images: Tensor, where: Tensor) -> Tensor:
    """(N, 28, 28, 2): the lower part moved sideways, its end less: a stem that begins left of where it ends."""
    down, _ = way_down(images)
    knee = uniform(images, 0.3, 0.55)[:, None]
    aside = ((down - knee + 0.1) / 0.2).clamp(0, 1)
    back = uniform(images, 0, 1)[:, None] * ((down - knee) / (1 - knee)).clamp(0, 1)
    far = (uniform(images, *SWING) * where)[:, None]
    return by_rows(far * (aside - back), torch.zeros_like(down))


def way_down(images: Tensor) -> tuple[Tensor, Tensor]:
    """(N, 28): where each row lies in the digit, 0 down to its top, 1 from its bottom on; and its height, (N, 1)."""
    top, bottom, _, _ = (edge[:, None] for edge in ink_box(images))
    rows, high = torch.arange(images.shape[1], device=images.device), bottom - top
    return ((rows - top) / high.clamp(min=1)).clamp(0, 1), high


def by_rows(aside: Tensor, down: Tensor) -> Tensor:
    """(N, 28, 28, 2): every row displaced as a whole by these pixels, (N, 28) each."""
    count, height = aside.shape
    return (torch.stack([aside, down], 2) * (2 / height))[:, :, None, :].expand(count, height, height, 2)


def uniform(images: Tensor, low: float, high: float) -> Tensor:
    """(N,) random numbers, one for each picture."""
    return torch.empty(len(images), device=images.device).uniform_(low, high)


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

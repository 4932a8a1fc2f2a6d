"""The pen augmentation: ways of writing digits that are rare in MNIST.

Images are float (N, 28, 28) of 0..255, lines (N, 4) are x0, y0, x1, y1 in pixels, masks are bool (N,); matrices and
fields are those of `mnist_core.warping`. The order in which random numbers are drawn is part of what a seed means.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from mnist_core.drawing import BOX, MASS_CENTRE, SIZE
from mnist_core.robust_augment import change_light, on_some
from mnist_core.warping import (
    BOX_INK_THRESHOLD,
    affine_matrices,
    bernoulli,
    bounding_box,
    draw_line,
    elastic_field,
    pixel_grid,
    random_affine_matrix,
    resample,
    sampling_grid,
    uniform,
)

PROBABILITIES = {
    "slash": 0.25,
    "level bar": 0.12,
    "dot": 0.1,
    "opening": 0.15,
    "tail": 0.12,
    "flag": 1.0,
    "serif": 0.15,
    "foot": 0.15,
    "bar": 0.4,
    "hanging serif": 0.25,
    "loose bar": 0.25,
    "open top": 0.2,
    "hook": 0.25,
    "gap": 0.15,
    "thickness": 0.5,
    "squeeze": 0.3,
    "small loop": 0.3,
    "curved stem": 0.25,
    "lighting": 0.15,
}  # that a digit which can have the change gets it, at strength 1
USUAL_SHARE = 0.3  # of the digits keep the shapes of MNIST and are only distorted, twice as much as the others
WARP_STD = 1.5  # pixels: largest standard deviation of the displacements of the 4x4 control points
MAX_WAVE = 2.5, 1.5  # pixels: largest amplitude of a row's displacement in x and in y
LOOP_EXPONENT = -0.7, 0.3  # range of the logarithm of the exponent; below 0 the upper part of the digit shrinks
MIN_FALL = 0.3  # radians that the flag of a 1 falls below the horizontal
STEM_SHIFT = -2.0, 5.0  # pixels: range of the shift of the lower part of a 9 to the left


def pen(images: Tensor, labels: Tensor, strength: float = 1.0) -> Tensor:
    """Return digits (N, 28, 28), `USUAL_SHARE` of them elastically distorted, the others written in unusual ways.

    The usual ones are there so that a network does not lose what it could read before; the others are those of
    `write_unusually`.
    """
    images = images.float()
    unusual = write_unusually(images, labels, strength)
    grid = sampling_grid(random_affine_matrix(images, 2 * strength), images)
    usual = resample(images, grid + elastic_field(images, 2 * strength))
    return torch.where(bernoulli(images, USUAL_SHARE)[:, None, None], usual, unusual)


def write_unusually(images: Tensor, labels: Tensor, strength: float) -> Tensor:
    """Return digits (N, 28, 28), some of them with strokes that MNIST hardly contains, all of them warped.

    Zeros that are slashed, barred, dotted, open or have a tail; ones with a long flag, or with a serif and a foot like
    a printed I; fives with a loose bar, eights that are open at the top; sevens that are crossed or have a serif;
    downstrokes that end in a hook, nines with a small loop and a curved stem, gaps in strokes, thinner and thicker ink,
    flat and narrow shapes, uneven light. The results are placed as `drawing.to_digit` would place them, give or take a
    pixel.
    """
    masks = {name: bernoulli(images, p * strength) for name, p in PROBABILITIES.items()}
    images = add_strokes(images, labels, masks)
    images = erase_spot(images, masks["gap"], 0.8, 1.8)
    thickened = change_thickness(images, uniform(images, -0.9, 1.5))
    images = torch.where(masks["thickness"][:, None, None], thickened, images)
    matrices = squeeze_matrix(images, labels, masks["squeeze"]) @ random_affine_matrix(
        images, 1.5 * strength, shift=0.0
    )
    field = elastic_field(images, 0.75 * strength) + warp_field(images, strength) + wave_field(images, strength)
    nine = labels == 9
    field = field + small_loop_field(images, masks["small loop"] & nine)
    field = field + stem_field(images, masks["curved stem"] & nine)
    images = resample(images, sampling_grid(matrices, images) + field)
    matrices = recentring_matrix(images)
    matrices[:, :2, 2] += torch.stack([uniform(images, -1, 1), uniform(images, -1, 1)], 1) * strength * 2 / SIZE
    images = rescale_brightness(resample(images, sampling_grid(matrices, images)))
    return on_some(images, masks["lighting"], change_light)


def add_strokes(images: Tensor, labels: Tensor, masks: dict[str, Tensor]) -> Tensor:
    """Return digits (N, 28, 28) with the strokes that some people add to them, where the masks (N,) say so."""
    zero, one, seven = labels == 0, labels == 1, labels == 7
    half_width = uniform(images, 0.9, 2.2)  # of the added lines, in pixels
    slash, level_bar, dot, tail = slash_line(images), level_bar_line(images), dot_line(images), tail_line(images)
    images = erase_spot(images, masks["opening"] & zero, 1.5, 3.2)
    images = draw_line(images, slash, half_width, masks["slash"] & zero & is_wide(images))
    images = draw_line(images, level_bar, half_width, masks["level bar"] & zero)
    images = draw_line(images, dot, half_width, masks["dot"] & zero & is_wide(images))
    images = draw_line(images, tail, half_width, masks["tail"] & zero)

    foot, serif = foot_line(images), serif_line(images)  # computed before the flag is drawn, which is ink too
    images = draw_line(images, flag_line(images), half_width, masks["flag"] & one & ~masks["serif"])
    images = draw_line(images, serif, half_width, masks["serif"] & one)
    images = draw_line(images, foot, half_width, (masks["foot"] | masks["serif"]) & one)

    images = erase_disc(images, *bar_corner(images), uniform(images, 1.2, 3.0), masks["loose bar"] & (labels == 5))
    images = erase_disc(images, *top_right(images), uniform(images, 1.2, 3.0), masks["open top"] & (labels == 8))

    with_serif = masks["hanging serif"] & seven & is_wide(images)  # in a narrow seven, or with a bar, it makes a nine
    images = draw_line(images, hanging_serif_line(images), half_width, with_serif)
    images = draw_line(images, bar_line(images), half_width, masks["bar"] & seven & ~with_serif)
    has_downstroke = torch.isin(labels, torch.tensor([1, 4, 7, 9], device=labels.device))
    return draw_line(images, hook_line(images), 0.8 * half_width, masks["hook"] & has_downstroke)


def slash_line(images: Tensor) -> Tensor:
    """Return lines (N, 4) through the digit, upright or from lower left to upper right, about as long as its box."""
    top, bottom, left, right = bounding_box(images)
    overhang, height = uniform(images, -0.15, 0.25), bottom - top
    centre, half = (left + right) / 2, (right - left) * (0.5 + overhang) * uniform(images, 0.2, 1)
    return torch.stack([centre - half, bottom + overhang * height, centre + half, top - overhang * height], 1)


def is_wide(images: Tensor) -> Tensor:
    """Return a mask (N,) of digits at least half as wide as high: a slash would fill a narrower zero."""
    top, bottom, left, right = bounding_box(images)
    return right - left >= (bottom - top) / 2


def flag_line(images: Tensor) -> Tensor:
    """Return lines (N, 4) from the top of the digit down to the left of its stem, 20 to 75 % of its height long.

    The angle between flag and stem is 20 to 70 degrees, and at most 40 for the longest, but the flag always falls by
    `MIN_FALL` below the horizontal, however much the stem leans: a more level one would make a seven.
    """
    top, bottom, _, _ = bounding_box(images)
    x = top_column(images)
    stem_x, stem_y = top_column(images.flip(1)) - x, bottom - top
    share = uniform(images, 0, 1)  # of the way from the shortest flag to the longest
    angle = 0.35 + (0.85 - 0.5 * share) * uniform(images, 0, 1)  # radians
    lean = torch.atan2(-stem_x, stem_y)  # of the stem from the vertical, in radians, above 0 when it is a slash
    angle = torch.minimum(angle, math.pi / 2 - MIN_FALL - lean).clamp(min=0.2)
    scale = stem_y * (0.2 + 0.55 * share) / torch.hypot(stem_x, stem_y).clamp(min=1)
    dx = stem_x * torch.cos(angle) - stem_y * torch.sin(angle)
    dy = stem_x * torch.sin(angle) + stem_y * torch.cos(angle)
    return torch.stack([x, top, x + scale * dx, top + scale * dy], 1)


def level_bar_line(images: Tensor) -> Tensor:
    """Return nearly horizontal lines (N, 4) across the middle of the digit, about from edge to edge."""
    top, bottom, left, right = bounding_box(images)
    overhang, y = (right - left) * uniform(images, -0.15, 0.1), top + (bottom - top) * uniform(images, 0.4, 0.6)
    tilt = uniform(images, -1.5, 1.5)
    return torch.stack([left - overhang, y + tilt, right + overhang, y - tilt], 1)


def dot_line(images: Tensor) -> Tensor:
    """Return lines (N, 4) in the middle of the digit, in any direction: from a dot to a third of its height long."""
    top, bottom, left, right = bounding_box(images)
    half, angle = (bottom - top) * uniform(images, 0, 0.17), uniform(images, 0, math.pi)
    x, y = (left + right) / 2, (top + bottom) / 2
    dx, dy = half * torch.cos(angle), half * torch.sin(angle)
    return torch.stack([x - dx, y + dy, x + dx, y - dy], 1)


def tail_line(images: Tensor) -> Tensor:
    """Return lines (N, 4) from the top of the digit sideways, mostly to the right: where the pen came from or left."""
    top, bottom, _, _ = bounding_box(images)
    length, angle = (bottom - top) * uniform(images, 0.15, 0.45), uniform(images, -0.6, 0.6)  # radians
    x, side = top_column(images), torch.where(bernoulli(images, 0.7), 1.0, -1.0)
    return torch.stack([x, top, x + side * length * torch.cos(angle), top - length * torch.sin(angle)], 1)


def serif_line(images: Tensor) -> Tensor:
    """Return nearly horizontal lines (N, 4) on top of the digit, 20 to 60 % of its height long, as on a printed I."""
    top, bottom, _, _ = bounding_box(images)
    half, tilt = (bottom - top) * uniform(images, 0.1, 0.3), uniform(images, -1, 1)
    centre = top_column(images) - half * uniform(images, 0, 0.8)
    return torch.stack([centre - half, top + tilt, centre + half, top - tilt], 1)


def hanging_serif_line(images: Tensor) -> Tensor:
    """Return lines (N, 4) from the left end of the upper stroke downwards, 10 to 30 % of the digit's height long."""
    top, bottom, _, _ = bounding_box(images)
    x, _ = sides_of_upper_part(images, 1 / 3)
    y = top + uniform(images, 0, 1)
    length, lean = (bottom - top) * uniform(images, 0.1, 0.3), uniform(images, -0.3, 0.2)
    return torch.stack([x, y, x + lean * length, y + length], 1)


def bar_corner(images: Tensor) -> tuple[Tensor, Tensor]:
    """Return x and y, (N,) each, just below the left end of the upper stroke: where the bar of a 5 meets its body."""
    top, bottom, _, _ = bounding_box(images)
    left, _ = sides_of_upper_part(images, 1 / 2)
    return left + uniform(images, 0, 2), top + (bottom - top) * uniform(images, 0.12, 0.3)


def top_right(images: Tensor) -> tuple[Tensor, Tensor]:
    """Return x and y, (N,) each, at the upper right of the digit: where an 8 stays open when it is not closed."""
    top, bottom, _, _ = bounding_box(images)
    left, right = sides_of_upper_part(images, 1 / 3)
    x = left + (right - left) * uniform(images, 0.6, 1)
    return x, top + (bottom - top) * uniform(images, 0, 0.15)


def sides_of_upper_part(images: Tensor, share: float) -> tuple[Tensor, Tensor]:
    """Return the first and the last column with ink, (N,) each, in this share of the digit's height from its top."""
    top, bottom, _, _ = bounding_box(images)
    upper = images * (pixel_grid(images)[1] < (top + (bottom - top) * share)[:, None, None])
    _, _, left, right = bounding_box(upper)
    return left, right


def foot_line(images: Tensor) -> Tensor:
    """Return nearly horizontal lines (N, 4) under the digit, 24 to 76 % of its height long."""
    top, bottom, _, _ = bounding_box(images)
    half, x = (bottom - top) * uniform(images, 0.12, 0.38), top_column(images.flip(1))
    centre, tilt = x + half * uniform(images, -0.5, 0.5), uniform(images, -1, 1)
    return torch.stack([centre - half, bottom + tilt, centre + half, bottom - tilt], 1)


def bar_line(images: Tensor) -> Tensor:
    """Return short, nearly horizontal lines (N, 4) across the middle of the digit."""
    top, bottom, left, right = bounding_box(images)
    width, y = right - left, top + (bottom - top) * uniform(images, 0.4, 0.65)
    x = (left + right) / 2 + width * uniform(images, -0.1, 0.15)
    half, tilt = width * uniform(images, 0.2, 0.4), uniform(images, -2, 2)
    return torch.stack([x - half, y + tilt, x + half, y - tilt], 1)


def hook_line(images: Tensor) -> Tensor:
    """Return short lines (N, 4) from the lowest point of the digit upwards, two thirds of them to the right."""
    top, bottom, _, _ = bounding_box(images)
    length, angle = (bottom - top) * uniform(images, 0.1, 0.42), uniform(images, 0.4, 1.45)  # radians
    x, side = top_column(images.flip(1)), torch.where(bernoulli(images, 0.65), 1.0, -1.0)
    return torch.stack([x, bottom, x + side * length * torch.cos(angle), bottom - length * torch.sin(angle)], 1)


def top_column(images: Tensor) -> Tensor:
    """Return the mean column (N,) of the ink in the topmost row that has any."""
    first = (images > BOX_INK_THRESHOLD).any(2).float().argmax(1)
    row = images[torch.arange(len(images), device=images.device), first]
    return (row @ torch.arange(row.shape[1], device=row.device, dtype=row.dtype)) / row.sum(1).clamp(min=1)


def erase_spot(images: Tensor, mask: Tensor, smallest: float, largest: float) -> Tensor:
    """Return the images with a round spot of ink erased where mask (N,) is True, its radius between two in pixels."""
    pixel = torch.multinomial(images.flatten(1) + 1e-3, 1).squeeze(1)
    size = images.shape[2]
    return erase_disc(images, pixel % size, pixel // size, uniform(images, smallest, largest), mask)


def erase_disc(images: Tensor, x: Tensor, y: Tensor, radius: Tensor, mask: Tensor) -> Tensor:
    """Return the images with the ink around x, y (N,) erased up to a radius (N,), in pixels, where mask is True."""
    columns, rows = pixel_grid(images)
    distance = torch.hypot(columns - x[:, None, None], rows - y[:, None, None])
    remaining = (distance - radius[:, None, None] + 0.5).clamp(0, 1)
    return torch.where(mask[:, None, None], images * remaining, images)


def change_thickness(images: Tensor, amount: Tensor) -> Tensor:
    """Return the ink dilated where amount (N,) is above 0, up to 2 pixels, or eroded where it is below, down to -1."""
    maps = images.unsqueeze(1)
    dilated = F.max_pool2d(maps, 3, 1, 1)
    dilated_twice = F.max_pool2d(dilated, 3, 1, 1)
    eroded = -F.max_pool2d(-maps, 3, 1, 1)
    a = amount[:, None, None, None]
    grown = maps + (dilated - maps) * a.clamp(0, 1) + (dilated_twice - dilated) * (a - 1).clamp(0, 1)
    return rescale_brightness((grown + (eroded - maps) * (-a).clamp(0, 1)).squeeze(1))


def rescale_brightness(images: Tensor) -> Tensor:
    """Return the images with their brightest pixel at 255, as in `drawing.to_digit`; black images stay black."""
    return images * (255 / images.amax((1, 2), keepdim=True).clamp(min=1))


def recentring_matrix(images: Tensor) -> Tensor:
    """Return matrices (N, 3, 3) that place digits as `drawing.to_digit` does: 20 pixels long, centred by mass."""
    top, bottom, left, right = bounding_box(images)
    scale = (torch.maximum(bottom - top, right - left) + 1) / BOX
    x, y = pixel_grid(images)
    mass = images.sum((1, 2)).clamp(min=1)
    size = images.shape[1]
    target = (MASS_CENTRE + 0.5) * 2 / size - 1

    def offset(weighted: Tensor) -> Tensor:
        return (weighted.sum((1, 2)) / mass + 0.5) * 2 / size - 1 - scale * target

    zero = torch.zeros_like(scale)
    return affine_matrices(scale, zero, offset(images * x), zero, scale, offset(images * y))


def squeeze_matrix(images: Tensor, labels: Tensor, mask: Tensor) -> Tensor:
    """Return matrices (N, 3, 3) that make digits up to 40 % lower or narrower where mask (N,) is True.

    Ones and sevens are not made narrower: a narrow seven is what others write as a one, and a one is narrow already.
    """
    factor = 1 / (1 - uniform(images, 0, 0.4))
    keeps_width = torch.isin(labels, torch.tensor([1, 7], device=labels.device))
    one, zero, vertical = torch.ones_like(factor), torch.zeros_like(factor), bernoulli(images, 0.6)
    scale_x = torch.where(mask & ~vertical & ~keeps_width, factor, one)
    scale_y = torch.where(mask & vertical, factor, one)
    return affine_matrices(scale_x, zero, zero, zero, scale_y, zero)


def warp_field(images: Tensor, strength: float) -> Tensor:
    """Return a coarse random field (N, 28, 28, 2) of random amplitude: parts of the digit grow, shrink or lean."""
    count, height, width = images.shape
    control_points = torch.empty(count, 2, 4, 4, device=images.device).normal_() * WARP_STD * strength
    field = F.interpolate(control_points, (height, width), mode="bicubic", align_corners=True)
    return (field * uniform(images, 0, 1)[:, None, None, None] * (2 / width)).permute(0, 2, 3, 1)


def wave_field(images: Tensor, strength: float) -> Tensor:
    """Return a field (N, 28, 28, 2) that displaces rows along sine waves: stems curve, loops shrink or grow."""
    rows = torch.arange(images.shape[1], device=images.device) / images.shape[1]
    waves = []
    for max_amplitude in MAX_WAVE:
        frequency, phase = uniform(images, 0.5, 1.3), uniform(images, 0, 2 * math.pi)  # periods per image, radians
        amplitude = uniform(images, 0, max_amplitude) * strength
        waves.append(amplitude[:, None] * torch.sin(2 * math.pi * frequency[:, None] * rows + phase[:, None]))
    return row_field(*waves)


def small_loop_field(images: Tensor, mask: Tensor) -> Tensor:
    """Return a field (N, 28, 28, 2) that makes the upper part of the digit lower, or a little higher.

    The lower part fills the rest of the height. Where mask (N,) is False the field is 0.
    """
    row, height = relative_row(images)
    exponent = torch.exp(uniform(images, *LOOP_EXPONENT) * mask)[:, None]
    return row_field(torch.zeros_like(row), (row**exponent - row) * height)


def stem_field(images: Tensor, mask: Tensor) -> Tensor:
    """Return a field (N, 28, 28, 2) that curves the stem: the lower part moves sideways, its lower end less.

    Where mask (N,) is False the field is 0.
    """
    row, _ = relative_row(images)
    knee = uniform(images, 0.3, 0.55)[:, None]
    rise = ((row - knee + 0.1) / 0.2).clamp(0, 1)
    fall = uniform(images, 0, 1)[:, None] * ((row - knee) / (1 - knee)).clamp(0, 1)
    shift = (uniform(images, *STEM_SHIFT) * mask)[:, None]
    return row_field(shift * (rise - fall), torch.zeros_like(row))


def relative_row(images: Tensor) -> tuple[Tensor, Tensor]:
    """Return each row's position in the digit (N, 28), 0 at its top and 1 at its bottom, and its height (N, 1)."""
    top, bottom, _, _ = (edge[:, None] for edge in bounding_box(images))
    rows, height = torch.arange(images.shape[1], device=images.device), bottom - top
    return ((rows - top) / height.clamp(min=1)).clamp(0, 1), height


def row_field(dx: Tensor, dy: Tensor) -> Tensor:
    """Return the field (N, 28, 28, 2) that displaces every row as a whole, by (N, 28) pixels in x and in y."""
    count, height = dx.shape
    return (torch.stack([dx, dy], 2) * (2 / height))[:, :, None, :].expand(count, height, height, 2)

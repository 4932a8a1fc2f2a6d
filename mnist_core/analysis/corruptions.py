"""The 15 corruptions of MNIST-C (Mu & Gilmer, 2019, arXiv 1906.02337), each with a severity.

Severity 1 is the published one, and `corrupt` is then the published function. Below and above it one parameter of each
corruption, named in a comment, is interpolated; at 0 the image is unchanged. What is random is drawn for each image
from a generator of its own, seeded by the seed, the corruption and the index of the image: an image is corrupted in the
same way whatever else is in the batch, and a severity changes how strongly, not where.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zlib import crc32

import numpy as np

from mnist_core._lazy import LazyModule

if TYPE_CHECKING:
    from skimage import feature, filters, transform, util
else:  # half a second, which pages that only read stored results need not wait for
    feature = LazyModule("skimage.feature")
    filters = LazyModule("skimage.filters")
    transform = LazyModule("skimage.transform")
    util = LazyModule("skimage.util")

VERSION = 1  # of these functions: results of another version cannot be compared
MAX_SEVERITY = 1.5
SEVERITIES = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5)  # of the curves of error against severity
SIZE = 28
CENTRE = 13.5  # of 28 pixels
GLASS_OFFSETS = np.array([-SIZE - 1, -SIZE, -1, 0])  # to the neighbours above and to the left in a flattened image
PLASMA_SIZE, PLASMA_DECAY = 32, 1.4
LINE_REACH = 2.3  # pixels, vertically, in which a line fades out
TOOTH_LENGTH, TOOTH_HEIGHT, TEETH = 2.0, 2.0, 6  # of the zigzag, in pixels


class Randomness:
    """A random generator for each image of a batch."""

    def __init__(self, seed: int, name: str, indices: Sequence[int] | np.ndarray) -> None:
        self._seeds = [(seed, crc32(name.encode()), int(index)) for index in indices]
        self._generators: list[np.random.Generator] | None = None

    def __call__(self, draw: Callable[[np.random.Generator], Any]) -> np.ndarray:
        """Return what `draw` takes from the generator of each image, (N, ...)."""
        if self._generators is None:
            self._generators = [np.random.default_rng(seed) for seed in self._seeds]
        return np.array([draw(generator) for generator in self._generators])

    def signs(self, count: int) -> np.ndarray:
        """Return -1 or 1, float (N, count)."""
        return self(lambda rng: rng.choice([-1.0, 1.0], count))


CorruptionFunction = Callable[[np.ndarray, float, Randomness], np.ndarray]


@dataclass(frozen=True)
class Corruption:
    """One way in which pictures of digits are damaged.

    `function(images, severity, random)` maps float images (N, 28, 28) of 0..1 to others, which may exceed that range.
    """

    name: str
    title: str
    description: str  # the first line of the function's docstring, for the learner
    function: CorruptionFunction


CORRUPTIONS: dict[str, Corruption] = {}


def corruption(title: str) -> Callable[[CorruptionFunction], CorruptionFunction]:
    """Register the decorated function in `CORRUPTIONS`, in the order of the paper."""

    def register(function: CorruptionFunction) -> CorruptionFunction:
        name, description = function.__name__, (function.__doc__ or "").partition("\n")[0]
        CORRUPTIONS[name] = Corruption(name, title, description, function)
        return function

    return register


def corrupt(
    images: np.ndarray,
    name: str,
    severity: float = 1.0,
    seed: int = 0,
    indices: Sequence[int] | np.ndarray | None = None,
) -> np.ndarray:
    """Return uint8 images (N, 28, 28) with the corruption of this name, at a severity of 0 to `MAX_SEVERITY`.

    `indices` are the places of the images in their data set, 0 to N - 1 by default: the same index, seed and severity
    give the same picture. Raises KeyError for an unknown name, ValueError for other images or an impossible severity.
    """
    if images.dtype != np.uint8 or images.ndim != 3 or images.shape[1:] != (SIZE, SIZE):
        raise ValueError(f"images must be uint8 of shape (N, 28, 28), got {images.dtype} of shape {images.shape}")
    if not 0 <= severity <= MAX_SEVERITY:
        raise ValueError(f"the severity must be from 0 to {MAX_SEVERITY:g}, got {severity}")
    function = CORRUPTIONS[name].function
    if severity == 0 or not len(images):
        return images.copy()
    random = Randomness(seed, name, range(len(images)) if indices is None else indices)
    corrupted: np.ndarray = (function(images / 255.0, severity, random).clip(0, 1) * 255).round().astype(np.uint8)
    return corrupted


@corruption("Shot noise")
def shot_noise(images: np.ndarray, severity: float, random: Randomness) -> np.ndarray:
    """The grain of a picture taken with too little light."""
    photons = iter(images * (3 / severity**2))  # the mean count, for white 3; noise is 1 / sqrt of it
    counts = random(lambda rng: rng.poisson(next(photons)))
    return counts * severity**2 / 3


@corruption("Impulse noise")
def impulse_noise(images: np.ndarray, severity: float, random: Randomness) -> np.ndarray:
    """Single pixels turned white or black, as by salt and pepper."""
    amount, rest = 0.17 * severity, iter(images)  # the share of pixels
    return random(lambda rng: util.random_noise(next(rest), "s&p", rng=rng, amount=amount))


@corruption("Glass blur")
def glass_blur(images: np.ndarray, severity: float, random: Randomness) -> np.ndarray:
    """Seen through frosted glass: blurred, and neighbouring pixels mixed up."""
    sigma, share = 0.7 * severity, 0.5 * severity  # of the blur in pixels; of the pixels that are swapped
    positions = [row * SIZE + column for row in range(27, 1, -1) for column in range(27, 1, -1)] * 2  # two rounds
    moved = random(lambda rng: rng.random(len(positions))) < share
    offsets = GLASS_OFFSETS[random(lambda rng: rng.integers(0, 4, len(positions)))]
    # The published code blurs vertically only, because it took the columns for colours: see docs/robustness.md.
    blurred = blur(images, sigma, columns=False)
    pixels = np.floor(blurred * 255).reshape(len(images), -1).T.copy()  # (784, N): a row is one position
    batch = np.arange(len(images))
    for position, shifts in zip(positions, np.where(moved, offsets, 0).T.copy(), strict=True):
        neighbours = position + shifts
        swapped = pixels[neighbours, batch]
        pixels[neighbours, batch] = pixels[position]
        pixels[position] = swapped
    return blur(pixels.T.reshape(images.shape) / 255, sigma, columns=False)


@corruption("Motion blur")
def motion_blur(images: np.ndarray, severity: float, random: Randomness) -> np.ndarray:
    """The camera moved while the picture was taken."""
    sigma, taps = 3 * severity, 2 * int(np.ceil(10 * severity)) + 1  # pixels along the motion; as ImageMagick does it
    weights = np.exp(-(np.arange(taps) ** 2) / (2 * sigma**2))
    angles = np.radians(random(lambda rng: rng.uniform(-45, 45)))[:, None]
    batch, pixels = np.arange(len(images))[:, None, None], np.arange(SIZE)
    blurred = np.zeros_like(images)
    for tap, weight in enumerate(weights / weights.sum()):  # half a Gaussian: the trail is on one side
        rows = (pixels + np.ceil(tap * np.sin(angles) - 0.5).astype(int)).clip(0, SIZE - 1)
        columns = (pixels + np.ceil(tap * np.cos(angles) - 0.5).astype(int)).clip(0, SIZE - 1)
        blurred += weight * images[batch, rows[:, :, None], columns[:, None, :]]
    return blurred


@corruption("Shear")
def shear(images: np.ndarray, severity: float, random: Randomness) -> np.ndarray:
    """Slanted to one side, like italic letters."""
    angle = 0.4 * severity  # radians
    maps = {sign: [[1, -sign * np.sin(angle)], [0, np.cos(angle)]] for sign in (-1.0, 1.0)}
    return warp_by_sign(images, random.signs(1)[:, 0], maps)


@corruption("Scale")
def scale(images: np.ndarray, severity: float, random: Randomness) -> np.ndarray:
    """Smaller than the digits that the network learned from."""
    size = 1 - 0.3 * severity  # of the digit
    return warp(images, np.eye(2) / size)


@corruption("Rotate")
def rotate(images: np.ndarray, severity: float, random: Randomness) -> np.ndarray:
    """Turned to the left or to the right."""
    cos, sin = np.cos(0.4 * severity), np.sin(0.4 * severity)  # of the angle in radians
    maps = {sign: [[cos, -sign * sin], [sign * sin, cos]] for sign in (-1.0, 1.0)}
    return warp_by_sign(images, random.signs(1)[:, 0], maps)


@corruption("Brightness")
def brightness(images: np.ndarray, severity: float, random: Randomness) -> np.ndarray:
    """Overexposed: black becomes grey, and there is less contrast."""
    return images + 0.5 * severity


@corruption("Translate")
def translate(images: np.ndarray, severity: float, random: Randomness) -> np.ndarray:
    """Not in the middle: moved sideways and up or down."""
    signs, moved = random.signs(2), np.empty_like(images)
    for x in (-1.0, 1.0):
        for y in (-1.0, 1.0):
            chosen = (signs == (x, y)).all(1)
            moved[chosen] = warp(images[chosen], np.eye(2), (3 * severity * x, 3 * severity * y))  # pixels
    return moved


@corruption("Stripe")
def stripe(images: np.ndarray, severity: float, random: Randomness) -> np.ndarray:
    """Black and white are swapped in a stripe on either side."""
    covered: np.ndarray = np.clip(
        7 * severity - np.arange(SIZE), 0, 1
    )  # columns of one stripe, the last of them in part
    inverted: np.ndarray = images + (covered + covered[::-1]) * (1 - 2 * images)
    return inverted


@corruption("Fog")
def fog(images: np.ndarray, severity: float, random: Randomness) -> np.ndarray:
    """Clouds of fog in front of the digit."""
    density = 3 * severity
    brightest = images.max((1, 2), keepdims=True)
    foggy = images + density * plasma(random)[:, :SIZE, :SIZE]
    darkened: np.ndarray = foggy * brightest / (brightest + density)
    return darkened


@corruption("Spatter")
def spatter(images: np.ndarray, severity: float, random: Randomness) -> np.ndarray:
    """Mud has splashed onto the lens."""
    threshold = 0.65 + 0.1 * (1 - severity)  # the lower, the more is covered
    liquid = blur(random(lambda rng: rng.normal(0.65, 0.3, (SIZE, SIZE))), 1)
    mud = blur((liquid > threshold).astype(float), 1.5)
    mud[mud < 0.8] = 0
    muddy: np.ndarray = images * (1 - mud) + 63 / 255 * mud
    return muddy


@corruption("Dotted line")
def dotted_line(images: np.ndarray, severity: float, random: Randomness) -> np.ndarray:
    """A dotted line is drawn across the digit."""
    ends = random(lambda rng: rng.integers(0, 27, 2))
    line = strokes(0, ends[:, 0], 27, ends[:, 1], severity)
    dots = np.arange(SIZE) // 2 % 2  # two columns without, two with ink
    return images + line * dots


@corruption("Zigzag")
def zigzag(images: np.ndarray, severity: float, random: Randomness) -> np.ndarray:
    """A zigzag line is drawn across the digit."""
    start = random(lambda rng: rng.integers(0, 27)).astype(float)
    rise = random(lambda rng: rng.integers(-5, 5)).astype(float)
    left, width = 2.0, 23.0
    length = np.hypot(width, rise)
    along = [np.zeros_like(length), *(np.full_like(length, (2 * n + 1) * TOOTH_LENGTH) for n in range(TEETH)), length]
    off = [np.zeros_like(length), *(np.full_like(length, (-1) ** n * TOOTH_HEIGHT) for n in range(TEETH))]
    off.append(off[-1] / (2 * (length % (2 * TOOTH_LENGTH))))  # where the published line ends
    cos, sin = width / length, rise / length
    columns = [left + cos * a - sin * o for a, o in zip(along, off, strict=True)]
    rows = [start + sin * a + cos * o for a, o in zip(along, off, strict=True)]
    drawn = images.copy()
    for n in range(len(columns) - 1):
        drawn += strokes(columns[n], rows[n], columns[n + 1], rows[n + 1], severity)
    return drawn


@corruption("Canny edges")
def canny_edges(images: np.ndarray, severity: float, random: Randomness) -> np.ndarray:
    """Only the outlines of the digit are left."""
    sigma = max(1.0, severity)  # of the smoothing; up to severity 1 the edges are faded in
    edges = np.stack([feature.canny(image, sigma) for image in images]).astype(float)
    outlined: np.ndarray = images + min(1.0, severity) * (edges - images)
    return outlined


def blur(images: np.ndarray, sigma: float, columns: bool = True) -> np.ndarray:
    """Blur images (N, 28, 28) with a Gaussian of this sigma in pixels; without `columns` only vertically."""
    blurred: np.ndarray = filters.gaussian(images, (0, sigma, sigma if columns else 0))
    return blurred


def warp(
    images: np.ndarray, matrix: np.ndarray | list[list[float]], shift: tuple[float, float] = (0.0, 0.0)
) -> np.ndarray:
    """Transform images (N, 28, 28) about their centre, bilinearly and with black outside.

    The output at p is the input at matrix @ (p - centre) + centre + shift, with p = (x, y).
    """
    if not len(images):
        return images
    linear = np.array(matrix)
    inverse = np.eye(3)
    inverse[:2, :2], inverse[:2, 2] = linear, np.full(2, CENTRE) - linear @ np.full(2, CENTRE) + shift
    channels = transform.warp(images.transpose(1, 2, 0), transform.AffineTransform(matrix=inverse))
    warped: np.ndarray = channels.transpose(2, 0, 1)
    return warped


def warp_by_sign(images: np.ndarray, signs: np.ndarray, maps: dict[float, list[list[float]]]) -> np.ndarray:
    """Transform each image with the matrix of its sign, -1 or 1."""
    warped = np.empty_like(images)
    for sign, matrix in maps.items():
        warped[signs == sign] = warp(images[signs == sign], matrix)
    return warped


def plasma(random: Randomness) -> np.ndarray:
    """Return clouds (N, 32, 32) of 0..1 that wrap around, made by the diamond-square algorithm."""
    steps = [PLASMA_SIZE >> level for level in range(PLASMA_SIZE.bit_length() - 1)]  # 32, 16, ..., 2
    sizes = [PLASMA_SIZE // step for step in steps for _ in range(3)]
    noise = random(lambda rng: rng.uniform(-1, 1, sum(size * size for size in sizes)))
    parts = iter(np.split(noise, np.cumsum([size * size for size in sizes])[:-1], axis=1))
    clouds = np.zeros((len(noise), PLASMA_SIZE, PLASMA_SIZE))
    wibble = 100.0

    def between(neighbours: np.ndarray) -> np.ndarray:
        """Return the mean of four neighbours, given their sum, with noise added."""
        return neighbours / 4 + wibble * wibble * next(parts).reshape(neighbours.shape)

    for step in steps:
        half = step // 2
        corners = clouds[:, ::step, ::step]
        pairs = corners + np.roll(corners, -1, 1)
        centres = between(pairs + np.roll(pairs, -1, 2))
        clouds[:, half::step, half::step] = centres
        clouds[:, ::step, half::step] = between(centres + np.roll(centres, 1, 1) + corners + np.roll(corners, -1, 2))
        clouds[:, half::step, ::step] = between(centres + np.roll(centres, 1, 2) + corners + np.roll(corners, -1, 1))
        wibble /= PLASMA_DECAY
    clouds -= clouds.min((1, 2), keepdims=True)
    scaled: np.ndarray = clouds / clouds.max((1, 2), keepdims=True)
    return scaled


def strokes(
    left: np.ndarray | float, top: np.ndarray, right: np.ndarray | float, bottom: np.ndarray, thickness: float
) -> np.ndarray:
    """Return one straight line an image, 0..1 (N, 28, 28), from (left, top) to (right, bottom) in pixels, each (N,).

    At `thickness` 1 it is the line of the paper, which fades out with its vertical distance.
    """
    x0, y0, x1, y1 = (np.broadcast_to(value, np.shape(top))[:, None] for value in (left, top, right, bottom))
    columns = np.arange(SIZE)
    heights = y0 + (y1 - y0) / (x1 - x0) * (columns - x0)  # (N, 28): the row of the line in each column
    distance = np.abs(np.arange(SIZE)[:, None] - heights[:, None, :])
    inside = np.maximum(1 - distance / (LINE_REACH * thickness), 1e-10)
    drawn = (columns >= np.floor(x0)) & (columns < np.ceil(x1))
    line: np.ndarray = (np.log(inside) + 1).clip(0, 1) * drawn[:, None, :]
    return line

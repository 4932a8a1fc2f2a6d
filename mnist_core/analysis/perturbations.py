"""Two ways to break a network: change the digit until it is misread, or add a little noise made against the network."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from mnist_core._lazy import LazyModule

if TYPE_CHECKING:
    import torch
else:
    torch = LazyModule("torch")

CENTRE = 13.5  # of 28 pixels


@dataclass(frozen=True)
class Perturbation:
    """One slider: `apply` takes a float (28, 28) of 0..255 and a value of it; the neutral one changes nothing."""

    name: str
    label: str
    low: float
    high: float
    step: float
    neutral: float
    unit: str
    about: str
    apply: Callable[[np.ndarray, float], np.ndarray]


PERTURBATIONS: dict[str, Perturbation] = {}


def perturbation(
    label: str, low: float, high: float, step: float, neutral: float = 0.0, unit: str = ""
) -> Callable[[Callable[[np.ndarray, float], np.ndarray]], Callable[[np.ndarray, float], np.ndarray]]:
    """Enter the decorated function into `CHANGES`; they are applied in the order in which they stand here."""

    def enter(apply: Callable[[np.ndarray, float], np.ndarray]) -> Callable[[np.ndarray, float], np.ndarray]:
        name, about = apply.__name__, (apply.__doc__ or "").partition("\n")[0]
        PERTURBATIONS[name] = Perturbation(name, label, low, high, step, neutral, unit, about, apply)
        return apply

    return enter


@perturbation("Thickness", -1.0, 2.0, 0.1, unit="px")
def thickness(image: np.ndarray, value: float) -> np.ndarray:
    """The strokes get this many pixels thicker on each side, or thinner below 0."""
    if value < 0:
        thinner: np.ndarray = ndimage.grey_erosion(image, (3, 3), mode="constant")
        thinned: np.ndarray = image - value * (thinner - image)
        return thinned
    wider: np.ndarray = ndimage.grey_dilation(image, (3, 3), mode="constant")
    widest = ndimage.grey_dilation(wider, (3, 3), mode="constant")
    thickened: np.ndarray = image + min(value, 1) * (wider - image) + max(value - 1, 0) * (widest - wider)
    return thickened


@perturbation("Size", 0.4, 1.6, 0.05, neutral=1.0, unit="times")
def scale(image: np.ndarray, value: float) -> np.ndarray:
    """The digit is drawn smaller or larger around the middle of the picture."""
    return resample(image, np.eye(2) / value)


@perturbation("Rotate", -180.0, 180.0, 5.0, unit="degrees")
def rotate(image: np.ndarray, value: float) -> np.ndarray:
    """The digit turns around the middle of the picture, clockwise above 0."""
    cos, sin = np.cos(np.radians(value)), np.sin(np.radians(value))
    return resample(image, np.array([[cos, -sin], [sin, cos]]))


@perturbation("Shift right", -12.0, 12.0, 1.0, unit="px")
def shift_right(image: np.ndarray, value: float) -> np.ndarray:
    """The digit moves to the right, or to the left below 0."""
    return resample(image, np.eye(2), (0.0, -value))


@perturbation("Shift down", -12.0, 12.0, 1.0, unit="px")
def shift_down(image: np.ndarray, value: float) -> np.ndarray:
    """The digit moves down, or up below 0."""
    return resample(image, np.eye(2), (-value, 0.0))


@perturbation("Blur", 0.0, 4.0, 0.1, unit="px")
def blur(image: np.ndarray, value: float) -> np.ndarray:
    """A Gaussian of this standard deviation smears the ink."""
    smeared: np.ndarray = ndimage.gaussian_filter(image, value, mode="constant")
    return smeared


@perturbation("Noise", 0.0, 1.0, 0.025)
def noise(image: np.ndarray, value: float) -> np.ndarray:
    """A random number is added to every pixel, always the same ones: their standard deviation, where white is 1."""
    return image + 255 * value * np.random.default_rng(0).standard_normal(image.shape)


@perturbation("Invert", 0.0, 1.0, 0.025)
def invert(image: np.ndarray, value: float) -> np.ndarray:
    """Black and white change places: at 0.5 all is grey, at 1 the ink is dark on white paper."""
    return image + value * (255 - 2 * image)


def resample(image: np.ndarray, matrix: np.ndarray, shift: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
    """Every pixel looks at matrix x its place around the middle, plus the shift; bilinear, black outside."""
    middle = np.full(2, CENTRE)
    offset = middle - matrix @ middle + shift
    moved: np.ndarray = ndimage.affine_transform(image, matrix, offset, order=1, mode="grid-constant")
    return moved


def perturb(digit: np.ndarray, values: dict[str, float]) -> np.ndarray:
    """A uint8 (28, 28) digit after all the changes with a value, in the order of `CHANGES`; others stay neutral."""
    image = digit.astype(np.float64)
    for name, known in PERTURBATIONS.items():
        if values.get(name, known.neutral) != known.neutral:
            image = known.apply(image, values[name]).clip(0, 255)
    return image.round().astype(np.uint8)


def sweep(digit: np.ndarray, values: dict[str, float], name: str) -> tuple[np.ndarray, np.ndarray]:
    """The whole range of one slider (N,), and the digits (N, 28, 28) with it there and the others as they are."""
    known = PERTURBATIONS[name]
    count = min(round((known.high - known.low) / known.step), 40)  # 41 pictures are read in a moment
    marks = [known.neutral, values.get(name, known.neutral)]  # where it is now is among them
    stops = np.unique(np.concatenate([np.linspace(known.low, known.high, count + 1), marks]).round(6))
    return stops, np.stack([perturb(digit, values | {name: float(stop)}) for stop in stops])

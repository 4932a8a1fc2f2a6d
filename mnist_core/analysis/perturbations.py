"""Perturbations of a digit, each controlled by one number: thickness, rotation, noise and others."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

IMAGE_CENTRE = 13.5  # of 28 pixels
MAX_INTERVALS = 40  # of one sweep: a network predicts 41 images at once in a moment

PerturbationFunction = Callable[[np.ndarray, float], np.ndarray]


@dataclass(frozen=True)
class Perturbation:
    """A perturbation and the range of its value.

    `apply(image, value)` maps a float (28, 28) image of 0..255 to another, which may exceed that range; at `neutral`
    it changes nothing.
    """

    name: str
    label: str
    minimum: float
    maximum: float
    step: float
    neutral: float
    unit: str
    description: str  # the first line of the function's docstring, for the learner
    apply: PerturbationFunction


PERTURBATIONS: dict[str, Perturbation] = {}


def perturbation(
    label: str, minimum: float, maximum: float, step: float, neutral: float = 0.0, unit: str = ""
) -> Callable[[PerturbationFunction], PerturbationFunction]:
    """Register the decorated function in `PERTURBATIONS`, whose order is the order in which they are applied."""

    def register(apply: PerturbationFunction) -> PerturbationFunction:
        name, description = apply.__name__, (apply.__doc__ or "").partition("\n")[0]
        PERTURBATIONS[name] = Perturbation(name, label, minimum, maximum, step, neutral, unit, description, apply)
        return apply

    return register


@perturbation("Thickness", -1.0, 2.0, 0.1, unit="px")
def thickness(image: np.ndarray, value: float) -> np.ndarray:
    """Thicken the strokes by this many pixels on each side, or thin them below 0."""
    if value < 0:
        eroded: np.ndarray = ndimage.grey_erosion(image, (3, 3), mode="constant")
        thinner: np.ndarray = image - value * (eroded - image)
        return thinner
    once: np.ndarray = ndimage.grey_dilation(image, (3, 3), mode="constant")
    twice: np.ndarray = ndimage.grey_dilation(once, (3, 3), mode="constant")
    thicker: np.ndarray = image + min(value, 1) * (once - image) + max(value - 1, 0) * (twice - once)
    return thicker


@perturbation("Size", 0.4, 1.6, 0.05, neutral=1.0, unit="×")
def scale(image: np.ndarray, value: float) -> np.ndarray:
    """Make the digit smaller or larger, about the centre of the image."""
    return transform(image, np.eye(2) / value)


@perturbation("Rotate", -180.0, 180.0, 5.0, unit="degrees")
def rotate(image: np.ndarray, value: float) -> np.ndarray:
    """Rotate the digit about the centre of the image, clockwise above 0."""
    cos, sin = np.cos(np.radians(value)), np.sin(np.radians(value))
    return transform(image, np.array([[cos, -sin], [sin, cos]]))


@perturbation("Shift right", -12.0, 12.0, 1.0, unit="px")
def shift_right(image: np.ndarray, value: float) -> np.ndarray:
    """Move the digit to the right, or to the left below 0."""
    return transform(image, np.eye(2), (0.0, -value))


@perturbation("Shift down", -12.0, 12.0, 1.0, unit="px")
def shift_down(image: np.ndarray, value: float) -> np.ndarray:
    """Move the digit down, or up below 0."""
    return transform(image, np.eye(2), (-value, 0.0))


@perturbation("Blur", 0.0, 4.0, 0.1, unit="px")
def blur(image: np.ndarray, value: float) -> np.ndarray:
    """Blur the digit with a Gaussian of this standard deviation."""
    blurred: np.ndarray = ndimage.gaussian_filter(image, value, mode="constant")
    return blurred


@perturbation("Noise", 0.0, 1.0, 0.025)
def noise(image: np.ndarray, value: float) -> np.ndarray:
    """Add Gaussian noise, always the same, with this standard deviation, where white is 1."""
    return image + 255 * value * np.random.default_rng(0).standard_normal(image.shape)


@perturbation("Invert", 0.0, 1.0, 0.025)
def invert(image: np.ndarray, value: float) -> np.ndarray:
    """Swap black and white: at 0.5 everything is grey, at 1 the ink is dark on white paper."""
    return image + value * (255 - 2 * image)


def transform(image: np.ndarray, matrix: np.ndarray, shift: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
    """Transform an image about its centre, bilinearly and with black outside.

    The output at p is the input at matrix @ (p - centre) + centre + shift, with p = (row, column).
    """
    centre = np.full(2, IMAGE_CENTRE)
    offset = centre - matrix @ centre + shift
    transformed: np.ndarray = ndimage.affine_transform(image, matrix, offset, order=1, mode="grid-constant")
    return transformed


def perturb(digit: np.ndarray, values: dict[str, float]) -> np.ndarray:
    """Apply the perturbations in `values` (name -> value) to a uint8 (28, 28) digit, in the order of `PERTURBATIONS`.

    Those that `values` does not contain stay neutral.
    """
    image = digit.astype(np.float64)
    for name, perturbation in PERTURBATIONS.items():
        value = values.get(name, perturbation.neutral)
        if value != perturbation.neutral:
            image = perturbation.apply(image, value).clip(0, 255)
    return image.round().astype(np.uint8)


def sweep(digit: np.ndarray, values: dict[str, float], name: str) -> tuple[np.ndarray, np.ndarray]:
    """Perturb a digit over the whole range of one perturbation, with the others fixed at `values`.

    Return N ascending values of `name`, its neutral and its current one among them, and the uint8 (N, 28, 28) images.
    """
    swept = PERTURBATIONS[name]
    intervals = min(round((swept.maximum - swept.minimum) / swept.step), MAX_INTERVALS)
    grid = np.linspace(swept.minimum, swept.maximum, intervals + 1)
    points = np.unique(np.append(grid, [swept.neutral, values.get(name, swept.neutral)]).round(6))
    return points, np.stack([perturb(digit, values | {name: float(point)}) for point in points])

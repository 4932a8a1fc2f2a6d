"""Two ways to break a network: change the digit until it is misread, or add a little noise made against the network."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from mnist_core._lazy import LazyModule
from mnist_core.explain import pixels_of, scores

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn
else:
    torch = LazyModule("torch")

MIDDLE = 13.5  # of 28 pixels
EPSILONS = np.arange(21) / 50  # 0 to 0.4 of the way from black to white, which each pixel may move
PGD_STEPS = 40  # as Madry et al. trained against


@dataclass(frozen=True)
class Change:
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


CHANGES: dict[str, Change] = {}


def change(
    label: str, low: float, high: float, step: float, neutral: float = 0.0, unit: str = ""
) -> Callable[[Callable[[np.ndarray, float], np.ndarray]], Callable[[np.ndarray, float], np.ndarray]]:
    """Enter the decorated function into `CHANGES`; they are applied in the order in which they stand here."""

    def enter(apply: Callable[[np.ndarray, float], np.ndarray]) -> Callable[[np.ndarray, float], np.ndarray]:
        name, about = apply.__name__, (apply.__doc__ or "").partition("\n")[0]
        CHANGES[name] = Change(name, label, low, high, step, neutral, unit, about, apply)
        return apply

    return enter


@change("Thickness", -1.0, 2.0, 0.1, unit="px")
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


@change("Size", 0.4, 1.6, 0.05, neutral=1.0, unit="times")
def scale(image: np.ndarray, value: float) -> np.ndarray:
    """The digit is drawn smaller or larger around the middle of the picture."""
    return looked_up(image, np.eye(2) / value)


@change("Rotate", -180.0, 180.0, 5.0, unit="degrees")
def rotate(image: np.ndarray, value: float) -> np.ndarray:
    """The digit turns around the middle of the picture, clockwise above 0."""
    cos, sin = np.cos(np.radians(value)), np.sin(np.radians(value))
    return looked_up(image, np.array([[cos, -sin], [sin, cos]]))


@change("Shift right", -12.0, 12.0, 1.0, unit="px")
def shift_right(image: np.ndarray, value: float) -> np.ndarray:
    """The digit moves to the right, or to the left below 0."""
    return looked_up(image, np.eye(2), (0.0, -value))


@change("Shift down", -12.0, 12.0, 1.0, unit="px")
def shift_down(image: np.ndarray, value: float) -> np.ndarray:
    """The digit moves down, or up below 0."""
    return looked_up(image, np.eye(2), (-value, 0.0))


@change("Blur", 0.0, 4.0, 0.1, unit="px")
def blur(image: np.ndarray, value: float) -> np.ndarray:
    """A Gaussian of this standard deviation smears the ink."""
    smeared: np.ndarray = ndimage.gaussian_filter(image, value, mode="constant")
    return smeared


@change("Noise", 0.0, 1.0, 0.025)
def noise(image: np.ndarray, value: float) -> np.ndarray:
    """A random number is added to every pixel, always the same ones: their standard deviation, where white is 1."""
    return image + 255 * value * np.random.default_rng(0).standard_normal(image.shape)


@change("Invert", 0.0, 1.0, 0.025)
def invert(image: np.ndarray, value: float) -> np.ndarray:
    """Black and white change places: at 0.5 all is grey, at 1 the ink is dark on white paper."""
    return image + value * (255 - 2 * image)


def looked_up(image: np.ndarray, matrix: np.ndarray, shift: tuple[float, float] = (0.0, 0.0)) -> np.ndarray:
    """Every pixel looks at matrix x its place around the middle, plus the shift; bilinear, black outside."""
    middle = np.full(2, MIDDLE)
    offset = middle - matrix @ middle + shift
    moved: np.ndarray = ndimage.affine_transform(image, matrix, offset, order=1, mode="grid-constant")
    return moved


def changed(digit: np.ndarray, values: dict[str, float]) -> np.ndarray:
    """A uint8 (28, 28) digit after all the changes with a value, in the order of `CHANGES`; others stay neutral."""
    image = digit.astype(np.float64)
    for name, known in CHANGES.items():
        if values.get(name, known.neutral) != known.neutral:
            image = known.apply(image, values[name]).clip(0, 255)
    return image.round().astype(np.uint8)


def along(digit: np.ndarray, values: dict[str, float], name: str) -> tuple[np.ndarray, np.ndarray]:
    """The whole range of one slider (N,), and the digits (N, 28, 28) with it there and the others as they are."""
    known = CHANGES[name]
    count = min(round((known.high - known.low) / known.step), 40)  # 41 pictures are read in a moment
    marks = [known.neutral, values.get(name, known.neutral)]  # where it is now is among them
    stops = np.unique(np.concatenate([np.linspace(known.low, known.high, count + 1), marks]).round(6))
    return stops, np.stack([changed(digit, values | {name: float(stop)}) for stop in stops])


# Made against the network: no pixel (0..1) moves further than epsilon, and away from the label the loss climbs.


def fgsm(network: "nn.Module", digit: np.ndarray, label: int, epsilons: np.ndarray = EPSILONS) -> np.ndarray:
    """One full step up the loss, each pixel by epsilon (Goodfellow, Shlens & Szegedy, 2014).

    A uint8 (28, 28) digit to float32 (N, 28, 28) of 0..1, one for each epsilon.
    """
    pixels, limits = pixels_of(digit), bounds(epsilons)
    return (pixels + limits * uphill(network, pixels, label).sign()).clamp(0, 1).numpy()


def pgd(
    network: "nn.Module", digit: np.ndarray, label: int, epsilons: np.ndarray = EPSILONS, steps: int = PGD_STEPS
) -> np.ndarray:
    """Many small steps, brought back within epsilon after each (Madry et al., 2018); shapes as in `fgsm`.

    Starts at a random place within epsilon, always the same one; a step is 2.5 epsilon over their number.
    """
    pixels, limits = pixels_of(digit), bounds(epsilons)
    dice = torch.Generator().manual_seed(0)
    x = (pixels + limits * (2 * torch.rand(28, 28, generator=dice) - 1)).clamp(0, 1)
    for _ in range(steps):
        x = x + 2.5 * limits / steps * uphill(network, x, label).sign()
        x = x.clamp(pixels - limits, pixels + limits).clamp(0, 1)
    return x.numpy()


def uphill(network: "nn.Module", pixels: "Tensor", label: int) -> "Tensor":
    """(N, 28, 28): how the loss on `label` rises with each pixel, up to a positive factor for each picture.

    That factor is left out of the cross-entropy's slope because it vanishes where the network is certain.
    """
    with torch.enable_grad():
        pixels = pixels.detach().requires_grad_()
        answers = scores(network, pixels)
        others = answers.masked_fill(torch.arange(10) == label, -torch.inf).logsumexp(1)
        slopes: Tensor = torch.autograd.grad((others - answers[:, label]).sum(), pixels)[0]
    return slopes


def bounds(epsilons: np.ndarray) -> "Tensor":
    """(N,) to (N, 1, 1)."""
    return torch.tensor(np.asarray(epsilons), dtype=torch.float32).view(-1, 1, 1)


ATTACKS = {"fgsm": fgsm, "pgd": pgd}


def read(network: "nn.Module", pixels: np.ndarray) -> np.ndarray:
    """(N, 28, 28) of 0..1 to the probabilities (N, 10)."""
    with torch.inference_mode():
        return scores(network, torch.tensor(pixels, dtype=torch.float32)).softmax(1).numpy()


def first_fooled(probabilities: np.ndarray, label: int, epsilons: np.ndarray = EPSILONS) -> float | None:
    """The smallest of the epsilons at which the answer is no longer `label`; None if there is none."""
    fooled = np.flatnonzero(probabilities.argmax(1) != label)
    return float(epsilons[fooled[0]]) if len(fooled) else None

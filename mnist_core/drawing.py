"""Convert an image of any size into a 28x28 digit like MNIST's, and keep the intermediate steps for display.

MNIST's geometry (LeCun et al., 1998): bright ink on black, scaled with antialiasing to fit a 20x20 box with its aspect
ratio kept, then placed in 28x28 so that the centre of mass lies in the middle (array index 14.0, measured on MNIST).
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from mnist_core._lazy import LazyModule
from mnist_core.errors import MnistLabError

if TYPE_CHECKING:
    from scipy import ndimage
else:
    ndimage = LazyModule("scipy.ndimage")

SIZE, BOX, MASS_CENTRE = 28, 20, 14.0
INK_THRESHOLD = 32.0  # of 255: ink fainter than this is noise or paper
MIN_EXTENT = 0.01  # of the image's longer side: ink smaller than this is a speck, not a digit
MIN_MASS = 0.02  # of all ink: a piece of ink (connected component) with less is a smudge
BACKGROUND_SIZE = 90  # pixels of the longer side at which the background of a photo is estimated
WORKING_SIZE = 800  # pixels of the longer side: larger images are reduced to this first, for speed


class EmptyDrawing(MnistLabError, ValueError):
    """The image has no ink, or too little to be a digit."""


@dataclass(frozen=True)
class Preprocessing:
    """The steps from an image to a digit, each uint8 with ink bright on black."""

    ink: np.ndarray  # (H, W): the ink, without the background
    cropped: np.ndarray  # (h, w): the bounding box of the ink
    scaled: np.ndarray  # (20, w) or (h, 20): scaled with antialiasing
    digit: np.ndarray  # (28, 28): centred by mass


def to_digit(image: np.ndarray) -> np.ndarray:
    """Return an image as the uint8 (28, 28) digit, bright on black, that a network expects.

    The image is uint8 (H, W), (H, W, 3) or (H, W, 4), of any size and either polarity. Raises EmptyDrawing when there
    is no ink, and ValueError for another shape or dtype.
    """
    return preprocess(image).digit


def preprocess(image: np.ndarray) -> Preprocessing:
    """Return all steps of `to_digit`, for display. Raises as it does."""
    ink = remove_smudges(extract_ink(image))
    cropped = crop(ink)
    scaled = fit_box(cropped)
    return Preprocessing(ink, cropped, scaled, centre_by_mass(scaled))


def extract_ink(image: np.ndarray) -> np.ndarray:
    """Return the ink as uint8 (H, W), 255 where it is darkest and 0 on the background; large images are reduced.

    In an image with transparency the ink is the alpha channel. Elsewhere the grey of the background is subtracted,
    shadows included.
    """
    image = np.asarray(image)
    if image.dtype != np.uint8 or image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] not in (3, 4)):
        raise ValueError(
            f"a drawing must be uint8 of shape (H, W), (H, W, 3) or (H, W, 4), got {image.dtype} of shape {image.shape}"
        )
    if image.size == 0:
        raise EmptyDrawing("the image has no pixels; draw a digit first")
    transparent = image.ndim == 3 and image.shape[2] == 4 and image[..., 3].min() < 128
    grey = downscale(image[..., 3] if transparent else to_grey(image)).astype(np.float32)
    if transparent:
        return grey.astype(np.uint8)
    paper = background(grey)
    difference = grey - paper
    dark, bright = (difference.clip(max=0) ** 2).sum(), (difference.clip(min=0) ** 2).sum()
    # Whatever differs more from the background, darker or brighter, is the ink. Dark ink is measured as the share of
    # light that it absorbs, so that it is as strong in a shadow.
    ink: np.ndarray = -255 * difference / np.maximum(paper, 1) if dark > bright else difference
    if np.ndim(
        paper
    ):  # a photo: below half the threshold is noise, and from its own median on, ink is at full strength
        threshold = otsu_threshold(ink)
        full = float(np.median(ink[ink >= threshold]))
        if threshold >= INK_THRESHOLD / 2:
            ink = 255 * (ink - threshold / 2) / max(full - threshold / 2, 1.0)
        else:
            ink = 0 * ink
    return ink.clip(0, 255).astype(np.uint8)


def to_grey(image: np.ndarray) -> np.ndarray:
    """Return uint8 (H, W): the luma (ITU-R BT.601) of an image that may have colours."""
    if image.ndim == 2:
        return image
    luma: np.ndarray = image[..., :3].astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    return luma.round().astype(np.uint8)


def downscale(grey: np.ndarray) -> np.ndarray:
    """Return the image reduced so that its longer side is at most 800 pixels."""
    factor = max(grey.shape) / WORKING_SIZE
    if factor <= 1:
        return grey
    size = max(1, round(grey.shape[1] / factor)), max(1, round(grey.shape[0] / factor))
    return np.asarray(Image.fromarray(grey).resize(size, Image.Resampling.BOX))


def background(grey: np.ndarray) -> np.ndarray | float:
    """Return the grey of the background: one number where it is uniform, like a canvas, else (H, W).

    The background of a photo is a median filter over a third of it. The ink covers less than half of any such window,
    so the median ignores it, but follows the edge of a shadow.
    """
    border = float(np.median(np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])))
    if (np.abs(grey - border) <= 2).mean() > 0.5:
        return border
    height, width = grey.shape
    factor = max(1, round(max(height, width) / BACKGROUND_SIZE))
    small = Image.fromarray(grey).resize((max(1, width // factor), max(1, height // factor)), Image.Resampling.BOX)
    median = ndimage.median_filter(np.asarray(small), size=BACKGROUND_SIZE // 3, mode="nearest")
    return np.asarray(Image.fromarray(median).resize((width, height), Image.Resampling.BILINEAR))


def otsu_threshold(ink: np.ndarray) -> float:
    """Return the midpoint of the two class means that Otsu's method (1979) finds; 0 if all pixels are alike."""
    counts, edges = np.histogram(ink.clip(0), bins=128, range=(0, 256))
    centres = (edges[:-1] + edges[1:]) / 2
    n_below, sum_below = counts.cumsum()[:-1], (counts * centres).cumsum()[:-1]
    n_above, sum_above = counts.sum() - n_below, (counts * centres).sum() - sum_below
    means = sum_below / n_below.clip(1), sum_above / n_above.clip(1)
    best = int(np.argmax(n_below * n_above * (means[0] - means[1]) ** 2))
    return float(means[0][best] + means[1][best]) / 2 if n_below[best] and n_above[best] else 0.0


def remove_smudges(ink: np.ndarray) -> np.ndarray:
    """Return the ink without small pieces, and without pieces at the border unless the digit itself touches it."""
    pieces, count = ndimage.label(ink >= INK_THRESHOLD, structure=np.ones((3, 3)))
    if count < 2:
        return ink
    mass = ndimage.sum_labels(ink, pieces, np.arange(1, count + 1))
    at_border = np.isin(np.arange(1, count + 1), border_pieces(pieces))
    keep = mass >= MIN_MASS * mass.sum()
    inside = mass[~at_border]
    if at_border.any() and len(inside) and inside.max() >= 0.3 * mass.max():
        keep = (mass >= MIN_MASS * inside.sum()) & ~at_border
    removed = np.isin(pieces, np.flatnonzero(~keep) + 1)
    kept = np.isin(pieces, np.flatnonzero(keep) + 1)
    return np.where(ndimage.binary_dilation(removed, iterations=2) & ~kept, 0, ink)


def border_pieces(pieces: np.ndarray) -> np.ndarray:
    """Return the numbers that occur at the border of a labelled image (H, W), 0 for the background among them."""
    return np.unique(np.concatenate([pieces[0], pieces[-1], pieces[:, 0], pieces[:, -1]]))


def crop(ink: np.ndarray) -> np.ndarray:
    """Return the bounding box of the ink; raises EmptyDrawing when there is no ink, or only a speck."""
    rows, columns = np.flatnonzero((ink >= INK_THRESHOLD).any(1)), np.flatnonzero((ink >= INK_THRESHOLD).any(0))
    if not len(rows):
        raise EmptyDrawing("there is no ink in the image; draw a digit first")
    cropped: np.ndarray = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    if max(cropped.shape) < MIN_EXTENT * max(ink.shape):
        raise EmptyDrawing("there is only a speck in the image; draw a digit first")
    return cropped


def fit_box(ink: np.ndarray) -> np.ndarray:
    """Return the ink scaled with antialiasing, its longer side 20 pixels and its brightest pixel 255."""
    height, width = ink.shape
    scale = BOX / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    floats = Image.fromarray(ink.astype(np.float32))  # as integers, a few specks would round to nothing
    scaled: np.ndarray = np.asarray(floats.resize(size, Image.Resampling.LANCZOS)).clip(0, 255)
    brightened: np.ndarray = (scaled * (255 / scaled.max())).round().astype(np.uint8)
    return brightened


def centre_by_mass(scaled: np.ndarray) -> np.ndarray:
    """Return uint8 (28, 28) with the ink placed, to the nearest pixel, so that its centre of mass is (14, 14)."""
    height, width = scaled.shape
    mass = scaled.astype(np.float64)
    row = (mass.sum(1) @ np.arange(height)) / mass.sum()
    column = (mass.sum(0) @ np.arange(width)) / mass.sum()
    top = int(np.clip(round(MASS_CENTRE - row), 0, SIZE - height))
    left = int(np.clip(round(MASS_CENTRE - column), 0, SIZE - width))
    digit = np.zeros((SIZE, SIZE), np.uint8)
    digit[top : top + height, left : left + width] = scaled
    return digit


def naive_resize(canvas: np.ndarray) -> np.ndarray:
    """Return a uint8 canvas (H, W) resized to (28, 28), neither cropped nor centred: a digit without preprocessing."""
    return np.asarray(Image.fromarray(canvas).resize((SIZE, SIZE), Image.Resampling.BILINEAR))

"""An image of any size becomes the 28x28 digit that MNIST would have made of it, and shows the steps on the way.

MNIST's geometry (LeCun et al., 1998): ink bright on black, scaled with antialiasing to fit a 20x20 box with its aspect
ratio kept, then placed in 28x28 so that the centre of mass lies in the middle (array index 14.0, measured on MNIST).
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy import ndimage

from mnist_core.errors import MnistLabError

SIZE, BOX, CENTRE = 28, 20, 14.0
INK_THRESHOLD = 32.0  # of 255: ink fainter than this is grain or paper
MIN_EXTENT = 0.01  # of the image's longer side: ink no larger than that is a speck, not a digit
MIN_MASS = 0.02  # of all ink: a separate piece with less is a smudge
BACKGROUND_SIZE = 90  # pixels: the size at which the light on a photo is looked at
WORKING_SIZE = 800  # pixels: larger images are reduced to this first, for speed; the digit still spans hundreds


class EmptyDrawing(MnistLabError, ValueError):
    """There is no ink in the image, or too little to be a digit."""


@dataclass(frozen=True)
class Preparation:
    """How a drawing became a digit; each is uint8, ink bright on black."""

    ink: np.ndarray  # (H, W): the ink found on the paper
    cut: np.ndarray  # (h, w): the smallest rectangle that holds it
    box: np.ndarray  # (20, w) or (h, 20): scaled with antialiasing
    digit: np.ndarray  # (28, 28): placed by its centre of mass


def to_digit(image: np.ndarray) -> np.ndarray:
    """uint8 (H, W), (H, W, 3) or (H, W, 4) of either polarity to the uint8 (28, 28) digit a network expects.

    Raises EmptyDrawing when there is no ink, ValueError for another shape or type.
    """
    return prepare(image).digit


def prepare(image: np.ndarray) -> Preparation:
    """All steps of `to_digit`, for display. Raises as it does."""
    ink = remove_smudges(extract_ink(image))
    cut = crop(ink)
    box = fit_box(cut)
    return Preparation(ink, cut, box, centre_by_mass(box))


def extract_ink(image: np.ndarray) -> np.ndarray:
    """uint8 (H, W), 255 where ink is darkest and 0 on the paper; large images come back smaller.

    A sheet with transparency has its ink in alpha. Elsewhere the paper's own grey is taken away, shadows and all.
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
    sheet = background(grey)
    rest = grey - sheet
    dark, bright = (rest.clip(max=0) ** 2).sum(), (rest.clip(min=0) ** 2).sum()
    # What stands out from the paper, whichever way, is ink; dark ink counts by the share of light it swallows, so
    # that it is as strong in a shadow.
    ink: np.ndarray = -255 * rest / np.maximum(sheet, 1) if dark > bright else rest
    if np.ndim(sheet):  # a photo: below half the threshold is grain, and ink is full from its own median on
        level = otsu_threshold(ink)
        full = float(np.median(ink[ink >= level]))
        ink = 255 * (ink - level / 2) / max(full - level / 2, 1.0) if level >= INK_THRESHOLD / 2 else 0 * ink
    return ink.clip(0, 255).astype(np.uint8)


def to_grey(image: np.ndarray) -> np.ndarray:
    """uint8 (H, W) of an image with or without colours (ITU-R BT.601 luma)."""
    if image.ndim == 2:
        return image
    luma: np.ndarray = image[..., :3].astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    return luma.round().astype(np.uint8)


def downscale(grey: np.ndarray) -> np.ndarray:
    """The image with its longer side at most 800 pixels."""
    factor = max(grey.shape) / WORKING_SIZE
    if factor <= 1:
        return grey
    size = max(1, round(grey.shape[1] / factor)), max(1, round(grey.shape[0] / factor))
    return np.asarray(Image.fromarray(grey).resize(size, Image.Resampling.BOX))


def background(grey: np.ndarray) -> np.ndarray | float:
    """(H, W): the grey of the paper everywhere, or one number where the sheet has one colour, like a canvas.

    On a photo the light falls off and shadows lie: the median over a third of the picture sees through the ink, which
    covers less than half of any such window, and follows the edge of a shadow.
    """
    edge = float(np.median(np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])))
    if (np.abs(grey - edge) <= 2).mean() > 0.5:
        return edge
    height, width = grey.shape
    every = max(1, round(max(height, width) / BACKGROUND_SIZE))
    small = Image.fromarray(grey).resize((max(1, width // every), max(1, height // every)), Image.Resampling.BOX)
    light = ndimage.median_filter(np.asarray(small), size=BACKGROUND_SIZE // 3, mode="nearest")
    return np.asarray(Image.fromarray(light).resize((width, height), Image.Resampling.BILINEAR))


def otsu_threshold(ink: np.ndarray) -> float:
    """Half-way between the two kinds of pixels, parted where they differ most (Otsu, 1979); 0 if all are alike."""
    counts, edges = np.histogram(ink.clip(0), bins=128, range=(0, 256))
    middles = (edges[:-1] + edges[1:]) / 2
    below, mass = counts.cumsum()[:-1], (counts * middles).cumsum()[:-1]
    above, rest = counts.sum() - below, (counts * middles).sum() - mass
    means = mass / below.clip(1), rest / above.clip(1)
    best = int(np.argmax(below * above * (means[0] - means[1]) ** 2))
    return float(means[0][best] + means[1][best]) / 2 if below[best] and above[best] else 0.0


def remove_smudges(ink: np.ndarray) -> np.ndarray:
    """The ink without small separate pieces, and without what comes in from the edge beside a digit that does not."""
    pieces, count = ndimage.label(ink >= INK_THRESHOLD, structure=np.ones((3, 3)))
    if count < 2:
        return ink
    mass = ndimage.sum_labels(ink, pieces, np.arange(1, count + 1))
    edge = np.unique(np.concatenate([pieces[0], pieces[-1], pieces[:, 0], pieces[:, -1]]))
    on_edge = np.isin(np.arange(1, count + 1), edge)
    keep = mass >= MIN_MASS * mass.sum()
    inside = mass[~on_edge]
    if on_edge.any() and len(inside) and inside.max() >= 0.3 * mass.max():
        keep = (mass >= MIN_MASS * inside.sum()) & ~on_edge
    gone = np.isin(pieces, np.flatnonzero(~keep) + 1)
    return np.where(ndimage.binary_dilation(gone, iterations=2) & ~np.isin(pieces, np.flatnonzero(keep) + 1), 0, ink)


def crop(ink: np.ndarray) -> np.ndarray:
    """The smallest rectangle that holds all ink; raises EmptyDrawing when there is none, or only a speck."""
    rows, columns = np.flatnonzero((ink >= INK_THRESHOLD).any(1)), np.flatnonzero((ink >= INK_THRESHOLD).any(0))
    if not len(rows):
        raise EmptyDrawing("there is no ink in the image; draw a digit first")
    inside: np.ndarray = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    if max(inside.shape) < MIN_EXTENT * max(ink.shape):
        raise EmptyDrawing("there is only a speck in the image; draw a digit first")
    return inside


def fit_box(ink: np.ndarray) -> np.ndarray:
    """Scaled with antialiasing so that the longer side is 20 pixels, and made as bright as MNIST's ink."""
    height, width = ink.shape
    scale = BOX / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    floats = Image.fromarray(ink.astype(np.float32))  # in whole numbers a few specks would round to nothing
    box: np.ndarray = np.asarray(floats.resize(size, Image.Resampling.LANCZOS)).clip(0, 255)
    digit: np.ndarray = (box * (255 / box.max())).round().astype(np.uint8)
    return digit


def centre_by_mass(box: np.ndarray) -> np.ndarray:
    """uint8 (28, 28) with the box placed, to the nearest pixel, so that its centre of mass lies at (14, 14)."""
    height, width = box.shape
    mass = box.astype(np.float64)
    row = (mass.sum(1) @ np.arange(height)) / mass.sum()
    column = (mass.sum(0) @ np.arange(width)) / mass.sum()
    top = int(np.clip(round(CENTRE - row), 0, SIZE - height))
    left = int(np.clip(round(CENTRE - column), 0, SIZE - width))
    digit = np.zeros((SIZE, SIZE), np.uint8)
    digit[top : top + height, left : left + width] = box
    return digit


def naive_resize(sheet: np.ndarray) -> np.ndarray:
    """uint8 (H, W) shrunk to (28, 28) as it lies there: what a network sees when nobody prepares the drawing."""
    return np.asarray(Image.fromarray(sheet).resize((SIZE, SIZE), Image.Resampling.BILINEAR))

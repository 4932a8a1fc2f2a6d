"""An image of any size becomes the 28x28 digit that MNIST would have made of it, and shows the steps on the way.

MNIST's geometry (LeCun et al., 1998): ink bright on black, scaled with antialiasing to fit a 20x20 box with its aspect
ratio kept, then placed in 28x28 so that the centre of mass lies in the middle (array index 14.0, measured on MNIST).
"""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from PIL import Image
from scipy import ndimage
from scipy.sparse.csgraph import connected_components

SIZE, BOX, CENTRE = 28, 20, 14.0
CONTRAST = 32.0  # of 255: ink fainter than this is grain or paper
SMALLEST = 0.01  # of the image's longer side: ink no larger than that is a speck, not a digit
SMUDGE = 0.02  # of all ink: a separate piece with less is a smudge
COARSE = 90  # pixels: the size at which the light on a photo is looked at
WORKING = 800  # pixels: larger images are reduced to this first, for speed; the digit still spans hundreds
# Several digits in a picture; in parts of a typical digit's height.
PART = 0.6  # a piece lower than this is part of a digit, or a smudge
SPECK = 0.06  # a piece smaller than this is neither
REACH = 0.2  # so far may a part lie from the ink of its digit
TOUCH = 0.06  # large pieces as near as this are one digit
MOST = 100  # digits that are read in one picture


class EmptyDrawing(ValueError):
    """There is no ink in the image, or too little to be a digit."""


@dataclass(frozen=True)
class Steps:
    """How a drawing became a digit; each is uint8, ink bright on black."""

    ink: np.ndarray  # (H, W): the ink found on the paper
    cut: np.ndarray  # (h, w): the smallest rectangle that holds it
    box: np.ndarray  # (20, w) or (h, 20): scaled with antialiasing
    digit: np.ndarray  # (28, 28): placed by its centre of mass


@dataclass(frozen=True)
class Found:
    """One of the digits in a picture."""

    box: tuple[int, int, int, int]  # left, top, right, bottom in the picture's pixels; the last two lie outside
    steps: Steps

    @property
    def digit(self) -> np.ndarray:
        """uint8 (28, 28), as the network sees it."""
        return self.steps.digit


def to_digit(image: np.ndarray) -> np.ndarray:
    """uint8 (H, W), (H, W, 3) or (H, W, 4) of either polarity to the uint8 (28, 28) digit a network expects.

    Raises EmptyDrawing when there is no ink, ValueError for another shape or type.
    """
    return steps(image).digit


def steps(image: np.ndarray) -> Steps:
    """All steps of `to_digit`, for display. Raises as it does."""
    ink = without_smudges(ink_of(image))
    cut = cut_out(ink)
    box = fit_box(cut)
    return Steps(ink, cut, box, centre(box))


def ink_of(image: np.ndarray) -> np.ndarray:
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
    grey = reduced(image[..., 3] if transparent else grey_of(image)).astype(np.float32)
    if transparent:
        return grey.astype(np.uint8)
    sheet = paper(grey)
    rest = grey - sheet
    dark, bright = (rest.clip(max=0) ** 2).sum(), (rest.clip(min=0) ** 2).sum()
    # What stands out from the paper, whichever way, is ink; dark ink counts by the share of light it swallows, so
    # that it is as strong in a shadow.
    ink: np.ndarray = -255 * rest / np.maximum(sheet, 1) if dark > bright else rest
    if np.ndim(sheet):  # a photo: below half the threshold is grain, and ink is full from its own median on
        level = threshold(ink)
        full = float(np.median(ink[ink >= level]))
        ink = 255 * (ink - level / 2) / max(full - level / 2, 1.0) if level >= CONTRAST / 2 else 0 * ink
    return ink.clip(0, 255).astype(np.uint8)


def grey_of(image: np.ndarray) -> np.ndarray:
    """uint8 (H, W) of an image with or without colours (ITU-R BT.601 luma)."""
    if image.ndim == 2:
        return image
    luma: np.ndarray = image[..., :3].astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    return luma.round().astype(np.uint8)


def reduced(grey: np.ndarray) -> np.ndarray:
    """The image with its longer side at most 800 pixels."""
    factor = max(grey.shape) / WORKING
    if factor <= 1:
        return grey
    size = max(1, round(grey.shape[1] / factor)), max(1, round(grey.shape[0] / factor))
    return np.asarray(Image.fromarray(grey).resize(size, Image.Resampling.BOX))


def paper(grey: np.ndarray) -> np.ndarray | float:
    """(H, W): the grey of the paper everywhere, or one number where the sheet has one colour, like a canvas.

    On a photo the light falls off and shadows lie: the median over a third of the picture sees through the ink, which
    covers less than half of any such window, and follows the edge of a shadow.
    """
    edge = float(np.median(np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])))
    if (np.abs(grey - edge) <= 2).mean() > 0.5:
        return edge
    height, width = grey.shape
    every = max(1, round(max(height, width) / COARSE))
    small = Image.fromarray(grey).resize((max(1, width // every), max(1, height // every)), Image.Resampling.BOX)
    light = ndimage.median_filter(np.asarray(small), size=COARSE // 3, mode="nearest")
    return np.asarray(Image.fromarray(light).resize((width, height), Image.Resampling.BILINEAR))


def threshold(ink: np.ndarray) -> float:
    """Half-way between the two kinds of pixels, parted where they differ most (Otsu, 1979); 0 if all are alike."""
    counts, edges = np.histogram(ink.clip(0), bins=128, range=(0, 256))
    middles = (edges[:-1] + edges[1:]) / 2
    below, mass = counts.cumsum()[:-1], (counts * middles).cumsum()[:-1]
    above, rest = counts.sum() - below, (counts * middles).sum() - mass
    means = mass / below.clip(1), rest / above.clip(1)
    best = int(np.argmax(below * above * (means[0] - means[1]) ** 2))
    return float(means[0][best] + means[1][best]) / 2 if below[best] and above[best] else 0.0


def without_smudges(ink: np.ndarray) -> np.ndarray:
    """The ink without small separate pieces, and without what comes in from the edge beside a digit that does not."""
    pieces, count = ndimage.label(ink >= CONTRAST, structure=np.ones((3, 3)))
    if count < 2:
        return ink
    mass = ndimage.sum_labels(ink, pieces, np.arange(1, count + 1))
    edge = np.unique(np.concatenate([pieces[0], pieces[-1], pieces[:, 0], pieces[:, -1]]))
    on_edge = np.isin(np.arange(1, count + 1), edge)
    keep = mass >= SMUDGE * mass.sum()
    inside = mass[~on_edge]
    if on_edge.any() and len(inside) and inside.max() >= 0.3 * mass.max():
        keep = (mass >= SMUDGE * inside.sum()) & ~on_edge
    gone = np.isin(pieces, np.flatnonzero(~keep) + 1)
    return np.where(ndimage.binary_dilation(gone, iterations=2) & ~np.isin(pieces, np.flatnonzero(keep) + 1), 0, ink)


def cut_out(ink: np.ndarray) -> np.ndarray:
    """The smallest rectangle that holds all ink; raises EmptyDrawing when there is none, or only a speck."""
    rows, columns = np.flatnonzero((ink >= CONTRAST).any(1)), np.flatnonzero((ink >= CONTRAST).any(0))
    if not len(rows):
        raise EmptyDrawing("there is no ink in the image; draw a digit first")
    inside: np.ndarray = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    if max(inside.shape) < SMALLEST * max(ink.shape):
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


def centre(box: np.ndarray) -> np.ndarray:
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


def find_digits(image: np.ndarray) -> list[Found]:
    """The digits in a picture of one or many, line by line from left to right; at most 100.

    Takes what `to_digit` takes. Raises EmptyDrawing when there is none.
    """
    ink = ink_of(image)
    owner = gathered(ink)
    found = []
    for number, place in enumerate(ndimage.find_objects(owner), 1):
        around = tuple(slice(max(0, part.start - 2), part.stop + 2) for part in place)
        mine = owner[around] == number
        edge = ndimage.binary_dilation(mine, iterations=2) & (owner[around] == 0)  # its faint outermost pixels
        part = np.where(mine | edge, ink[around], 0)
        cut = cut_out(part)
        box = fit_box(cut)
        found.append(Found(enlarged(place, ink.shape, image.shape), Steps(part, cut, box, centre(box))))
    if not found:
        raise EmptyDrawing("there is no digit in the picture; write it larger, or with a darker pen")
    return in_reading_order(found)


def gathered(ink: np.ndarray) -> np.ndarray:
    """int (H, W): 0 where there is no digit, else the number of the digit, from 1, that the pixel belongs to.

    Pieces of ink that all but touch, or stand over each other, are one digit. A small piece belongs to the nearest
    large one, such as the bar of a 5; far from all it is a smudge.
    """
    pieces, count = ndimage.label(ink >= CONTRAST, structure=np.ones((3, 3)))
    places = ndimage.find_objects(pieces)
    height = np.array([place[0].stop - place[0].start for place in places], float)
    width = np.array([place[1].stop - place[1].start for place in places], float)
    whole = np.maximum(height, width) >= SMALLEST * max(ink.shape)
    edge = np.unique(np.concatenate([pieces[0], pieces[-1], pieces[:, 0], pieces[:, -1]]))
    inside = whole & ~np.isin(np.arange(1, count + 1), edge)
    mass = ndimage.sum_labels(ink, pieces, np.arange(1, count + 1)) if count else np.zeros(0)
    if inside.any() and mass[inside].max() >= 0.3 * mass.max():
        whole = inside  # what comes in from the edge beside digits that do not is the table's, not the writer's
    if not whole.any():
        return np.zeros_like(pieces)
    typical = float(np.median(height[whole & (height >= height[whole].max() / 2)]))
    large = whole & (height >= PART * typical)
    large[np.argsort(-mass)[MOST:]] = False
    if not large.any():
        return np.zeros_like(pieces)
    bodies = joined(pieces, places, np.flatnonzero(large) + 1, typical)
    far, nearest = ndimage.distance_transform_edt(bodies == 0, return_indices=True)
    owner = bodies.copy()
    for index in np.flatnonzero(whole & ~large & (np.maximum(height, width) >= SPECK * typical)):
        mine = pieces[places[index]] == index + 1
        gap = np.where(mine, far[places[index]], np.inf)
        row, column = np.unravel_index(gap.argmin(), gap.shape)
        if gap[row, column] <= REACH * typical:
            at = nearest[:, places[index][0].start + row, places[index][1].start + column]
            owner[places[index]][mine] = bodies[at[0], at[1]]
    return owner


def joined(pieces: np.ndarray, places: list[tuple[slice, slice]], large: np.ndarray, typical: float) -> np.ndarray:
    """int (H, W): the large pieces numbered anew, those that belong to one digit alike."""
    shape = np.ones((3, 3))
    known = np.isin(pieces, large)
    close, _ = ndimage.label(ndimage.binary_dilation(known, shape, iterations=round(TOUCH * typical / 2) or 1), shape)
    same = np.zeros((len(large), len(large)), bool)
    for one, other in combinations(range(len(large)), 2):
        first, second = places[large[one] - 1], places[large[other] - 1]
        across = min(first[1].stop, second[1].stop) - max(first[1].start, second[1].start)
        down = min(first[0].stop, second[0].stop) - max(first[0].start, second[0].start)
        narrower = min(first[1].stop - first[1].start, second[1].stop - second[1].start)
        same[one, other] = across >= 0.5 * narrower and down > 0
    touching = [close[places[name - 1]][pieces[places[name - 1]] == name][0] for name in large]
    same |= np.equal.outer(touching, touching)
    _, groups = connected_components(same, directed=False)
    number = np.zeros(pieces.max() + 1, int)
    number[large] = groups + 1
    renamed: np.ndarray = number[pieces]
    return renamed


def enlarged(place: tuple[slice, slice], small: tuple[int, ...], large: tuple[int, ...]) -> tuple[int, int, int, int]:
    """A place in the reduced ink as (left, top, right, bottom) in the picture."""
    down, across = large[0] / small[0], large[1] / small[1]
    rows, columns = place
    return int(columns.start * across), int(rows.start * down), round(columns.stop * across), round(rows.stop * down)


def in_reading_order(found: list[Found]) -> list[Found]:
    """Line by line; from the left, a digit continues the line whose last one stands at most half a height off."""
    lines: list[list[Found]] = []
    for one in sorted(found, key=lambda one: one.box[0]):
        off = [abs(middle(line[-1]) - middle(one)) / (one.box[3] - one.box[1]) for line in lines]
        if off and min(off) < 0.5:
            lines[off.index(min(off))].append(one)
        else:
            lines.append([one])
    lines.sort(key=lambda line: sum(map(middle, line)) / len(line))
    return [one for line in lines for one in line]


def middle(one: Found) -> float:
    """How far down the picture a digit's middle is."""
    return (one.box[1] + one.box[3]) / 2


def just_resized(sheet: np.ndarray) -> np.ndarray:
    """uint8 (H, W) shrunk to (28, 28) as it lies there: what a network sees when nobody prepares the drawing."""
    return np.asarray(Image.fromarray(sheet).resize((SIZE, SIZE), Image.Resampling.BILINEAR))

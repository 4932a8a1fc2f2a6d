"""Find the digits in a picture of one or many."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy import ndimage
from scipy.sparse.csgraph import connected_components

from mnist_core.drawing import (
    INK_THRESHOLD,
    MIN_EXTENT,
    EmptyDrawing,
    Preparation,
    centre_by_mass,
    crop,
    extract_ink,
    fit_box,
)

# Several digits in a picture; in parts of a typical digit's height.
PART_HEIGHT = 0.6  # a piece lower than this is part of a digit, or a smudge
SPECK_SIZE = 0.06  # a piece smaller than this is neither
PART_DISTANCE = 0.2  # so far may a part lie from the ink of its digit
JOIN_DISTANCE = 0.06  # large pieces as near as this are one digit
MAX_DIGITS = 100  # digits that are read in one picture


@dataclass(frozen=True)
class FoundDigit:
    """One of the digits in a picture."""

    box: tuple[int, int, int, int]  # left, top, right, bottom in the picture's pixels; the last two lie outside
    steps: Preparation

    @property
    def digit(self) -> np.ndarray:
        """uint8 (28, 28), as the network sees it."""
        return self.steps.digit


def find_digits(image: np.ndarray) -> list[FoundDigit]:
    """The digits in a picture of one or many, line by line from left to right; at most 100.

    Takes what `to_digit` takes. Raises EmptyDrawing when there is none.
    """
    ink = extract_ink(image)
    owner = assign_pieces(ink)
    found = []
    for number, place in enumerate(ndimage.find_objects(owner), 1):
        around = tuple(slice(max(0, part.start - 2), part.stop + 2) for part in place)
        mine = owner[around] == number
        edge = ndimage.binary_dilation(mine, iterations=2) & (owner[around] == 0)  # its faint outermost pixels
        part = np.where(mine | edge, ink[around], 0)
        cut = crop(part)
        box = fit_box(cut)
        found.append(
            FoundDigit(to_picture_box(place, ink.shape, image.shape), Preparation(part, cut, box, centre_by_mass(box)))
        )
    if not found:
        raise EmptyDrawing("there is no digit in the picture; write it larger, or with a darker pen")
    return reading_order(found)


def assign_pieces(ink: np.ndarray) -> np.ndarray:
    """int (H, W): 0 where there is no digit, else the number of the digit, from 1, that the pixel belongs to.

    Pieces of ink that all but touch, or stand over each other, are one digit. A small piece belongs to the nearest
    large one, such as the bar of a 5; far from all it is a smudge.
    """
    pieces, count = ndimage.label(ink >= INK_THRESHOLD, structure=np.ones((3, 3)))
    places = ndimage.find_objects(pieces)
    height = np.array([place[0].stop - place[0].start for place in places], float)
    width = np.array([place[1].stop - place[1].start for place in places], float)
    whole = np.maximum(height, width) >= MIN_EXTENT * max(ink.shape)
    edge = np.unique(np.concatenate([pieces[0], pieces[-1], pieces[:, 0], pieces[:, -1]]))
    inside = whole & ~np.isin(np.arange(1, count + 1), edge)
    mass = ndimage.sum_labels(ink, pieces, np.arange(1, count + 1)) if count else np.zeros(0)
    if inside.any() and mass[inside].max() >= 0.3 * mass.max():
        whole = inside  # what comes in from the edge beside digits that do not is the table's, not the writer's
    if not whole.any():
        return np.zeros_like(pieces)
    typical = float(np.median(height[whole & (height >= height[whole].max() / 2)]))
    large = whole & (height >= PART_HEIGHT * typical)
    large[np.argsort(-mass)[MAX_DIGITS:]] = False
    if not large.any():
        return np.zeros_like(pieces)
    bodies = join_pieces(pieces, places, np.flatnonzero(large) + 1, typical)
    far, nearest = ndimage.distance_transform_edt(bodies == 0, return_indices=True)
    owner = bodies.copy()
    for index in np.flatnonzero(whole & ~large & (np.maximum(height, width) >= SPECK_SIZE * typical)):
        mine = pieces[places[index]] == index + 1
        gap = np.where(mine, far[places[index]], np.inf)
        row, column = np.unravel_index(gap.argmin(), gap.shape)
        if gap[row, column] <= PART_DISTANCE * typical:
            at = nearest[:, places[index][0].start + row, places[index][1].start + column]
            owner[places[index]][mine] = bodies[at[0], at[1]]
    return owner


def join_pieces(pieces: np.ndarray, places: list[tuple[slice, slice]], large: np.ndarray, typical: float) -> np.ndarray:
    """int (H, W): the large pieces numbered anew, those that belong to one digit alike."""
    shape = np.ones((3, 3))
    known = np.isin(pieces, large)
    close, _ = ndimage.label(
        ndimage.binary_dilation(known, shape, iterations=round(JOIN_DISTANCE * typical / 2) or 1), shape
    )
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


def to_picture_box(
    place: tuple[slice, slice], small: tuple[int, ...], large: tuple[int, ...]
) -> tuple[int, int, int, int]:
    """A place in the reduced ink as (left, top, right, bottom) in the picture."""
    down, across = large[0] / small[0], large[1] / small[1]
    rows, columns = place
    return int(columns.start * across), int(rows.start * down), round(columns.stop * across), round(rows.stop * down)


def reading_order(found: list[FoundDigit]) -> list[FoundDigit]:
    """Line by line; from the left, a digit continues the line whose last one stands at most half a height off."""
    lines: list[list[FoundDigit]] = []
    for one in sorted(found, key=lambda one: one.box[0]):
        off = [abs(vertical_centre(line[-1]) - vertical_centre(one)) / (one.box[3] - one.box[1]) for line in lines]
        if off and min(off) < 0.5:
            lines[off.index(min(off))].append(one)
        else:
            lines.append([one])
    lines.sort(key=lambda line: sum(map(vertical_centre, line)) / len(line))
    return [one for line in lines for one in line]


def vertical_centre(one: FoundDigit) -> float:
    """How far down the picture a digit's middle is."""
    return (one.box[1] + one.box[3]) / 2

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
    Preprocessing,
    border_pieces,
    centre_by_mass,
    crop,
    extract_ink,
    fit_box,
)

# A piece is a connected component of ink. These sizes are fractions of the height of a typical digit in the picture.
PART_HEIGHT = 0.6  # a piece lower than this is part of a digit, or a smudge
SPECK_SIZE = 0.06  # a piece smaller than this is neither
PART_DISTANCE = 0.2  # the largest distance of a part from the rest of its digit
JOIN_DISTANCE = 0.06  # large pieces closer than this are one digit
MAX_DIGITS = 100
MAX_HOLES, MIN_HOLE = 8, 9  # of one digit, and pixels in a hole: only the squares of graph paper leave more
WIDE = 1.5  # width by height: what is wider and crosses the whole picture is a line of ruled paper

Slices = tuple[slice, slice]  # rows and columns of a bounding box
Box = tuple[int, int, int, int]  # left, top, right, bottom in pixels; right and bottom are exclusive


@dataclass(frozen=True)
class FoundDigit:
    """One of the digits in a picture."""

    box: Box  # in the picture's own pixels
    preprocessing: Preprocessing

    @property
    def digit(self) -> np.ndarray:
        """The uint8 (28, 28) digit that a network expects."""
        return self.preprocessing.digit


def is_ruled_paper(found: FoundDigit, width: int) -> bool:
    """Return whether what was found in a picture of this width, in pixels, has the lines of the paper in it."""
    left, top, right, bottom = found.box
    is_crossing = right - left >= 0.98 * width and right - left > WIDE * (bottom - top)
    background, count = ndimage.label(found.preprocessing.ink < INK_THRESHOLD)
    holes = ndimage.sum_labels(np.ones_like(background), background, np.arange(1, count + 1))
    at_border = np.isin(np.arange(1, count + 1), border_pieces(background))
    return is_crossing or int((holes[~at_border] >= MIN_HOLE).sum()) > MAX_HOLES


def find_digits(image: np.ndarray) -> list[FoundDigit]:
    """Return the digits in a picture in reading order: line by line, from left to right; at most 100.

    The picture is what `to_digit` accepts. Raises EmptyDrawing when it holds no digit, and ValueError for another
    shape or dtype.
    """
    ink = extract_ink(image)
    digit_numbers = assign_pieces(ink)
    digits = []
    for number, slices in enumerate(ndimage.find_objects(digit_numbers), 1):
        window = tuple(slice(max(0, side.start - 2), side.stop + 2) for side in slices)
        mask = digit_numbers[window] == number
        fringe = ndimage.binary_dilation(mask, iterations=2) & (digit_numbers[window] == 0)  # its faint outer pixels
        digit_ink = np.where(mask | fringe, ink[window], 0)
        cropped = crop(digit_ink)
        scaled = fit_box(cropped)
        preprocessing = Preprocessing(digit_ink, cropped, scaled, centre_by_mass(scaled))
        digits.append(FoundDigit(to_picture_box(slices, ink.shape, image.shape), preprocessing))
    if not digits:
        raise EmptyDrawing("there is no digit in the picture; write it larger, or with a darker pen")
    return reading_order(digits)


def assign_pieces(ink: np.ndarray) -> np.ndarray:
    """Return int (H, W): the number of the digit that each pixel belongs to, counted from 1; 0 is the background.

    Large pieces that nearly touch, or lie above one another, are one digit. A small piece, such as the bar of a 5,
    belongs to the nearest large one, unless it is far from all: then it is a smudge.
    """
    pieces, count = ndimage.label(ink >= INK_THRESHOLD, structure=np.ones((3, 3)))
    slices = ndimage.find_objects(pieces)
    height = np.array([rows.stop - rows.start for rows, _ in slices], float)
    width = np.array([columns.stop - columns.start for _, columns in slices], float)
    valid = np.maximum(height, width) >= MIN_EXTENT * max(ink.shape)
    inside = valid & ~np.isin(np.arange(1, count + 1), border_pieces(pieces))
    mass = ndimage.sum_labels(ink, pieces, np.arange(1, count + 1)) if count else np.zeros(0)
    if inside.any() and mass[inside].max() >= 0.3 * mass.max():
        valid = inside  # beside digits that do not touch the border, ink at the border is not handwriting
    if not valid.any():
        return np.zeros_like(pieces)
    typical_height = float(np.median(height[valid & (height >= height[valid].max() / 2)]))
    large = valid & (height >= PART_HEIGHT * typical_height)
    large[np.argsort(-mass)[MAX_DIGITS:]] = False
    if not large.any():
        return np.zeros_like(pieces)
    bodies = join_pieces(pieces, slices, np.flatnonzero(large) + 1, typical_height)
    distance, nearest = ndimage.distance_transform_edt(bodies == 0, return_indices=True)
    digit_numbers = bodies.copy()
    for index in np.flatnonzero(valid & ~large & (np.maximum(height, width) >= SPECK_SIZE * typical_height)):
        mask = pieces[slices[index]] == index + 1
        gap = np.where(mask, distance[slices[index]], np.inf)
        row, column = np.unravel_index(gap.argmin(), gap.shape)
        if gap[row, column] <= PART_DISTANCE * typical_height:
            rows, columns = slices[index]
            nearest_row, nearest_column = nearest[:, rows.start + row, columns.start + column]
            digit_numbers[slices[index]][mask] = bodies[nearest_row, nearest_column]
    return digit_numbers


def join_pieces(pieces: np.ndarray, slices: list[Slices], large: np.ndarray, typical_height: float) -> np.ndarray:
    """Return int (H, W): the large pieces renumbered, with one number for all that belong to the same digit."""
    structure = np.ones((3, 3))
    iterations = round(JOIN_DISTANCE * typical_height / 2) or 1
    dilated, _ = ndimage.label(
        ndimage.binary_dilation(np.isin(pieces, large), structure, iterations=iterations), structure
    )
    same_digit = np.zeros((len(large), len(large)), bool)
    for i, j in combinations(range(len(large)), 2):
        (rows, columns), (other_rows, other_columns) = slices[large[i] - 1], slices[large[j] - 1]
        overlap_x = min(columns.stop, other_columns.stop) - max(columns.start, other_columns.start)
        overlap_y = min(rows.stop, other_rows.stop) - max(rows.start, other_rows.start)
        narrower = min(columns.stop - columns.start, other_columns.stop - other_columns.start)
        same_digit[i, j] = overlap_x >= 0.5 * narrower and overlap_y > 0
    dilated_numbers = [dilated[slices[piece - 1]][pieces[slices[piece - 1]] == piece][0] for piece in large]
    same_digit |= np.equal.outer(dilated_numbers, dilated_numbers)
    _, groups = connected_components(same_digit, directed=False)
    new_number = np.zeros(pieces.max() + 1, int)
    new_number[large] = groups + 1
    renumbered: np.ndarray = new_number[pieces]
    return renumbered


def to_picture_box(slices: Slices, ink_shape: tuple[int, ...], picture_shape: tuple[int, ...]) -> Box:
    """Return a bounding box in the reduced ink as a box in the picture's own pixels."""
    scale_y, scale_x = picture_shape[0] / ink_shape[0], picture_shape[1] / ink_shape[1]
    rows, columns = slices
    return (
        int(columns.start * scale_x),
        int(rows.start * scale_y),
        round(columns.stop * scale_x),
        round(rows.stop * scale_y),
    )


def reading_order(digits: list[FoundDigit]) -> list[FoundDigit]:
    """Return the digits line by line, each from left to right.

    A digit continues the line whose last digit is nearest in height, if it is at most half a digit higher or lower.
    """
    lines: list[list[FoundDigit]] = []
    for digit in sorted(digits, key=lambda digit: digit.box[0]):
        height = digit.box[3] - digit.box[1]
        offsets = [abs(vertical_centre(line[-1]) - vertical_centre(digit)) / height for line in lines]
        if offsets and min(offsets) < 0.5:
            lines[offsets.index(min(offsets))].append(digit)
        else:
            lines.append([digit])
    lines.sort(key=lambda line: sum(map(vertical_centre, line)) / len(line))
    return [digit for line in lines for digit in line]


def vertical_centre(digit: FoundDigit) -> float:
    """Return the y coordinate of the middle of the digit's box."""
    return (digit.box[1] + digit.box[3]) / 2

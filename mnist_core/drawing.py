"""An image of any size becomes the 28x28 digit that MNIST would have made of it.

MNIST's geometry (LeCun et al., 1998): ink bright on black, scaled with antialiasing to fit a 20x20 box with its aspect
ratio kept, then placed in 28x28 so that the centre of mass lies in the middle (array index 14.0, measured on MNIST).
"""

import numpy as np
from PIL import Image

SIZE, BOX, CENTRE = 28, 20, 14.0
INK = 32  # of 255; fainter than this is smudge or paper


class EmptyDrawing(ValueError):
    """There is no ink in the image."""


def to_digit(image: np.ndarray) -> np.ndarray:
    """uint8 (H, W), (H, W, 3) or (H, W, 4) of either polarity to the uint8 (28, 28) digit a network expects.

    Raises EmptyDrawing when there is no ink, ValueError for another shape or type.
    """
    return centre(fit_box(cut_out(ink_of(image))))


def ink_of(image: np.ndarray) -> np.ndarray:
    """uint8 (H, W), 255 where the ink is darkest: the alpha channel, or what differs from the paper's edge."""
    image = np.asarray(image)
    if image.dtype != np.uint8 or image.ndim not in (2, 3) or (image.ndim == 3 and image.shape[2] not in (3, 4)):
        raise ValueError(
            f"a drawing must be uint8 of shape (H, W), (H, W, 3) or (H, W, 4), got {image.dtype} of shape {image.shape}"
        )
    if image.size == 0:
        raise EmptyDrawing("the image has no pixels; draw a digit first")
    if image.ndim == 3 and image.shape[2] == 4:
        alpha: np.ndarray = image[..., 3]
        if alpha.min() < 128:  # a transparent sheet: the ink is what covers it
            return alpha
        image = image[..., :3]
    grey = image.astype(np.float32)
    if grey.ndim == 3:
        grey = grey @ np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601 luma
    edge = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    paper = float(np.median(edge))
    ink: np.ndarray = paper - grey if paper > 127 else grey - paper
    return ink.clip(0, 255).astype(np.uint8)


def cut_out(ink: np.ndarray) -> np.ndarray:
    """The smallest rectangle that holds all ink; raises EmptyDrawing when nothing is dark enough to be ink."""
    rows, columns = np.any(ink >= INK, axis=1), np.any(ink >= INK, axis=0)
    if not rows.any():
        raise EmptyDrawing("there is no ink in the image; draw a digit first")
    top, bottom = np.flatnonzero(rows)[[0, -1]]
    left, right = np.flatnonzero(columns)[[0, -1]]
    inside: np.ndarray = ink[top : bottom + 1, left : right + 1]
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

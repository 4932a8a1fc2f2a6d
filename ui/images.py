"""Digits as pictures: data URIs, sprite sheets, crisp enlargements."""

import base64
import io
import math

import numpy as np
from PIL import Image

PIXEL_SIZE = 6  # each pixel of a digit becomes a square of this many pixels, never a blur


def data_uri(picture: np.ndarray) -> str:
    """A uint8 (H, W) or (H, W, 3) picture as an address that holds all of it, as a PNG.

    A file of Streamlit's own may be gone again when clicks come quickly, before the browser asks for it.
    """
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG", compress_level=1)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def enlarge(digit: np.ndarray) -> np.ndarray:
    """uint8 (28, 28) enlarged to crisp squares, ink bright on black as the network sees it."""
    return digit.repeat(PIXEL_SIZE, axis=0).repeat(PIXEL_SIZE, axis=1)


SPRITE_COLUMNS = 25  # digits in a row of the one picture they all come in; browsers refuse pictures that are too high


def sprite_sheet(images: np.ndarray) -> str:
    """The uint8 (N, 28, 28) or (N, H, W, 3) images in rows of 25, as the address of a PNG."""
    rows = max(1, math.ceil(len(images) / SPRITE_COLUMNS))
    height, width, *colours = images.shape[1:]
    padded = np.zeros((rows * SPRITE_COLUMNS, height, width, *colours), np.uint8)
    padded[: len(images)] = images
    page = padded.reshape(rows, SPRITE_COLUMNS, height, width, *colours).swapaxes(1, 2)
    return data_uri(page.reshape(rows * height, SPRITE_COLUMNS * width, *colours))


def encode_float32(values: np.ndarray) -> str:
    """Numbers for a component to read: float32, little-endian, as base64."""
    return base64.b64encode(np.ascontiguousarray(values, "<f4").tobytes()).decode()

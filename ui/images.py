"""Digits as pictures: data URIs, crisp enlargements, sprite sheets."""

import base64
import html
import io
import math
from collections.abc import Sequence

import numpy as np
from PIL import Image

PIXEL_SIZE = 6  # the side of the square that `enlarge` makes of each pixel
SPRITE_COLUMNS = 25  # digits in one row of a sprite sheet; browsers refuse pictures that are too high


def data_uri(picture: np.ndarray) -> str:
    """Return a uint8 (H, W) or (H, W, 3) picture as a data URI with a PNG in it.

    Streamlit's own media files may be gone before the browser asks for them, when reruns follow each other quickly.
    """
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG", compress_level=1)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def enlarge(digit: np.ndarray) -> np.ndarray:
    """Enlarge a uint8 (28, 28) digit by `PIXEL_SIZE`, without interpolation."""
    return digit.repeat(PIXEL_SIZE, axis=0).repeat(PIXEL_SIZE, axis=1)


def pictures_html(pictures: Sequence[np.ndarray], captions: Sequence[str], alts: Sequence[str]) -> str:
    """Write a row of uint8 (28, 28) digits, each with a caption below it and what a screen reader says."""
    figures = "".join(
        f'<figure><img src="{data_uri(picture)}" alt="{html.escape(alt)}">'
        f"<figcaption>{html.escape(caption)}</figcaption></figure>"
        for picture, caption, alt in zip(pictures, captions, alts, strict=True)
    )
    return f'<div class="picture-row">{figures}</div>'


def sprite_sheet(images: np.ndarray) -> str:
    """Lay out uint8 (N, H, W) or (N, H, W, 3) images in rows of `SPRITE_COLUMNS`; return the picture's data URI."""
    rows = max(1, math.ceil(len(images) / SPRITE_COLUMNS))
    height, width, *colours = images.shape[1:]
    padded = np.zeros((rows * SPRITE_COLUMNS, height, width, *colours), np.uint8)
    padded[: len(images)] = images
    sheet = padded.reshape(rows, SPRITE_COLUMNS, height, width, *colours).swapaxes(1, 2)
    return data_uri(sheet.reshape(rows * height, SPRITE_COLUMNS * width, *colours))


def encode_float32(values: np.ndarray) -> str:
    """Encode numbers for a component's JavaScript: little-endian float32 as base64."""
    return base64.b64encode(np.ascontiguousarray(values, "<f4").tobytes()).decode()

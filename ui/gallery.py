"""Digits to click: a grid of any number of them, by mouse, touch and keyboard, as one small component."""

import base64
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import streamlit as st

from ui import figures

HERE = Path(__file__).parent
ACROSS = 25  # digits in a row of the one picture they all come in; browsers refuse pictures that are too high
mount = st.components.v2.component(
    "digit_gallery",
    html='<div class="grid" role="group"></div><small class="readout" hidden></small>',
    css=(HERE / "gallery.css").read_text("utf-8"),
    js=(HERE / "gallery.js").read_text("utf-8"),
)


def gallery(
    key: str,
    label: str,
    names: Sequence[int],
    images: np.ndarray,
    captions: Sequence[str],
    titles: Sequence[str],
    *,
    selected: int | None = None,
    marked: Sequence[int] = (),
    size: int = 56,
    values: np.ndarray | None = None,
) -> int | None:
    """A grid of the uint8 (N, 28, 28) images; gives the name of the one that was just clicked, else None.

    Images of another size, and (N, H, W, 3) with colours, do as well.

    `names` are the digits' numbers, such as their places in the test set; `captions` stand below them, `titles` are
    what a screen reader says and a mouse sees when it rests. `selected` is the name of the one that is highlighted,
    `marked` are the names of those with an orange frame. `size` is a side in pixels.
    With `values` (N, H, W), the one under the mouse stands below the grid.
    """
    names = [int(name) for name in names]
    marks = set(marked)
    clicked = mount(
        key=key,
        data={
            "label": label,
            "names": names,
            "picture": sheet(images),
            "across": ACROSS,
            "rows": math.ceil(len(images) / ACROSS),
            "captions": list(captions),
            "titles": list(titles),
            "selected": names.index(selected) if selected in names else None,
            "marked": [place for place, name in enumerate(names) if name in marks],
            "size": size,
            "values": None if values is None else encoded(values),
            "shape": None if values is None else values.shape[1:],
        },
        on_clicked_change=lambda: None,
    ).clicked
    return int(clicked) if clicked in names else None


def sheet(images: np.ndarray) -> str:
    """The uint8 (N, 28, 28) or (N, H, W, 3) images in rows of 25, as the address of a PNG."""
    rows = max(1, math.ceil(len(images) / ACROSS))
    height, width, *colours = images.shape[1:]
    padded = np.zeros((rows * ACROSS, height, width, *colours), np.uint8)
    padded[: len(images)] = images
    page = padded.reshape(rows, ACROSS, height, width, *colours).swapaxes(1, 2)
    return figures.address(page.reshape(rows * height, ACROSS * width, *colours))


def encoded(values: np.ndarray) -> str:
    """Numbers for a component to read: float32, little-endian, as base64."""
    return base64.b64encode(np.ascontiguousarray(values, "<f4").tobytes()).decode()

"""Digits to click: a grid of any number of them, by mouse, touch and keyboard, as one small component."""

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
    html='<div class="grid" role="group"></div>',
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
) -> int | None:
    """A grid of the uint8 (N, 28, 28) images; gives the name of the one that was just clicked, else None.

    `names` are the digits' numbers, such as their places in the test set; `captions` stand below them, `titles` are
    what a screen reader says and a mouse sees when it rests. `selected` is the name of the one that is highlighted,
    `marked` are the names of those with an orange frame. `size` is a side in pixels.
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
            "captions": list(captions),
            "titles": list(titles),
            "selected": names.index(selected) if selected in names else None,
            "marked": [place for place, name in enumerate(names) if name in marks],
            "size": size,
        },
        on_clicked_change=lambda: None,
    ).clicked
    return int(clicked) if clicked in names else None


def sheet(images: np.ndarray) -> str:
    """The uint8 (N, 28, 28) images in rows of 25, as the address of a PNG."""
    rows = max(1, math.ceil(len(images) / ACROSS))
    padded = np.zeros((rows * ACROSS, 28, 28), np.uint8)
    padded[: len(images)] = images
    page = padded.reshape(rows, ACROSS, 28, 28).transpose(0, 2, 1, 3).reshape(rows * 28, ACROSS * 28)
    return figures.address(page)

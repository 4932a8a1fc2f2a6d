"""Digits to click: a grid of any number of them, by mouse, touch and keyboard, as one small component."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import streamlit as st

from ui.images import SPRITE_COLUMNS, encode_float32, sprite_sheet

HERE = Path(__file__).parent
_component = st.components.v2.component(
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
    clicked = _component(
        key=key,
        data={
            "label": label,
            "names": names,
            "picture": sprite_sheet(images),
            "across": SPRITE_COLUMNS,
            "rows": math.ceil(len(images) / SPRITE_COLUMNS),
            "captions": list(captions),
            "titles": list(titles),
            "selected": names.index(selected) if selected in names else None,
            "marked": [place for place, name in enumerate(names) if name in marks],
            "size": size,
            "values": None if values is None else encode_float32(values),
            "shape": None if values is None else values.shape[1:],
        },
        on_clicked_change=lambda: None,
    ).clicked
    return int(clicked) if clicked in names else None

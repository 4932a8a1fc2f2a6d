"""A grid of any number of digits to click, by mouse, touch or keyboard."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import streamlit as st

from ui.images import SPRITE_COLUMNS, encode_float32, sprite_sheet

FOLDER = Path(__file__).parent
_component = st.components.v2.component(
    "digit_gallery",
    html='<div class="grid" role="group"></div><small class="readout" hidden></small>',
    css=(FOLDER / "gallery.css").read_text("utf-8"),
    js=(FOLDER.parent / "reveal.js").read_text("utf-8") + (FOLDER / "gallery.js").read_text("utf-8"),
)


def gallery(
    key: str,
    label: str,
    ids: Sequence[int] | np.ndarray,
    images: np.ndarray,
    captions: Sequence[str],
    titles: Sequence[str],
    *,
    selected: int | None = None,
    marked: Sequence[int] = (),
    size: int = 56,
    values: np.ndarray | None = None,
    reveals: str | None = None,
) -> int | None:
    """Show a grid of images and return the id of the one that was just clicked, else None.

    `images` is uint8, (N, H, W) or (N, H, W, 3). Each image has an id, such as its index in the test set, a caption
    below it and a title, which appears as a tooltip and is read by screen readers. `selected` is the id of the image to
    highlight, `marked` are the ids of those with an orange frame. Images are shown `size` pixels wide.
    With float `values` (N, H, W), the one under the mouse is printed below the grid. A click scrolls to the container
    with the key `reveals`, where what it opened is out of sight.
    """
    ids = [int(id) for id in ids]
    marked_ids = set(marked)
    clicked = _component(
        key=key,
        data={
            "label": label,
            "ids": ids,
            "sheet": sprite_sheet(images),
            "columns": SPRITE_COLUMNS,
            "rows": math.ceil(len(images) / SPRITE_COLUMNS),
            "captions": list(captions),
            "titles": list(titles),
            "selected": ids.index(selected) if selected in ids else None,
            "marked": [index for index, id in enumerate(ids) if id in marked_ids],
            "size": size,
            "values": None if values is None else encode_float32(values),
            "shape": None if values is None else values.shape[1:],
            "reveals": reveals,
        },
        on_clicked_change=lambda: None,
    ).clicked
    return int(clicked) if clicked in ids else None

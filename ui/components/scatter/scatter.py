"""A map of digits: every one at its place, its picture when the mouse rests on it, as one small component."""

from pathlib import Path

import numpy as np
import streamlit as st

from ui.images import SPRITE_COLUMNS, encode_float32, sprite_sheet
from ui.palette import DIGITS

HERE = Path(__file__).parent
_component = st.components.v2.component(
    "digit_plane",
    html='<div class="plane" tabindex="0" role="img"><canvas></canvas><div class="close"></div></div>',
    css=(HERE / "scatter.css").read_text("utf-8"),
    js=(HERE / "scatter.js").read_text("utf-8"),
)


def embedding_scatter(
    key: str, points: np.ndarray, labels: np.ndarray, images: np.ndarray, here: np.ndarray, digit: np.ndarray
) -> int | None:
    """Digits (N, 28, 28) at their points (N, 2), each written in the colour of its class; `digit` at `here` has a ring.

    Gives the place of the one that was just clicked, else None.
    """
    clicked = _component(
        key=key,
        data={
            "points": encode_float32(np.concatenate([points, here[None]])),
            "labels": [int(label) for label in labels],
            "colours": list(DIGITS),
            "picture": sprite_sheet(np.concatenate([images, digit[None]])),
            "across": SPRITE_COLUMNS,
            "label": f"A map of {len(labels)} digits, each written in the colour of its class",
        },
        on_clicked_change=lambda: None,
    ).clicked
    return clicked if isinstance(clicked, int) and 0 <= clicked < len(labels) else None

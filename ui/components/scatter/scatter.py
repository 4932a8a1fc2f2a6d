"""A scatter plot of digits to click, which previews the image under the mouse."""

from pathlib import Path

import numpy as np
import streamlit as st

from ui.images import SPRITE_COLUMNS, encode_float32, sprite_sheet
from ui.palette import DIGITS

FOLDER = Path(__file__).parent
_component = st.components.v2.component(
    "digit_scatter",
    html='<div class="scatter" tabindex="0" role="img"><canvas></canvas><div class="preview"></div></div>',
    css=(FOLDER / "scatter.css").read_text("utf-8"),
    js=(FOLDER / "scatter.js").read_text("utf-8"),
)


def embedding_scatter(
    key: str, points: np.ndarray, labels: np.ndarray, images: np.ndarray, query_point: np.ndarray, query: np.ndarray
) -> int | None:
    """Plot N digits as numerals in the colour of their class and return the index of the one just clicked, else None.

    `points` is (N, 2), `labels` (N,), `images` uint8 (N, 28, 28). A ring at `query_point` (2,) stands for the image
    `query` (28, 28).
    """
    clicked = _component(
        key=key,
        data={
            "points": encode_float32(np.concatenate([points, query_point[None]])),
            "labels": [int(label) for label in labels],
            "colours": list(DIGITS),
            "sheet": sprite_sheet(np.concatenate([images, query[None]])),
            "columns": SPRITE_COLUMNS,
            "label": f"A map of {len(labels)} digits, each a numeral in the colour of its class",
        },
        on_clicked_change=lambda: None,
    ).clicked
    return clicked if isinstance(clicked, int) and 0 <= clicked < len(labels) else None

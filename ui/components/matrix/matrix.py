"""A confusion matrix as a table of buttons: one for each cell, row and column; by mouse, touch or keyboard.

It is not a Plotly figure, because Plotly's selection fades the numbers of all other cells, because only CSS follows the
page from light to dark without a rerun, and because a table can be read by a screen reader and walked through by keys.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import streamlit as st

FOLDER = Path(__file__).parent
Cell = tuple[int | None, int | None]  # true label, predicted label; None stands for all of them
_component = st.components.v2.component(
    "confusion_matrix",
    html='<div class="matrix"><span class="columns"></span><span class="rows"></span>'
    '<table></table><p class="readout"></p></div>',
    css=(FOLDER / "matrix.css").read_text("utf-8"),
    js=(FOLDER.parent / "reveal.js").read_text("utf-8") + (FOLDER / "matrix.js").read_text("utf-8"),
)


def matrix(
    key: str,
    label: str,
    texts: Sequence[Sequence[str]],
    descriptions: Sequence[Sequence[str]],
    colours: Sequence[Sequence[dict[str, str]]],
    *,
    selected: Cell,
    hint: str,
    reveals: str,
    on_click: Callable[[Cell], None],
) -> None:
    """Show a matrix (10, 10) of cells, rows for true labels and columns for predictions, in a frame `selected`.

    Every cell has a text, a description, which appears below the matrix when the mouse is over it or the keyboard
    reaches it, and CSS custom properties with its colours: --light, --light-text, --dark, --dark-text; a cell without
    them is empty. While no cell is pointed at, `hint` stands below the matrix. A click calls `on_click` with the
    cell, row or column and brings the container with the key `reveals` into view.
    """

    def report() -> None:
        cell = parse_cell(st.session_state[key]["clicked"])
        if cell is not None:
            on_click(cell)

    _component(
        key=key,
        data={
            "label": label,
            "texts": texts,
            "descriptions": descriptions,
            "colours": colours,
            "selected": selected,
            "hint": hint,
            "reveals": reveals,
        },
        on_clicked_change=report,
    )


def parse_cell(value: object) -> Cell | None:
    """Return the cell that the browser reports as [true label, prediction], None if that is not a cell."""
    if not isinstance(value, list) or len(value) != 2 or value == [None, None]:
        return None
    if not all(part is None or (type(part) is int and 0 <= part <= 9) for part in value):
        return None
    return value[0], value[1]

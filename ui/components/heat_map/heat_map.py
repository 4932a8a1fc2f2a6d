"""A heat map as a table: a number in every cell, rows and cells to press; by mouse, touch or keyboard.

Like the confusion matrix it is not a Plotly figure: only CSS follows the page from light to dark without a rerun, and a
screen reader can read a table.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import streamlit as st

FOLDER = Path(__file__).parent
Place = tuple[int, int | None]  # row and column; None stands for the whole row
_component = st.components.v2.component(
    "heat_map",
    html='<div class="heat-map"><table><thead></thead><tbody></tbody></table><p class="readout"></p></div>',
    css=(FOLDER / "heat_map.css").read_text("utf-8"),
    js=(FOLDER.parent / "reveal.js").read_text("utf-8") + (FOLDER / "heat_map.js").read_text("utf-8"),
)


@dataclass(frozen=True)
class HeatMapCell:
    """One cell: its text, what the readout and screen readers say, and its CSS colours, {} for an empty cell."""

    text: str
    description: str
    colours: dict[str, str]  # --light, --light-text, --dark, --dark-text


@dataclass(frozen=True)
class HeatMapRow:
    """One row; a row that cannot be pressed is a summary and stands out."""

    title: str
    description: str
    cells: Sequence[HeatMapCell]
    picture: str | None = None  # a data URI
    pressable: bool = True


def heat_map(
    key: str,
    label: str,
    columns: Sequence[str],
    rows: Sequence[HeatMapRow],
    *,
    selected: Place,
    hint: str,
    reveals: str,
    on_click: Callable[[Place], None],
) -> None:
    """Show a heat map with a frame around the `selected` cell.

    What a row or a cell is about appears below the table while the mouse or the keyboard is on it, else the `hint`. A
    click calls `on_click` with the cell or the row and brings the container with the key `reveals` into view.
    """

    def report() -> None:
        place = parse_place(st.session_state[key]["clicked"], [row.pressable for row in rows], len(columns))
        if place is not None:
            on_click(place)

    _component(
        key=key,
        data={
            "label": label,
            "columns": list(columns),
            "rows": [asdict(row) for row in rows],
            "selected": selected,
            "hint": hint,
            "reveals": reveals,
        },
        on_clicked_change=report,
    )


def parse_place(value: object, pressable: Sequence[bool], columns: int) -> Place | None:
    """Return the place that the browser reports as [row, column], None if that is not one that can be pressed."""
    if not isinstance(value, list) or len(value) != 2:
        return None
    row, column = value
    if type(row) is not int or not 0 <= row < len(pressable) or not pressable[row]:
        return None
    if column is not None and (type(column) is not int or not 0 <= column < columns):
        return None
    return row, column

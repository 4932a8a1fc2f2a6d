"""The confusion matrix as a figure to click: rows are what was written, columns what it was read as."""

import numpy as np
import plotly.graph_objects as go

from mnist_core.metrics import normalise_rows
from ui.charts import click_targets, finish
from ui.palette import CORRECT, INCORRECT, LIGHT_TEXT, SELECTED, with_alpha

HEADER_POSITION = -0.95  # where the labels of rows and columns stand, in cells
AXIS_START, AXIS_END = HEADER_POSITION - 0.5, 9.55  # where the axes begin and end, in cells
LEFT_MARGIN, RIGHT_MARGIN, TOP_MARGIN, BOTTOM_MARGIN = 24, 4, 28, 4  # pixels around the axes
WHITE_TEXT_FROM = 0.8  # from here on a cell's colour is so full that its number is white on light pages too
HEIGHT = 470
Cell = tuple[int | None, int | None]  # written, read as; None stands for all


def confusion_chart(counts: np.ndarray, *, shares: bool = False, diagonal: bool = True, log: bool = True) -> go.Figure:
    """The matrix (10, 10) of counts; what was read right is blue, what was misread orange, the more the stronger.

    With `shares` each row is in percent of its digits; without `diagonal` only the mistakes are left; with `log` a
    single mistake can still be seen.
    """
    values = 100 * normalise_rows(counts) if shares else counts.astype(float)
    texts = [[_cell_text(value, shares) for value in row] for row in values]
    of_row = normalise_rows(counts)
    hovers = [
        [f"written {w}, read as {r}:<br>{counts[w, r]:,} digits, {of_row[w, r]:.2%} of the {w}s" for r in range(10)]
        for w in range(10)
    ]
    return _matrix_figure(values, np.eye(10, dtype=bool), texts, hovers, diagonal, log)


def difference_chart(
    counts: np.ndarray,
    other: np.ndarray,
    *,
    shares: bool = False,
    diagonal: bool = True,
    log: bool = True,
) -> go.Figure:
    """One run's matrix minus another's: blue where the first is better, orange where it is worse."""
    values = 100 * (normalise_rows(counts) - normalise_rows(other)) if shares else (counts - other).astype(float)
    better = (values > 0) == np.eye(10, dtype=bool)  # more is good on the diagonal, bad beside it
    texts = [[_cell_text(value, shares, "+") for value in row] for row in values]
    hovers = [
        [f"written {w}, read as {r}:<br>{counts[w, r]:,} here, {other[w, r]:,} by the other" for r in range(10)]
        for w in range(10)
    ]
    return _matrix_figure(np.abs(values), better, texts, hovers, diagonal, log)


def clicked_cell(point: dict) -> Cell:
    """The cell, row or column that a click on the figure is about."""
    x, y = float(point["x"]), float(point["y"])
    return None if y < 0 else round(y), None if x < 0 else round(x)


def selection_frame(cell: Cell) -> str:
    """The style of a frame around what was chosen: a cell, a row or a column of the chart with the key "matrix".

    It is no part of the figure, because a figure that changes is taken away and drawn anew, and flickers.
    """
    if cell == (None, None):
        return "<style></style>"
    sides = []
    for place, (before, after) in zip(
        (cell[1], cell[0]), ((LEFT_MARGIN, RIGHT_MARGIN), (TOP_MARGIN, BOTTOM_MARGIN)), strict=True
    ):
        first, last = (AXIS_START, AXIS_END) if place is None else (place - 0.5, place + 0.5)
        start, part = (first - AXIS_START) / (AXIS_END - AXIS_START), (last - first) / (AXIS_END - AXIS_START)
        inner = f"(100% - {before + after}px)"
        sides.append((f"calc({before}px + {inner} * {start:.5f})", f"calc({inner} * {part:.5f})"))
    (left, width), (top, height) = sides
    return (
        "<style>.st-key-matrix { position: relative; } .st-key-matrix:has(.main-svg)::after { "
        f"content: ''; position: absolute; pointer-events: none; box-sizing: border-box; border: 3px solid {SELECTED}; "
        f"border-radius: 3px; left: {left}; width: {width}; top: {top}; height: {height}; }}</style>"
    )


def _cell_text(value: float, shares: bool, sign: str = "") -> str:
    """What stands in a cell: nothing for 0, and one decimal of a percentage that has room for it."""
    if round(value, 2) == 0:
        return ""
    text = f"{value:{sign}.0f}" if not shares or abs(value) >= 99.95 else f"{value:{sign}.1f}"
    return text.replace("-", "−")


def _matrix_figure(
    values: np.ndarray,
    good: np.ndarray,
    texts: list[list[str]],
    hovers: list[list[str]],
    diagonal: bool,
    log: bool,
) -> go.Figure:
    """Two layers of colour, the numbers, and over all of it points that nobody sees and that can be clicked."""
    shown = np.ones((10, 10), bool) if diagonal else ~np.eye(10, dtype=bool)
    scaled = np.log1p(values) if log else values
    strength = scaled / max(scaled[shown].max(), 1e-9)
    figure = finish(
        go.Figure(), HEIGHT, left=LEFT_MARGIN, right=RIGHT_MARGIN, top=TOP_MARGIN, bottom=BOTTOM_MARGIN, bare=True
    )
    for colour, where in ((CORRECT, good), (INCORRECT, ~good)):
        figure.add_heatmap(
            z=np.where(where & shown, strength, np.nan),
            zmin=0,
            zmax=1,
            colorscale=[[0, with_alpha(colour, 0.0)], [1, with_alpha(colour, 1.0)]],
            showscale=False,
            hoverinfo="skip",
            xgap=1,
            ygap=1,
        )
    for strong in (False, True):  # ui/style.css gives the first of these, and the headers, the page's own text colour
        here = [(w, r) for w, r in np.ndindex(10, 10) if shown[w, r] and (strength[w, r] >= WHITE_TEXT_FROM) == strong]
        figure.add_scatter(
            x=[r for w, r in here],
            y=[w for w, r in here],
            text=[texts[w][r] for w, r in here],
            mode="text",
            textfont={"size": 12, "color": LIGHT_TEXT} if strong else {"size": 12},
            hoverinfo="skip",
            showlegend=False,
        )
    _headers(figure)
    _click_cells(figure, hovers)
    axis = {"range": [AXIS_START, AXIS_END], "automargin": False, "showticklabels": False, "ticks": ""}
    figure.update_xaxes(title={"text": "read as", "standoff": 0}, side="top", **axis)
    figure.update_yaxes(title={"text": "written", "standoff": 0}, **axis | {"range": [AXIS_END, AXIS_START]})
    return figure.update_layout(margin_autoexpand=False, clickmode="event+select")


def _headers(figure: go.Figure) -> None:
    """The ten digits beside the rows and above the columns."""
    figure.add_scatter(
        x=[HEADER_POSITION] * 10 + list(range(10)),
        y=list(range(10)) + [HEADER_POSITION] * 10,
        text=[f"<b>{digit}</b>" for digit in range(10)] * 2,
        mode="text",
        textfont={"size": 14},
        hoverinfo="skip",
        showlegend=False,
    )


def _click_cells(figure: go.Figure, hovers: list[list[str]]) -> None:
    """Make every cell and every label something to click."""
    spots = [(r, w, hovers[w][r]) for w in range(10) for r in range(10)]
    spots += [(HEADER_POSITION, w, f"all digits that were written as {w}") for w in range(10)]
    spots += [(r, HEADER_POSITION, f"all digits that were read as {r}") for r in range(10)]
    x, y, texts = zip(*spots, strict=True)
    click_targets(figure, list(x), list(y), list(texts), size=20)

"""The confusion matrix as a chart to click: a row for each written digit, a column for what it was read as."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go

from mnist_core.metrics import normalise_rows
from ui.charts import click_targets, finish
from ui.palette import CORRECT, INCORRECT, LIGHT_TEXT, SELECTED, with_alpha

HEADER_POSITION = -0.95  # of the digits beside the rows and above the columns, in cells
AXIS_START, AXIS_END = HEADER_POSITION - 0.5, 9.55  # in cells
LEFT_MARGIN, RIGHT_MARGIN, TOP_MARGIN, BOTTOM_MARGIN = 24, 4, 28, 4  # pixels around the axes
WHITE_TEXT_FROM = 0.8  # from this strength on a cell's colour is so full that its number is white on light pages too
HEIGHT = 470
Cell = tuple[int | None, int | None]  # true label, predicted label; None stands for all of them


def confusion_chart(
    counts: np.ndarray, *, normalise: bool = False, diagonal: bool = True, log: bool = True
) -> go.Figure:
    """Draw the confusion matrix (10, 10): correct predictions in blue, mistakes in orange, the more the stronger.

    With `normalise` the cells show percentages of their rows. Without `diagonal` only the mistakes are drawn. With
    `log` the colour follows the logarithm of the count, so that even a single mistake shows.
    """
    rates = normalise_rows(counts)
    values = 100 * rates if normalise else counts.astype(float)
    texts = [[_cell_text(value, normalise) for value in row] for row in values]
    hovers = [
        [f"written {w}, read as {r}:<br>{counts[w, r]:,} digits, {rates[w, r]:.2%} of the {w}s" for r in range(10)]
        for w in range(10)
    ]
    return _matrix_figure(values, np.eye(10, dtype=bool), texts, hovers, diagonal, log)


def difference_chart(
    counts: np.ndarray,
    other: np.ndarray,
    *,
    normalise: bool = False,
    diagonal: bool = True,
    log: bool = True,
) -> go.Figure:
    """Draw one run's confusion matrix minus another's: blue where the first is better, orange where it is worse."""
    values = 100 * (normalise_rows(counts) - normalise_rows(other)) if normalise else (counts - other).astype(float)
    better = (values > 0) == np.eye(10, dtype=bool)  # more is better on the diagonal, worse elsewhere
    texts = [[_cell_text(value, normalise, "+") for value in row] for row in values]
    hovers = [
        [f"written {w}, read as {r}:<br>{counts[w, r]:,} here, {other[w, r]:,} by the other" for r in range(10)]
        for w in range(10)
    ]
    return _matrix_figure(np.abs(values), better, texts, hovers, diagonal, log)


def clicked_cell(point: Mapping[str, Any]) -> Cell:
    """Return the cell, row or column of a point that Plotly reports as clicked."""
    x, y = float(point["x"]), float(point["y"])
    return None if y < 0 else round(y), None if x < 0 else round(x)


def selection_frame(cell: Cell) -> str:
    """Return the CSS of a frame around the selected cell, row or column of the chart with the key "matrix".

    The frame is not part of the figure, because Plotly redraws a figure that changes, and the page would flicker.
    """
    if cell == (None, None):
        return "<style></style>"
    sides = []
    for index, (before, after) in zip(
        (cell[1], cell[0]), ((LEFT_MARGIN, RIGHT_MARGIN), (TOP_MARGIN, BOTTOM_MARGIN)), strict=True
    ):
        first, last = (AXIS_START, AXIS_END) if index is None else (index - 0.5, index + 0.5)
        start, extent = (first - AXIS_START) / (AXIS_END - AXIS_START), (last - first) / (AXIS_END - AXIS_START)
        inner = f"(100% - {before + after}px)"
        sides.append((f"calc({before}px + {inner} * {start:.5f})", f"calc({inner} * {extent:.5f})"))
    (left, width), (top, height) = sides
    return (
        "<style>.st-key-matrix { position: relative; } .st-key-matrix:has(.main-svg)::after { "
        f"content: ''; position: absolute; pointer-events: none; box-sizing: border-box; border: 3px solid {SELECTED}; "
        f"border-radius: 3px; left: {left}; width: {width}; top: {top}; height: {height}; }}</style>"
    )


def _cell_text(value: float, percentage: bool, sign: str = "") -> str:
    """Return the text of a cell: nothing for 0, and percentages with one decimal, except 100."""
    if round(value, 2) == 0:
        return ""
    text = f"{value:{sign}.0f}" if not percentage or abs(value) >= 99.95 else f"{value:{sign}.1f}"
    return text.replace("-", "−")


def _matrix_figure(
    values: np.ndarray,
    good: np.ndarray,
    texts: list[list[str]],
    hovers: list[list[str]],
    diagonal: bool,
    log: bool,
) -> go.Figure:
    """Draw two layers of colour, the numbers, and invisible click targets over them."""
    shown = np.ones((10, 10), bool) if diagonal else ~np.eye(10, dtype=bool)
    scaled = np.log1p(values) if log else values
    strength = scaled / max(scaled[shown].max(), 1e-9)
    figure = finish(
        go.Figure(), HEIGHT, left=LEFT_MARGIN, right=RIGHT_MARGIN, top=TOP_MARGIN, bottom=BOTTOM_MARGIN, bare=True
    )
    for colour, mask in ((CORRECT, good), (INCORRECT, ~good)):
        figure.add_heatmap(
            z=np.where(mask & shown, strength, np.nan),
            zmin=0,
            zmax=1,
            colorscale=[[0, with_alpha(colour, 0.0)], [1, with_alpha(colour, 1.0)]],
            showscale=False,
            hoverinfo="skip",
            xgap=1,
            ygap=1,
        )
    for white in (False, True):  # ui/style.css gives all texts but the white ones the page's own text colour
        cells = [(w, r) for w, r in np.ndindex(10, 10) if shown[w, r] and (strength[w, r] >= WHITE_TEXT_FROM) == white]
        figure.add_scatter(
            x=[r for w, r in cells],
            y=[w for w, r in cells],
            text=[texts[w][r] for w, r in cells],
            mode="text",
            textfont={"size": 12, "color": LIGHT_TEXT} if white else {"size": 12},
            hoverinfo="skip",
            showlegend=False,
        )
    _add_headers(figure)
    _add_click_targets(figure, hovers)
    axis = {"range": [AXIS_START, AXIS_END], "automargin": False, "showticklabels": False, "ticks": ""}
    figure.update_xaxes(title={"text": "read as (prediction)", "standoff": 0}, side="top", **axis)
    figure.update_yaxes(
        title={"text": "written (true label)", "standoff": 0}, **axis | {"range": [AXIS_END, AXIS_START]}
    )
    return figure.update_layout(margin_autoexpand=False, clickmode="event+select")


def _add_headers(figure: go.Figure) -> None:
    """Write the ten digits beside the rows and above the columns."""
    figure.add_scatter(
        x=[HEADER_POSITION] * 10 + list(range(10)),
        y=list(range(10)) + [HEADER_POSITION] * 10,
        text=[f"<b>{digit}</b>" for digit in range(10)] * 2,
        mode="text",
        textfont={"size": 14},
        hoverinfo="skip",
        showlegend=False,
    )


def _add_click_targets(figure: go.Figure, hovers: list[list[str]]) -> None:
    """Make every cell and every header clickable."""
    targets: list[tuple[float, float, str]] = [(r, w, hovers[w][r]) for w in range(10) for r in range(10)]
    targets += [(HEADER_POSITION, w, f"all digits that were written as {w}") for w in range(10)]
    targets += [(r, HEADER_POSITION, f"all digits that were read as {r}") for r in range(10)]
    x, y, texts = zip(*targets, strict=True)
    click_targets(figure, x, y, list(texts), size=20)

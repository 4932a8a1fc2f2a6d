"""What the Plotly figures of all pages share: one layout, the colours of runs, the ten probabilities.

Figures are made from plain data, without Streamlit; their colours come from `ui.palette`.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas  # noqa: F401 - a thread may be importing it, and Plotly would use it half-imported
import plotly.graph_objects as go

from mnist_core.recipes import RECIPES
from ui import magnification
from ui.palette import CORRECT, GRID, INCORRECT, MUTED, RUNS, STRONG_GRID

RUN_SYMBOLS = ["circle", "diamond", "square", "triangle-up", "cross"]  # distinguish runs that share a colour
LABELLED_FROM = 0.03  # a bar of less has no number: the numbers of many small bars would run into each other
PLOTLY_CONFIG = {  # of every chart; nothing can be zoomed, so two quick clicks are two clicks
    "displayModeBar": False,
    "doubleClick": False,
}
FONT_SIZE = 12  # pixels, of the text in figures
PRESENTED_FONT_SIZE = 20  # the smallest while presenting: readable from the last row at 1920 x 1080


def px(size: float) -> float:
    """Return this size in pixels as it is in this session: larger while presenting."""
    return size * magnification.factor()


def text_px(size: float = FONT_SIZE) -> float:
    """Return this size of a text in pixels as it is in this session: larger while presenting, and never too small."""
    return max(px(size), PRESENTED_FONT_SIZE) if magnification.factor() > 1 else size


def new_figure(
    height: int,
    *,
    left: int = 8,
    right: int = 8,
    top: int = 8,
    bottom: int = 8,
    bare: bool = False,
    xaxis: Mapping[str, object] | None = None,
    yaxis: Mapping[str, object] | None = None,
) -> go.Figure:
    """Return an empty figure with the layout of all: fixed axes, a faint horizontal grid, no dragging, no legend.

    `height` and the margins are in pixels, and grow with the text while presenting; wrap other sizes in `px`. A `bare`
    figure has no grid at all. What else is known of its axes goes into `xaxis` and `yaxis`: each `update_xaxes` after
    it takes Plotly as long as the whole of this.
    """
    layout = _layout(height, {"l": left, "r": right, "t": top, "b": bottom}, bare)
    layout["xaxis"], layout["yaxis"] = _axis(layout["xaxis"], xaxis), _axis(layout["yaxis"], yaxis)
    return go.Figure(layout=layout)


def finish(
    figure: go.Figure, height: int, *, left: int = 8, right: int = 8, top: int = 8, bottom: int = 8, bare: bool = False
) -> go.Figure:
    """Give a figure that exists, such as one of several subplots, the layout of `new_figure`, and return it.

    Call this before setting what differs.
    """
    layout = _layout(height, {"l": left, "r": right, "t": top, "b": bottom}, bare)
    for name in dir(figure.layout):
        if re.fullmatch(r"[xy]axis\d+", name):
            layout[name] = layout[name[:5]]
    return figure.update_layout(layout)


def _layout(height: int, margin: dict[str, int], bare: bool) -> dict[str, Any]:
    """Return the layout that all figures share."""
    large = magnification.factor() > 1
    axis: dict[str, object] = {"fixedrange": True, "zeroline": False, "gridcolor": STRONG_GRID if large else GRID}
    layout: dict[str, Any] = {
        "height": px(height),
        "margin": {side: px(size) for side, size in margin.items()},
        "showlegend": False,
        "dragmode": False,
        "hovermode": "closest",
    }
    if large:  # Streamlit's theme sets these sizes too, for a laptop
        font = {"size": text_px()}
        axis |= {"tickfont": font, "title": {"font": font}}
        layout |= {"font": font, "hoverlabel": {"font": font}, "legend": {"font": font}}
    return layout | {"xaxis": axis | {"showgrid": False}, "yaxis": axis | {"showgrid": not bare}}


def _axis(axis: dict[str, Any], more: Mapping[str, object] | None) -> dict[str, Any]:
    """Return the settings of an axis with more of them; a title that is only a text keeps the font there is."""
    changed = axis | dict(more or {})
    if isinstance(changed.get("title"), str):
        changed["title"] = {**axis.get("title", {}), "text": changed["title"]}
    return changed


def click_targets(
    figure: go.Figure, x: np.ndarray | Sequence[float], y: np.ndarray | Sequence[float], texts: list[str], size: float
) -> None:
    """Lay invisible squares of `size` pixels over a heatmap, which does not report clicks itself.

    `texts` has a text for each square, which is shown when the mouse is over it.
    """
    figure.add_scatter(
        x=x,
        y=y,
        hovertext=texts,
        hovertemplate="%{hovertext}<extra></extra>",
        mode="markers",
        marker={"symbol": "square", "size": size, "opacity": 0},
        selected_marker_opacity=0,
        unselected_marker_opacity=0,
        name="targets",
        showlegend=False,
    )
    figure.update_layout(hoverdistance=-1)  # otherwise clicks near the edge of a cell are lost


def probability_chart(values: np.ndarray, label: int | None = None) -> go.Figure:
    """Draw the ten probabilities (10,) of one digit as bars.

    The bar of the true `label` is blue, that of another prediction orange. Without a label the highest bar is blue.
    """
    predicted = int(np.argmax(values))
    colours = [MUTED] * 10
    colours[predicted] = CORRECT if label in (None, predicted) else INCORRECT
    if label is not None:
        colours[label] = CORRECT
    figure = new_figure(
        190,
        xaxis={"tickvals": list(range(10)), "title": "read as"},
        yaxis={"range": [0, 1.12], "tickvals": [0, 0.5, 1], "tickformat": ".0%"},
    )
    figure.add_bar(
        x=list(range(10)),
        y=[float(value) for value in values],
        marker={"color": colours},
        text=[f"{value:.0%}" if value >= LABELLED_FROM or index == label else "" for index, value in enumerate(values)],
        textposition="outside",
        textangle=0,
        constraintext="none",
        cliponaxis=False,
        hovertemplate="%{x}: %{y:.2%}<extra></extra>",
    )
    return figure


class RunStyle(NamedTuple):
    """How the lines of a run look."""

    colour: str
    symbol: str  # of its markers


RUN_STYLES = [RunStyle(colour, symbol) for symbol in RUN_SYMBOLS for colour in RUNS]


def run_styles(names: Sequence[str]) -> dict[str, RunStyle]:
    """Return a style for each of these runs, no two the same for up to 40 of them, and other colours first of all.

    The run of a recipe has the same colour in every chart unless a run before it already has that colour. Runs that are
    added at the end do not change the style of those before them.
    """
    recipes, styles = list(RECIPES), dict[str, RunStyle]()
    for name in dict.fromkeys(names):
        own = [RUN_STYLES[recipes.index(name) % len(RUN_STYLES)]] if name in recipes else []
        colours = {style.colour for style in styles.values()}
        unused = [style for style in [*own, *RUN_STYLES] if style not in styles.values()]
        styles[name] = next(
            (style for style in unused if style.colour not in colours),
            unused[0] if unused else RUN_STYLES[len(styles) % len(RUN_STYLES)],
        )
    return styles

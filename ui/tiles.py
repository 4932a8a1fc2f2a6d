"""Figures of one digit in a network: probabilities, maps, sums by hand. Plain data in, figure or HTML out."""

import math
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from mnist_core.explain import Sum
from ui.figures import QUIET, SIGNED, TRAIN, VALIDATION

TILE = 96  # pixels: a layer in the chain
STOPS = [2 * place - 1 for place, _ in SIGNED]
CHANNELS = [[int(colour[at : at + 2], 16) for _, colour in SIGNED] for at in (1, 3, 5)]
BARE = {"showgrid": False, "zeroline": False, "fixedrange": True, "ticks": ""}


def layer_picture(values: np.ndarray) -> np.ndarray:
    """All maps (C, H, W) or units (N,) of a layer as one uint8 (84, 84, 3) tile for the chain."""
    side = math.ceil(math.sqrt(len(values)))
    if values.ndim == 1:
        whole = arranged(values, side)
    else:
        _, height, width = values.shape
        padded = np.zeros((side * side, height, width), values.dtype)
        padded[: len(values)] = values
        whole = padded.reshape(side, side, height, width).swapaxes(1, 2).reshape(side * height, side * width)
    rows, columns = (np.linspace(0, size - 1, TILE).round().astype(int) for size in whole.shape)
    return coloured(np.nan_to_num(whole)[rows[:, None], columns], top_of(values))


def top_of(values: np.ndarray) -> float:
    """The largest size of a value, above 0, so that colours can be scaled by it."""
    return max(float(np.abs(values).max(initial=0)), 1e-9)


def coloured(values: np.ndarray, top: float) -> np.ndarray:
    """Numbers to uint8 colours with a last axis of 3: black is 0, orange above, blue below, brightest at +-`top`."""
    return np.stack([np.interp(values / top, STOPS, channel) for channel in CHANNELS], -1).round().astype(np.uint8)


def arranged(units: np.ndarray, across: int) -> np.ndarray:
    """(N,) in rows of `across`, the rest of the last row not a number."""
    rows = math.ceil(len(units) / across)
    padded = np.full(rows * across, np.nan)
    padded[: len(units)] = units
    return padded.reshape(rows, across)


def map_to_click(
    values: np.ndarray, names: Sequence[str], chosen: tuple[int, int], top: float, ink: np.ndarray | None = None
) -> go.Figure:
    """One map (H, W), enlarged; what is under the mouse is called by its name (H * W). Clicks give a point's place.

    A heatmap gives no clicks, so invisible squares lie over it, one for each pixel. `chosen` (row, column) has a frame.
    """
    height, width = values.shape
    figure = go.Figure()
    figure.add_heatmap(z=values, colorscale=SIGNED, zmin=-top, zmax=top, showscale=False, hoverinfo="skip")
    rows, columns = np.divmod(np.arange(height * width), width)
    figure.add_scatter(
        x=columns,
        y=rows,
        mode="markers",
        marker={"symbol": "square", "size": max(6, 330 // max(height, width)), "opacity": 0},
        selected={"marker": {"opacity": 0}},
        unselected={"marker": {"opacity": 0}},
        text=[
            f"{name}: {number(value)}" if np.isfinite(value) else "nothing"
            for name, value in zip(names, values.ravel(), strict=True)
        ],
        hovertemplate="%{text}<extra></extra>",
    )
    row, column = chosen
    frame = {"x0": column - 0.5, "x1": column + 0.5, "y0": row - 0.5, "y1": row + 0.5}
    figure.add_shape(type="rect", **frame, line={"color": "#FF4FA3", "width": 3})
    figure.update_xaxes(**BARE, range=[-0.5, width - 0.5], side="top", constrain="domain", dtick=ticks(width))
    figure.update_yaxes(**BARE, range=[height - 0.5, -0.5], scaleanchor="x", constrain="domain", dtick=ticks(height))
    figure.update_layout(hovermode="closest", hoverdistance=-1)
    return plain(figure, min(370, 40 + 340 * height // width))


def ticks(size: int) -> int:
    """How many pixels lie between two numbers on an axis."""
    return 1 if size <= 14 else 4


def attribution(values: np.ndarray, digit: np.ndarray) -> go.Figure:
    """What each pixel did for the score, (28, 28), with the outline of the digit over it."""
    figure = go.Figure()
    top = top_of(values)
    figure.add_heatmap(
        z=values,
        colorscale=SIGNED,
        zmin=-top,
        zmax=top,
        showscale=False,
        hovertemplate="row %{y}, column %{x}: %{z:.4f}<extra></extra>",
    )
    figure.add_contour(
        z=digit,
        contours={"start": 127, "end": 127, "size": 1, "coloring": "none"},
        line={"color": "rgba(190, 200, 215, 0.8)", "width": 1.2},
        showscale=False,
        hoverinfo="skip",
    )
    figure.update_xaxes(**BARE, visible=False, constrain="domain")
    figure.update_yaxes(**BARE, visible=False, scaleanchor="x", constrain="domain", autorange="reversed")
    return plain(figure, 270)


def contributions(parts: np.ndarray, channels: Sequence[int], source: str) -> go.Figure:
    """How much each of the maps or units that come in adds to one value; (C,) and what they are called."""
    figure = go.Figure()
    figure.add_bar(
        x=list(channels),
        y=parts,
        marker={"color": [TRAIN if part > 0 else VALIDATION for part in parts], "line": {"width": 0}},
        hovertemplate=f"{source} %{{x}} adds %{{y:.4f}}<extra></extra>",
    )
    figure.update_xaxes(title=f"{source} of the layer before", **BARE)
    figure.update_yaxes(title="adds", gridcolor=QUIET, zeroline=True, zerolinecolor=QUIET, fixedrange=True)
    figure.update_layout(bargap=0.1 if len(parts) < 200 else 0)
    return plain(figure, 210)


def against(stops: np.ndarray, believed: np.ndarray, right: int, value: float, axis: str) -> go.Figure:
    """The probability (N, 10) of the `right` digit against what was turned, (N,); a mark at the present `value`.

    Along the top stands what is read at each place.
    """
    answers, here = believed.argmax(1), int(np.abs(stops - value).argmin())
    apart = 1 if len(stops) < 25 else 2  # so that they do not touch on a phone
    figure = go.Figure()
    figure.add_scatter(
        x=stops,
        y=believed[:, right],
        mode="lines",
        line={"color": VALIDATION, "width": 2.5},
        customdata=answers,
        hovertemplate=f"%{{x:g}}: {right} with %{{y:.1%}}, read as %{{customdata}}<extra></extra>",
    )
    figure.add_scatter(
        x=stops,
        y=np.full(len(stops), 1.1),
        mode="text",
        text=[str(answer) if place % apart == 0 else "" for place, answer in enumerate(answers)],
        textfont={"color": [VALIDATION if answer == right else TRAIN for answer in answers], "size": 13},
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=[stops[here]],
        y=[believed[here, right]],
        mode="markers",
        marker={"color": TRAIN, "size": 12},
        hoverinfo="skip",
    )
    figure.add_vline(stops[here], line={"color": TRAIN, "width": 1, "dash": "dot"})
    margin = 0.02 * float(np.ptp(stops))
    figure.update_xaxes(
        title=axis, range=[stops.min() - margin, stops.max() + margin], showgrid=False, zeroline=False, fixedrange=True
    )
    figure.update_yaxes(
        title=f"probability of {right}",
        range=[-0.03, 1.18],
        tickformat=".0%",
        tickvals=[0, 0.5, 1],
        gridcolor=QUIET,
        zeroline=False,
        fixedrange=True,
    )
    return plain(figure, 240)


def plain(figure: go.Figure, height: int) -> go.Figure:
    """The layout all figures of this page share: no legend, no dragging, no space lost."""
    figure.update_layout(height=height, margin={"l": 0, "r": 0, "t": 4, "b": 0}, showlegend=False, dragmode=False)
    return figure


def number(value: float) -> str:
    """Four digits after the point, with a true minus sign, and no minus before zero."""
    text = f"{value:.4f}"
    return "0.0000" if text == "-0.0000" else text.replace("-", "\N{MINUS SIGN}")


def patch_times_filter(found: Sum, place: int) -> str:
    """Three tables side by side, one below the other on a phone: patch, filter and products of one channel, as HTML."""
    tables = [
        ("what comes in", found.patch[place], None),
        ("× the filter", found.filter[place], top_of(found.filter)),
        ("= the products", found.products[place], top_of(found.products)),
    ]
    cells = "".join(table(title, values, top) for title, values, top in tables)
    return f'<div class="byhand">{cells}</div>'


def table(title: str, values: np.ndarray, top: float | None) -> str:
    """One small table of numbers on their colours, as HTML."""
    colours = coloured(values, top or top_of(values))
    rows = "".join(
        "<tr>" + "".join(cell(value, colour) for value, colour in zip(*row, strict=True)) + "</tr>"
        for row in zip(values, colours, strict=True)
    )
    return f"<table><caption>{title}</caption>{rows}</table>"


def cell(value: float, colour: np.ndarray) -> str:
    """One number, written so that it can be read on its colour."""
    ink = "#000" if colour @ [0.299, 0.587, 0.114] > 110 else "#fff"
    return f'<td style="background:rgb({",".join(map(str, colour))});color:{ink}">{number(value)}</td>'

"""Figures of one digit in a network: probabilities, maps, sums by hand. Plain data in, figure or HTML out."""

import math
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from mnist_core.analysis.activations import WeightedSum
from ui.charts import click_targets, finish
from ui.palette import DIVERGING, GRID, HIGHLIGHT, OUTLINE, TRAINING, VALIDATION, text_colour

THUMBNAIL_SIZE = 96  # pixels: a layer in the chain
COLOUR_STOPS = [2 * place - 1 for place, _ in DIVERGING]
COLOUR_CHANNELS = [[int(colour[at : at + 2], 16) for _, colour in DIVERGING] for at in (1, 3, 5)]


def layer_thumbnail(values: np.ndarray) -> np.ndarray:
    """All maps (C, H, W) or units (N,) of a layer as one uint8 (84, 84, 3) tile for the chain."""
    side = math.ceil(math.sqrt(len(values)))
    if values.ndim == 1:
        whole = arrange_units(values, side)
    else:
        _, height, width = values.shape
        padded = np.zeros((side * side, height, width), values.dtype)
        padded[: len(values)] = values
        whole = padded.reshape(side, side, height, width).swapaxes(1, 2).reshape(side * height, side * width)
    rows, columns = (np.linspace(0, size - 1, THUMBNAIL_SIZE).round().astype(int) for size in whole.shape)
    return apply_colormap(np.nan_to_num(whole)[rows[:, None], columns], max_magnitude(values))


def max_magnitude(values: np.ndarray) -> float:
    """The largest size of a value, above 0, so that colours can be scaled by it."""
    return max(float(np.abs(values).max(initial=0)), 1e-9)


def apply_colormap(values: np.ndarray, top: float) -> np.ndarray:
    """Numbers to uint8 colours with a last axis of 3: black is 0, orange above, blue below, brightest at +-`top`."""
    return (
        np.stack([np.interp(values / top, COLOUR_STOPS, channel) for channel in COLOUR_CHANNELS], -1)
        .round()
        .astype(np.uint8)
    )


def arrange_units(units: np.ndarray, across: int) -> np.ndarray:
    """(N,) in rows of `across`, the rest of the last row not a number."""
    rows = math.ceil(len(units) / across)
    padded = np.full(rows * across, np.nan)
    padded[: len(units)] = units
    return padded.reshape(rows, across)


def clickable_map(
    values: np.ndarray, names: Sequence[str], chosen: tuple[int, int], top: float, ink: np.ndarray | None = None
) -> go.Figure:
    """One map (H, W), enlarged; what is under the mouse is called by its name (H * W). Clicks give a point's place.

    A heatmap gives no clicks, so invisible squares lie over it, one for each pixel. `chosen` (row, column) has a frame.
    """
    height, width = values.shape
    figure = _bare(min(370, 40 + 340 * height // width))
    figure.add_heatmap(z=values, colorscale=DIVERGING, zmin=-top, zmax=top, showscale=False, hoverinfo="skip")
    rows, columns = np.divmod(np.arange(height * width), width)
    texts = [
        f"{name}: {format_number(value)}" if np.isfinite(value) else "nothing"
        for name, value in zip(names, values.ravel(), strict=True)
    ]
    click_targets(figure, columns, rows, texts, size=max(6, 330 // max(height, width)))
    row, column = chosen
    frame = {"x0": column - 0.5, "x1": column + 0.5, "y0": row - 0.5, "y1": row + 0.5}
    figure.add_shape(type="rect", **frame, line={"color": HIGHLIGHT, "width": 3})
    figure.update_xaxes(range=[-0.5, width - 0.5], side="top", constrain="domain", dtick=tick_spacing(width))
    figure.update_yaxes(range=[height - 0.5, -0.5], scaleanchor="x", constrain="domain", dtick=tick_spacing(height))
    return figure


def tick_spacing(size: int) -> int:
    """How many pixels lie between two numbers on an axis."""
    return 1 if size <= 14 else 4


def attribution_chart(values: np.ndarray, digit: np.ndarray) -> go.Figure:
    """What each pixel did for the score, (28, 28), with the outline of the digit over it."""
    figure = _bare(270)
    top = max_magnitude(values)
    figure.add_heatmap(
        z=values,
        colorscale=DIVERGING,
        zmin=-top,
        zmax=top,
        showscale=False,
        hovertemplate="row %{y}, column %{x}: %{z:.4f}<extra></extra>",
    )
    figure.add_contour(
        z=digit,
        contours={"start": 127, "end": 127, "size": 1, "coloring": "none"},
        line={"color": OUTLINE, "width": 1.2},
        showscale=False,
        hoverinfo="skip",
    )
    figure.update_xaxes(visible=False, constrain="domain")
    figure.update_yaxes(visible=False, scaleanchor="x", constrain="domain", autorange="reversed")
    return figure


def _bare(height: int) -> go.Figure:
    figure = finish(go.Figure(), height, left=0, right=0, top=4, bottom=0, bare=True)
    return figure.update_xaxes(ticks="").update_yaxes(ticks="")


def contributions_chart(parts: np.ndarray, channels: Sequence[int], source: str) -> go.Figure:
    """How much each of the maps or units that come in adds to one value; (C,) and what they are called."""
    figure = finish(go.Figure(), 210, left=0, right=0, top=4, bottom=0)
    figure.add_bar(
        x=list(channels),
        y=parts,
        marker={"color": [TRAINING if part > 0 else VALIDATION for part in parts], "line": {"width": 0}},
        hovertemplate=f"{source} %{{x}} adds %{{y:.4f}}<extra></extra>",
    )
    figure.update_xaxes(title=f"{source} of the layer before", ticks="")
    figure.update_yaxes(title="adds", zeroline=True, zerolinecolor=GRID)
    figure.update_layout(bargap=0.1 if len(parts) < 200 else 0)
    return figure


def format_number(value: float) -> str:
    """Four digits after the point, with a true minus sign, and no minus before zero."""
    text = f"{value:.4f}"
    return "0.0000" if text == "-0.0000" else text.replace("-", "\N{MINUS SIGN}")


def products_html(found: WeightedSum, place: int) -> str:
    """Three tables side by side, one below the other on a phone: patch, filter and products of one channel, as HTML."""
    tables = [
        ("what comes in", found.patch[place], None),
        ("× the filter", found.filter[place], max_magnitude(found.filter)),
        ("= the products", found.products[place], max_magnitude(found.products)),
    ]
    cells = "".join(number_table_html(title, values, top) for title, values, top in tables)
    return f'<div class="byhand">{cells}</div>'


def number_table_html(title: str, values: np.ndarray, top: float | None) -> str:
    """One small table of numbers on their colours, as HTML."""
    colours = apply_colormap(values, top or max_magnitude(values))
    rows = "".join(
        "<tr>" + "".join(number_cell_html(value, colour) for value, colour in zip(*row, strict=True)) + "</tr>"
        for row in zip(values, colours, strict=True)
    )
    return f"<table><caption>{title}</caption>{rows}</table>"


def number_cell_html(value: float, colour: np.ndarray) -> str:
    """One number, written so that it can be read on its colour."""
    red, green, blue = map(int, colour)
    style = f"background:rgb({red},{green},{blue});color:{text_colour((red, green, blue))}"
    return f'<td style="{style}">{format_number(value)}</td>'

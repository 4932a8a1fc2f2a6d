"""Feature maps, attributions and weighted sums as charts and HTML; plain data in."""

import html
import math
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from mnist_core.analysis.activations import WeightedSum
from ui.charts import click_targets, new_figure
from ui.palette import DIVERGING, EVIDENCE, GRID, HIGHLIGHT, NEGATIVE, OUTLINE, POSITIVE, text_colour

ColourScale = Sequence[tuple[float, str]]  # positions 0..1, each with its colour
MAX_CLICKABLE = 1024  # pixels or units of one map: more make the browser slow
MAX_BARS = 40  # contributions to one value that are drawn
COLOUR_STOPS = [2 * position - 1 for position, _ in DIVERGING]  # -1..1
COLOUR_CHANNELS = [[int(colour[start : start + 2], 16) for _, colour in DIVERGING] for start in (1, 3, 5)]


def max_magnitude(values: np.ndarray) -> float:
    """Return the largest absolute value, but at least 1e-9, to scale colours by."""
    return max(float(np.abs(values).max(initial=0)), 1e-9)


def apply_colormap(values: np.ndarray, limit: float) -> np.ndarray:
    """Map numbers to uint8 RGB on a new last axis: 0 to black, +limit to the brightest orange, -limit to blue."""
    channels = [np.interp(values / limit, COLOUR_STOPS, channel) for channel in COLOUR_CHANNELS]
    return np.stack(channels, -1).round().astype(np.uint8)


def arrange_units(units: np.ndarray, columns: int) -> np.ndarray:
    """Arrange (N,) units in rows of `columns`; the rest of the last row is NaN."""
    rows = math.ceil(len(units) / columns)
    padded = np.full(rows * columns, np.nan)
    padded[: len(units)] = units
    return padded.reshape(rows, columns)


def clickable_map(values: np.ndarray, names: Sequence[str], selected: tuple[int, int], limit: float) -> go.Figure:
    """Draw one map (H, W), enlarged, with a frame around the `selected` (row, column).

    `names` (H * W) are shown under the mouse, `limit` is the magnitude of the brightest colours. A click reports the
    position of the pixel in row-major order, through invisible squares over the heatmap, unless there are too many.
    """
    rows, columns = values.shape
    figure = bare_figure(min(370, 40 + 340 * rows // columns))
    figure.add_heatmap(z=values, colorscale=DIVERGING, zmin=-limit, zmax=limit, showscale=False, hoverinfo="skip")
    y, x = np.divmod(np.arange(rows * columns), columns)
    texts = [
        f"{name}: {format_number(value)}" if np.isfinite(value) else "empty"
        for name, value in zip(names, values.ravel(), strict=True)
    ]
    if rows * columns <= MAX_CLICKABLE:
        click_targets(figure, x, y, texts, size=max(6, 330 // max(rows, columns)))
    row, column = selected
    frame = {"x0": column - 0.5, "x1": column + 0.5, "y0": row - 0.5, "y1": row + 0.5}
    figure.add_shape(type="rect", **frame, line={"color": HIGHLIGHT, "width": 3})
    figure.update_xaxes(range=[-0.5, columns - 0.5], side="top", constrain="domain", dtick=tick_spacing(columns))
    figure.update_yaxes(range=[rows - 0.5, -0.5], scaleanchor="x", constrain="domain", dtick=tick_spacing(rows))
    return figure


def tick_spacing(size: int) -> int:
    """Return the distance between two ticks, in pixels of the map."""
    return 1 if size <= 14 else 4


def attribution_chart(values: np.ndarray, digit: np.ndarray) -> go.Figure:
    """Draw a (28, 28) attribution with the outline of the digit over it."""
    figure = bare_figure(270)
    limit = max_magnitude(values)
    figure.add_heatmap(
        z=values,
        colorscale=EVIDENCE,
        zmin=-limit,
        zmax=limit,
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


def bare_figure(height: int) -> go.Figure:
    """Return an empty figure without grid, ticks and side margins; `height` in pixels."""
    figure = new_figure(height, left=0, right=0, top=4, bottom=0, bare=True)
    return figure.update_xaxes(ticks="").update_yaxes(ticks="")


def contributions_chart(contributions: np.ndarray, channels: Sequence[int], kind: str) -> go.Figure:
    """Draw what the input channels add to one value: (C,) contributions, the channels' numbers, "map" or "unit".

    Of many channels only those that contribute most are drawn.
    """
    drawn = np.sort(np.argsort(-np.abs(contributions), kind="stable")[:MAX_BARS])
    channels, contributions = [channels[position] for position in drawn], contributions[drawn]
    figure = new_figure(210, left=0, right=0, top=4, bottom=0)
    figure.add_bar(
        x=[str(channel) for channel in channels],
        y=contributions,
        marker={"color": [POSITIVE if value > 0 else NEGATIVE for value in contributions], "line": {"width": 0}},
        hovertemplate=f"{kind} %{{x}} adds %{{y:.4f}}<extra></extra>",
    )
    few = len(channels) <= 12  # otherwise their numbers would collide; the mouse shows them
    title = f"{kind} of the layer before"
    figure.update_xaxes(title=title, title_standoff=8, ticks="", type="category", showticklabels=few)
    figure.update_yaxes(title="contribution", zeroline=True, zerolinecolor=GRID)
    return figure.update_layout(bargap=0.1)


def colour_bar_html(low: str, high: str, scale: ColourScale = DIVERGING) -> str:
    """Write the colours of a scale, at first that of `apply_colormap`, as a bar with what its two ends stand for."""
    stops = ", ".join(f"{colour} {100 * position:.0f}%" for position, colour in scale)
    return (
        f'<div class="colour-bar"><span>{html.escape(low)}</span>'
        f'<i style="background: linear-gradient(to right, {stops})"></i><span>{html.escape(high)}</span></div>'
    )


def format_number(value: float) -> str:
    """Format with four decimals and a true minus sign, but none before zero."""
    text = f"{value:.4f}"
    return "0.0000" if text == "-0.0000" else text.replace("-", "\N{MINUS SIGN}")


def products_html(terms: WeightedSum, channel: int) -> str:
    """Write patch, filter and products of one channel as three tables, side by side or, on a phone, stacked."""
    tables = [
        ("input", terms.patch[channel], None),
        ("× the filter", terms.kernel[channel], max_magnitude(terms.kernel)),
        ("= the products", terms.products[channel], max_magnitude(terms.products)),
    ]
    return f'<div class="arithmetic">{"".join(number_table_html(*table) for table in tables)}</div>'


def number_table_html(title: str, values: np.ndarray, limit: float | None) -> str:
    """Write (H, W) values as a table on their colours, the brightest at `limit` or the largest magnitude."""
    colours = apply_colormap(values, limit or max_magnitude(values))
    rows = "".join(
        "<tr>" + "".join(number_cell_html(value, colour) for value, colour in zip(*row, strict=True)) + "</tr>"
        for row in zip(values, colours, strict=True)
    )
    return f"<table><caption>{title}</caption>{rows}</table>"


def number_cell_html(value: float, colour: np.ndarray) -> str:
    """Write one number in black or white on its RGB colour."""
    red, green, blue = map(int, colour)
    style = f"background:rgb({red},{green},{blue});color:{text_colour((red, green, blue))}"
    return f'<td style="{style}">{format_number(value)}</td>'

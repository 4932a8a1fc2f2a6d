"""Plotly figures and pictures of digits: plain data in, figure out. Colours stand here and nowhere else."""

import base64
import io
from zlib import crc32

import numpy as np
import plotly.graph_objects as go
from PIL import Image

from mnist_core.recipes import RECIPES

# Okabe & Ito's colours, told apart by colour-blind eyes, darkened where white paper needs it.
TRAIN, VALIDATION = "#D98200", "#2F78C4"
RIGHT, WRONG = "#2F78C4", "#C25400"  # what was read right, what was misread
CHOSEN = "#9839A2"  # the frame around what was clicked
# One for each run: at least 3:1 against the white and the black page, as far apart as eight can be for every kind of
# colour-blind eye (OKLab distance 0.1 or more in Machado, Oliveira & Fernandes' simulations of 2009).
RUNS = ["#ED6E12", "#2258E5", "#9839A2", "#2794FB", "#C73F15", "#7C9C7B", "#B56CBC", "#747474"]
SYMBOLS = ["circle", "diamond", "square", "triangle-up", "cross"]  # tell runs apart that share a colour
QUIET = "rgba(128, 138, 155, 0.28)"  # grid lines, readable on white and on black
QUIET_BAR = "rgba(128, 138, 155, 0.6)"
SMOOTHED = 12  # of at most 400 rows: the line that is easy to follow; the raw one stays visible behind it
DIGITS = (  # one colour for each class, 0 to 9; where it matters the digit itself stands there too
    "#888888", "#2F78C4", "#D55E00", "#009E73", "#AA4499", "#B08900", "#3FA7D6", "#C2334D", "#7A5CD0", "#6B8E23",
)  # fmt: skip
SIGNED = [  # a value's colour: 0 is black, as paper is; ever brighter blue below it, ever brighter orange above
    (0.0, "#E3F3FF"), (0.2, "#56B4E9"), (0.5, "#000000"), (0.8, "#E69F00"), (1.0, "#FFF3D6"),
]  # fmt: skip
NO_BAR = {"displayModeBar": False}  # of every chart: Plotly's own buttons are not for learners
INK_ON_BLACK = 6  # each pixel of a digit becomes a square of this many pixels, never a blur


def curves(history: list[dict], metric: str, epochs: float) -> go.Figure:
    """Loss or accuracy ("loss", "accuracy") against epochs: training as it goes, validation at each epoch's end.

    The axes are fixed by `epochs` and the best value so far, so that a growing curve does not make the page jump.
    """
    figure = go.Figure()
    batches = [row for row in history if "loss" in row]
    ended = [row for row in history if "validation_loss" in row]
    percent = metric == "accuracy"
    hover = "%{y:.2%}" if percent else "%{y:.4f}"
    epochs_of, values = [row["epoch"] for row in batches], [row[metric] for row in batches]
    smooth = trailing_mean(values, SMOOTHED)
    figure.add_scatter(
        x=epochs_of, y=values, mode="lines", line={"color": TRAIN, "width": 1}, opacity=0.3, hoverinfo="skip",
        showlegend=False,
    )  # fmt: skip
    figure.add_scatter(
        x=epochs_of,
        y=smooth,
        mode="lines",
        name="training (smoothed)",
        line={"color": TRAIN, "width": 2},
        hovertemplate=f"epoch %{{x:.2f}}: {hover}",
    )
    figure.add_scatter(
        x=[row["epoch"] for row in ended],
        y=[row[f"validation_{metric}"] for row in ended],
        mode="lines+markers",
        name="validation",
        line={"color": VALIDATION, "width": 2.5},
        marker={"size": 8},
        hovertemplate=f"epoch %{{x:.2f}}: {hover}",
    )
    best = max([row[f"validation_{metric}"] for row in ended] or smooth or [0.0])
    figure.update_xaxes(title="epochs", range=[0, epochs * 1.02], showgrid=False, fixedrange=True, zeroline=False)
    figure.update_yaxes(gridcolor=QUIET, fixedrange=True, zeroline=False)
    if percent:
        low = 0.95 if best >= 0.985 else 0.9 if best >= 0.96 else 0.7 if best >= 0.85 else 0.0
        figure.update_yaxes(title="accuracy", range=[low, 1 + (1 - low) * 0.02], tickformat=".0%")
    else:
        figure.update_yaxes(title="loss (nats)", type="log", range=[-2.7, 0.6], tickvals=[0.002, 0.01, 0.05, 0.2, 1, 3])
    figure.update_layout(
        height=300,
        margin={"l": 8, "r": 8, "t": 36, "b": 8},
        showlegend=True,
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        hovermode="closest",
        dragmode=False,
        uirevision="same",
    )
    return figure


def probabilities(values: np.ndarray, label: int | None = None, height: int = 190) -> go.Figure:
    """The ten probabilities of one digit as bars; the digit that was written, `label`, is blue, another answer orange.

    With no label the highest bar is blue.
    """
    read = int(np.argmax(values))
    colours = [QUIET_BAR] * 10
    colours[read] = RIGHT if label in (None, read) else WRONG
    if label is not None:
        colours[label] = RIGHT
    figure = go.Figure()
    figure.add_bar(
        x=list(range(10)),
        y=[float(value) for value in values],
        marker={"color": colours},
        text=[f"{value:.0%}" if value >= 0.005 else "" for value in values],
        textposition="outside",
        textangle=0,
        constraintext="none",
        cliponaxis=False,
        hovertemplate="%{x}: %{y:.2%}<extra></extra>",
        showlegend=False,
    )
    figure.update_xaxes(tickvals=list(range(10)), fixedrange=True, showgrid=False, title="read as")
    figure.update_yaxes(range=[0, 1.12], tickvals=[0, 0.5, 1], tickformat=".0%", gridcolor=QUIET, fixedrange=True)
    figure.update_layout(height=height, margin={"l": 8, "r": 8, "t": 8, "b": 8}, dragmode=False)
    return figure


def colour_of(name: str) -> str:
    """The colour of the run of this name, the same on every page."""
    return RUNS[place_of(name) % len(RUNS)]


def symbol_of(name: str) -> str:
    """The marker of the run of this name, for runs that share a colour."""
    return SYMBOLS[place_of(name) // len(RUNS) % len(SYMBOLS)]


def place_of(name: str) -> int:
    """Shipped runs in the order of their recipes, all others by a checksum of their name."""
    return list(RECIPES).index(name) if name in RECIPES else crc32(name.encode()) % (len(RUNS) * len(SYMBOLS))


def trailing_mean(values: list[float], count: int) -> list[float]:
    """Each value's mean with up to `count` - 1 before it; nothing of what comes later."""
    return [sum(part) / len(part) for end in range(len(values)) if (part := values[max(0, end + 1 - count) : end + 1])]


def address(picture: np.ndarray) -> str:
    """A uint8 (H, W) or (H, W, 3) picture as an address that holds all of it, as a PNG.

    A file of Streamlit's own may be gone again when clicks come quickly, before the browser asks for it.
    """
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG", compress_level=1)
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def picture(digit: np.ndarray) -> np.ndarray:
    """uint8 (28, 28) enlarged to crisp squares, ink bright on black as the network sees it."""
    return digit.repeat(INK_ON_BLACK, axis=0).repeat(INK_ON_BLACK, axis=1)

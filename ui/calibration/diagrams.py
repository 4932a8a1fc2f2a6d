"""Figures and sentences about calibration: plain data in, a figure or text out."""

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from mnist_core.analysis.calibration import Bin, SelectivePrediction
from ui.charts import finish
from ui.palette import CORRECT, CURRENT, MUTED

TIED_NOTE = ": more digits share its lowest confidence than it may refuse"
MAX_POINTS = 400  # of a curve with up to 10,000: more cannot be seen


def reliability_diagram(bins: list[Bin]) -> go.Figure:
    """Plot accuracy against confidence, one point with its 95 % interval for each bin, above the bins' sizes."""
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.76, 0.24], vertical_spacing=0.04)
    finish(figure, 400, right=16, top=12)
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", line={"color": MUTED, "dash": "dash"}, hoverinfo="skip", row=1, col=1
    )
    figure.add_scatter(
        x=[bin.confidence for bin in bins],
        y=[bin.accuracy for bin in bins],
        mode="markers",
        marker={"size": 10, "color": CORRECT},
        error_y={
            "array": [bin.interval[1] - bin.accuracy for bin in bins],
            "arrayminus": [bin.accuracy - bin.interval[0] for bin in bins],
            "thickness": 1,
            "width": 3,
        },
        customdata=[bin.count for bin in bins],
        hovertemplate="confidence %{x:.1%}, accuracy %{y:.1%}<br>%{customdata:,} digits<extra></extra>",
        row=1,
        col=1,
    )
    for x, y, side, text in (
        (0.01, 0.9, "left", "above the line: under-confident"),
        (1, 0.06, "right", "below the line: over-confident"),
    ):
        figure.add_annotation(x=x, y=y, xanchor=side, text=text, showarrow=False, opacity=0.7, row=1, col=1)
    figure.add_bar(
        x=[(bin.low + bin.high) / 2 for bin in bins],
        y=[bin.count for bin in bins],
        width=[(bin.high - bin.low) * 0.9 for bin in bins],
        marker_color=MUTED,
        hovertemplate="%{y:,} digits<extra></extra>",
        row=2,
        col=1,
    )
    figure.update_xaxes(range=[0, 1.015], tickvals=[0, 0.2, 0.4, 0.6, 0.8, 1], tickformat=".0%")
    figure.update_xaxes(title="confidence", row=2, col=1)
    figure.update_yaxes(title="accuracy", range=[-0.03, 1.03], tickformat=".0%", row=1, col=1)
    figure.update_yaxes(title="digits", type="log", range=[-0.3, 4.3], tickvals=[1, 100, 10_000], row=2, col=1)
    return figure


def coverage_chart(coverage: np.ndarray, accuracy_curve: np.ndarray, *, refused: float, accuracy: float) -> go.Figure:
    """Plot the accuracy of the answers against the share of digits refused, 1 - coverage.

    `coverage` and `accuracy_curve` are the points of the curve, full coverage first; `refused` and `accuracy`, both
    0..1, are the point that is marked.
    """
    refused_curve = 1 - coverage
    x_max = next((share for share in (0.05, 0.1, 0.2) if refused <= share * 0.9), 0.5)
    sampled = np.searchsorted(refused_curve, np.linspace(0, x_max, MAX_POINTS))
    shown = np.unique(sampled.clip(max=len(refused_curve) - 1))
    y_min = min(0.99, 1 - 1.15 * (1 - float(accuracy_curve[shown].min())))
    hover = "%{x:.1%} refused, accuracy %{y:.2%}<extra></extra>"
    figure = finish(go.Figure(), 300, right=16, top=12)
    figure.add_scatter(
        x=refused_curve[shown],
        y=accuracy_curve[shown],
        mode="lines",
        line={"color": CORRECT, "width": 2},
        hovertemplate=hover,
    )
    figure.add_scatter(
        x=[refused], y=[accuracy], mode="markers", marker={"size": 13, "color": CURRENT}, hovertemplate=hover
    )
    figure.update_xaxes(title="share of digits refused", tickformat=".0%", range=[-0.01 * x_max, x_max * 1.01])
    figure.update_yaxes(title="accuracy of its answers", tickformat=".1%", range=[y_min, 1 + (1 - y_min) * 0.03])
    return figure


def selective_prediction_text(prediction: SelectivePrediction, correct: np.ndarray, percent: float) -> str:
    """Return what refusing gains as a sentence.

    `correct` (N,) says of every digit, refused ones too, whether its prediction is right; `percent` is how many of
    the digits may be refused.
    """
    n_refused = int((~prediction.answered).sum())
    mistakes_before = int((~correct).sum())
    mistakes_after = int((~correct & prediction.answered).sum())
    accuracy = f"**{100 * prediction.accuracy:.2f} %**"
    if n_refused == 0:
        if percent == 0:
            reason = ""
        elif percent / 100 * len(correct) < 1:
            reason = f": {percent:g} % is less than one digit"
        else:
            reason = TIED_NOTE
        return f"It answers every digit{reason}. Its accuracy is {accuracy}: {count_mistakes(mistakes_before)}."
    return (
        f"If it may refuse the {percent:g} % it is least sure of (confidence below {100 * prediction.threshold:.1f} "
        f"%), its accuracy is {accuracy}: {count_mistakes(mistakes_after)} instead of {mistakes_before:,}. "
        f"Of the {n_refused:,} digits it refuses, it would have misread {mistakes_before - mistakes_after:,}."
    )


def count_mistakes(count: int) -> str:
    """Return "1 mistake", "2 mistakes" and so on."""
    return f"{count:,} mistake{'' if count == 1 else 's'}"

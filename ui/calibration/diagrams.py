"""Figures about how far a network can be trusted: plain data in, figure out."""

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from mnist_core.analysis.calibration import Bin, SelectivePrediction
from ui.charts import finish
from ui.palette import CORRECT, INCORRECT, MUTED

TIED_NOTE = ": it is equally sure of more digits than it may refuse"
MAX_POINTS = 400  # of a curve with up to 10,000: more cannot be seen


def reliability_diagram(table: list[Bin]) -> go.Figure:
    """Accuracy against confidence, a point for each bin with its 95 % interval; below, how many digits each holds."""
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.76, 0.24], vertical_spacing=0.04)
    finish(figure, 400, right=16, top=12)
    figure.add_scatter(
        x=[0, 1], y=[0, 1], mode="lines", line={"color": MUTED, "dash": "dash"}, hoverinfo="skip", row=1, col=1
    )
    accuracy = [row.accuracy for row in table]
    figure.add_scatter(
        x=[row.confidence for row in table],
        y=accuracy,
        mode="markers",
        marker={"size": 10, "color": CORRECT},
        error_y={
            "array": [row.interval[1] - row.accuracy for row in table],
            "arrayminus": [row.accuracy - row.interval[0] for row in table],
            "thickness": 1,
            "width": 3,
        },
        customdata=[row.count for row in table],
        hovertemplate="%{x:.1%} sure, %{y:.1%} right<br>%{customdata:,} digits<extra></extra>",
        row=1,
        col=1,
    )
    for x, y, side, text in (
        (0.01, 0.9, "left", "above the line: under-confident"),
        (1, 0.06, "right", "below the line: over-confident"),
    ):
        figure.add_annotation(x=x, y=y, xanchor=side, text=text, showarrow=False, opacity=0.7, row=1, col=1)
    figure.add_bar(
        x=[(row.low + row.high) / 2 for row in table],
        y=[row.count for row in table],
        width=[(row.high - row.low) * 0.9 for row in table],
        marker_color=MUTED,
        hovertemplate="%{y:,} digits<extra></extra>",
        row=2,
        col=1,
    )
    tenths = [0, 0.2, 0.4, 0.6, 0.8, 1]
    figure.update_xaxes(range=[0, 1.015], tickvals=tenths, tickformat=".0%")
    figure.update_xaxes(title="confidence of the answer", row=2, col=1)
    figure.update_yaxes(title="accuracy", range=[-0.03, 1.03], tickformat=".0%", row=1, col=1)
    figure.update_yaxes(title="digits", type="log", range=[-0.3, 4.3], tickvals=[1, 100, 10_000], row=2, col=1)
    return figure


def coverage_chart(coverage: np.ndarray, accuracy: np.ndarray, at: tuple[float, float]) -> go.Figure:
    """Accuracy of the answers against the share that is refused, with the point (refused, accuracy) that is chosen."""
    refused = 1 - coverage
    widest = next((share for share in (0.05, 0.1, 0.2) if at[0] <= share * 0.9), 0.5)
    shown = np.unique(np.searchsorted(refused, np.linspace(0, widest, MAX_POINTS)).clip(max=len(refused) - 1))
    low = min(0.99, 1 - 1.15 * (1 - float(accuracy[shown].min())))
    figure = finish(go.Figure(), 300, right=16, top=12)
    figure.add_scatter(
        x=refused[shown],
        y=accuracy[shown],
        mode="lines",
        line={"color": CORRECT, "width": 2},
        hovertemplate="refuses %{x:.1%}, %{y:.2%} right<extra></extra>",
    )
    figure.add_scatter(
        x=[at[0]], y=[at[1]], mode="markers", marker={"size": 13, "color": INCORRECT},
        hovertemplate="refuses %{x:.1%}, %{y:.2%} right<extra></extra>",
    )  # fmt: skip
    figure.update_xaxes(
        title="share it refuses", showgrid=True, tickformat=".0%", range=[-0.01 * widest, widest * 1.01]
    )
    figure.update_yaxes(title="accuracy of its answers", tickformat=".1%", range=[low, 1 + (1 - low) * 0.03])
    return figure


def selective_prediction_text(left: SelectivePrediction, right: np.ndarray, percent: float) -> str:
    """What refusing gains, in words: `percent` is what it may refuse, `right` (N,) which answers would be right."""
    refused, before = ~left.kept, int((~right).sum())
    after = int((~right & left.kept).sum())
    if not refused.any():
        why = (
            "" if percent == 0 else f": {percent:g} % allows no digit" if percent / 100 * len(right) < 1 else TIED_NOTE
        )
        return f"It answers every digit{why}. **{100 * left.accuracy:.2f} %** right, {count_mistakes(before)}."
    return (
        f"If it may refuse the {percent:g} % it is least sure of (below {100 * left.threshold:.1f} %), it is "
        f"**{100 * left.accuracy:.2f} %** right: {count_mistakes(after)} instead of {before:,}. "
        f"Of the {int(refused.sum()):,} digits it refuses, it would have misread {before - after:,}."
    )


def count_mistakes(count: int) -> str:
    """So many mistakes, in words."""
    return f"{count:,} mistake{'' if count == 1 else 's'}"

"""Figures and sentences about calibration: plain data in, a figure or text out."""

import numpy as np
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from mnist_core.analysis.calibration import Bin, SelectivePrediction
from mnist_core.text import count
from ui.charts import finish, new_figure
from ui.labels import percent
from ui.palette import CORRECT, CURRENT, MUTED

CALIBRATED_WITHIN = 0.005  # mean confidence and accuracy that differ by less count as the same
MAX_POINTS = 400  # of a curve with up to 10,000: more cannot be seen


def reliability_diagram(bins: list[Bin]) -> go.Figure:
    """Plot accuracy against confidence, one point with its 95 % interval for each bin, above the bins' sizes.

    Both are in percent.
    """
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.76, 0.24], vertical_spacing=0.04)
    finish(figure, 400, right=16, top=12)
    figure.add_scatter(
        x=[0, 100], y=[0, 100], mode="lines", line={"color": MUTED, "dash": "dash"}, hoverinfo="skip", row=1, col=1
    )
    figure.add_scatter(
        x=[100 * bin.confidence for bin in bins],
        y=[100 * bin.accuracy for bin in bins],
        mode="markers",
        marker={"size": 10, "color": CORRECT},
        error_y={
            "array": [100 * (bin.interval[1] - bin.accuracy) for bin in bins],
            "arrayminus": [100 * (bin.accuracy - bin.interval[0]) for bin in bins],
            "thickness": 1,
            "width": 3,
        },
        customdata=[count(bin.count, "digit") for bin in bins],
        hovertemplate="it is %{x:.1f} % sure and right %{y:.1f} % of the time<br>%{customdata}<extra></extra>",
        row=1,
        col=1,
    )
    for x, y, side, text in ((1, 93, "left", "under-confident"), (100, 6, "right", "over-confident")):
        figure.add_annotation(x=x, y=y, xanchor=side, text=text, showarrow=False, opacity=0.7, row=1, col=1)
    figure.add_bar(
        x=[50 * (bin.low + bin.high) for bin in bins],
        y=[bin.count for bin in bins],
        width=[90 * (bin.high - bin.low) for bin in bins],
        marker_color=MUTED,
        customdata=[count(bin.count, "digit") for bin in bins],
        hovertemplate="%{customdata}<extra></extra>",
        row=2,
        col=1,
    )
    tickvals = [0, 20, 40, 60, 80, 100]
    figure.update_xaxes(range=[0, 101.5], tickvals=tickvals, ticktext=[f"{value} %" for value in tickvals])
    figure.update_xaxes(title="confidence", row=2, col=1)
    figure.update_yaxes(title="accuracy", range=[-3, 103], ticksuffix=" %", row=1, col=1)
    figure.update_yaxes(title="digits", type="log", range=[-0.3, 4.3], tickvals=[1, 100, 10_000], row=2, col=1)
    return figure


def coverage_chart(
    coverage: np.ndarray, accuracy_curve: np.ndarray, *, refused: float, accuracy: float, max_refused: float
) -> go.Figure:
    """Plot the accuracy of the answers against the share of digits left unanswered, 1 - coverage, both in percent.

    `coverage` and `accuracy_curve` are the points of the curve, full coverage first; `refused` and `accuracy` are the
    point that is marked. All are 0..1. The axes reach up to `max_refused`, wherever the point is, so that it moves.
    """
    refused_curve = 1 - coverage
    sampled = np.searchsorted(refused_curve, np.linspace(0, max_refused, MAX_POINTS))
    shown = np.unique(sampled.clip(max=len(refused_curve) - 1))
    y_min = min(99.0, 100 - 115 * (1 - float(accuracy_curve[shown].min())))
    x_max, y_max = 100 * max_refused, 100 + (100 - y_min) * 0.05
    hover = "%{x:.1f} % unanswered, accuracy %{y:.2f} %<extra></extra>"
    figure = new_figure(300, right=16, top=12)
    figure.add_scatter(
        x=100 * refused_curve[shown],
        y=100 * accuracy_curve[shown],
        mode="lines",
        line={"color": CORRECT, "width": 2},
        hovertemplate=hover,
    )
    figure.add_scatter(
        x=[100 * refused],
        y=[100 * accuracy],
        mode="markers",
        marker={"size": 13, "color": CURRENT},
        hovertemplate=hover,
    )
    figure.update_xaxes(title="share of digits left unanswered", ticksuffix=" %", range=[-0.02 * x_max, x_max * 1.02])
    figure.update_yaxes(title="accuracy of its answers", ticksuffix=" %", range=[y_min, y_max])
    return figure


def calibration_text(confidence: float, accuracy: float) -> str:
    """Return what mean confidence and accuracy (0..1) say about a network; [[terms]] are of the glossary."""
    gap = f"{100 * abs(confidence - accuracy):.2f} percentage points"
    if abs(confidence - accuracy) < CALIBRATED_WITHIN:
        return "On average it is right about as often as it says: you can take its confidence at its word."
    if confidence > accuracy:
        return f"It is over-confident: on average it says {gap} more than it achieves. Points below the line show it."
    return f"It is under-confident: on average it says {gap} less than it achieves. Points above the line show it."


def selective_prediction_text(prediction: SelectivePrediction, correct: np.ndarray, allowed: float) -> str:
    """Return what leaving digits unanswered gains as a sentence.

    `correct` (N,) says of every digit, unanswered ones too, whether its prediction is right; `allowed` is how many
    percent of the digits may stay unanswered.
    """
    n_refused, n_before = int((~prediction.answered).sum()), int((~correct).sum())
    n_after = int((~correct & prediction.answered).sum())
    accuracy = f"**{percent(prediction.accuracy)}**"
    if n_refused == 0:
        reason = _reason(len(correct), allowed)
        return f"It answers every digit{reason}. Its accuracy is {accuracy}: {_mistakes(n_before)}."
    digits = "digit" if n_refused == 1 else f"{n_refused:,} digits"
    change = _mistakes(n_after) + (", as before" if n_after == n_before else f" instead of {n_before:,}")
    return (
        f"Without the {digits} it is least sure of (below {100 * prediction.threshold:.1f} %), "
        f"its accuracy is {accuracy}: {change}."
    )


def remaining_mistakes_text(prediction: SelectivePrediction, correct: np.ndarray) -> str:
    """Return what to notice: which mistakes an “I don't know” avoids, and which are left."""
    n_before, n_after = int((~correct).sum()), int((~correct & prediction.answered).sum())
    n_refused = int((~prediction.answered).sum())
    if n_before == 0:
        return "It makes no mistake on these digits, so there is nothing to gain by leaving some of them unanswered."
    if n_refused == 0:
        return "Move the slider: how many mistakes does it avoid, and how many right answers does that cost?"
    n_saved = n_before - n_after
    digits = "the one unanswered digit" if n_refused == 1 else f"the {n_refused:,} unanswered digits"
    price = f"Of {digits} it would have misread {n_saved or 'none'}."
    if n_after == 0:
        return f"No mistake is left: the digits that it misreads are among those it is least sure of. {price}"
    left, them = ("one mistake", "it") if n_after == 1 else (f"{n_after:,} mistakes", "them")
    return (
        f"{price} It is surer of the {left} still left: to avoid {them} too, it would have to give up many right "
        "answers."
    )


def _reason(n_digits: int, allowed: float) -> str:
    """Return why every digit is answered although `allowed` percent of them may stay unanswered; "" if that is 0."""
    if allowed == 0:
        return ""
    if allowed / 100 * n_digits < 1:
        return f": {allowed:g} % of {n_digits:,} digits is less than one"
    return ": more digits share its lowest confidence than may stay unanswered"


def _mistakes(number: int) -> str:
    return count(number, "mistake") if number else "no mistake"

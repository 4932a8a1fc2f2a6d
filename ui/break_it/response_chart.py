"""The chart of the Break it page: the network's response as one setting changes."""

import numpy as np
import plotly.graph_objects as go

from ui.charts import new_figure, px, text_px
from ui.palette import CORRECT, CURRENT, INCORRECT


def response_chart(
    points: np.ndarray, probabilities: np.ndarray, label: int, current: float, axis_title: str
) -> go.Figure:
    """Draw the probability of `label` against the (N,) ascending points, with a mark at the `current` one.

    `probabilities` is (N, 10). The predictions stand along the top, each once for as long as it stays the same.
    """
    predicted, at_current = probabilities.argmax(1), int(np.abs(points - current).argmin())
    figure = new_figure(240, left=0, right=0, top=4, bottom=0)
    figure.add_shape(
        type="line",
        x0=points[at_current],
        x1=points[at_current],
        y0=0,
        y1=1,
        layer="below",
        line={"color": CURRENT, "width": px(1), "dash": "dot"},
    )
    figure.add_scatter(
        x=points,
        y=probabilities[:, label],
        mode="lines",
        line={"color": CORRECT, "width": px(2.5)},
        customdata=predicted,
        hovertemplate=f"%{{x:g}}: {label} with %{{y:.1%}}, read as %{{customdata}}<extra></extra>",
    )
    stretches = constant_stretches(predicted)
    figure.add_scatter(
        x=[(points[first] + points[last]) / 2 for first, last in stretches],
        y=[1.1] * len(stretches),
        mode="text",
        text=[str(predicted[first]) for first, _ in stretches],
        textfont={
            "color": [CORRECT if predicted[first] == label else INCORRECT for first, _ in stretches],
            "size": text_px(14),
        },
        cliponaxis=False,
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=[points[at_current]],
        y=[probabilities[at_current, label]],
        mode="markers",
        marker={"color": CURRENT, "size": px(12)},
        hoverinfo="skip",
    )
    margin = 0.02 * float(np.ptp(points))
    figure.update_xaxes(
        title=axis_title, title_standoff=10, range=[points.min() - margin, points.max() + margin], nticks=8
    )
    figure.update_yaxes(
        title=f"probability of {label}",
        title_standoff=10,
        range=[-0.03, 1.18],
        tickvals=[0, 0.5, 1],
        ticktext=["0 %", "50 %", "100 %"],
    )
    return figure


def constant_stretches(values: np.ndarray) -> list[tuple[int, int]]:
    """Return the first and the last index of every stretch of equal values in (N,) values."""
    ends = np.append(np.flatnonzero(np.diff(values)), len(values) - 1)
    starts = np.append(0, ends[:-1] + 1)
    return list(zip(starts.tolist(), ends.tolist(), strict=True))

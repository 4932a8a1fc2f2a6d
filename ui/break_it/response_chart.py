"""The chart of the Break it page: the network's response as one setting changes."""

import numpy as np
import plotly.graph_objects as go

from ui.charts import finish
from ui.palette import CORRECT, CURRENT, INCORRECT

MAX_LABELLED = 24  # predictions that fit along the top of a phone's chart; of more, every other one is shown


def response_chart(
    points: np.ndarray, probabilities: np.ndarray, label: int, current: float, axis_title: str
) -> go.Figure:
    """Draw the probability of `label` against the (N,) points, with a mark at the `current` one.

    `probabilities` is (N, 10). The predictions stand along the top.
    """
    predicted, at_current = probabilities.argmax(1), int(np.abs(points - current).argmin())
    step = 1 if len(points) <= MAX_LABELLED else 2
    figure = finish(go.Figure(), 240, left=0, right=0, top=4, bottom=0)
    figure.add_scatter(
        x=points,
        y=probabilities[:, label],
        mode="lines",
        line={"color": CORRECT, "width": 2.5},
        customdata=predicted,
        hovertemplate=f"%{{x:g}}: {label} with %{{y:.1%}}, read as %{{customdata}}<extra></extra>",
    )
    figure.add_scatter(
        x=points,
        y=np.full(len(points), 1.1),
        mode="text",
        text=[str(digit) if position % step == 0 else "" for position, digit in enumerate(predicted)],
        textfont={"color": [CORRECT if digit == label else INCORRECT for digit in predicted], "size": 13},
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=[points[at_current]],
        y=[probabilities[at_current, label]],
        mode="markers",
        marker={"color": CURRENT, "size": 12},
        hoverinfo="skip",
    )
    figure.add_vline(points[at_current], line={"color": CURRENT, "width": 1, "dash": "dot"})
    margin = 0.02 * float(np.ptp(points))
    figure.update_xaxes(title=axis_title, range=[points.min() - margin, points.max() + margin])
    figure.update_yaxes(
        title=f"probability of {label}",
        range=[-0.03, 1.18],
        tickformat=".0%",
        tickvals=[0, 0.5, 1],
    )
    return figure

"""Charts of the Break it page."""

import numpy as np
import plotly.graph_objects as go

from ui.charts import finish
from ui.palette import TRAINING, VALIDATION


def response_chart(stops: np.ndarray, believed: np.ndarray, right: int, value: float, axis: str) -> go.Figure:
    """The probability (N, 10) of the `right` digit against what was turned, (N,); a mark at the present `value`.

    Along the top stands what is read at each place.
    """
    answers, here = believed.argmax(1), int(np.abs(stops - value).argmin())
    apart = 1 if len(stops) < 25 else 2  # so that they do not touch on a phone
    figure = finish(go.Figure(), 240, left=0, right=0, top=4, bottom=0)
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
        textfont={"color": [VALIDATION if answer == right else TRAINING for answer in answers], "size": 13},
        hoverinfo="skip",
    )
    figure.add_scatter(
        x=[stops[here]],
        y=[believed[here, right]],
        mode="markers",
        marker={"color": TRAINING, "size": 12},
        hoverinfo="skip",
    )
    figure.add_vline(stops[here], line={"color": TRAINING, "width": 1, "dash": "dot"})
    margin = 0.02 * float(np.ptp(stops))
    figure.update_xaxes(title=axis, range=[stops.min() - margin, stops.max() + margin])
    figure.update_yaxes(
        title=f"probability of {right}",
        range=[-0.03, 1.18],
        tickformat=".0%",
        tickvals=[0, 0.5, 1],
    )
    return figure

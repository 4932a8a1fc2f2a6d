"""What a corruption does as it grows: ten digits at each severity, and the error of every model against it."""

import html

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from mnist_core.analysis.corruptions import MAX_SEVERITY, SEVERITIES, Corruption
from mnist_core.analysis.robustness import Robustness
from ui import caches, charts, glossary, images, url_state
from ui.charts import new_figure, px, run_styles
from ui.palette import MUTED
from ui.robustness.selection import Measured

CURVES = {"corruption": "This corruption", "mean": "Mean of the 15"}
ALL_SEVERITIES = (0.0, *SEVERITIES)


def show_strip(corruption: Corruption, dataset: str) -> None:
    """Show ten digits, one of each, at every severity of a corruption."""
    st.html(strip_html(caches.corruption_strip(dataset, corruption.name), corruption.title))
    glossary.caption(
        "[[Severity|severity]] 1 is the published corruption (MNIST-C); the others are weaker and stronger."
    )


def strip_html(strip: np.ndarray, title: str) -> str:
    """Write digits, uint8 (severities, 10, 28, 28), as one row a severity, with the severity before it."""
    rows = ""
    for severity, digits in zip(ALL_SEVERITIES, strip, strict=True):
        picture = images.data_uri(np.concatenate(list(digits), axis=1))
        alt = html.escape(f"{title} at severity {severity:g}: the digits 0 to 9")
        rows += f'<span>{severity:g}</span><img src="{picture}" alt="{alt}">'
    return f'<div class="severity-strip">{rows}</div>'


def show_curves(measured: Measured, corruption: Corruption) -> None:
    """Show the error of each measured model against the severity, of this corruption or of the mean of all."""
    which = url_state.choice("Curves of", CURVES, "curve", "corruption", labelled=False)
    name = corruption.name if which == "corruption" else None
    shown = [run for run in measured.runs if run.name in measured.results]
    st.plotly_chart(
        caches.figure(
            ("severity", name, *((run.name, run.created, measured.labels[run.name]) for run in shown)),
            lambda: severity_chart(measured.results, measured.labels, name),
        ),
        key="severity_curves",
        config=charts.PLOTLY_CONFIG,
        alt="Error of each model against the severity of the corruption",
    )
    st.caption(
        "The share of digits misread as the damage grows. A robust network's line stays low for long; where a line is "
        "above 90 %, guessing would be as good."
    )


def severity_chart(results: dict[str, Robustness], labels: dict[str, str], corruption: str | None) -> go.Figure:
    """Draw the error of each run against severity: under one corruption, or with None the mean of all."""
    figure = new_figure(380, top=34)
    styles = run_styles(list(results))
    for name, result in results.items():
        errors = [
            result.mean_error(severity) if corruption is None else result.error(corruption, severity)
            for severity in ALL_SEVERITIES
        ]
        colour, symbol = styles[name]
        figure.add_scatter(
            x=list(ALL_SEVERITIES), y=errors, mode="lines+markers", name=labels[name],
            line={"color": colour, "width": px(2.5)}, marker={"size": px(8), "symbol": symbol},
            hovertemplate=f"{labels[name]}<br>severity %{{x}}: %{{y:.1%}} misread<extra></extra>",
        )  # fmt: skip
    figure.update_xaxes(title="severity (1 is the published one)", range=[-0.04, MAX_SEVERITY + 0.04], dtick=0.25)
    figure.update_yaxes(title="misread", range=[-0.02, 1.02], tickformat=".0%")
    figure.add_vline(x=1, line_width=px(1), line_dash="dot", line_color=MUTED)
    return figure.update_layout(
        showlegend=True, legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"}, uirevision="same"
    )

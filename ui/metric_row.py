"""A row of metrics with a note and a help text each."""

import streamlit as st

Metric = tuple[str, str, str, str | None]  # name, value, what stands below, help


def metric_row(*rows: Metric) -> None:
    """A few figures side by side, each with its help; on a phone they wrap."""
    with st.container(horizontal=True, key="figures"):
        for name, value, below, about in rows:
            st.metric(name, value, below or None, delta_color="off", delta_arrow="off", help=about)

"""A row of metrics with a note and a help text each."""

from typing import NamedTuple

import streamlit as st


class Metric(NamedTuple):
    """One figure, as text."""

    label: str
    value: str
    note: str = ""  # below the value
    help: str | None = None


def metric_row(*metrics: Metric) -> None:
    """Show metrics side by side; on a phone they wrap."""
    with st.container(horizontal=True, key="metrics"):
        for label, value, note, help_text in metrics:
            st.metric(label, value, note or None, delta_color="off", delta_arrow="off", help=help_text)

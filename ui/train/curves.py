"""The learning curves of one run."""

import streamlit as st

from mnist_core.config import EnsembleConfig
from mnist_core.runs import Run
from ui import caches, charts
from ui.labels import run_label
from ui.learning_curves import run_curve


def show_curves(run: Run) -> None:
    """Show accuracy and loss side by side, one below the other on a phone."""
    if isinstance(run.config, EnsembleConfig):
        st.caption("An ensemble is not trained: its members were. Each of them has learning curves of its own.")
        return
    history = caches.history(run)
    for column, metric in zip(st.columns(2, gap="medium"), ("accuracy", "loss"), strict=True):
        column.plotly_chart(
            run_curve(history, metric, run.config.epochs),
            key=f"curve_{metric}",
            config=charts.PLOTLY_CONFIG,
            alt=f"{metric} of {run_label(run)} against epochs, for training and validation digits",
        )


def insight(run: Run) -> None:
    """Say what to notice in the curves; nothing for an ensemble, which has none."""
    if run.members:
        return
    st.caption(
        "What to notice: the orange line is measured on the digits it is learning from, the blue one on digits it has "
        "never seen. While both improve it learns; where only the orange one does, it has begun to memorise."
    )

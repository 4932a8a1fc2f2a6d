"""The learning curve of one run."""

import streamlit as st

from mnist_core.config import EnsembleConfig
from mnist_core.runs import HistoryRow, Run
from ui import caches, charts, glossary, url_state
from ui.labels import run_label
from ui.learning_curves import RUN_METRICS, run_curve

QUANTITIES = {"accuracy": "Accuracy", "error": "[[Error|error rate]]", "loss": "Loss"}  # of `RUN_METRICS`, with terms
LINES = (
    "Orange: the digits it is learning from ([[training set]]). Blue: digits held out, which it never learns from "
    "([[validation set]])."
)


def show_curve(rows: list[HistoryRow], epochs: float, name: str) -> None:
    """Show the learning curve of the run called `name`, of what the visitor chooses; without rows, empty axes."""
    with st.container(key="learning_curve", gap=None):
        metric = url_state.choice("The curve shows", RUN_METRICS, "curve", "accuracy", labelled=False)
        st.plotly_chart(
            run_curve(rows, metric, epochs),
            key="curve",
            config=charts.PLOTLY_CONFIG,
            alt=f"{RUN_METRICS[metric]} of {name} against epochs, for training and validation digits",
        )
        glossary.caption(f"{QUANTITIES[metric]} against [[epochs|epoch]]. {LINES}")


def show_run(run: Run) -> None:
    """Show the learning curve of a run; an ensemble has none."""
    if isinstance(run.config, EnsembleConfig):
        glossary.caption(
            "An [[ensemble]] is not trained: its members were. Each of them has learning curves of its own."
        )
        return
    show_curve(caches.history(run), run.config.epochs, run_label(run))

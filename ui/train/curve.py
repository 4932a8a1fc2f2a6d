"""The learning curve of one run."""

import time

import streamlit as st

from mnist_core.config import EnsembleConfig
from mnist_core.runs import HistoryRow, Run
from ui import caches, glossary, url_state
from ui.labels import run_label

QUANTITIES = {
    "accuracy": "Accuracy",
    "error": "[[Error|error rate]]",
    "loss": "Loss",
}  # of `learning_curves.RUN_METRICS`, with terms
FIRST_PAUSE = 0.7  # seconds for which a newcomer's browser has everything but the curve
LINES = (
    "Orange: the digits it is learning from ([[training set]]). Blue: digits held out, which it never learns from "
    "([[validation set]])."
)


def pause_at_the_first_visit() -> None:
    """Let a newcomer's browser draw what is above before it gets Plotly, whose four megabytes take it a second."""
    if "curve_seen" not in st.session_state:
        st.session_state["curve_seen"] = True
        time.sleep(FIRST_PAUSE)


def show_curve(rows: list[HistoryRow], epochs: float, name: str) -> None:
    """Show the learning curve of the run called `name`, of what the visitor chooses; without rows, empty axes."""
    from ui import charts, learning_curves  # half a second, once: all above the curve is on the page by then

    with st.container(key="learning_curve", gap=None):
        metric = url_state.choice("The curve shows", learning_curves.RUN_METRICS, "curve", "accuracy", labelled=False)
        st.plotly_chart(
            learning_curves.run_curve(rows, metric, epochs),
            key="curve",
            config=charts.PLOTLY_CONFIG,
            alt=f"{learning_curves.RUN_METRICS[metric]} of {name} against epochs, for training and validation digits",
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

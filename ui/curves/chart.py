"""The learning curves of the chosen runs."""

import streamlit as st

from mnist_core.config import TrainConfig
from mnist_core.runs import Run, RunError
from ui import caches, charts, learning_curves
from ui.labels import unique_run_label
from ui.learning_curves import CurveView


def load_histories(runs: list[Run]) -> dict[str, learning_curves.Rows]:
    """The chosen runs' histories; what cannot be read is said instead."""
    found = {}
    for run in runs:
        try:
            found[run.name] = caches.history(run)
            if run.error:
                st.error(f"{unique_run_label(run)}: {run.error}")
        except RunError as error:
            st.error(str(error))
    return found


def show_curves(runs: list[Run], view: CurveView) -> None:
    """The runs' curves, and what there is to notice."""
    histories = load_histories(runs)
    st.plotly_chart(
        learning_curves.curves(histories, {run.name: unique_run_label(run) for run in runs}, view),
        key="curves",
        config=charts.PLOTLY_CONFIG,
        alt=f"{learning_curves.METRICS[view.metric]} against {learning_curves.AXES[view.by]}: "
        + ", ".join(map(unique_run_label, runs)),
    )
    st.caption(insight(runs, view))


def insight(runs: list[Run], view: CurveView) -> str:
    """What to notice in the curves, in a sentence or two for a learner."""
    if view.metric == "learning_rate":
        return "What to notice: large steps find the valley, small ones its floor; most schedules end small."
    text = (
        "What to notice: dotted is training, full with markers validation. Where a dotted line goes on improving and "
        "its full one does not, that network has begun to learn by heart."
    )
    configs = [run.config for run in runs if isinstance(run.config, TrainConfig)]
    if len({run.config.dataset for run in runs}) > 1:
        text += " Runs on the sample digits and on MNIST read different digits: their curves cannot be compared."
    if view.metric == "loss" and len({config.label_smoothing > 0 for config in configs}) > 1:
        text += " Runs with label smoothing have a higher loss by design: they are kept from being certain."
    return text

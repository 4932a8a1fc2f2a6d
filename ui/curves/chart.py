"""The learning curves of the chosen runs."""

import streamlit as st

from mnist_core.config import EnsembleConfig, TrainConfig
from mnist_core.runs import Run, RunError
from ui import caches, charts, learning_curves
from ui.learning_curves import CurveView
from ui.run_name import unique_run_label


def load_histories(runs: list[Run]) -> dict[str, learning_curves.Rows]:
    """Return the history of each run by name; show why a run failed or its history cannot be read."""
    histories: dict[str, learning_curves.Rows] = {}
    for run in runs:
        try:
            histories[run.name] = caches.history(run)
            if run.error:
                st.error(f"{unique_run_label(run)}: {run.error}")
        except RunError as error:
            st.error(str(error))
    return histories


def show_curves(runs: list[Run], view: CurveView) -> None:
    """Show the learning curves of the runs, and what to notice in them."""
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
    """Return what to notice in the curves, in a few sentences."""
    configs = [run.config for run in runs if isinstance(run.config, TrainConfig)]
    if view.metric == "learning_rate":
        text = "What to notice: large steps find the valley, small ones its floor; most schedules end with small ones."
    else:
        text = (
            "What to notice: dotted lines are training, solid lines with markers are validation. Where a dotted line "
            "keeps improving and its solid one does not, that network has begun to memorise."
        )
        if len({run.config.dataset for run in runs}) > 1:
            text += " Runs on the sample digits and on MNIST read different digits: their curves cannot be compared."
        if view.metric == "loss" and len({config.label_smoothing > 0 for config in configs}) > 1:
            text += " Runs with label smoothing have a higher loss by design: they are trained not to be too confident."
    if any(isinstance(run.config, EnsembleConfig) for run in runs):
        text += " An ensemble has no curve: it is not trained, its members were."
    return text

"""The controls of the Curves page: which runs are chosen, and how their curves are drawn."""

import streamlit as st

from mnist_core.recipes import RECIPES
from mnist_core.runs import Run
from ui import caches, learning_curves, run_picker, url_state, visitor
from ui.learning_curves import CurveView

MAX_RUNS = 10  # more curves in one chart cannot be followed
DEFAULT_RUNS = 5  # chosen at first where there is no run of a reference program's recipe
SMOOTHING = {"1": "none", "12": "some", "40": "much"}  # rows that each mean counts


def choose_runs() -> list[Run]:
    """Show a searchable picker of several runs; the URL keeps their names as `runs`, separated by commas.

    At first these are the runs of the reference programs' recipes, the run another page was about, and the run that
    is training.
    """
    runs = {run.name: run for run in caches.runs()}
    if not runs:
        st.info("There is no run yet. Train one: its curves appear here while it learns.")
        return []
    live = visitor.my_training_run()
    linked = st.query_params.get("run")
    if "runs" in st.query_params:
        requested = [name for name in st.query_params["runs"].split(",") if name]
    else:
        if live and linked != live.name:
            linked = st.query_params["run"] = live.name  # so that it is still shown when it has ended
        references = [name for name, recipe in RECIPES.items() if recipe.reported and name in runs]
        requested = [*(references or list(runs)[:DEFAULT_RUNS]), *([linked] if linked else [])]
    known = list(dict.fromkeys(name for name in requested if name in runs))
    if len(known) < len(set(requested)):
        st.warning("A run in this link is not on this server; the others are shown.")
    if len(known) > MAX_RUNS:
        st.warning(f"At most {MAX_RUNS} runs fit into one chart; the first {MAX_RUNS} of this link are shown.")
    names = run_picker.choose_several(
        "Runs", list(runs), known[:MAX_RUNS], MAX_RUNS, "Choose runs; type to search", resets=("digit",)
    )
    if live and live.name in runs and live.name not in names:
        added = ",".join([*names[: MAX_RUNS - 1], live.name])
        st.button("Add the run that is training now", on_click=lambda: url_state.update(runs=added), key="add_live")
    return [runs[name] for name in names]


def choose_view() -> CurveView:
    """Show the controls of what is drawn; the URL keeps it."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="view"):
        metric = url_state.choice(
            "Curve",
            learning_curves.METRICS,
            "metric",
            "accuracy",
            "Accuracy: the share of digits read correctly. Loss: −ln(probability given to the correct digit), average "
            "per digit; lower is better, 2.30 is guessing. Learning rate: the size of a step.",
        )
        scale = url_state.choice(
            "Scale",
            learning_curves.SCALES,
            "scale",
            "log" if metric == "loss" else "linear",
            "On a logarithmic scale equal distances are equal factors: 10 % to 1 % is as far as 1 % to 0.1 %. Accuracy "
            "is then drawn as the error, the share of digits misread.",
        )
        by = url_state.choice(
            "Plot against",
            learning_curves.AXES,
            "by",
            "epoch",
            "An epoch is one pass over all training digits, a step is one batch, seconds are those of the machine the "
            "run was trained on.",
        )
        with st.popover("More", icon=":material/tune:", key="more"):
            part = url_state.choice(
                "Measured on",
                learning_curves.PARTS,
                "part",
                "both",
                "Training: the latest batches, as it learns. Validation: digits held out, which it never learns from.",
            )
            smoothing = url_state.choice(
                "Smoothing",
                SMOOTHING,
                "smoothing",
                str(learning_curves.SMOOTHING),
                "The training lines show the mean of about 12 or 40 neighbouring values, those in the middle counting "
                "most. The values themselves stay visible, paler, behind them.",
            )
    return CurveView(metric, scale, by, part, int(smoothing))

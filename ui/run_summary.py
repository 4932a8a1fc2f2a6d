"""One run in brief: its name, its status and its result, wherever a page shows them."""

from typing import Literal

import streamlit as st

from mnist_core.config import EnsembleConfig
from mnist_core.recipes import RECIPES
from mnist_core.runs import Run, RunError
from ui import caches
from ui.labels import choice_title, duration, interval, percent, run_label
from ui.metric_row import Metric, metric_row

STATUS_COLOURS: dict[str, Literal["blue", "green", "orange", "red"]] = {
    "training": "blue",
    "finished": "green",
    "stopped": "orange",
    "failed": "red",
    "damaged": "red",
}


def heading(run: Run) -> None:
    """Show what the run is called, its status, and the digits it was trained on."""
    status = current_status(run)
    with st.container(horizontal=True, vertical_alignment="center", key="heading"):
        st.subheader(run_label(run), anchor=False, width="content")
        st.badge(status, color=STATUS_COLOURS.get(status, "gray"))
        st.badge(choice_title("dataset", run.config.dataset), color="gray")
        if run.shipped:
            st.badge("comes with the app", color="gray")


def current_status(run: Run) -> str:
    """Return "training" for the run that is training now, else its `status_label`."""
    live = caches.executor().run
    return "training" if live is not None and live.name == run.name else status_label(run)


def status_label(run: Run) -> str:
    """Return how a run ended, or "damaged" if it cannot be read."""
    try:
        return {"unfinished": "interrupted"}.get(run.status, run.status)
    except RunError:
        return "damaged"


def result_metrics(run: Run) -> None:
    """Show the result of a tested run with its uncertainty, beside what the source of its recipe reported."""
    test, validation = run.outcome.test, run.outcome.validation
    correct = round(test.accuracy * test.images)
    threads = "" if isinstance(run.config, EnsembleConfig) else f"{run.config.threads} thread(s), "
    metric_row(
        Metric(
            "Test accuracy",
            percent(test.accuracy),
            f"95 % interval {interval(*test.interval)}",
            f"{correct:,} of {test.images:,} test digits read correctly. These digits were used neither to train the "
            "network nor to choose it. On another test set of this size the accuracy would likely be within the "
            "interval.",
        ),
        Metric(
            "Test loss",
            f"{test.loss:.4f}",
            "nats per digit",
            "Cross-entropy: 2.30 is guessing, 0 is certain and correct.",
        ),
        kept_epoch_metric(run, percent(validation.accuracy)),
        Metric(
            "Trained in",
            duration(run.outcome.seconds),
            f"{run.outcome.cpu_seconds:,.0f} CPU seconds",
            f"{run.outcome.device.upper()}, {run.outcome.machine}, {threads}{run.outcome.precision}.",
        ),
        reported_metric(run),
    )


def kept_epoch_metric(run: Run, validation_accuracy: str) -> Metric:
    """Return the epoch whose weights are kept, or the number of members of an ensemble."""
    note = f"validation {validation_accuracy}"
    if isinstance(run.config, EnsembleConfig):
        members = ", ".join(run.members)
        return Metric("Members", f"{len(run.members)}", note, f"The mean of the log-probabilities of {members}.")
    kept = "The epoch with the best validation accuracy" if run.config.keep == "best" else "The last epoch"
    epochs = f"{run.outcome.best_epoch:.3g} of {run.outcome.epochs:.3g}"
    return Metric("Epoch kept", epochs, note, f"{kept} is the one that is kept and tested.")


def reported_metric(run: Run) -> Metric:
    """Return the accuracy that the source of the run's recipe reported, or the size of the network if it has none."""
    recipe = RECIPES.get(run.recipe or "")
    if recipe is None or not recipe.reported:
        parameters = f"{run.outcome.parameters:,}"
        return Metric("Parameters", parameters, "weights and biases", "The numbers that the network learned.")
    about = f"What the program that this recipe follows reported: {recipe.reported}."
    if recipe.reported_accuracy is None:
        return Metric("Original", "no figure", "it reported “high accuracy”", about)
    return Metric("Original", percent(recipe.reported_accuracy), versus_reported(run, recipe.reported_accuracy), about)


def versus_reported(run: Run, reported: float) -> str:
    """Return how the run's accuracy compares to a reported one; within its interval the two do not clearly differ."""
    low, high = run.outcome.test.interval
    if reported < low:
        return "this run is better"
    return "this run is worse" if reported > high else "no clear difference"

"""One run on a page: its figures, its curves, and the digits it misreads."""

import streamlit as st

from mnist_core.config import EnsembleConfig
from mnist_core.recipes import RECIPES
from mnist_core.runs import Run, RunError
from ui import caches
from ui.labels import choice_title, duration, percent, run_label
from ui.metric_row import Metric, metric_row


def heading(run: Run) -> None:
    """What the run is called, how it stands, and which digits it is about."""
    live = caches.executor().run
    status = "training" if live is not None and live.name == run.name else status_label(run)
    colour = {"training": "blue", "finished": "green", "stopped": "orange", "failed": "red", "damaged": "red"}.get(
        status, "gray"
    )
    with st.container(horizontal=True, vertical_alignment="center", key="heading"):
        st.subheader(run_label(run), anchor=False, width="content")
        st.badge(status, color=colour)  # type: ignore[arg-type]
        st.badge(choice_title("dataset", run.config.dataset), color="gray")
        if run.shipped:
            st.badge("comes with the app", color="gray")


def result_metrics(run: Run) -> None:
    """What came out, with its uncertainty, beside what the recipe's author reported."""
    test, validation = run.outcome.test, run.outcome.validation
    low, high = test.interval
    right = round(test.accuracy * test.images)
    threads = "" if isinstance(run.config, EnsembleConfig) else f"{run.config.threads} thread(s), "
    metric_row(
        (
            "Test accuracy",
            percent(test.accuracy),
            f"95 % interval {100 * low:.2f} to {100 * high:.2f}",
            f"{right:,} of {test.images:,} test digits read correctly: digits that neither taught the network nor "
            "chose it. On another test set of this size it would likely be within the interval.",
        ),
        ("Test loss", f"{test.loss:.4f}", "nats a digit", "Cross-entropy: 2.30 is guessing, 0 certain and right."),
        kept_epoch_metric(run, percent(validation.accuracy)),
        (
            "Trained in",
            duration(run.outcome.seconds),
            f"{run.outcome.cpu_seconds:,.0f} CPU seconds",
            f"{run.outcome.device.upper()}, {run.outcome.machine}, {threads}{run.outcome.precision}.",
        ),
        reported_metric(run),
    )


def kept_epoch_metric(run: Run, validation: str) -> Metric:
    """Which epoch of the training is kept, or who votes."""
    below = f"validation {validation}"
    if isinstance(run.config, EnsembleConfig):
        return (
            "Members",
            f"{len(run.members)}",
            below,
            f"The mean of the log-probabilities of {', '.join(run.members)}.",
        )
    kept = "The epoch that was best on the validation digits" if run.config.keep == "best" else "The last epoch"
    epochs = f"{run.outcome.best_epoch:.3g} of {run.outcome.epochs:.3g}"
    return "Epoch kept", epochs, below, f"{kept} is the one that is kept and tested."


def reported_metric(run: Run) -> Metric:
    """What the program reported that the recipe follows, or the size of the network where it follows none."""
    recipe = RECIPES.get(run.recipe or "")
    if recipe is None or not recipe.reported:
        return "Parameters", f"{run.outcome.parameters:,}", "weights and biases", "Numbers the network learned."
    about = f"What the program this recipe follows reported: {recipe.reported}."
    if recipe.reported_accuracy is None:
        return "Original", "no figure", "it reported “high accuracy”", about
    return "Original", percent(recipe.reported_accuracy), versus_reported(run, recipe.reported_accuracy), about


def versus_reported(run: Run, reported: float) -> str:
    """How the run's accuracy stands to a reported one; within its interval the two do not differ."""
    low, high = run.outcome.test.interval
    if reported < low:
        return "this run is better"
    return "this run is worse" if reported > high else "no clear difference"


def status_label(run: Run) -> str:
    """How a run ended, or that it cannot be read."""
    try:
        return {"unfinished": "interrupted"}.get(run.status, run.status)
    except RunError:
        return "damaged"

"""One run in brief: its name, its status and its result, wherever a page shows them."""

from datetime import UTC, datetime
from typing import Literal

import streamlit as st

from mnist_core.config import EnsembleConfig
from mnist_core.recipes import RECIPES
from mnist_core.runs import NEW_LEARNING_RATE, Run, RunError, learning_rate_changes
from mnist_core.text import count, decimal
from ui import caches, glossary, visitor
from ui.labels import choice_title, duration, percent, without_markup
from ui.metric_row import Metric, metric_row
from ui.run_name import unique_run_label

STATUS_COLOURS: dict[str, Literal["blue", "green", "gray", "orange", "red", "violet"]] = {
    "training": "blue",
    "stopping": "blue",
    "pausing": "blue",
    "queued": "violet",
    "paused": "orange",
    "finished": "green",
    "stopped": "orange",
    "failed": "red",
    "damaged": "red",
}
NEAR_CHANCE = 0.2  # accuracy of a network that has hardly learned: guessing reads one digit in ten correctly


def heading(run: Run) -> None:
    """Show what the run is called, its status, and the digits it was trained on.

    Green is for a run that is finished and has learned to read.
    """
    status = current_status(run)
    colour = STATUS_COLOURS.get(status, "gray")
    if status == "finished" and run.outcome.test.accuracy < NEAR_CHANCE:
        colour = "gray"
    with st.container(horizontal=True, vertical_alignment="center", key="heading"):
        st.subheader(unique_run_label(run), anchor=False, width="content")
        st.badge(status, color=colour)
        st.badge(choice_title("dataset", run.config.dataset), color="gray")
        if run.shipped:
            st.badge("comes with the app", color="gray")
        if visitor.is_marked(run):
            st.badge("yours", color="blue")
        if run.pinned:
            st.badge("pinned", icon=":material/keep:", color="gray")


def current_status(run: Run) -> str:
    """Return what the queue says of a run, see `TrainingQueue.status`, or "damaged" if it cannot be read."""
    try:
        return caches.queue().status(run)
    except RunError:
        return "damaged"


def result_metrics(run: Run) -> None:
    """Show the test accuracy of a tested run, large and with its interval in words, and the rest under "Details"."""
    with st.container(key="result", gap="small"):
        metric_row(
            Metric(
                "Test accuracy",
                percent(run.outcome.test.accuracy),
                help=glossary.help(
                    "accuracy", "Measured on digits that were used neither to train the network nor to choose it."
                ),
            )
        )
        st.markdown(accuracy_in_words(run))
        with st.expander("Details"):
            details_table(run)


def accuracy_in_words(run: Run) -> str:
    """Return how many test digits a tested run reads correctly, and what that says about others."""
    test = run.outcome.test
    return (
        f"It reads {round(test.accuracy * test.images):,} of {test.images:,} test digits correctly. On other digits of "
        f"the same kind its accuracy would likely be between {percent(test.interval[0])} and "
        f"{percent(test.interval[1])}."
    )


def details_table(run: Run) -> None:
    """Show the figures of a tested run beside its accuracy as a table."""
    rows = details(run)
    st.table(
        {"Measure": [row[0] for row in rows], "Value": [row[1] for row in rows], "": [row[2] for row in rows]},
        border="horizontal",
        hide_index=True,
        hide_header=True,
    )


def details(run: Run) -> list[tuple[str, str, str]]:
    """Return the figures of a tested run beside its accuracy: a name, the value, and what it means."""
    outcome = run.outcome
    return [
        ("Test accuracy", percent(outcome.test.accuracy), f"Of {outcome.test.images:,} digits it has never seen."),
        (
            "Test loss",
            f"{outcome.test.loss:.4f}",
            "Cross-entropy, average per digit; lower is better. 2.30 is guessing.",
        ),
        ("Validation accuracy", percent(outcome.validation.accuracy), "On the training digits that were held out."),
        kept_epoch(run),
        *changed_learning_rate(run),
        (
            "Training time",
            duration(outcome.seconds),
            f"{count(round(outcome.cpu_seconds), 'CPU second')}. {machine(run)}.",
        ),
        ("Trained", *created(run)),
        ("Parameters", f"{outcome.parameters:,}", "The weights and biases that the network learned."),
        *reported_result(run),
    ]


def created(run: Run) -> tuple[str, str]:
    """Return the day on which the run was begun, and the time; "unknown" where its file says none."""
    if not run.created:
        return "unknown", "Its folder does not say when its training began."
    time = datetime.fromisoformat(run.created).astimezone(UTC)
    return f"{time.day} {time:%b %Y}", f"Its training began at {time:%H:%M} UTC."


def machine(run: Run) -> str:
    """Return what a tested run was trained on."""
    threads = [] if isinstance(run.config, EnsembleConfig) else [count(run.config.threads, "thread")]
    return ", ".join([run.outcome.device.upper(), without_markup(run.outcome.machine), *threads, run.outcome.precision])


def kept_epoch(run: Run) -> tuple[str, str, str]:
    """Return the epoch whose weights are kept, or the number of members of an ensemble."""
    if isinstance(run.config, EnsembleConfig):
        members = ", ".join(map(without_markup, run.members))
        return "Members", f"{len(run.members)}", f"The mean of the log-probabilities of {members}."
    kept = "The epoch with the best validation accuracy" if run.config.keep == "best" else "The last epoch"
    epochs = f"{run.outcome.best_epoch:.3g} of {run.outcome.epochs:.3g}"
    about = f"{kept} is the one that is kept and tested; what was measured within an epoch cannot be kept."
    return "Epoch kept", epochs, about


def changed_learning_rate(run: Run) -> list[tuple[str, str, str]]:
    """Return to what the learning rate was changed while the run was paused, and when; nothing if it was not."""
    try:
        changes = learning_rate_changes(caches.history(run))
    except RunError:  # its damage is said where its curve would be
        return []
    if not changes or isinstance(run.config, EnsembleConfig):
        return []
    values = [f"{decimal(row[NEW_LEARNING_RATE])} from step {int(row['step']) + 1:,}" for row in changes]
    about = f"It was paused, and went on with another rate. It began with {decimal(run.config.learning_rate)}."
    return [("Learning rate changed", ", ".join(values), about)]


def reported_result(run: Run) -> list[tuple[str, str, str]]:
    """Return the accuracy that the source of the run's recipe reported; nothing without such a source."""
    recipe = RECIPES.get(run.recipe or "")
    if recipe is None or not recipe.reported:
        return []
    about = f"What the program that this recipe follows reported: {recipe.reported}"
    if recipe.reported_accuracy is None:
        return [("Original", "no figure", f"{about}.")]
    compared = versus_reported(run, recipe.reported_accuracy)
    return [("Original", percent(recipe.reported_accuracy), f"{about}; {compared}.")]


def versus_reported(run: Run, reported: float) -> str:
    """Return how the run's accuracy compares to a reported one; within its interval the two do not clearly differ."""
    low, high = run.outcome.test.interval
    if reported < low:
        return "this run is better"
    return "this run is worse" if reported > high else "no clear difference"

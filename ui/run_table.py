"""Runs as a table."""

import pandas as pd
import streamlit as st

from mnist_core.recipes import RECIPES
from mnist_core.runs import Run
from ui.labels import choice_title, interval, run_label
from ui.run_summary import current_status

COLUMNS = {
    "Test accuracy": st.column_config.NumberColumn(format="%.2f %%", help="Share of the test digits read correctly."),
    "95 % interval": st.column_config.TextColumn(help="Where the accuracy on another such test set would likely be."),
    "Loss": st.column_config.NumberColumn(format="%.4f", help="Cross-entropy on the test digits, in nats."),
    "Original": st.column_config.TextColumn(help="What the program that the recipe follows reported."),
    "Parameters": st.column_config.NumberColumn(format="localized", help="How many numbers the network learned."),
    "CPU seconds": st.column_config.NumberColumn(
        format="%.0f", help="CPU time of the training, summed over all cores."
    ),
}


def run_table(runs: list[Run]) -> pd.DataFrame:
    """Return a table with one row per run: what it is and how accurate."""
    return pd.DataFrame([run_row(run) for run in runs])


def run_row(run: Run) -> dict[str, object]:
    """Return one row of the table; of a damaged run it holds the name, the settings and the status."""
    recipe = RECIPES.get(run.recipe or "")
    row: dict[str, object] = {
        "Model": run_label(run),
        "Test accuracy": None,
        "95 % interval": "",
        "Loss": None,
        "Digits": choice_title("dataset", run.config.dataset),
        "Status": current_status(run),
        "Original": recipe.reported if recipe else "",
        "Parameters": None,
        "CPU seconds": None,
        "Trained": run.created.replace("T", " ")[:16],
    }
    if run.tested:
        row |= {
            "Test accuracy": round(100 * run.outcome.test.accuracy, 2),
            "95 % interval": interval(*run.outcome.test.interval),
            "Loss": run.outcome.test.loss,
            "Parameters": run.outcome.parameters,
            "CPU seconds": run.outcome.cpu_seconds,
        }
    return row

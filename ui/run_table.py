"""Runs as a table."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from mnist_core.runs import Run
from ui import glossary, visitor
from ui.labels import choice_title, interval
from ui.run_summary import current_status

TEST_ACCURACY_HELP = glossary.help("accuracy", "Measured on test digits, which it has never seen.")
COLUMNS = {
    "Test accuracy": st.column_config.NumberColumn(format="%.2f %%", help=TEST_ACCURACY_HELP),
    "Trained": st.column_config.DatetimeColumn(format="D MMM, HH:mm", help="When its training began, in UTC."),
    "95 % interval": st.column_config.TextColumn(help=glossary.help("confidence interval", "In percent.")),
    "Loss": st.column_config.NumberColumn(format="%.4f", help=glossary.help("loss", "On the test digits.")),
    "Parameters": st.column_config.NumberColumn(format="localized", help=glossary.help("parameters")),
    "CPU seconds": st.column_config.NumberColumn(
        format="%.0f", help="CPU time of the training, summed over all cores."
    ),
}


def run_table(runs: list[Run], labels: Mapping[str, str]) -> pd.DataFrame:
    """Return a table with one row per run, what matters most first; `labels` are keyed by the name of the run."""
    table = pd.DataFrame([{"Model": labels[run.name]} | run_row(run) for run in runs])
    table["Trained"] = pd.to_datetime(table["Trained"], errors="coerce", utc=True, format="ISO8601")
    return table


def run_row(run: Run) -> dict[str, object]:
    """Return one row of the table; of a damaged run it holds the settings and the status."""
    row: dict[str, object] = {
        "Test accuracy": None,
        "Status": current_status(run) + visitor.whose(run),
        "Trained": run.created,
        "95 % interval": "",
        "Digits": choice_title("dataset", run.config.dataset),
        "CPU seconds": None,
        "Parameters": None,
        "Loss": None,
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

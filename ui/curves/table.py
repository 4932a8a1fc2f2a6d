"""The chosen runs' settings and results."""

from dataclasses import asdict, fields

import pandas as pd
import streamlit as st

from mnist_core.config import TrainConfig, setting_of
from mnist_core.runs import Run
from ui import run_table
from ui.labels import format_value, interval, percent
from ui.metric_row import Metric, metric_row
from ui.run_name import unique_run_label

SHARED_SETTINGS = ("dataset", "batch_size", "schedule", "augmentation", "seed")  # named below the table where equal
TABLE_COLUMNS = run_table.COLUMNS | {
    "Run": st.column_config.TextColumn(pinned=True, help="What the run is called on all pages."),
    "Validation": st.column_config.NumberColumn(
        format="%.2f %%", help="Share of the held-out digits that the kept network reads correctly."
    ),
    "Test accuracy": st.column_config.NumberColumn(
        format="%.2f %%", help="Test digits read correctly, divided by all test digits."
    ),
}


def summary(runs: list[Run]) -> None:
    """Show the best test accuracy, the least work and the smallest network among the tested runs."""
    tested = [run for run in runs if run.tested]
    if not tested:
        return
    mnist = [run for run in tested if run.config.dataset == "mnist"]
    best = max(mnist or tested, key=lambda run: run.outcome.test.accuracy)
    quickest = min(tested, key=lambda run: run.outcome.cpu_seconds)
    smallest = min(tested, key=lambda run: run.outcome.parameters)
    metric_row(
        Metric(
            "Best test accuracy",
            percent(best.outcome.test.accuracy),
            unique_run_label(best),
            "Test digits read correctly, divided by all test digits. The 95 % interval, where another test set would "
            f"likely put it, is {interval(*best.outcome.test.interval)} %: a run inside it does not clearly differ.",
        ),
        Metric(
            "Least work",
            f"{quickest.outcome.cpu_seconds:,.0f} CPU s",
            unique_run_label(quickest),
            "Seconds that the processor's cores worked for the training, added up.",
        ),
        Metric(
            "Smallest network",
            f"{smallest.outcome.parameters:,}",
            unique_run_label(smallest),
            "Parameters: the weights and biases that the network learned, counted.",
        ),
    )


def table(runs: list[Run]) -> None:
    """Show the runs with their results and, in front, the settings in which they differ.

    An ensemble has no settings; its cells are empty.
    """
    settings = [asdict(run.config) if isinstance(run.config, TrainConfig) else {} for run in runs]
    trained = [values for values in settings if values]
    names = [field.name for field in fields(TrainConfig)] if trained else []
    differing = [name for name in names if len({values[name] for values in trained}) > 1]
    rows = []
    for run, values in zip(runs, settings, strict=True):
        results = run_table.run_row(run)
        validation = round(100 * run.outcome.validation.accuracy, 2) if run.tested else None
        rows.append(
            {"Run": unique_run_label(run)}
            | {setting_of(name).label: cell_value(name, values.get(name)) for name in differing}
            | {column: results[column] for column in ("Test accuracy", "95 % interval")}
            | {"Validation": validation}
            | {column: results[column] for column in ("CPU seconds", "Parameters", "Status")}
        )
    setting_columns = {
        setting_of(name).label: st.column_config.Column(help=setting_of(name).help) for name in differing
    }
    st.dataframe(
        pd.DataFrame(rows),
        column_config=setting_columns | TABLE_COLUMNS,
        hide_index=True,
        key="table",
        alt="The chosen runs: the settings that differ, test accuracy with its interval, CPU seconds and parameters",
    )
    shared = ", ".join(
        f"{setting_of(name).label.lower()} {format_value(name, trained[0][name])}"
        for name in SHARED_SETTINGS
        if name in names and name not in differing
    )
    which = "runs" if len(trained) == len(runs) else "single networks"
    st.caption(
        "Only the settings that differ are columns; click one to sort by it. "
        + (f"The same for all {which}: {shared}." if len(trained) > 1 and shared else "")
    )


def cell_value(name: str, value: object) -> object:
    """Return a setting as the table shows it: numbers stay numbers, so that they sort as such."""
    return format_value(name, value) if isinstance(value, str) else value

"""The chosen runs' settings and results."""

from dataclasses import asdict, fields

import pandas as pd
import streamlit as st

from mnist_core.config import TrainConfig, setting_of
from mnist_core.runs import Run
from ui import metric_row, run_table
from ui.labels import format_value, percent, unique_run_label


def summary(runs: list[Run]) -> None:
    """The best of the chosen runs, each in one figure."""
    tested = [run for run in runs if run.tested]
    if not tested:
        return
    mnist = [run for run in tested if run.config.dataset == "mnist"]
    best = max(mnist or tested, key=lambda run: run.outcome.test.accuracy)
    low, high = best.outcome.test.interval
    quick = min(tested, key=lambda run: run.outcome.cpu_seconds)
    small = min(tested, key=lambda run: run.outcome.parameters)
    metric_row.metric_row(
        (
            "Best test accuracy",
            percent(best.outcome.test.accuracy),
            unique_run_label(best),
            "Test digits read correctly, divided by all test digits. The 95 % interval, where another test set would "
            f"likely put it, is {100 * low:.2f} to {100 * high:.2f} %: a run inside it does not clearly differ.",
        ),
        (
            "Least work",
            f"{quick.outcome.cpu_seconds:,.0f} CPU s",
            unique_run_label(quick),
            "Seconds that the processor's cores worked for the training, added up.",
        ),
        (
            "Smallest network",
            f"{small.outcome.parameters:,}",
            unique_run_label(small),
            "Parameters: the weights and biases that the network learned, counted.",
        ),
    )


TABLE_COLUMNS = run_table.COLUMNS | {
    "Run": st.column_config.TextColumn(pinned=True, help="What the run is called on all pages."),
    "Validation": st.column_config.NumberColumn(
        format="%.2f %%", help="Share of the held-out digits that the kept network reads correctly."
    ),
    "Test accuracy": st.column_config.NumberColumn(
        format="%.2f %%", help="Test digits read correctly, divided by all test digits."
    ),
}


def table(runs: list[Run]) -> None:
    """The chosen runs with the settings that set them apart in front, to be sorted by a click on a column."""
    settings = [asdict(run.config) if isinstance(run.config, TrainConfig) else {} for run in runs]
    trained = [values for values in settings if values]
    names = [field.name for field in fields(TrainConfig)] if trained else []
    apart = [name for name in names if len({values[name] for values in trained}) > 1]
    rows = []
    for run, values in zip(runs, settings, strict=True):
        shelf = run_table.run_row(run)
        validation = run.outcome.validation.accuracy if run.tested else None
        rows.append(
            {"Run": unique_run_label(run)}
            | {setting_of(name).label: cell_value(name, values.get(name)) for name in apart}
            | {name: shelf[name] for name in ("Test accuracy", "95 % interval")}
            | {"Validation": None if validation is None else round(100 * validation, 2)}
            | {name: shelf[name] for name in ("CPU seconds", "Parameters", "Status")}
        )
    help_of = {setting_of(name).label: st.column_config.Column(help=setting_of(name).help) for name in apart}
    st.dataframe(
        pd.DataFrame(rows),
        column_config=help_of | TABLE_COLUMNS,
        hide_index=True,
        key="table",
        alt="The chosen runs: the settings that differ, test accuracy with its interval, CPU seconds and parameters",
    )
    same = [
        name
        for name in ("dataset", "batch_size", "schedule", "augmentation", "seed")
        if name in names and name not in apart
    ]
    shared = ", ".join(f"{setting_of(name).label.lower()} {format_value(name, trained[0][name])}" for name in same)
    st.caption(
        "Only the settings that differ are columns; click one to sort by it. "
        + (f"The same in all: {shared}." if len(runs) > 1 and shared else "")
    )


def cell_value(name: str, value: object) -> object:
    """A setting in the table: numbers stay numbers, so that they sort as such."""
    return format_value(name, value) if isinstance(value, str) else value

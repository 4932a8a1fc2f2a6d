"""The chosen runs' settings and results."""

from dataclasses import asdict, fields

import pandas as pd
import streamlit as st

from mnist_core.config import TrainConfig, setting_of
from mnist_core.runs import Run
from mnist_core.text import count
from ui import glossary, run_table
from ui.labels import format_value, percent
from ui.run_name import all_run_labels

SHARED_SETTINGS = ("dataset", "batch_size", "schedule", "augmentation", "seed")  # named below the table where equal
TABLE_COLUMNS = run_table.COLUMNS | {
    "Run": st.column_config.TextColumn(pinned=True, help="What the run is called on all pages."),
    "Validation": st.column_config.NumberColumn(
        format="%.2f %%", help=glossary.help("accuracy", "On the held-out digits, of the epoch that is kept.")
    ),
}


def summary(runs: list[Run]) -> None:
    """Show the best test accuracy among the tested runs, and say which took the least work and which is smallest."""
    tested = [run for run in runs if run.tested]
    if not tested:
        return
    mnist = [run for run in tested if run.config.dataset == "mnist"]
    best = max(mnist or tested, key=lambda run: run.outcome.test.accuracy)
    quickest = min(tested, key=lambda run: run.outcome.cpu_seconds)
    smallest = min(tested, key=lambda run: run.outcome.parameters)
    labels = all_run_labels()
    low, high = best.outcome.test.interval
    with st.container(key="best"):
        st.metric("Best test accuracy", percent(best.outcome.test.accuracy), help=run_table.TEST_ACCURACY_HELP)
        st.markdown(
            f"**{labels[best.name]}**, on other digits of the same kind likely between {percent(low)} and "
            f"{percent(high)}. Trained with the least work: {labels[quickest.name]}, "
            f"{count(round(quickest.outcome.cpu_seconds), 'CPU second')}. The smallest network: "
            f"{labels[smallest.name]}, {count(smallest.outcome.parameters, 'parameter')}."
        )


def table(runs: list[Run]) -> None:
    """Show the runs with their test accuracy, the settings in which they differ, and their other results.

    An ensemble has no settings; its cells are empty.
    """
    settings = [asdict(run.config) if isinstance(run.config, TrainConfig) else {} for run in runs]
    trained = [values for values in settings if values]
    names = [field.name for field in fields(TrainConfig)] if trained else []
    differing = [name for name in names if len({values[name] for values in trained}) > 1]
    rows, labels = [], all_run_labels()
    for run, values in zip(runs, settings, strict=True):
        results = run_table.run_row(run)
        validation = round(100 * run.outcome.validation.accuracy, 2) if run.tested else None
        rows.append(
            {"Run": labels[run.name]}
            | {column: results[column] for column in ("Test accuracy", "95 % interval")}
            | {setting_of(name).label: cell_value(name, values.get(name)) for name in differing}
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
        "Of the settings, only those that differ are columns; click the head of a column to sort by it. "
        + (f"The same for all {which}: {shared}." if len(trained) > 1 and shared else "")
    )


def cell_value(name: str, value: object) -> object:
    """Return a setting as the table shows it: numbers stay numbers, so that they sort as such."""
    return format_value(name, value) if isinstance(value, str) else value

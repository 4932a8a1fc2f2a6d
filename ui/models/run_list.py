"""The list of the Models page: every run, and which of them is open."""

import streamlit as st

from mnist_core.runs import Run
from mnist_core.text import count
from ui import caches, run_picker, run_table
from ui.labels import without_markup
from ui.run_name import all_run_labels

KEY = "run_table"
MAX_DAMAGED = 4  # lines about damaged runs: the open one should stay on the first screen
HEIGHT = 318  # pixels, at most: eight runs, so that the open one begins on the first screen


def own_runs_first(runs: list[Run]) -> list[Run]:
    """Return the runs that were trained here, the newest first, then those that come with the app."""
    return sorted(runs, key=lambda run: run.shipped)  # stable: each part keeps its order


def open_run(runs: list[Run]) -> Run:
    """Return the run in the URL, else the first of these; say so when the run in the URL is not on this server."""
    name = st.query_params.get("run")
    requested = caches.find_run(name)
    if name is not None and requested is None:
        st.warning(f"{run_picker.missing_reason(name)} Another one is shown instead.")
    return requested or runs[0]


def run_list(runs: list[Run], opened: Run) -> None:
    """Show all runs; a click on any cell of a row opens its run, which is then in the URL."""
    names = [run.name for run in runs]
    row = names.index(opened.name) if opened.name in names else 0
    st.session_state[KEY] = {"selection": {"rows": [row], "columns": [], "cells": []}}  # the URL decides
    st.dataframe(
        run_table.run_table(runs, all_run_labels()),
        column_config=run_table.COLUMNS,
        hide_index=True,
        height=min(35 * len(runs) + 38, HEIGHT),  # rows further down are only drawn when they are scrolled to
        on_select=lambda: open_selected(names, row),
        selection_mode=["single-row-required", "single-cell"],
        key=KEY,
        alt="All models with their test accuracy and its interval, when they were trained, parameters and loss",
    )


def damaged_list() -> None:
    """Show a grey line for each run that is damaged and therefore on no other page; nothing where all are whole."""
    damaged = caches.damaged_runs()
    lines = [run.reason if run.name in run.reason else f"{without_markup(run.name)}: {run.reason}" for run in damaged]
    if len(lines) > MAX_DAMAGED:
        more = count(len(lines) - MAX_DAMAGED + 1, "more run")
        lines[MAX_DAMAGED - 1 :] = [f"{more} cannot be used; `python -m mnist_core list` says why."]
    with st.container(gap="xsmall"):
        for line in lines:
            st.caption(f":material/broken_image: {line}")


def open_selected(names: list[str], opened: int) -> None:
    """Put the run of the clicked row or cell into the URL; `opened` is the row that was open before the click."""
    selection = st.session_state[KEY]["selection"]  # beside a clicked cell, the row may still be the one before
    rows = [row for row in (*(cell[0] for cell in selection["cells"]), *selection["rows"]) if row != opened]
    if rows and rows[0] < len(names):
        st.query_params["run"] = names[rows[0]]

"""The parts of the Confusion page: which cell is selected, its digits, the most frequent mistakes."""

import numpy as np
import pandas as pd
import streamlit as st

from mnist_core.analysis.selection import cell_indices
from mnist_core.data import Digits
from mnist_core.metrics import most_confused
from mnist_core.runs import Predictions, Run, RunError
from ui import caches, digit_browser, run_picker, url_state
from ui.confusion import chart
from ui.confusion.chart import Cell
from ui.labels import percent
from ui.run_name import unique_run_label

RESET_PARAMETERS = ("digit", "page_cell", "page_here", "page_there")  # of the URL, when another cell is selected
N_PAIRS = 10  # of the most frequent mistakes
DIGIT_OPTIONS = {"": "any digit"} | {str(digit): str(digit) for digit in range(10)}


def predictions_or_error(run: Run) -> Predictions | None:
    """Return a run's test predictions; when they are damaged, show why and return None."""
    try:
        return caches.predictions(run)
    except RunError as error:
        st.error(str(error))
        return None


def choose_other_run(run: Run) -> Run | None:
    """Show a picker of the run to subtract; return None while there is none.

    Only a run that was tested on the same digits can be subtracted.
    """
    others = {other.name: other for other in caches.runs() if other.name != run.name and other.tested}
    requested = st.query_params.get("other")
    if requested is not None and requested != run.name and requested not in others:
        st.warning(f"Nothing is subtracted. {run_picker.unavailable_reason(requested)}")
    comparable = {
        name: unique_run_label(other)
        for name, other in others.items()
        if not run_picker.incomparable_reason(run, other)
    }
    name = url_state.select("Subtract another model", {"": "none", **comparable}, "other", "", RESET_PARAMETERS[1:])
    if requested in others and requested not in comparable:
        st.warning(f"Nothing is subtracted. {run_picker.incomparable_reason(run, others[requested])}")
    return others.get(name)


def selected_cell() -> Cell:
    """Return the cell in the URL; when it is not one, say so. Without a cell all mistakes are shown."""
    if url_state.is_invalid_integer("true", 10) or url_state.is_invalid_integer("read", 10):
        st.warning("The cell in this link does not exist: a digit is a number from 0 to 9.")
    return url_state.integer("true", 10), url_state.integer("read", 10)


def select_cell(cell: Cell) -> None:
    """Write a cell, row or column into the URL, without the digit and the pages of the cell before."""
    url_state.update(true=cell[0], read=cell[1], **dict.fromkeys(RESET_PARAMETERS))


def on_chart_click() -> None:
    """Select the cell that was clicked; Plotly reports a second click on the same cell without a point."""
    points = st.session_state["matrix"]["selection"]["points"]
    if points:
        st.session_state["last_clicked"] = chart.clicked_cell(points[-1])
    if "last_clicked" in st.session_state:
        select_cell(st.session_state["last_clicked"])


def on_table_click() -> None:
    """Select the cell that was chosen in the table."""
    cells = st.session_state["matrix_table"]["selection"]["cells"]
    if cells:
        row, column = cells[-1]
        select_cell((int(row), int(column) if str(column).isdecimal() else None))


def cell_selectboxes() -> None:
    """Show two lists to select a cell with, for the keyboard, a screen reader and a phone."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="choose_cell"):
        url_state.select("Written", DIGIT_OPTIONS, "true", "", RESET_PARAMETERS)
        url_state.select("Read as", DIGIT_OPTIONS, "read", "", RESET_PARAMETERS)
        st.button("All mistakes", on_click=select_cell, args=[(None, None)], key="all_mistakes")


def heading(cell: Cell, count: int, diagonal: bool) -> str:
    """Return the heading of the `count` digits of a cell; without `diagonal` they are mistakes only."""
    true_label, predicted = cell
    if true_label is None and predicted is None:
        return f"All {count:,} mistakes"
    only, order = ("", ", the misread ones first") if diagonal else (" and misread", "")
    if predicted is None:
        return f"Written as {true_label}{only}: {count:,}{order}"
    if true_label is None:
        return f"Read as {predicted}{only}: {count:,}{order}"
    return f"Written {true_label}, read as {predicted}: {count:,}"


def digit_caption(cell: Cell, label: int, predicted: int, confidence: float) -> str:
    """Return the caption of a digit: its confidence in a single cell, else its label and its prediction."""
    return f"{100 * confidence:.0f} %" if None not in cell else f"{label} → {predicted}"


def cell_digits(
    cell: Cell, predictions: Predictions, digits: Digits | None, diagonal: bool, selected: int | None
) -> int | None:
    """Show the digits of the selected cell, the most confident first; return the index of the selected digit."""
    diagonal = diagonal or None not in cell  # a cell of the diagonal that was asked for is shown, hidden or not
    indices = cell_indices(predictions.log_probabilities, predictions.labels, *cell, include_correct=diagonal)
    title = heading(cell, len(indices), diagonal)
    st.markdown(f"**{title}**")
    if not len(indices):
        st.caption("No test digit is in this cell.")
        return selected
    return digit_browser.paged_gallery(
        "cell", title, indices, predictions, digits, lambda *digit: digit_caption(cell, *digit), selected
    )


def differing_digits(
    cell: Cell, runs: list[Run], predictions: list[Predictions], digits: Digits | None, selected: int | None
) -> int | None:
    """Show the digits that are in the cell for only one of two runs; return the index of the selected digit.

    In a row or a column only mistakes are compared, because all digits of a row are in it for every run.
    """
    indices = [
        cell_indices(of_run.log_probabilities, of_run.labels, *cell, include_correct=None not in cell)
        for of_run in predictions
    ]
    what = "Misread" if None in cell else f"Written {cell[0]}, read as {cell[1]}"
    for key, this, that in (("here", 0, 1), ("there", 1, 0)):
        only = indices[this][~np.isin(indices[this], indices[that])]
        title = f"{what} only by {unique_run_label(runs[this])}: {len(only):,}"
        st.markdown(f"**{title}**")
        if len(only):
            selected = digit_browser.paged_gallery(
                key, title, only, predictions[this], digits, lambda *digit: digit_caption(cell, *digit), selected
            )
    return selected


def most_confused_buttons(counts: np.ndarray) -> None:
    """Show the most frequent mistakes, each as a button that selects its cell."""
    pairs = most_confused(counts)
    if not pairs:
        st.caption("None: every test digit was read correctly.")
    with st.container(key="pairs", gap=None):
        for rank, (label, predicted, count) in enumerate(pairs[:N_PAIRS], 1):
            share = count / counts[label].sum()
            times = "once" if count == 1 else f"{count:,} times"
            st.button(
                f"{rank}. {label} read as {predicted}, {times}: {percent(share)} of the {label}s",
                type="tertiary",
                key=f"pair_{rank}",
                on_click=select_cell,
                args=[(label, predicted)],
            )


def matrix_table(counts: np.ndarray) -> None:
    """Show the matrix as a table, whose cells can be selected by keyboard too."""
    table = pd.DataFrame(counts, columns=[str(digit) for digit in range(10)])
    table.insert(0, "written", range(10))
    st.dataframe(
        table,
        hide_index=True,
        height="content",
        on_select=on_table_click,
        selection_mode="single-cell",
        key="matrix_table",
        column_config={"written": st.column_config.NumberColumn("written ↓ read →", width="small")},
        alt="The confusion matrix: a row for each written digit, a column for each digit that it was read as",
    )
    st.caption(
        "Click a cell, then move with the arrow keys: the digits above follow. The first column selects a whole row."
    )


def alt_text(run: Run, other: Run | None, counts: np.ndarray) -> str:
    """Return the description of the matrix for a screen reader."""
    pairs = most_confused(counts)
    most = "; most often {} was read as {}, {} times".format(*pairs[0]) if pairs else ""
    minus = f" minus that of {unique_run_label(other)}" if other else ""
    return f"Confusion matrix of {unique_run_label(run)}{minus}: rows are written digits, columns what was read{most}"


def insight(run: Run, other: Run | None) -> str:
    """Return what to notice in the matrix."""
    if other:
        name, other_name = unique_run_label(run), unique_run_label(other)
        return (
            f"What to notice: {name} minus {other_name}. Blue cells are better with {name}, orange ones with "
            f"{other_name}."
        )
    return (
        "What to notice: each row is a written digit (true label), each column what it was read as (prediction). Blue "
        "digits were read correctly, orange ones were misread. Click a cell, or a digit at the edge for its whole row "
        "or column."
    )


def by_label(*pairs: tuple[Run | None, Predictions | None]) -> dict[str, tuple[Run, Predictions]]:
    """Return the runs that are not None with their predictions, keyed by the run's label."""
    return {unique_run_label(run): (run, predictions) for run, predictions in pairs if run and predictions}

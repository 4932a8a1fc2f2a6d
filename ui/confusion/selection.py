"""The parts of the Confusion page: which cell is chosen, its digits, the worst pairs."""

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
from ui.labels import percent, unique_run_label

RESET_PARAMETERS = ("digit", "page_cell", "page_here", "page_there")  # what a new cell ends
N_PAIRS = 10  # of the most frequent mistakes
DIGIT_OPTIONS = {"": "any digit"} | {str(digit): str(digit) for digit in range(10)}


def predictions_or_error(run: Run) -> Predictions | None:
    """A run's answers, or the sentence that says why they cannot be read."""
    try:
        return caches.predictions(run)
    except RunError as error:
        st.error(str(error))
        return None


def choose_other_run(run: Run) -> Run | None:
    """The run to subtract, if one is chosen; only a run that was tested on the same digits can be."""
    others = {r.name: r for r in caches.runs() if r.name != run.name and r.tested}
    wanted = st.query_params.get("other")
    if wanted is not None and wanted != run.name and wanted not in others:
        st.warning(f"Nothing is subtracted. {run_picker.unavailable_reason(wanted)}")
    fitting = {
        name: unique_run_label(other)
        for name, other in others.items()
        if not run_picker.incomparable_reason(run, other)
    }
    name = url_state.select("Subtract another model", {"": "none", **fitting}, "other", "", RESET_PARAMETERS[1:])
    if wanted in others and wanted not in fitting:
        st.warning(f"Nothing is subtracted. {run_picker.incomparable_reason(run, others[wanted])}")
    return others.get(name)


def selected_cell() -> Cell:
    """What the address says was clicked; with something else than a digit in it, all mistakes are shown."""
    if url_state.is_invalid_integer("true", 10) or url_state.is_invalid_integer("read", 10):
        st.warning("The cell in this link does not exist: a digit is a number from 0 to 9.")
    return url_state.integer("true", 10), url_state.integer("read", 10)


def select_cell(cell: Cell) -> None:
    """Write a cell, row or column into the address; what was chosen in the one before ends."""
    url_state.update(true=cell[0], read=cell[1], **dict.fromkeys(RESET_PARAMETERS))


def on_chart_click() -> None:
    """The matrix was clicked. A second click on the same cell comes without a point, and means it again."""
    points = st.session_state["matrix"]["selection"]["points"]
    if points:
        st.session_state["last_clicked"] = chart.clicked_cell(points[-1])
    if "last_clicked" in st.session_state:
        select_cell(st.session_state["last_clicked"])


def on_table_click() -> None:
    """A cell of the table was chosen."""
    cells = st.session_state["matrix_table"]["selection"]["cells"]
    if cells:
        row, column = cells[-1]
        select_cell((int(row), int(column) if str(column).isdecimal() else None))


def cell_selectboxes() -> None:
    """The same by two lists, for the keyboard, a screen reader and a thumb."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="choose_cell"):
        url_state.select("Written", DIGIT_OPTIONS, "true", "", RESET_PARAMETERS)
        url_state.select("Read as", DIGIT_OPTIONS, "read", "", RESET_PARAMETERS)
        st.button("All mistakes", on_click=select_cell, args=[(None, None)], key="all_mistakes")


def heading(cell: Cell, count: int, diagonal: bool) -> str:
    """What the digits beside the matrix are."""
    written, read = cell
    if cell == (None, None):
        return f"All {count:,} mistakes"
    only, order = ("", ", the misread ones first") if diagonal else (" and misread", "")
    if read is None:
        return f"Written as {written}{only}: {count:,}{order}"
    if written is None:
        return f"Read as {read}{only}: {count:,}{order}"
    return f"Written {written}, read as {read}: {count:,}"


def digit_caption(cell: Cell, written: int, read: int, certain: float) -> str:
    """The words below a digit: in one cell how certain the network is, else what it took for what."""
    return f"{100 * certain:.0f} %" if None not in cell else f"{written} → {read}"


def cell_digits(cell: Cell, answers: Predictions, digits: Digits | None, diagonal: bool, selected: int | None):
    """The digits of the chosen cell, the most confident first; gives the one that is large now."""
    diagonal = diagonal or None not in cell  # a cell that was asked for is shown, hidden or not
    places = cell_indices(answers.log_probabilities, answers.labels, *cell, right=diagonal)
    st.markdown(f"**{heading(cell, len(places), diagonal)}**")
    if not len(places):
        st.caption("No test digit is here.")
        return selected
    return digit_browser.paged_gallery(
        "cell",
        heading(cell, len(places), diagonal),
        places,
        answers,
        digits,
        lambda *digit: digit_caption(cell, *digit),
        selected,
    )


def differing_digits(cell: Cell, runs: list[Run], both: list[Predictions], digits: Digits | None, selected: int | None):
    """The digits that are in this cell for one run and not for the other; gives the one that is large now.

    Of a row or a column only those that were misread, for all digits of a row are in it for every run.
    """
    places = [
        cell_indices(answers.log_probabilities, answers.labels, *cell, right=None not in cell) for answers in both
    ]
    where = "Misread" if None in cell else f"Written {cell[0]}, read as {cell[1]}"
    for key, this, that in (("here", 0, 1), ("there", 1, 0)):
        only = places[this][~np.isin(places[this], places[that])]
        about = f"{where} only by {unique_run_label(runs[this])}: {len(only):,}"
        st.markdown(f"**{about}**")
        if len(only):
            selected = digit_browser.paged_gallery(
                key, about, only, both[this], digits, lambda *digit: digit_caption(cell, *digit), selected
            )
    return selected


def most_confused_buttons(counts: np.ndarray) -> None:
    """The most frequent mistakes, each a way to its cell."""
    found = most_confused(counts)
    if not found:
        st.caption("None: every test digit was read correctly.")
    with st.container(key="pairs", gap=None):
        for place, (written, read, count) in enumerate(found[:N_PAIRS], 1):
            share = count / counts[written].sum()
            times = "once" if count == 1 else f"{count:,} times"
            st.button(
                f"{place}. {written} read as {read}, {times}: {percent(share)} of the {written}s",
                type="tertiary",
                key=f"pair_{place}",
                on_click=select_cell,
                args=[(written, read)],
            )


def matrix_table(counts: np.ndarray) -> None:
    """The matrix as a table whose cells can be chosen by keyboard too."""
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
        alt="The confusion matrix: a row for each written digit, a column for each digit that was read",
    )
    st.caption(
        "Click a cell, then walk with the arrow keys: the digits above follow. The first column stands for a whole row."
    )


def alt_text(run: Run, other: Run | None, counts: np.ndarray) -> str:
    """The matrix for who cannot see it."""
    found = most_confused(counts)
    worst = "; most often {} was read as {}, {} times".format(*found[0]) if found else ""
    minus = f" minus that of {unique_run_label(other)}" if other else ""
    return (
        f"Confusion matrix of {unique_run_label(run)}{minus}: rows are what was written, columns what was read{worst}"
    )


def insight(run: Run, other: Run | None) -> str:
    """What to notice in the matrix."""
    if other:
        return (
            f"What to notice: {unique_run_label(run)} minus {unique_run_label(other)}. Blue cells are better with {unique_run_label(run)}, orange ones "
            f"with {unique_run_label(other)}."
        )
    return (
        "What to notice: a row is what was written, a column what it was read as. Blue was read right, orange was "
        "misread. Click a cell, or a digit at the edge for its whole row or column."
    )


def by_label(*pairs: tuple[Run | None, Predictions | None]) -> dict[str, tuple[Run, Predictions]]:
    """The runs that are there with their answers, by what they are called."""
    return {unique_run_label(run): (run, answers) for run, answers in pairs if run and answers}

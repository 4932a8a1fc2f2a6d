"""The parts of the Confusion page: the matrix, which cell of it is selected, its digits, the most frequent mistakes."""

import numpy as np
import streamlit as st

from mnist_core.analysis.selection import cell_indices
from mnist_core.data import Digits
from mnist_core.metrics import most_confused
from mnist_core.runs import Predictions, Run, RunError
from mnist_core.text import count
from ui import caches, digit_browser, run_picker, url_state
from ui.components.matrix.matrix import Cell, matrix
from ui.confusion.cells import Cells
from ui.run_name import all_run_labels, unique_run_label

RESET_PARAMETERS = ("digit", "page_cell", "page_here", "page_there")  # of the URL, when another cell is selected
N_PAIRS = 6  # of the most frequent mistakes
HINT = "Press a number to see its digits, or a digit at the edge for its whole row or column."


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
    run_labels = all_run_labels()
    comparable = {name: run_labels[name] for name, other in others.items() if run_picker.are_comparable(run, other)}
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


def show_matrix(cells: Cells, label: str, cell: Cell) -> None:
    """Show the matrix with the selected cell, row or column in a frame; `label` is for screen readers."""
    matrix(
        "matrix",
        label,
        cells.texts,
        cells.descriptions,
        cells.colours,
        selected=cell,
        hint=HINT,
        reveals="cell_digits",
        on_click=select_cell,
    )


def heading(cell: Cell, number: int, diagonal: bool) -> str:
    """Return the heading of the digits of a cell, of which there are `number`; without `diagonal` only mistakes."""
    true_label, predicted = cell
    if true_label is None and predicted is None:
        return f"All {count(number, 'mistake')}" if number != 1 else "The only mistake"
    only, order = ("", ", the misread ones first") if diagonal else (" and misread", "")
    if predicted is None:
        return f"Written {true_label}{only}: {count(number, 'digit')}{order}"
    if true_label is None:
        return f"Read as {predicted}{only}: {count(number, 'digit')}{order}"
    return f"Written {true_label}, read as {predicted}: {count(number, 'digit')}"


def show_heading(title: str, cell: Cell) -> None:
    """Show the heading of the digits of a cell, and unless they are all mistakes the way back to those."""
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(f"**{title}**", width="content")
        if cell != (None, None):
            st.button("All mistakes", on_click=select_cell, args=[(None, None)], key="all_mistakes", type="tertiary")


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
    show_heading(title, cell)
    if not len(indices):
        st.caption("Every test digit was read correctly." if cell == (None, None) else "No test digit is in this cell.")
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
        title = f"{what} only by {unique_run_label(runs[this])}: {count(len(only), 'digit')}"
        show_heading(title, cell if key == "here" else (None, None))
        if len(only):
            selected = digit_browser.paged_gallery(
                key, title, only, predictions[this], digits, lambda *digit: digit_caption(cell, *digit), selected
            )
    return selected


def most_confused_buttons(counts: np.ndarray, cell: Cell) -> None:
    """Show the most frequent mistakes, each as a button that selects its cell."""
    pairs = most_confused(counts)[:N_PAIRS]
    if not pairs:
        return
    st.markdown("**Most confused:** press a pair to see its digits")
    with st.container(key="pairs", horizontal=True, gap="small"):
        for rank, (label, predicted, number) in enumerate(pairs, 1):
            st.button(
                f"{label} read as {predicted}: {'once' if number == 1 else f'{number:,} times'}",
                key=f"pair_{rank}",
                type="primary" if (label, predicted) == cell else "secondary",
                on_click=select_cell,
                args=[(label, predicted)],
            )


def matrix_label(run: Run, other: Run | None, counts: np.ndarray) -> str:
    """Return the description of the matrix for a screen reader."""
    pairs = most_confused(counts)
    most = "; most often {} was read as {}: {:,} digits".format(*pairs[0]) if pairs else ""
    minus = f" minus that of {unique_run_label(other)}" if other else ""
    return f"Confusion matrix of {unique_run_label(run)}{minus}: rows are written digits, columns what was read{most}"


def legend(run: Run, other: Run | None) -> str:
    """Return what the two colours of the matrix mean."""
    if other:
        name, other_name = unique_run_label(run), unique_run_label(other)
        return f"{name} minus {other_name}. Blue cells are better with {name}, orange ones with {other_name}."
    return "Blue: read correctly. Orange: misread; the stronger the colour, the more digits are in the cell."


def by_label(*pairs: tuple[Run | None, Predictions | None]) -> dict[str, tuple[Run, Predictions]]:
    """Return the runs that are not None with their predictions, keyed by the run's label."""
    return {unique_run_label(run): (run, predictions) for run, predictions in pairs if run and predictions}

"""The parts of the Confusion page: which cell is chosen, its digits, the worst pairs."""

from pathlib import Path

import numpy as np
import pandas as pd
import streamlit as st

from mnist_core.data import Digits
from mnist_core.metrics import in_cell, most_confused
from mnist_core.runs import Predictions, Run, RunError, list_runs
from ui import address, browse, caches, controls, matrix
from ui.browse import title
from ui.matrix import Cell
from ui.words import percent

ENDED = ("digit", "page_cell", "page_here", "page_there")  # what a new cell ends
PAIRS = 10  # of the most frequent mistakes
touch = st.components.v2.component(
    "matrix_touch", html="<span></span>", js=Path(__file__).with_name("touch.js").read_text("utf-8")
)
ALL = {"": "any digit"} | {str(digit): str(digit) for digit in range(10)}


def answers_of(run: Run) -> Predictions | None:
    """A run's answers, or the sentence that says why they cannot be read."""
    try:
        return caches.predictions(run)
    except RunError as error:
        st.error(str(error))
        return None


def choose_other(run: Run) -> Run | None:
    """The run to subtract, if one is chosen; only a run that was tested on the same digits can be."""
    others = {r.name: r for r in list_runs() if r.name != run.name and controls.is_tested(r)}
    wanted = st.query_params.get("other")
    if wanted is not None and wanted != run.name and wanted not in others:
        st.warning(f"Nothing is subtracted. {controls.why_not(wanted)}")
    fitting = {name: title(other) for name, other in others.items() if not browse.not_comparable(run, other)}
    name = address.pick("Subtract another model", {"": "none", **fitting}, "other", "", ENDED[1:])
    if wanted in others and wanted not in fitting:
        st.warning(f"Nothing is subtracted. {browse.not_comparable(run, others[wanted])}")
    return others.get(name)


def chosen_cell() -> Cell:
    """What the address says was clicked; with something else than a digit in it, all mistakes are shown."""
    if address.refused("true", 10) or address.refused("read", 10):
        st.warning("The cell in this link does not exist: a digit is a number from 0 to 9.")
    return address.number("true", 10), address.number("read", 10)


def choose(cell: Cell) -> None:
    """Write a cell, row or column into the address; what was chosen in the one before ends."""
    address.change(true=cell[0], read=cell[1], **dict.fromkeys(ENDED))


def clicked() -> None:
    """The matrix was clicked. A second click on the same cell comes without a point, and means it again."""
    points = st.session_state["matrix"]["selection"]["points"]
    if points:
        st.session_state["last_clicked"] = matrix.clicked(points[-1])
    if "last_clicked" in st.session_state:
        choose(st.session_state["last_clicked"])


def table_clicked() -> None:
    """A cell of the table was chosen."""
    cells = st.session_state["matrix_table"]["selection"]["cells"]
    if cells:
        row, column = cells[-1]
        choose((int(row), int(column) if str(column).isdecimal() else None))


def choose_by_name() -> None:
    """The same by two lists, for the keyboard, a screen reader and a thumb."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="choose_cell"):
        address.pick("Written", ALL, "true", "", ENDED)
        address.pick("Read as", ALL, "read", "", ENDED)
        st.button("All mistakes", on_click=choose, args=[(None, None)], key="all_mistakes")


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


def caption_of(cell: Cell, written: int, read: int, certain: float) -> str:
    """The words below a digit: in one cell how certain the network is, else what it took for what."""
    return f"{100 * certain:.0f} %" if None not in cell else f"{written} → {read}"


def digits_of(cell: Cell, answers: Predictions, digits: Digits | None, diagonal: bool, selected: int | None):
    """The digits of the chosen cell, the most confident first; gives the one that is large now."""
    diagonal = diagonal or None not in cell  # a cell that was asked for is shown, hidden or not
    places = in_cell(answers.log_probabilities, answers.labels, *cell, right=diagonal)
    st.markdown(f"**{heading(cell, len(places), diagonal)}**")
    if not len(places):
        st.caption("No test digit is here.")
        return selected
    return browse.gallery_of(
        "cell",
        heading(cell, len(places), diagonal),
        places,
        answers,
        digits,
        lambda *digit: caption_of(cell, *digit),
        selected,
    )


def digits_apart(cell: Cell, runs: list[Run], both: list[Predictions], digits: Digits | None, selected: int | None):
    """The digits that are in this cell for one run and not for the other; gives the one that is large now.

    Of a row or a column only those that were misread, for all digits of a row are in it for every run.
    """
    places = [in_cell(answers.log_probabilities, answers.labels, *cell, right=None not in cell) for answers in both]
    where = "Misread" if None in cell else f"Written {cell[0]}, read as {cell[1]}"
    for key, this, that in (("here", 0, 1), ("there", 1, 0)):
        only = places[this][~np.isin(places[this], places[that])]
        about = f"{where} only by {title(runs[this])}: {len(only):,}"
        st.markdown(f"**{about}**")
        if len(only):
            selected = browse.gallery_of(
                key, about, only, both[this], digits, lambda *digit: caption_of(cell, *digit), selected
            )
    return selected


def pairs(counts: np.ndarray) -> None:
    """The most frequent mistakes, each a way to its cell."""
    found = most_confused(counts)
    if not found:
        st.caption("None: every test digit was read correctly.")
    with st.container(key="pairs", gap=None):
        for place, (written, read, count) in enumerate(found[:PAIRS], 1):
            share = count / counts[written].sum()
            times = "once" if count == 1 else f"{count:,} times"
            st.button(
                f"{place}. {written} read as {read}, {times}: {percent(share)} of the {written}s",
                type="tertiary",
                key=f"pair_{place}",
                on_click=choose,
                args=[(written, read)],
            )


def as_table(counts: np.ndarray) -> None:
    """The matrix as a table whose cells can be chosen by keyboard too."""
    table = pd.DataFrame(counts, columns=[str(digit) for digit in range(10)])
    table.insert(0, "written", range(10))
    st.dataframe(
        table,
        hide_index=True,
        height="content",
        on_select=table_clicked,
        selection_mode="single-cell",
        key="matrix_table",
        column_config={"written": st.column_config.NumberColumn("written ↓ read →", width="small")},
        alt="The confusion matrix: a row for each written digit, a column for each digit that was read",
    )
    st.caption(
        "Click a cell, then walk with the arrow keys: the digits above follow. The first column stands for a whole row."
    )


def in_words(run: Run, other: Run | None, counts: np.ndarray) -> str:
    """The matrix for who cannot see it."""
    found = most_confused(counts)
    worst = "; most often {} was read as {}, {} times".format(*found[0]) if found else ""
    minus = f" minus that of {title(other)}" if other else ""
    return f"Confusion matrix of {title(run)}{minus}: rows are what was written, columns what was read{worst}"


def notice(run: Run, other: Run | None) -> str:
    """What to notice in the matrix."""
    if other:
        return (
            f"What to notice: {title(run)} minus {title(other)}. Blue cells are better with {title(run)}, orange ones "
            f"with {title(other)}."
        )
    return (
        "What to notice: a row is what was written, a column what it was read as. Blue was read right, orange was "
        "misread. Click a cell, or a digit at the edge for its whole row or column."
    )


def by_title(*pairs: tuple[Run | None, Predictions | None]) -> dict[str, tuple[Run, Predictions]]:
    """The runs that are there with their answers, by what they are called."""
    return {title(run): (run, answers) for run, answers in pairs if run and answers}

"""A visitor's own test set: what they drew and what they say it was, for as long as their session lasts."""

import csv
import io
import zipfile
from dataclasses import dataclass, field

import numpy as np
import streamlit as st
from PIL import Image

from mnist_core import metrics
from mnist_core.runs import Run, RunError
from ui import caches
from ui.draw import prediction
from ui.labels import run_label

MAX_DRAWINGS = 200  # drawings of one session
PredictionPair = tuple[int, int]  # read from the prepared digit, and from the sheet just resized


@dataclass
class LabelledDrawing:
    """One drawing with what its maker says it is."""

    brought: prediction.PreparedDrawing
    label: int
    answers: dict[str, PredictionPair] = field(default_factory=dict)  # by run, as far as they were asked for


def kept_drawings() -> list[LabelledDrawing]:
    """The session's drawings, in the order they were kept."""
    drawings: list[LabelledDrawing] = st.session_state.setdefault("own_digits", [])
    return drawings


def ask_label(brought: prediction.PreparedDrawing | None) -> None:
    """Ask what was written; the answer puts the drawing into the test set."""
    st.segmented_control(
        "It was a",
        list(range(10)),
        key="it_was",
        on_change=add_drawing,
        args=[brought],
        disabled=brought is None,
        help="Say what you wrote, and the drawing joins a test set of your own below, until you close this page.",
    )


def add_drawing(brought: prediction.PreparedDrawing) -> None:
    """Put the drawing into the test set; said again of the same drawing, the new label replaces the old one."""
    said, st.session_state["it_was"] = st.session_state["it_was"], None
    drawings = kept_drawings()
    if said is None:
        return
    if drawings and np.array_equal(drawings[-1].brought.sheet, brought.sheet):
        drawings[-1].label = int(said)
    elif len(drawings) < MAX_DRAWINGS:
        drawings.append(LabelledDrawing(brought, int(said)))
    st.session_state["own_digits_grew"] = True


def rerun_if_grown() -> None:
    """At the end of the pad's fragment: when a drawing was kept, the page below shows it too."""
    if st.session_state.pop("own_digits_grew", False):
        st.rerun()


def predict_drawing(own: LabelledDrawing, run: Run) -> PredictionPair:
    """What the run reads in a drawing, asked once. Raises RunError when it cannot be loaded."""
    if run.name not in own.answers:
        both = caches.loaded_run(run).predict(np.stack([own.brought.prepared, own.brought.raw])).argmax(1)
        own.answers[run.name] = int(both[0]), int(both[1])
    return own.answers[run.name]


def show_test_set(chosen: Run) -> None:
    """How the runs read the test set, the confusion matrix of the chosen one, and the download."""
    st.subheader("Your own test set", anchor=False)
    drawings = kept_drawings()
    if not drawings:
        st.caption("Empty. Draw a digit and say what it was: each drawing joins, and every model is tested on them.")
        return
    full = " It is full: download it, or empty it and begin anew." if len(drawings) >= MAX_DRAWINGS else ""
    st.caption(f"{len(drawings)} of at most {MAX_DRAWINGS} drawings, kept until you close this page.{full}")
    left, right = st.columns(2, gap="medium")
    with left:
        scored = [
            (rights, run_label(run))
            for run in prediction.shown_runs(chosen)
            if (rights := correct_counts(run, drawings))
        ]
        scored.sort(key=lambda row: row[0], reverse=True)
        table = {"Model": [name for _, name in scored]}
        for place, how in enumerate(("Prepared", "Just resized")):
            table[how] = [f"{rights[place]} of {len(drawings)}" for rights, _ in scored]
        if scored:
            st.table(table, hide_index=True, border="horizontal")
        low, high = metrics.wilson_interval(len(drawings) // 2, len(drawings))
        st.caption(
            "Right answers: with the preparation, and with the canvas just resized. What to notice: the gap between "
            f"the two. {len(drawings) // 2} of {len(drawings)} right would mean anything from {low:.0%} to "
            f"{high:.0%} on many more (the 95 % interval), so only large differences count."
        )
    with right:
        show_confusion(chosen, drawings)
    with st.container(horizontal=True):
        st.download_button(
            "Download",
            lambda: to_zip(drawings),
            "my-digits.zip",
            "application/zip",
            icon=":material/download:",
            help="Every drawing as a PNG, and a CSV with your labels and what each model read.",
            on_click="ignore",
        )
        st.button("Empty it", icon=":material/delete:", on_click=drawings.clear, key="empty_own")


def correct_counts(run: Run, drawings: list[LabelledDrawing]) -> PredictionPair | None:
    """How many drawings the run reads right, prepared and just resized; None if it cannot be loaded."""
    try:
        answers = np.array([predict_drawing(own, run) for own in drawings])
    except RunError:
        return None
    prepared, resized = (answers == np.array([[own.label] for own in drawings])).sum(0)
    return int(prepared), int(resized)


def show_confusion(run: Run, drawings: list[LabelledDrawing]) -> None:
    """Rows: what was written. Columns: what the chosen run read."""
    try:
        read = [predict_drawing(own, run)[0] for own in drawings]
    except RunError as error:
        st.error(str(error))
        return
    counts = metrics.confusion_matrix(np.array(read), np.array([own.label for own in drawings]))
    rows = {"Written": list(range(10))} | {
        str(digit): [str(count) if count else "·" for count in counts[:, digit]] for digit in range(10)
    }
    with st.container(key="own_matrix"):
        st.table(rows, hide_index=True, border="horizontal")
    st.caption(f"Rows: what you wrote. Columns: what {run_label(run)} read. Right answers stand on the diagonal.")


def to_zip(drawings: list[LabelledDrawing]) -> bytes:
    """A zip file: 001-4.png is the first drawing, written as a 4; digits.csv says how it was read."""
    file, table = io.BytesIO(), io.StringIO()
    names = sorted({name for own in drawings for name in own.answers})
    rows = csv.writer(table, lineterminator="\n")
    rows.writerow(["file", "label", *names])
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, own in enumerate(drawings, 1):
            name, picture = f"{number:03}-{own.label}.png", io.BytesIO()
            Image.fromarray(own.brought.sheet).save(picture, "PNG")
            archive.writestr(name, picture.getvalue())
            rows.writerow([name, own.label, *(own.answers.get(run, ("",))[0] for run in names)])
        archive.writestr("digits.csv", table.getvalue())
    return file.getvalue()

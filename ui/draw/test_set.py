"""A visitor's own test set: what they drew and what they say it was, kept for as long as their session lasts."""

import csv
import io
import zipfile
from dataclasses import dataclass, field

import numpy as np
import streamlit as st
from PIL import Image

from mnist_core import metrics
from mnist_core.runs import Run, RunError
from mnist_core.text import count
from ui import caches, glossary
from ui.draw import prediction
from ui.labels import article, run_label

MAX_DRAWINGS = 200  # in one session
DRAWINGS_KEY, GROWN_KEY = "labelled_drawings", "labelled_drawings_grew"  # in the session state
PredictionPair = tuple[int, int]  # of the preprocessed digit, and of the canvas just resized


@dataclass
class LabelledDrawing:
    """One drawing and its label."""

    drawing: prediction.PreprocessedDrawing
    label: int  # 0..9, what the visitor says it is
    predictions: dict[str, PredictionPair] = field(default_factory=dict)  # by run, as far as they were computed


def kept_drawings() -> list[LabelledDrawing]:
    """Return the session's list of drawings, in the order in which they were labelled."""
    drawings: list[LabelledDrawing] = st.session_state.setdefault(DRAWINGS_KEY, [])
    return drawings


def ask_label(drawing: prediction.PreprocessedDrawing | None) -> None:
    """Ask what was written; the answer adds the drawing to the test set, and a line says so."""
    st.segmented_control(
        "It was a",
        list(range(10)),
        key="it_was",
        on_change=add_drawing,
        args=[drawing],
        disabled=drawing is None,
        help="Say what you wrote, and the drawing is added to your own test set below, which is kept until you close "
        "this page.",
    )
    drawings = kept_drawings()
    if drawing is not None and is_last(drawing):
        st.caption(
            f":material/check_circle: Saved as {article(drawings[-1].label)}: your test set now has "
            f"{count(len(drawings), 'drawing')}."
        )
    elif len(drawings) >= MAX_DRAWINGS:
        st.caption("Your test set is full: download it, or delete all and start again.")


def is_last(drawing: prediction.PreprocessedDrawing) -> bool:
    """Return whether the drawing is the one that was added last."""
    drawings = kept_drawings()
    return bool(drawings) and np.array_equal(drawings[-1].drawing.canvas, drawing.canvas)


def add_drawing(drawing: prediction.PreprocessedDrawing) -> None:
    """Add the drawing to the test set; if it is the last one again, the new label replaces the old one."""
    label, st.session_state["it_was"] = st.session_state["it_was"], None
    drawings = kept_drawings()
    if label is None:
        return
    if is_last(drawing):
        drawings[-1].label = int(label)
    elif len(drawings) < MAX_DRAWINGS:
        drawings.append(LabelledDrawing(drawing, int(label)))
    st.session_state[GROWN_KEY] = True


def rerun_if_grown() -> None:
    """At the end of the canvas's fragment: rerun the page if a drawing was added, so that the rest shows it too."""
    if st.session_state.pop(GROWN_KEY, False):
        st.rerun()


def predict_drawing(labelled: LabelledDrawing, run: Run) -> PredictionPair:
    """Return the run's predictions of a drawing, which are computed once. Raises RunError when it cannot be loaded."""
    if run.name not in labelled.predictions:
        digits = np.stack([labelled.drawing.preprocessed, labelled.drawing.naive])
        preprocessed, naive = caches.loaded_run(run).predict(digits).argmax(1)
        labelled.predictions[run.name] = int(preprocessed), int(naive)
    return labelled.predictions[run.name]


def show_test_set(chosen: Run) -> None:
    """Show how many drawings each run reads correctly, the confusion matrix of the chosen one, and the download."""
    st.subheader("Your own test set", anchor=False)
    drawings = kept_drawings()
    if not drawings:
        st.caption(
            "No drawings yet. Draw a digit and say what it was: it is added here, and every model is tested on all."
        )
        return
    full = " It is full: download it, or delete all and start again." if len(drawings) >= MAX_DRAWINGS else ""
    st.caption(f"{len(drawings)} of at most {MAX_DRAWINGS} drawings, kept until you close this page.{full}")
    left, right = st.columns(2, gap="medium")
    with left:
        show_scores(prediction.shown_runs(chosen), drawings)
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
        with st.popover("Delete all", icon=":material/delete:"):
            st.markdown(f"Delete {count(len(drawings), 'drawing')}? This cannot be undone.")
            st.button("Yes, delete", icon=":material/delete:", on_click=drawings.clear, key="delete_own")


def show_scores(runs: list[Run], drawings: list[LabelledDrawing]) -> None:
    """Show a table of the runs that can be loaded with their correct predictions, the best run first."""
    scores = [(counts, run_label(run)) for run in runs if (counts := correct_counts(run, drawings))]
    scores.sort(key=lambda score: score[0], reverse=True)
    n = len(drawings)
    if scores:
        st.table(
            {
                "Model": [label for _, label in scores],
                "Preprocessed": [f"{preprocessed} of {n}" for (preprocessed, _), _ in scores],
                "Just resized": [f"{naive} of {n}" for (_, naive), _ in scores],
            },
            hide_index=True,
            border="horizontal",
        )
    low, high = metrics.wilson_interval(n // 2, n)
    glossary.caption(
        f"Correct predictions: with preprocessing, and with the canvas just resized. With {count(n, 'drawing')}, only "
        f"large differences count: {n // 2} of {n} correct could mean anything from {100 * low:.0f} to "
        f"{100 * high:.0f} % on many more (the 95 % [[interval|confidence interval]])."
    )


def correct_counts(run: Run, drawings: list[LabelledDrawing]) -> PredictionPair | None:
    """Return how many drawings the run predicts correctly, preprocessed and just resized; None if it cannot load."""
    try:
        predictions = np.array([predict_drawing(labelled, run) for labelled in drawings])
    except RunError:
        return None
    labels = np.array([labelled.label for labelled in drawings])
    preprocessed, naive = (predictions == labels[:, None]).sum(0)
    return int(preprocessed), int(naive)


def show_confusion(run: Run, drawings: list[LabelledDrawing]) -> None:
    """Show the run's confusion matrix of the preprocessed drawings."""
    try:
        predicted = [predict_drawing(labelled, run)[0] for labelled in drawings]
    except RunError as error:
        st.error(str(error))
        return
    counts = metrics.confusion_matrix(np.array(predicted), np.array([labelled.label for labelled in drawings]))
    table = {"Written": list(range(10))} | {
        str(digit): [str(count) if count else "·" for count in counts[:, digit]] for digit in range(10)
    }
    with st.container(key="own_matrix"):
        st.table(table, hide_index=True, border="horizontal")
    glossary.caption(
        f"Rows: what you wrote (true [[label]]). Columns: what {run_label(run)} read (prediction). Correct predictions "
        "are on the diagonal."
    )


def to_zip(drawings: list[LabelledDrawing]) -> bytes:
    """Return a zip file: 001-4.png is the first drawing, a 4; digits.csv has its label and each run's prediction."""
    file, table = io.BytesIO(), io.StringIO()
    names = sorted({name for labelled in drawings for name in labelled.predictions})
    rows = csv.writer(table, lineterminator="\n")
    rows.writerow(["file", "label", *names])
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, labelled in enumerate(drawings, 1):
            name, png = f"{number:03}-{labelled.label}.png", io.BytesIO()
            Image.fromarray(labelled.drawing.canvas).save(png, "PNG")
            archive.writestr(name, png.getvalue())
            rows.writerow([name, labelled.label, *(labelled.predictions.get(run, ("",))[0] for run in names)])
        archive.writestr("digits.csv", table.getvalue())
    return file.getvalue()

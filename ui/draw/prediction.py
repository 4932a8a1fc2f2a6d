"""A digit that a visitor brings, read: the answer of the chosen run, what it saw, and what all the others say."""

from dataclasses import dataclass

import numpy as np
import streamlit as st

from mnist_core.drawing import EmptyDrawing, Preparation, naive_resize, prepare
from mnist_core.runs import Run, RunError
from ui import caches, charts, shell
from ui.draw import rendering
from ui.labels import percent, run_label

SKIP_HELP = (
    "Feeds the canvas just resized to 28 × 28, as most programs of this kind do. The network learned from digits that "
    "were cut out, scaled and centred, so it misreads many that come otherwise: draw a small one in a corner and try. "
    "Of pen strokes, an ordinary network reads about 75 % just resized and 97 % prepared."
)
PREPARED_NOTE = "28 × 28 numbers from 0 (black) to 255 (white), prepared as MNIST's digits were."
RESIZED_NOTE = "The canvas just resized, with nothing cut out, scaled or centred: as most programs do it."


@dataclass(frozen=True)
class PreparedDrawing:
    """A digit that a visitor drew or photographed."""

    sheet: np.ndarray  # uint8 (H, W), ink bright on black
    steps: Preparation  # how it became the digit that MNIST would have made of it

    @property
    def prepared(self) -> np.ndarray:
        """uint8 (28, 28), as MNIST's digits are."""
        return self.steps.digit

    @property
    def raw(self) -> np.ndarray:
        """uint8 (28, 28), the sheet just resized."""
        return naive_resize(self.sheet)


def prepare_drawing(sheet: np.ndarray | None) -> PreparedDrawing | None:
    """What is on the pad; None while there is nothing to read on it."""
    try:
        # A frame of paper around it: on a photo, what comes in from the edge is no digit; on a pad it is.
        return None if sheet is None else PreparedDrawing(sheet, prepare(np.pad(sheet, 1)))
    except EmptyDrawing:
        return None


def load_with_spinner(run: Run) -> Run:
    """The run, ready to read; says so while the first visitor waits for the networks. Raises RunError."""
    if caches.preload_networks().is_alive():
        with st.spinner("The networks are being loaded, once for this server: a few seconds."):
            return caches.loaded_run(run)
    return caches.loaded_run(run)


def predict_or_error(run: Run, digit: np.ndarray) -> np.ndarray | None:
    """float32 (10,): what the run believes of a uint8 (28, 28) digit; None, and a sentence, if it cannot be loaded."""
    try:
        return load_with_spinner(run).predict(digit[None])[0]
    except RunError as error:
        st.error(str(error))
        return None


def show_answer(run: Run, digit: np.ndarray | None) -> np.ndarray | None:
    """The answer in large letters, and its ten probabilities (10,) as bars; without a digit it says so."""
    probabilities = None if digit is None else predict_or_error(run, digit)
    if probabilities is None:
        text, below = "–", "nothing is drawn yet" if digit is None else "this model cannot answer"
    else:
        text, below = rendering.answer_text(probabilities)
    with st.container(key="answer"):
        st.metric("It reads", text, below, delta_color="off", delta_arrow="off", help=rendering.ANSWER_RULE)
    st.plotly_chart(
        charts.probabilities(np.zeros(10) if probabilities is None else probabilities),
        key="probabilities",
        config=charts.PLOTLY_CONFIG,
        alt="The probability of each of the ten digits",
    )
    st.caption("What to notice: the bars change with every stroke, and doubt is shared between digits that look alike.")
    return probabilities


def shown_runs(chosen: Run) -> list[Run]:
    """The runs that come with the app and were tested on MNIST, and the chosen one."""
    tested = [run for run in caches.runs() if run.shipped and run.config.dataset == "mnist" and run.tested]
    return tested if chosen.name in [run.name for run in tested] else [chosen, *tested]


def predict_all(runs: list[Run], digits: np.ndarray) -> tuple[dict[str, np.ndarray], list[str]]:
    """By name, each run's (N, 10) probabilities of uint8 (N, 28, 28); and a sentence for each that cannot be loaded."""
    believed, sentences = {}, []
    for run in runs:
        try:
            believed[run.name] = load_with_spinner(run).predict(digits)
        except RunError as error:
            sentences.append(str(error))
    return believed, sentences


def show_all_models(chosen: Run, digit: np.ndarray | None) -> None:
    """What every run reads, those that agree with the chosen one first, the surest on top."""
    st.subheader("All models vote", anchor=False)
    if digit is None:
        st.caption("Draw a digit, and every model that comes with the app says what it reads.")
        return
    runs = {run.name: run for run in shown_runs(chosen)}
    answers, sentences = predict_all(list(runs.values()), digit[None])
    believed = {name: values[0] for name, values in answers.items()}
    reads = {name: int(values.argmax()) for name, values in believed.items()}
    leader = reads.get(chosen.name, max(reads.values(), key=list(reads.values()).count) if reads else None)
    order = sorted(reads, key=lambda name: (reads[name] != leader, reads[name], -believed[name].max()))
    agreeing = sum(read == leader for read in reads.values())
    st.caption(f"{agreeing} of {len(runs)} read a {leader}. What to notice: where they disagree, look at your digit.")
    lost = [name for name in runs if name not in reads]
    sure = [rendering.answer_text(believed[name]) for name in order]
    st.table(
        {
            "Model": [run_label(runs[name]) + (" (chosen)" if name == chosen.name else "") for name in [*order, *lost]],
            "Reads": [str(reads[name]) for name in order] + ["–"] * len(lost),
            "Probability": [rendering.format_probability(believed[name].max()) for name in order] + ["–"] * len(lost),
            "Agrees": [
                ("yes" if reads[name] == leader else "no") + (", not sure" if text == "not sure" else "")
                for name, (text, _) in zip(order, sure, strict=True)
            ]
            + ["–"] * len(lost),
            "On MNIST's test": [percent(runs[name].outcome.test.accuracy) for name in [*order, *lost]],
        },
        border="horizontal",
        hide_index=True,
    )
    for sentence in sentences:
        st.caption(sentence)


def show_preparation(brought: PreparedDrawing | None, skipped: bool) -> None:
    """The steps from the drawing to the digit."""
    st.subheader("How it got there", anchor=False)
    if brought is None:
        st.caption("Draw a digit: the steps that turn it into one of MNIST's kind appear here.")
        return
    if skipped:
        st.caption("These steps are skipped now.")
    st.html(rendering.preparation_html(brought.steps))


def look_inside_link(run: Run, brought: PreparedDrawing | None) -> None:
    """Keep the digit for the page that shows it inside the network, and lead there."""
    st.session_state["drawn_digit"] = None if brought is None else brought.prepared  # uint8 (28, 28)
    if brought is not None:
        shell.page_link("Look inside", "Look inside the network with this digit", run=run.name, **{"from": "drawing"})

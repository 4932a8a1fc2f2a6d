"""The prediction of a drawn or uploaded digit: the answer, what the network saw, and what every model reads."""

from dataclasses import dataclass

import numpy as np
import streamlit as st

from mnist_core.drawing import EmptyDrawing, Preprocessing, naive_resize, preprocess
from mnist_core.runs import Run, RunError
from mnist_core.text import count
from ui import caches, charts, shell
from ui.digit_picker import DRAWING_SOURCE, DRAWN_DIGIT_KEY
from ui.draw import rendering
from ui.labels import accuracy_text, article, probability_text
from ui.run_name import all_run_labels

SKIP_HELP = (
    "Preprocessing is what happens to a picture before the network sees it: it is cropped, scaled and centred, like "
    "the digits that the network learned from. Without it, the canvas is just made smaller, as many programs do, and "
    "the network misreads more: draw a small digit in a corner and try. An ordinary network then reads about 75 % of "
    "pen strokes correctly, and 97 % with preprocessing."
)
PREPROCESSED_NOTE = "28 × 28 numbers from 0 (black) to 255 (white), cropped, scaled and centred like MNIST's digits."
N_OWN_RUNS, MAX_OWN_RUNS = 6, 30  # listed at first, and at most: each of them reads every stroke
RESIZED_NOTE = "The canvas just made smaller, with nothing cropped, scaled or centred."


@dataclass(frozen=True)
class PreprocessedDrawing:
    """A digit that a visitor drew or photographed, with its preprocessing."""

    canvas: np.ndarray  # uint8 (H, W), ink bright on black
    preprocessing: Preprocessing

    @property
    def preprocessed(self) -> np.ndarray:
        """The uint8 (28, 28) digit, preprocessed as MNIST's digits were."""
        return self.preprocessing.digit

    @property
    def naive(self) -> np.ndarray:
        """The uint8 (28, 28) canvas, just resized."""
        return naive_resize(self.canvas)


def preprocess_drawing(canvas: np.ndarray | None) -> PreprocessedDrawing | None:
    """Return the drawing on a uint8 canvas (H, W), preprocessed; None if there is none."""
    try:
        # An empty border around it: on a photo, ink at the border is no part of a digit; on the canvas it is.
        return None if canvas is None else PreprocessedDrawing(canvas, preprocess(np.pad(canvas, 1)))
    except EmptyDrawing:
        return None


def load_with_spinner(run: Run) -> Run:
    """Return the run with its network loaded; say so while the first visitor waits for it. Raises RunError."""
    if caches.preload_networks().is_alive():
        with st.spinner("Loading the networks, once for this server: this takes a few seconds."):
            return caches.loaded_run(run)
    return caches.loaded_run(run)


def predict_or_error(run: Run, digit: np.ndarray) -> np.ndarray | None:
    """Return the run's probabilities (10,) of a uint8 (28, 28) digit; None, with an error shown, if it cannot load."""
    try:
        probabilities: np.ndarray = load_with_spinner(run).predict(digit[None])[0]
    except RunError as error:
        st.error(str(error))
        return None
    return probabilities


def show_prediction(run: Run, digit: np.ndarray | None) -> None:
    """Show the run's answer to a uint8 (28, 28) digit in large letters, and its ten probabilities as bars."""
    probabilities = None if digit is None else predict_or_error(run, digit)
    if probabilities is None:
        text, note = "–", "nothing is drawn yet" if digit is None else "this model cannot answer"
    else:
        text, note = rendering.prediction_text(probabilities)
    with st.container(key="answer"):
        st.metric("It reads", text, note, delta_color="off", delta_arrow="off", help=rendering.PREDICTION_HELP)
    st.plotly_chart(
        charts.probability_chart(np.zeros(10) if probabilities is None else probabilities),
        key="probabilities",
        config=charts.PLOTLY_CONFIG,
        alt="The probability of each of the ten digits",
    )
    st.caption("The bars change with every stroke. Two high bars: your digit looks a little like both.")


def own_runs() -> list[Run]:
    """Return the tested runs that were trained on this server, the newest first."""
    return [run for run in caches.runs() if not run.shipped and run.tested]


def shown_runs(chosen: Run, n_own: int = N_OWN_RUNS) -> list[Run]:
    """Return the chosen run, the newest `n_own` trained here, and the shipped ones that were tested on MNIST."""
    shipped = [run for run in caches.runs() if run.shipped and run.config.dataset == "mnist" and run.tested]
    return list({run.name: run for run in (chosen, *own_runs()[:n_own], *shipped)}.values())


def n_own_runs_to_show() -> int:
    """Let the visitor see all runs that were trained here, where they are many; return how many to show."""
    n_own = len(own_runs())
    if n_own <= N_OWN_RUNS:
        return n_own
    everything = st.toggle(
        f"All {n_own:,} networks trained here" if n_own <= MAX_OWN_RUNS else f"The newest {MAX_OWN_RUNS} trained here",
        key="all_own_runs",
        persist_state="session",
        help=f"Now the newest {N_OWN_RUNS} of {n_own:,} are listed beside those that come with the app. Whichever you "
        "choose under Model is always listed.",
    )
    return MAX_OWN_RUNS if everything else N_OWN_RUNS


def predict_all(runs: list[Run], digits: np.ndarray) -> tuple[dict[str, np.ndarray], list[str]]:
    """Return the probabilities (N, 10) of uint8 digits (N, 28, 28) by the name of the run, and error messages.

    There is a message for each run that cannot be loaded.
    """
    probabilities, errors = {}, []
    for run in runs:
        try:
            probabilities[run.name] = load_with_spinner(run).predict(digits)
        except RunError as error:
            errors.append(str(error))
    return probabilities, errors


def show_all_models(chosen: Run, digit: np.ndarray | None) -> None:
    """Show what every run predicts: first those that agree with the chosen one, the most confident on top."""
    st.subheader("What every model reads", anchor=False)
    if digit is None:
        st.caption("Draw a digit, and every model says what it reads: those that come with the app, and your own.")
        return
    runs = {run.name: run for run in shown_runs(chosen, n_own_runs_to_show())}
    of_digits, errors = predict_all(list(runs.values()), digit[None])
    probabilities = {name: values[0] for name, values in of_digits.items()}
    predicted = {name: int(values.argmax()) for name, values in probabilities.items()}
    answers = list(predicted.values())
    reference = predicted.get(chosen.name, max(answers, key=answers.count, default=-1))
    order = sorted(
        predicted, key=lambda name: (predicted[name] != reference, predicted[name], -probabilities[name].max())
    )
    agreeing = answers.count(reference)
    read = f"{agreeing} of {count(len(runs), 'model')} read {article(reference)}." if answers else "None could answer."
    disagreement = " Where they disagree, look at your digit: could it be either?" if agreeing < len(answers) else ""
    st.caption(f"{read}{disagreement}")
    failed = [name for name in runs if name not in predicted]
    unsure = {name: rendering.prediction_text(probabilities[name])[0] == "not sure" for name in order}
    missing, labels = ["–"] * len(failed), all_run_labels()
    st.table(
        {
            "Model": [labels[name] + (" (chosen)" if name == chosen.name else "") for name in order + failed],
            "Reads": [str(predicted[name]) for name in order] + missing,
            "Probability": [probability_text(probabilities[name].max()) for name in order] + missing,
            "Agrees": [
                ("yes" if predicted[name] == reference else "no") + (", not sure" if unsure[name] else "")
                for name in order
            ]
            + missing,
            "Test accuracy": [accuracy_text(runs[name]) for name in order + failed],
        },
        border="horizontal",
        hide_index=True,
    )
    for error in errors:
        st.caption(error)


def show_preprocessing(drawing: PreprocessedDrawing | None, skipped: bool) -> None:
    """Show the steps from the drawing to the digit."""
    st.subheader("From your drawing to what the network sees", anchor=False)
    if drawing is None:
        st.caption("Draw a digit: the steps that make it look like the digits the network learned from appear here.")
        return
    if skipped:
        st.caption("These steps are skipped now.")
    else:
        st.caption(
            "This is called preprocessing: the drawing is made to look like the digits the network learned from."
        )
    st.html(rendering.preprocessing_html(drawing.preprocessing))


def look_inside_link(run: Run, drawing: PreprocessedDrawing | None) -> None:
    """Keep the digit for the pages about one digit, and link to the one that shows it inside the network."""
    st.session_state[DRAWN_DIGIT_KEY] = None if drawing is None else drawing.preprocessed  # uint8 (28, 28)
    if drawing is not None:
        query = {"run": run.name, "from": DRAWING_SOURCE}
        shell.page_link("Look inside", "Follow it through the network", **query)

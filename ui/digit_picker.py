"""The picker of the digit that a page is about: a test digit or the visitor's drawing, kept in the URL."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from mnist_core.analysis.selection import mistakes_by_loss
from mnist_core.data import Digits
from mnist_core.runs import Run, RunError
from ui import caches, run_picker, shell, url_state
from ui.url_state import integer_or_warn

if TYPE_CHECKING:
    from torch import nn

DEFAULT_RUN = "mnist-cnn-adam"
DEFAULT_DIGIT = 0  # the test digit a new visitor meets: a plain 7
DRAWN_DIGIT_KEY = "drawn_digit"  # in the session, where the Draw page puts it
DRAWING_SOURCE = "drawing"  # in the URL
SOURCES = {"test": "Test digits", DRAWING_SOURCE: "My drawing"}


@dataclass(frozen=True)
class PickedDigit:
    """The digit that a page is about."""

    image: np.ndarray  # uint8 (28, 28)
    label: int | None  # None for a drawing


def choose_run_and_digit() -> tuple[Run, PickedDigit, "nn.Sequential"]:
    """Open a page about one digit: show the pickers of the run and the digit, and load the run's network."""
    left, right = st.columns([2, 3], gap="medium", vertical_alignment="bottom")
    with left:
        run = run_picker.choose_run(DEFAULT_RUN, ensembles=False)
    with right:
        digit = choose_digit(run)
    return run, digit, network_or_stop(run)


def choose_digit(run: Run) -> PickedDigit:
    """Show a picker among the run's test digits and the visitor's drawing, if there is one."""
    digits, drawing = test_digits(run), drawn_digit()
    if drawing is None and st.query_params.get("from") == DRAWING_SOURCE:
        st.info(
            "There is no drawing here: a drawing stays in the browser tab where it was made. "
            "A test digit is shown instead."
        )
        shell.page_link("Draw", "Draw a digit")
    with st.container(horizontal=True, vertical_alignment="bottom", key="digit_picker"):
        if drawing is not None and url_state.choice("Digit", SOURCES, "from", "test") == DRAWING_SOURCE:
            return PickedDigit(drawing, None)
        index = integer_or_warn("digit", len(digits))
        index = min(DEFAULT_DIGIT, len(digits) - 1) if index is None else index
        st.session_state["test_digit"] = index
        st.number_input(
            "Test digit",
            0,
            len(digits) - 1,
            key="test_digit",
            width=130,
            on_change=lambda: url_state.update(digit=st.session_state["test_digit"]),
            help=f"Its index among the {len(digits):,} test digits, counted from 0.",
        )
        st.button(
            "Random digit",
            key="random_digit",
            icon=":material/casino:",
            help="A test digit chosen at random.",
            on_click=lambda: url_state.update(digit=np.random.default_rng().integers(len(digits))),
        )
        st.button(
            "Next mistake",
            key="next_mistake",
            icon=":material/skip_next:",
            help="The next of the digits that the network misreads, the worst first.",
            on_click=lambda: url_state.update(digit=next_mistake(run, index, len(digits))),
        )
    return PickedDigit(digits.images[index], int(digits.labels[index]))


def available_dataset(run: Run) -> str:
    """Return the run's data set, or "sample" where MNIST is not on this machine."""
    return run.config.dataset if caches.digits_or_none(run.config.dataset, "test") else "sample"


def test_digits(run: Run) -> Digits:
    """Return the run's test digits; where they are not on this machine the sample digits, and say so on the page."""
    if available_dataset(run) != run.config.dataset:
        st.caption(
            "MNIST is not on this machine yet: the digits on this page are the sample digits (scikit-learn's "
            "8 × 8 digits, enlarged), which the network can read too."
        )
    return caches.digits(available_dataset(run), "test")


def drawn_digit() -> np.ndarray | None:
    """Return the visitor's drawing as the Draw page left it, uint8 (28, 28); None if there is none."""
    image = st.session_state.get(DRAWN_DIGIT_KEY)
    is_digit = isinstance(image, np.ndarray) and image.dtype == np.uint8 and image.shape == (28, 28)
    return image if is_digit else None


def next_mistake(run: Run, index: int, count: int) -> int:
    """Return the misclassified test digit after `index` in descending order of loss; `index` itself if there is none.

    `count` is how many test digits can be shown; mistakes on another number of digits cannot.
    """
    try:
        predictions = caches.predictions(run)
    except RunError:
        return index
    mistakes = mistakes_by_loss(predictions.log_probabilities, predictions.labels)
    if len(predictions.labels) != count or not len(mistakes):
        return index
    position = np.flatnonzero(mistakes == index)
    return int(mistakes[(position[0] + 1) % len(mistakes) if len(position) else 0])


def network_or_stop(run: Run) -> "nn.Sequential":
    """Return the network of a run that is no ensemble; where it cannot be loaded, show the reason and end the page."""
    try:
        with st.spinner("Loading the network. The first time, importing PyTorch takes a few seconds."):
            return caches.sequential(run)
    except RunError as error:
        st.error(f"{error} Choose another model.")
        st.stop()

"""The digit at hand on the pages about one digit: a test digit or the visitor's drawing, kept in the page's address."""

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

DEFAULT_DIGIT = 0  # the test digit a new visitor meets: a plain 7
DRAWING_SOURCE, DRAWN_DIGIT_KEY = (
    "drawing",
    "drawn_digit",
)  # in the address; in the session, where the Draw page puts it
SOURCES = {"test": "Test digits", DRAWING_SOURCE: "My drawing"}


@dataclass(frozen=True)
class PickedDigit:
    """The digit that a page is about."""

    image: np.ndarray  # uint8 (28, 28)
    label: int | None  # what was written; None for a drawing


def choose_run_and_digit() -> tuple[Run, PickedDigit, "nn.Sequential"]:
    """The opening of a page about one digit: pickers of the run and the digit, and the run's network."""
    left, right = st.columns([2, 3], gap="medium", vertical_alignment="bottom")
    with left:
        run = run_picker.choose_run("mnist-cnn-adam", votes=False)
    with right:
        digit = choose_digit(run)
    return run, digit, network_or_stop(run)


def choose_digit(run: Run) -> PickedDigit:
    """A picker of the digit the page is about, beside that of the run."""
    known, drawn = test_digits(run), drawn_digit()
    if drawn is None and st.query_params.get("from") == DRAWING_SOURCE:
        st.info("There is no drawing here: it stays in the tab in which it was made. Below is a test digit instead.")
        shell.page_link("Draw", "Draw a digit")
    with st.container(horizontal=True, vertical_alignment="bottom", key="hand"):
        if drawn is not None and url_state.choice("Digit", SOURCES, "from", "test") == DRAWING_SOURCE:
            return PickedDigit(drawn, None)
        index = integer_or_warn("digit", len(known))
        index = min(DEFAULT_DIGIT, len(known) - 1) if index is None else index
        st.session_state["hand_digit"] = index
        st.number_input(
            "Test digit",
            0,
            len(known) - 1,
            key="hand_digit",
            width=130,
            on_change=lambda: url_state.update(digit=st.session_state["hand_digit"]),
            help=f"Its place among the {len(known):,} test digits, counted from 0.",
        )
        st.button(
            "Any other",
            key="any",
            icon=":material/casino:",
            help="A test digit chosen by chance.",
            on_click=lambda: url_state.update(digit=np.random.default_rng().integers(len(known))),
        )
        st.button(
            "A misread one",
            key="misread_one",
            icon=":material/help:",
            help="The next of those it reads wrongly, the worst first.",
            on_click=lambda: url_state.update(digit=next_mistake(run, index, len(known))),
        )
    return PickedDigit(known.images[index], int(known.labels[index]))


def available_dataset(run: Run) -> str:
    """Whose digits can be shown for a run: its own, or the sample digits where MNIST is not on this machine."""
    return run.config.dataset if caches.digits_or_none(run.config.dataset, "test") else "sample"


def test_digits(run: Run) -> Digits:
    """The run's test digits; where they are not on this machine the sample ones, and the page says so."""
    if available_dataset(run) != run.config.dataset:
        st.caption("MNIST is not on this machine yet: the digits on this page are the sample ones, which it reads too.")
    return caches.digits(available_dataset(run), "test")


def drawn_digit() -> np.ndarray | None:
    """The visitor's drawing as the Draw page left it, uint8 (28, 28)."""
    found = st.session_state.get(DRAWN_DIGIT_KEY)
    is_digit = isinstance(found, np.ndarray) and found.dtype == np.uint8 and found.shape == (28, 28)
    return found if is_digit else None


def next_mistake(run: Run, index: int, count: int) -> int:
    """The misread test digit that comes after this one, the worst first; this one if there is none."""
    try:
        answers = caches.predictions(run)
    except RunError:
        return index
    order = mistakes_by_loss(answers.log_probabilities, answers.labels)
    if len(answers.labels) != count or not len(order):
        return index
    here = np.flatnonzero(order == index)
    return int(order[(here[0] + 1) % len(order) if len(here) else 0])


def network_or_stop(run: Run) -> "nn.Sequential":
    """The run's network; where it cannot be loaded the page says why, and ends."""
    try:
        with st.spinner("Waking the network; the first time, loading PyTorch takes some seconds."):
            return caches.model(run)
    except RunError as error:
        st.error(f"{error} Choose another model.")
        st.stop()

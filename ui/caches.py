"""Everything that is kept between reruns, each with the reason why."""

import atexit

import streamlit as st

from mnist_core import lookalikes
from mnist_core.data import Digits, load_digits
from mnist_core.fetch import Source
from mnist_core.models import Layer, describe
from mnist_core.runs import HISTORY, Predictions, Run
from mnist_core.worker import Worker


@st.cache_resource  # one for the whole server: one machine trains one network at a time, whoever pressed the button
def worker() -> Worker:
    """The training process, warm, so that the first point of a curve comes at once."""
    kept = Worker()
    kept.warm()
    atexit.register(kept.close)
    return kept


@st.cache_resource  # one for the whole server: MNIST is looked for, and fetched, once
def source() -> Source:
    """Whether MNIST is here yet."""
    return Source()


@st.cache_resource(show_spinner=False)  # one read-only copy for all readers; cache_data would copy 47 MB at each hit
def digits(dataset: str, part: str) -> Digits:
    """The digits of one part of a data set."""
    return load_digits(dataset, part)


def predictions(run: Run) -> Predictions:
    """A tested run's answers on its test set. Raises RunError when they are damaged."""
    return _predictions(str(run.folder), run.created)


@st.cache_resource(show_spinner=False, max_entries=100)  # reading them takes milliseconds, but at every click
def _predictions(folder: str, created: str) -> Predictions:
    return Run(folder).predictions


def history(run: Run) -> list[dict[str, float]]:
    """A run's history, read again only when it has grown. Raises RunError when it is damaged."""
    file = run.folder / HISTORY
    size = file.stat().st_size if file.is_file() else 0
    return _history(str(run.folder), run.created, size)


@st.cache_resource(show_spinner=False, max_entries=100)  # hundreds of lines of JSON for each of many runs
def _history(folder: str, created: str, size: int) -> list[dict[str, float]]:
    return Run(folder).history


@st.cache_resource(show_spinner=False)  # the first one waits for torch's import, the same table never again
def layers(architecture: str, dropout: float) -> list[Layer]:
    """The rows that describe a network."""
    return describe(architecture, dropout)


@st.cache_resource(show_spinner=False, max_entries=1000)  # a look at 60,000 pictures takes 60 ms; six are kept
def look_alikes(dataset: str, place: int, count: int) -> Digits:
    """The training digits that look most like this test digit, the nearest first."""
    training = digits(dataset, "train")
    nearest, _ = lookalikes.look_alikes(digits(dataset, "test").images[place], training.images, count)
    return training.take(nearest)

"""Everything that is kept between reruns, each with the reason why."""

import atexit
import contextlib
import threading
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from mnist_core import breaking, explain, lookalikes
from mnist_core.data import Digits, load_digits
from mnist_core.fetch import Source
from mnist_core.models import Layer, describe
from mnist_core.runs import HISTORY, MODEL, Predictions, Run, RunError, list_runs
from mnist_core.worker import Worker

if TYPE_CHECKING:
    from torch import nn

NEIGHBOURS = 10_000  # training digits in which the nearest are looked for: some seconds' work, not half a minute
ON_THE_MAP = 2_000  # test digits on the map of the last hidden layer
OF_RUN = {Run: lambda run: (str(run.folder), run.created)}  # what tells one run from another
LARGEST = 16_000_000  # numbers of one cached table, 64 MB: very wide layers get fewer digits


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


def reader(run: Run) -> Run:
    """The run with its network loaded, so that `predict` answers at once. Raises RunError when it cannot be loaded."""
    file = run.folder / MODEL
    loaded = _reader(str(run.folder), run.created, file.stat().st_mtime_ns if file.is_file() else 0)
    if isinstance(loaded, RunError):
        raise loaded
    return loaded


@st.cache_resource(show_spinner=False, max_entries=100)  # torch's import takes seconds, a network's file milliseconds
def _reader(folder: str, created: str, written: int) -> Run | RunError:
    import torch

    torch.set_num_threads(1)  # one digit takes a millisecond; what trains beside the app needs the other cores
    try:
        run = Run(folder)
        run.model()
        return run
    except RunError as error:  # kept too, so that a damaged file is not read again at every stroke
        return error


@st.cache_resource(show_spinner=False)  # once for the whole server, by the first visitor of a page that reads digits
def readers_are_coming() -> threading.Thread:
    """Begins to load torch and the networks that come with the app, and returns at once; alive until they are here."""
    thread = threading.Thread(target=load_readers, daemon=True)
    thread.start()
    return thread


def load_readers() -> None:
    """Load every network that comes with the app, and let each read once: the first time takes longest."""
    for run in list_runs():
        with contextlib.suppress(RunError):
            if run.shipped and run.result:
                reader(run).predict(np.zeros((1, 28, 28), np.uint8))


def model(run: Run) -> "nn.Module":
    """The network of a run, ready to answer. Raises RunError when it is missing or damaged."""
    return reader(run).model()


@st.cache_resource(
    show_spinner=False, max_entries=200, hash_funcs=OF_RUN
)  # a hundred passes for each picture, but it is looked at often
def attributions(run: Run, digit: np.ndarray, label: int) -> dict[str, np.ndarray]:
    """By the name of the method: what each pixel of a digit did for the score of `label`."""
    network = model(run)
    return {name: attribute(network, digit, label) for name, attribute in explain.ATTRIBUTIONS.items()}


@st.cache_resource(
    show_spinner=False, max_entries=100, hash_funcs=OF_RUN
)  # forty passes of twenty pictures; the epsilon slider only chooses
def attack(run: Run, name: str, digit: np.ndarray, label: int) -> tuple[np.ndarray, np.ndarray]:
    """Pictures (N, 28, 28) of 0..1 for every epsilon, and what the network believes of them (N, 10)."""
    network = model(run)
    pictures = breaking.ATTACKS[name](network, digit, label)
    return pictures, breaking.read(network, pictures)


@st.cache_resource(
    show_spinner=False, max_entries=2, hash_funcs=OF_RUN
)  # some seconds' work and up to 64 MB, the same for all visitors
def landmarks(run: Run, dataset: str) -> tuple[np.ndarray, np.ndarray]:
    """Places of some training digits, each class with its share, and their (N, D) in the last hidden layer."""
    known, network = digits(dataset, "train"), model(run)
    width = explain.embeddings(network, known.images[:1]).shape[1]
    chosen = explain.some_of_each(known.labels, min(NEIGHBOURS, LARGEST // width))
    return chosen, explain.embeddings(network, known.images[chosen])


@st.cache_resource(show_spinner=False, max_entries=10, hash_funcs=OF_RUN)  # a second's work for a few kilobytes
def plane(run: Run, dataset: str) -> tuple[np.ndarray, explain.Plane, np.ndarray]:
    """Places of some test digits, the plane on which their last hidden layer spreads most, and their (N, 2) there."""
    known, network = digits(dataset, "test"), model(run)
    chosen = explain.some_of_each(known.labels, ON_THE_MAP)
    hidden = explain.embeddings(network, known.images[chosen])
    found = explain.plane(hidden)
    return chosen, found, found.place(hidden)

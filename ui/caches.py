"""Everything that is kept between reruns, each with the reason why."""

import atexit
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from mnist_core import breaking, explain
from mnist_core.data import Digits, load_digits
from mnist_core.fetch import Source
from mnist_core.models import Layer, describe
from mnist_core.runs import Predictions, Run
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


@st.cache_resource(show_spinner=False)  # the first one waits for torch's import, the same table never again
def layers(architecture: str, dropout: float) -> list[Layer]:
    """The rows that describe a network."""
    return describe(architecture, dropout)


@st.cache_resource(show_spinner=False, max_entries=20, hash_funcs=OF_RUN)  # one for all: loading it takes a moment
def model(run: Run) -> "nn.Sequential":
    """A run's network, ready to answer. Raises RunError when it is missing or damaged."""
    import torch

    torch.set_num_threads(1)  # one digit needs no more, and a training beside it wants the other cores
    return run.model()


@st.cache_data(
    show_spinner=False, max_entries=200, hash_funcs=OF_RUN
)  # a hundred passes for each picture, but it is looked at often
def attributions(run: Run, digit: np.ndarray, label: int) -> dict[str, np.ndarray]:
    """By the name of the method: what each pixel of a digit did for the score of `label`."""
    network = model(run)
    return {name: attribute(network, digit, label) for name, attribute in explain.ATTRIBUTIONS.items()}


@st.cache_data(
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

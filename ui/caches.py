"""Everything that is kept between reruns, each with the reason why."""

import atexit
import contextlib
import threading
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from mnist_core import inference
from mnist_core.analysis import attacks, attribution, calibration, embeddings, label_errors, neighbors
from mnist_core.analysis.evaluation import Evaluation
from mnist_core.analysis.selection import mistakes_by_loss
from mnist_core.data import DataError, Digits, load_digits
from mnist_core.download import DatasetStatus
from mnist_core.execution.local import LocalExecutor
from mnist_core.models import LayerSummary, describe
from mnist_core.runs import HISTORY, MODEL, Predictions, Run, RunError, RunIndex

if TYPE_CHECKING:
    from torch import nn

N_CANDIDATES = 10_000  # training digits in which the nearest are looked for: some seconds' work, not half a minute
N_MAP_DIGITS = 2_000  # test digits on the map of the last hidden layer
HASH_RUN = {Run: lambda run: (str(run.folder), run.created)}  # what tells one run from another
MAX_TABLE_SIZE = 16_000_000  # numbers of one cached table, 64 MB: very wide layers get fewer digits


@st.cache_resource  # one for the whole server: one machine trains one network at a time, whoever pressed the button
def executor() -> LocalExecutor:
    """The training process, warm, so that the first point of a curve comes at once."""
    kept = LocalExecutor()
    kept.warm()
    atexit.register(kept.close)
    return kept


@st.cache_resource(show_spinner=False)  # one for the whole server: a thousand runs are not read again at every click
def _run_index() -> RunIndex:
    return RunIndex()


def runs() -> list[Run]:
    """Return the shipped runs in the order of their recipes, then all others, the newest first."""
    return _run_index().runs()


def find_run(name: str | None) -> Run | None:
    """Return the run of this name, if it is on this server; the name is only ever compared."""
    return _run_index().get(name)


@st.cache_resource  # one for the whole server: MNIST is looked for, and fetched, once
def dataset_status() -> DatasetStatus:
    """Whether MNIST is here yet."""
    return DatasetStatus()


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
def layers(architecture: str, dropout: float) -> list[LayerSummary]:
    """The rows that describe a network."""
    return describe(architecture, dropout)


@st.cache_resource(show_spinner=False, max_entries=1000)  # a look at 60,000 pictures takes 60 ms; six are kept
def nearest_images(dataset: str, place: int, count: int) -> Digits:
    """The training digits that look most like this test digit, the nearest first."""
    training = digits(dataset, "train")
    nearest, _ = neighbors.nearest_images(digits(dataset, "test").images[place], training.images, count)
    return training.take(nearest)


def loaded_run(run: Run) -> Run:
    """The run with its network loaded, so that `predict` answers at once. Raises RunError when it cannot be loaded."""
    file = run.folder / MODEL
    loaded = _loaded_run(str(run.folder), run.created, file.stat().st_mtime_ns if file.is_file() else 0)
    if isinstance(loaded, RunError):
        raise loaded
    return loaded


@st.cache_resource(show_spinner=False, max_entries=100)  # torch's import takes seconds, a network's file milliseconds
def _loaded_run(folder: str, created: str, written: int) -> Run | RunError:
    import torch

    torch.set_num_threads(1)  # one digit takes a millisecond; what trains beside the app needs the other cores
    try:
        run = Run(folder)
        run.model()
        return run
    except RunError as error:  # kept too, so that a damaged file is not read again at every stroke
        return error


@st.cache_resource(show_spinner=False)  # once for the whole server, by the first visitor of a page that reads digits
def preload_networks() -> threading.Thread:
    """Begins to load torch and the networks that come with the app, and returns at once; alive until they are here."""
    thread = threading.Thread(target=load_networks, daemon=True)
    thread.start()
    return thread


def load_networks() -> None:
    """Load every network that comes with the app, and let each read once: the first time takes longest."""
    for run in runs():
        with contextlib.suppress(RunError):
            if run.shipped and run.result:
                loaded_run(run).predict(np.zeros((1, 28, 28), np.uint8))


def model(run: Run) -> "nn.Module":
    """The network of a run, ready to answer. Raises RunError when it is missing or damaged."""
    return loaded_run(run).model()


@st.cache_resource(
    show_spinner=False, max_entries=200, hash_funcs=HASH_RUN
)  # a hundred passes for each picture, but it is looked at often
def attributions(run: Run, digit: np.ndarray, label: int) -> dict[str, np.ndarray]:
    """By the name of the method: what each pixel of a digit did for the score of `label`."""
    network = model(run)
    return {name: attribute(network, digit, label) for name, attribute in attribution.ATTRIBUTIONS.items()}


@st.cache_resource(
    show_spinner=False, max_entries=100, hash_funcs=HASH_RUN
)  # forty passes of twenty pictures; the epsilon slider only chooses
def attack(run: Run, name: str, digit: np.ndarray, label: int) -> tuple[np.ndarray, np.ndarray]:
    """Pictures (N, 28, 28) of 0..1 for every epsilon, and what the network believes of them (N, 10)."""
    network = model(run)
    pictures = attacks.ATTACKS[name](network, digit, label)
    return pictures, inference.pixel_probabilities(network, pictures)


@st.cache_resource(
    show_spinner=False, max_entries=2, hash_funcs=HASH_RUN
)  # some seconds' work and up to 64 MB, the same for all visitors
def neighbor_candidates(run: Run, dataset: str) -> tuple[np.ndarray, np.ndarray]:
    """Places of some training digits, each class with its share, and their (N, D) in the last hidden layer."""
    known, network = digits(dataset, "train"), model(run)
    width = embeddings.embeddings(network, known.images[:1]).shape[1]
    chosen = embeddings.stratified_sample(known.labels, min(N_CANDIDATES, MAX_TABLE_SIZE // width))
    return chosen, embeddings.embeddings(network, known.images[chosen])


@st.cache_resource(show_spinner=False, max_entries=10, hash_funcs=HASH_RUN)  # a second's work for a few kilobytes
def pca_map(run: Run, dataset: str) -> tuple[np.ndarray, embeddings.PCAProjection, np.ndarray]:
    """Places of some test digits, the plane on which their last hidden layer spreads most, and their (N, 2) there."""
    known, network = digits(dataset, "test"), model(run)
    chosen = embeddings.stratified_sample(known.labels, N_MAP_DIGITS)
    hidden = embeddings.embeddings(network, known.images[chosen])
    found = embeddings.fit_pca(hidden)
    return chosen, found, found.place(hidden)


def digits_or_none(dataset: str, part: str) -> Digits | None:
    """The digits if they are on this machine, else None: pages then leave the pictures out and say so."""
    try:
        return digits(dataset, part)
    except DataError:
        return None


def evaluation(run: Run) -> Evaluation:
    """The run's stored answers, taken apart. Raises RunError when they are damaged."""
    answers = predictions(run)
    log_probabilities, labels = answers.log_probabilities, answers.labels
    return Evaluation(
        run,
        labels,
        log_probabilities.argmax(1),
        np.exp(log_probabilities.astype(np.float64)),
        calibration.confidence(log_probabilities),
        -log_probabilities[np.arange(len(labels)), labels].astype(np.float64),
        mistakes_by_loss(log_probabilities, labels),
        label_errors.known_label_errors(run.config.dataset, labels),
    )

"""Everything that is kept between reruns, each with the reason."""

import atexit
import contextlib
import os
import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import streamlit as st

import mnist_core.snapshots
from mnist_core import inference, process
from mnist_core.analysis import attacks, attribution, calibration, embeddings, neighbors
from mnist_core.analysis.corruptions import CORRUPTIONS, SEVERITIES, corrupt
from mnist_core.analysis.evaluation import Evaluation, evaluate
from mnist_core.analysis.robustness import ROBUSTNESS, Robustness, stored_robustness
from mnist_core.config import TrainConfig
from mnist_core.data import DataError, Digits, load_digits
from mnist_core.download import DatasetStatus
from mnist_core.errors import MnistLabError
from mnist_core.execution.local import LocalExecutor
from mnist_core.execution.queue import TrainingQueue
from mnist_core.limits import Limits, read_limits
from mnist_core.logs import configure_logging
from mnist_core.models import LayerSummary, describe
from mnist_core.runs import HISTORY, MODEL, SNAPSHOTS, DamagedRun, HistoryRow, Predictions, Run, RunError, RunIndex
from mnist_core.snapshots import Snapshots
from mnist_core.visitors import Visitors
from ui import labels, magnification

if TYPE_CHECKING:
    import plotly.graph_objects as go
    from torch import nn

N_CANDIDATES = 5_000  # training digits among which neighbors are searched: takes a second, not half a minute
N_MAP_DIGITS = 2_000  # test digits on the PCA map
HASH_RUN: dict[str | type[Any], Callable[[Any], Any]] = {Run: lambda run: (str(run.folder), run.created)}
MAX_TABLE_SIZE = 8_000_000  # values of one cached table of embeddings, 32 MB: very wide layers get fewer digits


@st.cache_resource(show_spinner=False)  # one for the whole server: it decides who trains, whoever pressed the button
def queue() -> TrainingQueue:
    """Return the queue with a training process started, so that the first point of a curve comes at once."""
    queue = TrainingQueue([LocalExecutor() for _ in range(limits().slots)], limits(), _run_index().runs)
    queue.start()
    atexit.register(queue.close)
    threading.Thread(target=_give_back_memory, daemon=True).start()
    return queue


def _give_back_memory(interval: float = 60.0) -> None:
    """Return to the system, every so many seconds, what visitors who have left no longer need."""
    while True:
        time.sleep(interval)
        process.give_back_memory()


@st.cache_resource(show_spinner=False)  # read once: what is wrong with one of them is logged once
def limits() -> Limits:
    """Return what this server allows; the first line of its log may be about that."""
    configure_logging()
    return read_limits()


@dataclass(frozen=True)
class ServerMemory:
    """How much memory the app uses, in MB, by what it uses it for."""

    pages: float
    training: float

    @property
    def total(self) -> float:
        """The sum."""
        return self.pages + self.training


@st.cache_resource(show_spinner=False, ttl=5)  # the system adds it up page by page, which takes a while with torch
def server_memory() -> ServerMemory | None:
    """Return the memory of the server and of its training processes; None where the system does not tell."""
    pages, *training = [process.memory(pid) for pid in (os.getpid(), *queue().pids)]
    return ServerMemory(pages / 1e6, sum(memory or 0 for memory in training) / 1e6) if pages is not None else None


@st.cache_resource(show_spinner=False)  # one for the whole server, so that several visitors are noticed
def visitors() -> Visitors:
    """Return who has been seen on this server, and who has signed in as the teacher."""
    return Visitors()


@st.cache_resource(show_spinner=False)  # one for the whole server: a thousand runs are not read again at every click
def _run_index() -> RunIndex:
    return RunIndex()


def runs() -> list[Run]:
    """Return the shipped runs in the order of their recipes, then all others, the newest first."""
    return _run_index().runs()


def find_run(name: str | None) -> Run | None:
    """Return the run of this name, if it is on this server. The name is only compared, never used as a path."""
    return _run_index().get(name)


def owners() -> frozenset[str]:
    """Return whose runs are on this server; nobody's are left out."""
    return _run_index().owners()


def damaged_runs() -> list[DamagedRun]:
    """Return what looks like a run on this server and cannot be used, by name."""
    return _run_index().damaged()


@lru_cache(maxsize=2)  # 0.1 s for a thousand runs, at every click; the index returns the same runs until one changes
def run_labels(runs: tuple[Run, ...]) -> dict[str, str]:
    """Return the label of each of these runs by its name: see `labels.run_labels`."""
    return labels.run_labels(runs)


@st.cache_resource  # one for the whole server: MNIST is searched for, and downloaded, once
def dataset_status() -> DatasetStatus:
    """Return whether MNIST is on this machine yet."""
    return DatasetStatus()


@st.cache_resource(show_spinner=False)  # one read-only copy for all readers; cache_data would copy 47 MB at each hit
def digits(dataset: str, part: str) -> Digits:
    """Return the digits of one part ("train" or "test") of a data set. Raises DataError when they are not here."""
    return load_digits(dataset, part)


def predictions(run: Run) -> Predictions:
    """Return a tested run's predictions on its test set. Raises RunError when they are damaged."""
    return _predictions(str(run.folder), run.created)


@st.cache_resource(show_spinner=False, max_entries=100)  # reading them takes milliseconds, but at every click
def _predictions(folder: str, created: str) -> Predictions:
    return Run(folder).predictions


def robustness(run: Run) -> Robustness | None:
    """Return what a run misreads of corrupted digits; None if it was not measured. Raises RunError when damaged."""
    file = run.folder / ROBUSTNESS
    return _robustness(str(run.folder), run.created, file.stat().st_mtime_ns) if file.is_file() else None


@st.cache_resource(show_spinner=False, max_entries=100)  # 90 kB of JSON each, for several runs, at every click
def _robustness(folder: str, created: str, modified: int) -> Robustness | None:
    return stored_robustness(Run(folder))


@st.cache_resource(show_spinner=False, max_entries=2)  # imports scikit-image and takes a tenth of a second
def corruption_pictures(dataset: str) -> dict[str, np.ndarray]:
    """Return one test digit under each corruption, uint8 (28, 28), by the name of the corruption."""
    test = digits(dataset, "test")
    return {name: corrupt(test.images[:1], name)[0] for name in CORRUPTIONS}


@st.cache_resource(show_spinner=False, max_entries=30)  # seventy pictures, the same for all visitors
def corruption_strip(dataset: str, name: str) -> np.ndarray:
    """Return ten test digits, one of each, at severity 0 and at all `SEVERITIES`: uint8 (severities, 10, 28, 28)."""
    test = digits(dataset, "test")
    indices = np.array([np.flatnonzero(test.labels == digit)[0] for digit in range(10)])
    return np.stack([corrupt(test.images[indices], name, severity, indices=indices) for severity in (0.0, *SEVERITIES)])


def history(run: Run) -> list[HistoryRow]:
    """Return a run's history, read again only when it has changed. Raises RunError when it is damaged."""
    file = run.folder / HISTORY
    status = file.stat() if file.is_file() else None
    version = (status.st_ino, status.st_size) if status else (0, 0)  # it grows, or is rewritten when a run goes on
    return _history(str(run.folder), run.created, version)


@st.cache_resource(show_spinner=False, max_entries=100)  # hundreds of lines of JSON for each of many runs
def _history(folder: str, created: str, version: tuple[int, int]) -> list[HistoryRow]:
    return Run(folder).history


def snapshots(run: Run) -> Snapshots | None:
    """Return a run's snapshots, read again only when there are more of them; None for a run that has none.

    Raises RunError when the file is damaged.
    """
    file = run.folder / SNAPSHOTS
    return _snapshots(str(run.folder), run.created, file.stat().st_size) if file.is_file() else None


@st.cache_resource(show_spinner=False, max_entries=8)  # up to 8 MB each, and another one whenever a file has grown
def _snapshots(folder: str, created: str, size: int) -> Snapshots | None:
    return Run(folder).snapshots


def untrained_snapshots(config: TrainConfig, timeout: float = 0.3) -> Snapshots | None:
    """Return the one snapshot of a network with fresh weights, as a run with this config would begin with it.

    None while it is being computed, for which this waits at most `timeout` seconds. Raises DataError when the digits
    are not on this machine, ConfigError when the validation part is too small or too large.
    """
    key = _starting_point(config)
    shipped = _shipped_starts().get(key)
    if shipped is not None:
        return shipped
    try:
        return _untrained_snapshots(*key).result(timeout)
    except TimeoutError:
        return None
    except MnistLabError:
        _untrained_snapshots.clear(*key)  # it may be possible later, when MNIST has been downloaded
        raise


def _starting_point(config: TrainConfig) -> tuple[str, int | None, str, float, int]:
    """Return the settings that decide which network and which ten digits a run begins with."""
    return config.dataset, config.validation_size, config.architecture, config.dropout, config.seed


@st.cache_resource(show_spinner=False)  # files of a few kilobytes, read once: a newcomer's first page needs no torch
def _shipped_starts() -> dict[tuple[str, int | None, str, float, int], Snapshots]:
    starts = {}
    for run in runs():
        if run.shipped and isinstance(run.config, TrainConfig):
            with contextlib.suppress(RunError):
                taken = snapshots(run)
                if taken is not None:
                    starts[_starting_point(run.config)] = replace(taken, snapshots=taken.snapshots[:1])
    return starts


# Milliseconds once torch is imported, but that takes seconds, in which the page is there already.
@st.cache_resource(show_spinner=False, max_entries=50)
def _untrained_snapshots(
    dataset: str, validation_size: int | None, architecture: str, dropout: float, seed: int
) -> Future[Snapshots]:
    config = TrainConfig(
        dataset=dataset, validation_size=validation_size, architecture=architecture, dropout=dropout, seed=seed
    )

    def compute() -> Snapshots:
        import torch

        torch.set_num_threads(1)  # as in `_loaded_run`
        return mnist_core.snapshots.untrained_snapshots(config)

    return _background().submit(compute)


@st.cache_resource(show_spinner=False)  # one thread for the whole server
def _background() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1)


def layers(run: Run) -> list[LayerSummary]:
    """Return a summary of each layer of a run's network; the first call for a run without snapshots imports torch."""
    assert isinstance(run.config, TrainConfig)
    taken = snapshots(run)
    return taken.layers if taken is not None else _layers(run.config.architecture, run.config.dropout)


@st.cache_resource(show_spinner=False, max_entries=50)  # builds the network
def _layers(architecture: str, dropout: float) -> list[LayerSummary]:
    return describe(architecture, dropout)


@st.cache_resource(show_spinner=False, max_entries=1000)  # takes 60 ms among 60,000 images; few are kept
def nearest_images(dataset: str, index: int, count: int) -> Digits:
    """Return the `count` training digits most similar to the test digit of this index, the most similar first."""
    training = digits(dataset, "train")
    indices, _ = neighbors.nearest_images(digits(dataset, "test").images[index], training.images, count)
    return training.take(indices)


def loaded_run(run: Run) -> Run:
    """Return the run with its network loaded, ready to predict. Raises RunError when it cannot be loaded."""
    file = run.folder / MODEL
    modified = file.stat().st_mtime_ns if file.is_file() else 0
    loaded = _loaded_run(str(run.folder), run.created, modified, run.temperature)
    if isinstance(loaded, RunError):
        raise loaded
    return loaded


@st.cache_resource(show_spinner=False, max_entries=100)  # torch's import takes seconds, a network's file milliseconds
def _loaded_run(folder: str, created: str, modified: int, temperature: float) -> Run | RunError:
    import torch

    torch.set_num_threads(1)  # one digit takes a millisecond; the training process needs the other cores
    try:
        run = Run(folder)
        run.model()
        return run
    except RunError as error:  # cached too, so that a damaged file is not read again at every stroke
        return error


@st.cache_resource(show_spinner=False)  # once for the whole server, by the first visitor of a page that needs them
def preload_networks() -> threading.Thread:
    """Start to load torch and the shipped networks in the background; the thread is alive until they are loaded."""
    thread = threading.Thread(target=load_networks, daemon=True)
    thread.start()
    return thread


def load_networks() -> None:
    """Load every shipped network, and let each predict once: the first prediction takes longest."""
    for run in runs():
        with contextlib.suppress(RunError):
            if run.shipped and run.result:
                loaded_run(run).predict(np.zeros((1, 28, 28), np.uint8))


def model(run: Run) -> "nn.Module":
    """Return the network of a run, in evaluation mode. Raises RunError when it is missing or damaged."""
    return loaded_run(run).model()


def sequential(run: Run) -> "nn.Sequential":
    """Return the network of a run that is not an ensemble. Raises RunError when it is missing or damaged."""
    return cast("nn.Sequential", model(run))


# A hundred forward passes per digit, and the same digit is shown again and again.
@st.cache_resource(show_spinner=False, max_entries=200, hash_funcs=HASH_RUN)
def attributions(run: Run, digit: np.ndarray, label: int) -> dict[str, np.ndarray]:
    """Return the (28, 28) attribution of each pixel to the score of `label`, by method."""
    network = model(run)
    return {name: attribute(network, digit, label) for name, attribute in attribution.ATTRIBUTIONS.items()}


# Forty passes of twenty images; the epsilon slider only chooses among the results.
@st.cache_resource(show_spinner=False, max_entries=100, hash_funcs=HASH_RUN)
def attack(run: Run, name: str, digit: np.ndarray, label: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the attacked images (N, 28, 28), 0..1, for N epsilons, and the network's probabilities (N, 10)."""
    network = model(run)
    images = attacks.ATTACKS[name](network, digit, label)
    return images, inference.pixel_probabilities(network, images)


# Seconds of work and up to 32 MB, the same for all visitors.
@st.cache_resource(show_spinner=False, max_entries=4, hash_funcs=HASH_RUN)
def neighbor_candidates(run: Run, dataset: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the indices (N,) of a stratified sample of the training digits, and their embeddings (N, D)."""
    training, network = digits(dataset, "train"), sequential(run)
    width = embeddings.embeddings(network, training.images[:1]).shape[1]
    indices = embeddings.stratified_sample(training.labels, min(N_CANDIDATES, MAX_TABLE_SIZE // width))
    return indices, embeddings.embeddings(network, training.images[indices])


@st.cache_resource(show_spinner=False, max_entries=10, hash_funcs=HASH_RUN)  # a second of work for a few kilobytes
def pca_map(run: Run, dataset: str) -> tuple[np.ndarray, embeddings.PCAProjection, np.ndarray]:
    """Return the indices (N,) of a stratified sample of the test digits, the PCA of their embeddings, and their
    positions (N, 2) in it."""
    test, network = digits(dataset, "test"), sequential(run)
    indices = embeddings.stratified_sample(test.labels, N_MAP_DIGITS)
    sample = embeddings.embeddings(network, test.images[indices])
    pca = embeddings.fit_pca(sample)
    return indices, pca, pca.transform(sample)


# Once for the whole server, by the first visitor who could ask for them next; only for the run that most visitors see.
@st.cache_resource(show_spinner=False, max_entries=1, hash_funcs=HASH_RUN)
def preload_neighbors(run: Run, dataset: str) -> threading.Thread:
    """Start to compute `neighbor_candidates` and `pca_map` in the background; the thread is alive until they are."""
    thread = threading.Thread(target=load_neighbors, args=(run, dataset), daemon=True)
    thread.start()
    return thread


def load_neighbors(run: Run, dataset: str) -> None:
    """Compute a run's `neighbor_candidates` and `pca_map`; what cannot be read is reported where it is asked for."""
    with contextlib.suppress(RunError, DataError):
        neighbor_candidates(run, dataset)
        pca_map(run, dataset)


def figure(key: tuple[Hashable, ...], draw: Callable[[], "go.Figure"]) -> "go.Figure":
    """Return the figure that `draw` makes, made once for all that `key` holds. It is shared: nobody may change it.

    `key` begins with the name of the figure and has everything in it that the figure shows.
    """
    return _figure((*key, magnification.factor()), draw)


# Plotly takes 5 to 50 ms for each, more than half of a page's time, and most visitors see the same ones.
@st.cache_resource(show_spinner=False, max_entries=200)
def _figure(key: tuple[Hashable, ...], _draw: Callable[[], "go.Figure"]) -> "go.Figure":
    return _draw()


# Two hundredths of a second for scipy's intervals and the ranks, at every click on the slider beside it.
@st.cache_resource(show_spinner=False, max_entries=50, hash_funcs=HASH_RUN)
def reliability(
    run: Run, temperature: float, _evaluation: Evaluation
) -> tuple[list[calibration.Bin], float, float | None]:
    """Return the bins of the reliability diagram of a run's evaluation, the calibration error and the AUROC.

    `temperature` is the one that its confidence has, 1 as it was trained.
    """
    confidence, correct = _evaluation.confidence, _evaluation.correct
    bins = calibration.reliability_bins(confidence, correct)
    return bins, calibration.expected_calibration_error(bins), calibration.auroc(confidence, correct)


def digits_or_none(dataset: str, part: str) -> Digits | None:
    """Return the digits; None if they are not on this machine: pages then leave the pictures out and say so."""
    try:
        return digits(dataset, part)
    except DataError:
        return None


def evaluation(run: Run) -> Evaluation:
    """Return the evaluation of a tested run. Raises RunError when its predictions are damaged."""
    return evaluate(run, predictions(run))

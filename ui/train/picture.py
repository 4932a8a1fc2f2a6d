"""The living picture of the Train page: a run's snapshots, or a network before its training."""

from dataclasses import replace

import numpy as np
import streamlit as st

from mnist_core.config import TrainConfig
from mnist_core.errors import MnistLabError
from mnist_core.models import LayerSummary
from mnist_core.runs import HistoryRow, Run
from mnist_core.snapshots import PROBABILITY_SCALE, Snapshots
from mnist_core.temperature import with_temperature
from ui import caches
from ui.components.living_picture.living_picture import Number, living_picture
from ui.labels import percent

GUESSING = Number("10 %", "It is guessing: by chance, one in ten is right.")


def show_untrained(config: TrainConfig, name: str = "") -> list[LayerSummary] | None:
    """Show a network with fresh weights and return its layers; None while it is being computed what it guesses.

    Where that cannot be computed there are no layers. `name` is that of the run that is about to train it, if any.
    """
    try:
        snapshots = caches.untrained_snapshots(config)
    except MnistLabError as error:
        st.caption(str(error))
        return []
    if snapshots is None:
        st.caption("Setting up the network …")
        return None
    living_picture("picture", name or f"untrained {config}", snapshots, GUESSING)
    return snapshots.layers


def show_run(run: Run, interval: float) -> None:
    """Show a run's latest snapshots; those since the last update, `interval` seconds ago, one after the other."""
    if not isinstance(run.config, TrainConfig):
        return
    snapshots = caches.snapshots(run)
    if snapshots is not None and snapshots.snapshots:
        if run.temperature != 1:
            snapshots = with_last_confidence(snapshots, run.temperature)
        living_picture("picture", run.name, snapshots, accuracy(run, snapshots), interval=interval)
    elif run.result is None:
        show_untrained(run.config, run.name)


def with_last_confidence(snapshots: Snapshots, temperature: float) -> Snapshots:
    """Return the snapshots with one more: the last, as confident as the run is with its temperature on other pages."""
    last = snapshots.snapshots[-1]
    log_probabilities = np.log(last.probabilities.clip(min=0.5 / PROBABILITY_SCALE))
    probabilities = np.exp(with_temperature(log_probabilities, temperature))
    tested = replace(last, step=last.step + 1, probabilities=probabilities)
    return replace(snapshots, snapshots=[*snapshots.snapshots, tested])


def is_computing(config: TrainConfig) -> bool:
    """Return whether it is still being computed what an untrained network of this config guesses."""
    try:
        return caches.untrained_snapshots(config) is None
    except MnistLabError:
        return False


def accuracy(run: Run, snapshots: Snapshots) -> Number:
    """Return the accuracy of a run: on the test digits once it is tested, until then on held-out digits.

    Before the first such measurement it is that on the ten digits in the picture.
    """
    if run.result:
        test = run.result.test
        return Number(percent(test.accuracy), f"of {test.images:,} test digits, which it has never seen")
    latest = snapshots.snapshots[-1]
    rows = [row for row in caches.history(run) if "validation_accuracy" in row]
    if rows and isinstance(run.config, TrainConfig):
        return Number(f"{100 * rows[-1]['validation_accuracy']:.1f} %", validation_note(rows[-1], run.config))
    if latest.step == 0:
        return GUESSING
    correct = (latest.probabilities.argmax(1) == snapshots.labels).mean()
    return Number(f"{100 * correct:.0f} %", "of these ten digits; more are tried soon")


def validation_note(row: HistoryRow, config: TrainConfig) -> str:
    """Say on which digits the accuracy of this row was measured."""
    count = int(row.get("validation_images", config.validation_size or 0))
    return f"of {count:,} digits it does not learn from, after step {row['step']:,.0f}"

"""How far a training run is."""

import streamlit as st

from mnist_core.config import EnsembleConfig
from mnist_core.runs import Run, latest_progress
from ui import caches
from ui.labels import duration, percent
from ui.metric_row import Metric, metric_row


def progress(run: Run) -> None:
    """Show how far the run is: as many metrics as its result will have, so that nothing moves when it ends."""
    config = run.config
    if isinstance(config, EnsembleConfig):
        st.info("This ensemble has no result: it is still being tested, or was interrupted before its test.")
        return
    history = caches.history(run)
    last = latest_progress(history)
    validated = [row for row in history if "validation_accuracy" in row]
    left = last["seconds"] / last["step"] * (last["steps"] - last["step"]) if last else None
    metric_row(
        Metric("Epoch", f"{last.get('epoch', 0):.1f}", f"of {config.epochs:g}", "Passes over all training digits."),
        Metric(
            "Training accuracy",
            percent(last.get("accuracy")),
            "of the last batches",
            "On the digits it is learning from.",
        ),
        Metric(
            "Validation accuracy",
            percent(validated[-1]["validation_accuracy"] if validated else None),
            f"of {config.validation_size:,} digits held out",
            "On digits it never learns from, after each epoch. It decides which epoch's network is kept.",
        ),
        Metric("Speed", f"{last.get('images_per_second', 0):,.0f}", "digits per second", "Since the training began."),
        Metric("Time left", duration(left), "if nobody stops it", "At the speed so far."),
    )

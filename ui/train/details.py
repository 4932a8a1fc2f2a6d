"""How far a training run is, and the network it trains, layer by layer."""

from collections.abc import Sequence

import streamlit as st

from mnist_core.config import TrainConfig
from mnist_core.models import LayerSummary
from mnist_core.runs import Run, latest_progress
from ui import caches, glossary
from ui.labels import choice_title, duration


def progress_line(run: Run) -> None:
    """Say in one line how far a run is, how fast it trains and how long it will take."""
    if not isinstance(run.config, TrainConfig):
        return
    speed, last = caches.queue().speed(run), latest_progress(caches.history(run))
    if not last:
        st.caption("Ready: press “Next step”." if speed == 0 else "Getting ready: loading the digits …")
        return
    left = last["steps"] - last["step"]
    if speed is None:
        seconds = last["seconds"] / last["step"] * left
        pace = f"{last['images_per_second']:,.0f} digits per second · {duration(seconds)} left"
    else:
        pace = f"{duration(left / speed)} left at this speed" if speed else "waiting for “Next step”"
    st.caption(
        f"Step {last['step']:,.0f} of {last['steps']:,.0f} · epoch {last['epoch']:.2f} of {run.config.epochs:g} · "
        f"{pace}"
    )


def layer_table(config: TrainConfig, layers: Sequence[LayerSummary]) -> None:
    """Show the layers of the network of this config as a table, from input to output."""
    if not layers:
        return
    total = sum(layer.parameters for layer in layers)
    with st.expander(f"The network, layer by layer: {choice_title('architecture', config.architecture)}"):
        glossary.caption(
            f"{total:,} [[parameters]]. Read it from top to bottom: a digit of 1 × 28 × 28 goes in, ten "
            "[[scores|logit]] come out, and the largest score is the prediction."
        )
        st.table(
            {
                "Layer": [layer.name for layer in layers],
                "What it does": [f"{layer.kind}: {layer.description}" for layer in layers],
                "Output": ["\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}".join(map(str, layer.shape)) for layer in layers],
                "Parameters": [f"{layer.parameters:,}" if layer.parameters else "–" for layer in layers],
            },
            border="horizontal",
            hide_index=True,
        )

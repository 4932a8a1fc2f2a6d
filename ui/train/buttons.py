"""The Train and Stop buttons of the Train page, and what they do."""

import streamlit as st

from mnist_core.config import TrainConfig
from mnist_core.runs import RunError
from ui import caches


def train_and_stop_buttons(name: str, config: TrainConfig | None) -> None:
    """Show the two buttons; one that is disabled says why in its help."""
    with st.container(horizontal=True):
        train_button("Train", "train", name, config)
        st.button(
            "Stop",
            key="stop",
            width="stretch",
            icon=":material/stop:",
            disabled=caches.executor().run is None,
            on_click=stop_training,
            help="Ends the training run and keeps the best network so far.",
        )


def train_button(text: str, key: str, name: str, config: TrainConfig | None) -> None:
    """Show the button that trains this config; while that is impossible it is disabled, with the reason as its help."""
    reason = None
    if caches.executor().run:
        reason = "One network trains at a time: stop it first, or wait."
    elif config is None:
        reason = "One of the settings below is not valid."
    elif config.dataset == "mnist" and not caches.dataset_status().ready:
        reason = "MNIST is not here yet: wait, or choose the sample digits under Data."
    pressed = st.button(
        text,
        key=key,
        type="primary",
        width="stretch",
        icon=":material/play_arrow:",
        help=reason or "Trains a new network with the settings below.",
        disabled=reason is not None,
    )
    if pressed and config is not None:
        start_training(config, name)


def start_training(config: TrainConfig, recipe: str) -> None:
    """Start to train this config and show the run; show an error if it cannot be started."""
    try:
        run = caches.executor().start(config, recipe)
    except RunError as error:
        st.error(str(error))
        return
    st.query_params["run"] = run.name
    st.rerun()


def stop_training() -> None:
    """Stop what is training, whoever started it."""
    caches.executor().stop()

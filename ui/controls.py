"""What every page says about the server: which run is in view, what is training, whether MNIST is here."""

import streamlit as st

from mnist_core.data import DataError, Digits
from mnist_core.runs import Run, list_runs
from ui import caches, words


def run_in_view(recipe: str) -> Run | None:
    """The run the Train page shows: what is training now, else what the URL names, else the recipe's shipped one."""
    live = caches.worker().run
    if live is not None:
        return live
    wanted = st.query_params.get("run")
    names = {run.name: run for run in list_runs()}
    if wanted in names:
        return names[wanted]
    if wanted is not None:
        st.warning("The run in this link is not on this server; it shows the recipe's own run instead.")
    return names.get(recipe)


@st.fragment(run_every=1)
def _busy_strip(name: str) -> None:
    worker = caches.worker()
    if worker.run is None or worker.run.name != name:
        st.rerun()  # once, when it ends: every page then shows its result
    _strip(worker.run, worker.stopping)


@st.fragment(run_every=5)
def _idle_strip() -> None:
    st.caption("Nothing is training now.")
    if caches.worker().run is not None:
        st.rerun()  # somebody else pressed Train


def _strip(run: Run, stopping: bool) -> None:
    last = next((row for row in reversed(run.history) if "loss" in row), None)
    done = last["step"] / last["steps"] if last else 0.0
    text = "stopping" if stopping else "testing" if done == 1 else f"training, {done:.0%}"
    st.progress(done, text=f"**{words.label(run)}** · {text}")


def status_strip() -> None:
    """In the sidebar of every page: what is training now, wherever it was started."""
    run = caches.worker().run
    with st.container(key="strip"):
        if run is None:
            _idle_strip()
        else:
            _busy_strip(run.name)


def data_banner() -> None:
    """Above every page while MNIST is not here: what is used instead, and how to get it."""
    source = caches.source()
    source.wait(0.5)  # on this machine already? that takes a moment to check
    if not source.ready:
        _banner()


@st.fragment(run_every=1)
def _banner() -> None:
    source = caches.source()
    if source.ready:
        st.rerun()
    with st.container(key="banner", border=True):
        first = "**Sample digits, not MNIST:** the app uses 1,797 small digits that come with it, until MNIST is here."
        if source.state in ("looking", "downloading"):
            st.markdown(first)
            st.progress(source.fraction, text=f"Fetching MNIST, {source.fraction:.0%} of 11 MB")
            return
        why = "This machine is offline." if source.state == "offline" else source.sentence
        st.markdown(f"{first} {why if source.state == 'offline' else ''}")
        st.caption(
            f"{source.sentence if source.state == 'offline' else why} To get it: connect to the internet and look "
            "again, or let the environment variable MNIST_DATA_DIR name a folder that has MNIST/raw, and restart."
        )
        if st.button("Look again", key="look_again", icon=":material/refresh:"):
            source.look()


def digits_or_none(dataset: str, part: str) -> Digits | None:
    """The digits if they are on this machine, else None: pages then leave the pictures out and say so."""
    try:
        return caches.digits(dataset, part)
    except DataError:
        return None

"""What every page says about the server: what is training, and whether MNIST is here."""

import streamlit as st

from mnist_core.runs import latest_progress
from ui import caches, labels


def refresh_interval() -> float:
    """Seconds between two looks at what is training: often enough to be live, rarely enough to be cheap."""
    worker = caches.executor()
    return 5.0 if worker.run is None else 0.25 if worker.stopping else 1.0


def status_strip() -> None:
    """In the sidebar of every page: what is training now, wherever it was started."""
    run = caches.executor().run
    with st.container(key="strip"):
        st.fragment(training_status, run_every=refresh_interval())(run.name if run else None)


def training_status(name: str | None) -> None:
    """The run of this name as it stands, or that there is none; when that changes, the whole page runs again."""
    worker = caches.executor()
    run = worker.run
    if (run.name if run else None) != name:
        st.rerun()
    if run is None:
        st.caption("Nothing is training now.")
        return
    last = latest_progress(run.history)
    done = last["step"] / last["steps"] if last else 0.0
    text = "stopping" if worker.stopping else "testing" if done == 1 else f"training, {done:.0%}"
    st.progress(done, text=f"**{labels.run_label(run)}** · {text}")


def data_banner() -> None:
    """Above every page while MNIST is not here: what is used instead, and how to get it."""
    source = caches.dataset_status()
    source.wait_for_look()  # is it on this machine already? that takes a moment to check, once
    if not source.ready:
        _banner()


@st.fragment(run_every=1)
def _banner() -> None:
    source = caches.dataset_status()
    if source.ready:
        st.rerun()
    with st.container(key="banner", border=True):
        first = "**Sample digits, not MNIST:** the app uses 1,797 small digits that come with it, until MNIST is here."
        st.markdown(first)
        if source.state in ("looking", "connecting", "downloading"):
            st.progress(source.fraction, text=f"Fetching MNIST, {source.fraction:.0%} of 11 MB")
            return
        offline = "This machine seems to be offline." if source.state == "offline" else ""
        st.caption(
            f"{source.sentence} {offline} To get MNIST, connect to the internet and look again, or let the environment "
            "variable MNIST_DATA_DIR name a folder with MNIST/raw in it and start the app anew."
        )
        if st.button("Look again", key="look_again", icon=":material/refresh:"):
            source.look()

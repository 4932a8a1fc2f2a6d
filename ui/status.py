"""What every page says about the server: what is training, and whether MNIST is here."""

import streamlit as st

from mnist_core.runs import latest_progress
from ui import caches
from ui.run_name import unique_run_label


def refresh_interval() -> float:
    """Return the seconds between two updates of the training status: short while something is training."""
    executor = caches.executor()
    return 5.0 if executor.run is None else 0.25 if executor.stopping else 1.0


def status_strip() -> None:
    """Show in the sidebar what is training now, whoever started it, and keep it up to date."""
    run = caches.executor().run
    with st.container(key="training_status"):
        st.fragment(training_status, run_every=refresh_interval())(run.name if run else None)


def training_status(name: str | None) -> None:
    """Show the progress of the run of this name, or that nothing is training; rerun the page when that changes."""
    executor = caches.executor()
    run = executor.run
    if (run.name if run else None) != name:
        st.rerun()
    if run is None:
        st.caption("Nothing is training now.")
        return
    last = latest_progress(caches.history(run))
    done = last["step"] / last["steps"] if last else 0.0
    text = "stopping" if executor.stopping else "testing" if done == 1 else f"training, {done:.0%}"
    st.progress(done, text=f"**{unique_run_label(run)}** · {text}")


def data_banner() -> None:
    """Say above every page, while MNIST is not here, what is used instead and how to get it."""
    dataset = caches.dataset_status()
    dataset.wait_for_search()  # takes a moment, once: is MNIST on this machine already?
    if not dataset.ready:
        _banner()


@st.fragment(run_every=1)
def _banner() -> None:
    dataset = caches.dataset_status()
    if dataset.ready:
        st.rerun()
    with st.container(key="banner", border=True):
        st.markdown(
            "**Sample digits, not MNIST:** until MNIST is here, the app uses the 1,797 digits of 8 × 8 pixels that "
            "come with scikit-learn."
        )
        if dataset.state in ("searching", "connecting", "downloading"):
            st.progress(dataset.fraction, text=f"Downloading MNIST, {dataset.fraction:.0%} of 11 MB")
            return
        offline = "This machine seems to be offline." if dataset.state == "offline" else ""
        st.caption(
            f"{dataset.message} {offline} To get MNIST, connect to the internet and press “Look again”, or set the "
            "environment variable MNIST_DATA_DIR to a folder that contains MNIST/raw and restart the app."
        )
        if st.button("Look again", key="look_again", icon=":material/refresh:"):
            dataset.search()

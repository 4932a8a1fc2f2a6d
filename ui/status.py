"""What every page says about the server: what is training, who waits, and whether MNIST is here."""

import streamlit as st

from mnist_core.runs import Run, latest_progress
from mnist_core.text import count
from ui import caches, labels, visitor
from ui.run_name import unique_run_label

MAX_LINES = 3  # waiting runs of the visitor that the sidebar names


def refresh_interval() -> float:
    """Return the seconds between two updates of the training status: short while a run of the visitor is in it."""
    queue, mine = caches.queue(), visitor.my_run()
    if mine is not None:
        return 0.25 if queue.status(mine) in ("stopping", "pausing") else 1.0
    return 5.0 if queue.is_free else 2.0


def status_strip() -> None:
    """Show in the sidebar what is training now and what waits, and keep it up to date."""
    with st.container(key="training_status"):
        st.fragment(training_status, run_every=refresh_interval())(present_state())


def present_state() -> tuple[object, ...]:
    """Return that of the queue on which pages depend: what becomes of the visitor's runs, and whether it is busy."""
    queue = caches.queue()
    mine = [(run.name, queue.status(run)) for run in [*queue.training, *queue.waiting] if visitor.is_mine(run)]
    return queue.is_free, *sorted(mine)


def training_status(state: tuple[object, ...]) -> None:
    """Show the progress of what trains, and the visitor's places in line; rerun the page when `present_state` changes.

    The runs of others are only counted, but for what trains now.
    """
    if present_state() != state:
        st.rerun()
    queue = caches.queue()
    training, waiting = queue.training, queue.waiting
    if not training and not waiting:
        st.caption("Nothing is training now.")
        return
    for run in training:
        show_progress(run)
    mine = [run for run in waiting if visitor.is_mine(run)][:MAX_LINES]
    for run in mine:
        st.caption(f"**{unique_run_label(run)}:** {labels.place_in_words(queue.place(run))}")
    others = len(waiting) - len(mine)
    if others:
        st.caption(
            f"{count(others, 'more run' if mine else 'run')} in line." if others > 1 or mine else "1 run in line."
        )


def show_progress(run: Run) -> None:
    """Show how far a run is that trains now."""
    last = latest_progress(caches.history(run))
    done = min(last["step"] / last["steps"], 1.0) if last else 0.0
    status = caches.queue().status(run)
    text = "testing" if done == 1 and status == "training" else f"training, {done:.0%}"
    text = text if status in ("training", "testing") else status
    st.progress(done, text=f"**{unique_run_label(run)}**{visitor.whose(run)} · {text}")


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

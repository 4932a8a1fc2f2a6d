"""The worst mistakes of a run, below its result."""

import streamlit as st

from mnist_core.analysis.selection import mistakes_by_loss
from mnist_core.runs import Run, RunError
from ui import caches, images

N_MISTAKES = 10  # digits shown below a result


def show_mistakes(run: Run) -> None:
    """Show the misclassified test digits with the largest losses, if the digits are on this machine."""
    try:
        predictions = caches.predictions(run)
    except RunError as error:
        st.error(str(error))
        return
    mistakes = mistakes_by_loss(predictions.log_probabilities, predictions.labels)
    st.subheader("What it still misreads", anchor=False)
    if not len(mistakes):
        st.caption("Nothing: every test digit was read correctly.")
        return
    st.caption(
        f"{len(mistakes):,} of {len(predictions.labels):,} test digits; these have the largest loss. "
        "Written (true label) → read as (prediction)."
    )
    digits = caches.digits_or_none(run.config.dataset, "test")
    if digits is None:
        st.caption("The pictures are MNIST's, which is not on this machine yet.")
        return
    shown = mistakes[:N_MISTAKES]
    predicted = predictions.log_probabilities.argmax(1)
    with st.container(key="worst_mistakes"):
        st.image(
            [images.data_uri(images.enlarge(digits.images[index])) for index in shown],
            caption=[f"{predictions.labels[index]} → {predicted[index]}" for index in shown],
            width=84,
        )

"""The worst mistakes of a run, below its result."""

import streamlit as st

from mnist_core.analysis.selection import mistakes_by_loss
from mnist_core.runs import Run, RunError
from ui import caches, images

N_MISTAKES = 10  # digits shown below a result


def show_mistakes(run: Run) -> None:
    """The worst mistakes on the test set as pictures, if the digits are on this machine."""
    try:
        answers = run.predictions
    except RunError as error:
        st.error(str(error))
        return
    order = mistakes_by_loss(answers.log_probabilities, answers.labels)
    st.subheader("What it still misreads", anchor=False)
    if not len(order):
        st.caption("Nothing: every test digit was read correctly.")
        return
    st.caption(f"{len(order):,} of {len(answers.labels):,} test digits; these it got most wrong. Written → read as.")
    digits = caches.digits_or_none(run.config.dataset, "test")
    if digits is None:
        st.caption("The pictures are MNIST's, which is not on this machine yet.")
        return
    shown = order[:N_MISTAKES]
    read = answers.log_probabilities.argmax(1)
    with st.container(key="misread"):
        st.image(
            [images.data_uri(images.enlarge(digits.images[index])) for index in shown],
            caption=[f"{answers.labels[index]} → {read[index]}" for index in shown],
            width=84,
        )

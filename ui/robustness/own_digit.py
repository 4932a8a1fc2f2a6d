"""The visitor's own drawing under every corruption, and what a model reads in it."""

import html

import numpy as np
import streamlit as st

from mnist_core.analysis.corruptions import CORRUPTIONS, corrupt
from mnist_core.runs import Run, RunError
from mnist_core.text import count
from ui import caches, digit_picker, images
from ui.labels import article, probability_text
from ui.run_name import unique_run_label
from ui.shell import page_link


def show_own_digit(run: Run) -> None:
    """Take the digit of the Draw page through all corruptions; without one, say where to draw it."""
    st.subheader("Your own digit, damaged in 15 ways", anchor=False)
    digit = digit_picker.drawn_digit()
    if digit is None:
        st.caption("Draw a digit, come back, and see in which of these pictures it is still read.")
        page_link("Draw", "Draw a digit", run=run.name)
        return
    pictures = np.stack([digit, *(corrupt(digit[None], name)[0] for name in CORRUPTIONS)])
    try:
        with st.spinner("Loading the network. The first time, importing PyTorch takes a few seconds."):
            probabilities = caches.loaded_run(run).predict(pictures)
    except RunError as error:
        st.error(str(error))
        return
    answers = probabilities.argmax(1)
    same = int((answers[1:] == answers[0]).sum())
    st.caption(
        f"{unique_run_label(run)} reads your drawing as {article(int(answers[0]))}, and still does so in "
        f"{same} of the {count(len(CORRUPTIONS), 'picture')}. Orange: it reads something else."
    )
    titles = ["As drawn", *(corruption.title for corruption in CORRUPTIONS.values())]
    st.html(own_digit_html(pictures, titles, probabilities))


def own_digit_html(pictures: np.ndarray, titles: list[str], probabilities: np.ndarray) -> str:
    """Write uint8 digits (N, 28, 28) with their titles and answers; those that differ from the first's are marked."""
    answers = probabilities.argmax(1)
    figures = ""
    for picture, title, values, answer in zip(pictures, titles, probabilities, answers, strict=True):
        kind = "same" if answer == answers[0] else "differs"
        text = f"reads {answer}, {probability_text(float(values.max()))}"
        figures += (
            f'<figure class="{kind}"><img src="{images.data_uri(picture)}" alt="{html.escape(f"{title}: {text}")}">'
            f"<figcaption>{html.escape(title)}<br><b>{text}</b></figcaption></figure>"
        )
    return f'<div class="own-damaged">{figures}</div>'

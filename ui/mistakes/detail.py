"""One test digit in detail: what a network made of it, who else misreads it, and what it looks like."""

import numpy as np
import streamlit as st

from mnist_core.analysis import label_errors
from mnist_core.analysis.evaluation import Evaluation
from mnist_core.data import Digits
from mnist_core.runs import RunError
from ui import caches, charts, images, labels, shell, url_state
from ui.mistakes.list import digit_description

N_NEIGHBORS = 6  # look-alikes that are shown


def mistake_detail(found: Evaluation, place: int, places: np.ndarray, digits: Digits | None) -> None:
    """One digit: what it is, what the network made of it, who else misreads it, and what it looks like."""
    wrong = found.read[place] != found.labels[place]
    with st.container(key="detail"):
        with st.container(horizontal=True, vertical_alignment="center", key="detail_head"):
            if digits is not None:
                st.image(images.data_uri(images.enlarge(digits.images[place])), width=132)
            with st.container(gap="small"):
                outcome = "read as" if wrong else "and read as"
                st.subheader(f"Written {found.labels[place]}, {outcome} {found.read[place]}", anchor=False)
                st.caption(f"Test digit {place}" + ("" if wrong else ": no mistake"))
                previous_and_next(place, places)
        label_error_note(found, place)
        st.plotly_chart(
            charts.probabilities(found.probabilities[place], int(found.labels[place])),
            key="detail_probabilities",
            config=charts.PLOTLY_CONFIG,
            alt="The ten probabilities; " + digit_description(found, place),
        )
        digit_metrics(found, place)
        nearest_training_digits(found, place, digits)
        other_models(found, place)
        shell.page_link("Look inside", "See it inside the network", run=found.run.name, digit=place)


def previous_and_next(place: int, places: np.ndarray) -> None:
    """To the mistake before this one and to the next."""
    at = np.flatnonzero(places == place)
    before = int(places[at[0] - 1]) if len(at) and at[0] > 0 else None
    after = int(places[at[0] + 1]) if len(at) and at[0] + 1 < len(places) else None
    with st.container(horizontal=True, gap="small"):
        for name, other, icon in (("Worse", before, "chevron_left"), ("Next", after, "chevron_right")):
            st.button(
                name,
                key=f"to_{name.lower()}",
                icon=f":material/{icon}:",
                disabled=other is None,
                on_click=url_state.update,
                kwargs={"digit": other},
            )


def label_error_note(found: Evaluation, place: int) -> None:
    """What five people said about this digit, if its label is in doubt."""
    if place in found.doubts:
        error = found.doubts[place]
        st.warning(f"**Label in doubt: {error.verdict}.** {error.votes} ([source]({label_errors.SOURCE}))")


def digit_metrics(found: Evaluation, place: int) -> None:
    """Confidence, loss and rank of one digit."""
    rank = np.flatnonzero(found.mistakes == place)
    label = found.labels[place]
    with st.container(horizontal=True, key="detail_figures"):
        st.metric("Confidence", labels.percent(found.sure[place]), help="The largest of the ten probabilities.")
        st.metric(
            f"Gave the {label}",
            labels.percent(found.probabilities[place, label]),
            help="The probability of the label.",
        )
        st.metric(
            "Loss",
            f"{found.loss[place]:.2f}",
            help="Cross-entropy in nats: minus the natural logarithm of the label's probability. 2.30 is guessing.",
        )
        st.metric(
            "Rank",
            f"{rank[0] + 1} of {len(found.mistakes)}" if len(rank) else "–",
            help="Its place among this network's mistakes, the largest loss first.",
        )


def nearest_training_digits(found: Evaluation, place: int, digits: Digits | None) -> None:
    """The training digits that look most like this one, with their labels, if they are on this machine."""
    if digits is None:
        return
    st.markdown("**It looks like these training digits**")
    nearest = caches.nearest_images(found.run.config.dataset, place, N_NEIGHBORS)
    with st.container(key="alike"):
        st.image(
            [images.data_uri(images.enlarge(image)) for image in nearest.images],
            caption=[f"a {label}" for label in nearest.labels],
            width=52,
        )
    same = int((nearest.labels == found.labels[place]).sum())
    st.caption(
        f"The nearest of all training digits, pixel by pixel; {same} of these {len(nearest)} are a "
        f"{found.labels[place]}. A misread digit often has few neighbours of its own kind."
    )


def other_models(found: Evaluation, place: int) -> None:
    """What every other run that comes with the app says about this digit."""
    rows, label = [], found.labels[place]
    for run in caches.runs():
        if run.name == found.run.name or not run.shipped or not run.tested:
            continue
        try:
            other = caches.predictions(run)
        except RunError:
            continue
        if run.config.dataset == found.run.config.dataset and np.array_equal(other.labels, found.labels):
            answer = np.exp(other.log_probabilities[place])
            rows.append((labels.run_label(run), int(answer.argmax()), float(answer.max())))
    if not rows:
        return
    right = sum(read == label for _, read, _ in rows)
    st.markdown(f"**{right} of {len(rows)} other models read it as {label}**")
    st.table(
        {
            "Model": [name for name, _, _ in rows],
            "Reads": [f"{read} ✓" if read == label else str(read) for _, read, _ in rows],
            "Sure": [f"{100 * sure:.0f} %" for _, _, sure in rows],
        },
        border="horizontal",
        hide_index=True,
    )

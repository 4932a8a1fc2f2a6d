"""One test digit in detail: what a network made of it, who else misreads it, and what it looks like."""

import numpy as np
import streamlit as st

from mnist_core import label_errors
from mnist_core.data import Digits
from mnist_core.runs import RunError, list_runs
from ui import address, caches, controls, figures, shell, words
from ui.misread import Reading, title

ALIKE = 6  # look-alikes that are shown


def detail(found: Reading, place: int, places: np.ndarray, digits: Digits | None) -> None:
    """One digit: what it is, what the network made of it, who else misreads it, and what it looks like."""
    wrong = found.read[place] != found.labels[place]
    with st.container(key="detail"):
        with st.container(horizontal=True, vertical_alignment="center", key="detail_head"):
            if digits is not None:
                st.image(figures.address(figures.picture(digits.images[place])), width=132)
            with st.container(gap="small"):
                outcome = "read as" if wrong else "and read as"
                st.subheader(f"Written {found.labels[place]}, {outcome} {found.read[place]}", anchor=False)
                st.caption(f"Test digit {place}" + ("" if wrong else ": no mistake"))
                steps(place, places)
        doubt(found, place)
        st.plotly_chart(
            figures.probabilities(found.probabilities[place], int(found.labels[place])),
            key="detail_probabilities",
            config=figures.NO_BAR,
            alt="The ten probabilities; " + title(found, place),
        )
        numbers(found, place)
        look_alikes(found, place, digits)
        others(found, place)
        shell.link("Look inside", "See it inside the network", run=found.run.name, digit=place)


def steps(place: int, places: np.ndarray) -> None:
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
                on_click=address.change,
                kwargs={"digit": other},
            )


def doubt(found: Reading, place: int) -> None:
    """What five people said about this digit, if its label is in doubt."""
    if place in found.doubts:
        error = found.doubts[place]
        st.warning(f"**Label in doubt: {error.verdict}.** {error.votes} ([source]({label_errors.SOURCE}))")


def numbers(found: Reading, place: int) -> None:
    """Confidence, loss and rank of one digit."""
    rank = np.flatnonzero(found.mistakes == place)
    label = found.labels[place]
    with st.container(horizontal=True, key="detail_figures"):
        st.metric("Confidence", words.percent(found.sure[place]), help="The largest of the ten probabilities.")
        st.metric(
            f"Gave the {label}",
            words.percent(found.probabilities[place, label]),
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


def look_alikes(found: Reading, place: int, digits: Digits | None) -> None:
    """The training digits that look most like this one, with their labels, if they are on this machine."""
    if digits is None:
        return
    st.markdown("**It looks like these training digits**")
    nearest = caches.look_alikes(found.run.config.dataset, place, ALIKE)
    with st.container(key="alike"):
        st.image(
            [figures.address(figures.picture(image)) for image in nearest.images],
            caption=[f"a {label}" for label in nearest.labels],
            width=52,
        )
    same = int((nearest.labels == found.labels[place]).sum())
    st.caption(
        f"The nearest of all training digits, pixel by pixel; {same} of these {len(nearest)} are a "
        f"{found.labels[place]}. A misread digit often has few neighbours of its own kind."
    )


def others(found: Reading, place: int) -> None:
    """What every other run that comes with the app says about this digit."""
    rows, label = [], found.labels[place]
    for run in list_runs():
        if run.name == found.run.name or not run.shipped or not controls.is_tested(run):
            continue
        try:
            other = caches.predictions(run)
        except RunError:
            continue
        if run.config.dataset == found.run.config.dataset and np.array_equal(other.labels, found.labels):
            answer = np.exp(other.log_probabilities[place])
            rows.append((words.label(run), int(answer.argmax()), float(answer.max())))
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

"""Digits of a test set to look through: a gallery with pages, and one of them large with what runs made of it."""

from collections.abc import Callable

import numpy as np
import streamlit as st

from mnist_core.data import Digits
from mnist_core.runs import Predictions, Run
from ui import caches, charts, images, shell, url_state
from ui.components.gallery.gallery import gallery
from ui.labels import percent

PAGE_SIZE = 24  # digits at once: four rows beside the matrix on a laptop
NO_IMAGES = (
    "The pictures are MNIST's, which is not on this machine yet: connect to the internet and press “Look again” "
    "above, or let the environment variable MNIST_DATA_DIR name a folder with MNIST/raw in it."
)


def available_test_digits(run: Run, labels: np.ndarray) -> Digits | None:
    """The digits a run was tested on, if they are on this machine and have the labels that its answers are about."""
    digits = caches.digits_or_none(run.config.dataset, "test")
    return digits if digits is not None and np.array_equal(digits.labels, labels) else None


def digit_in_url(count: int) -> int | None:
    """The test digit that the address names, if there is one among `count`; if there is no such digit, it says so."""
    if url_state.is_invalid_integer("digit", count):
        st.warning(f"The digit in this link does not exist: the test set ends at {count - 1}.")
    return url_state.integer("digit", count)


def paged_gallery(
    key: str,
    about: str,
    places: np.ndarray,
    answers: Predictions,
    digits: Digits | None,
    caption: Callable[[int, int, float], str],
    selected: int | None,
) -> int | None:
    """The digits at these places, some at a time; gives the one that is large now: just clicked, or `selected`.

    `caption` makes the words below a digit of what was written, what was read and how certain (0..1). The address
    keeps the page as `page_<key>`. Without pictures there is a table of the same.
    """
    read = answers.log_probabilities.argmax(1)
    certain = np.exp(answers.log_probabilities.max(1).astype(np.float64))
    if digits is None:
        rows = places[:1000]
        table = {"Test digit": rows, "Written": answers.labels[rows], "Read as": read[rows]}
        st.dataframe(table | {"Certain": certain[rows]}, hide_index=True, height=280, alt=about, key=f"table_{key}",
                     column_config={"Certain": st.column_config.NumberColumn(format="percent")})  # fmt: skip
        return selected
    pages = max(1, -(-len(places) // PAGE_SIZE))
    parameter = f"page_{key}"
    page = url_state.integer(parameter, pages + 1, 1) or page_containing(selected, places)
    shown = places[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    seen = [(int(place), int(answers.labels[place]), int(read[place]), float(certain[place])) for place in shown]
    clicked = gallery(
        f"digits_{key}",
        about,
        list(shown),
        digits.images[shown],
        [caption(*digit) for _, *digit in seen],
        [f"Test digit {place}: written {w}, read as {r} with {100 * sure:.0f} %" for place, w, r, sure in seen],
        selected=selected,
    )
    if pages > 1:
        pagination = f"pagination_{key}_{page}"  # one for each page, so that it shows what the address says
        st.pagination(
            pages,
            default=page,
            key=pagination,
            on_change=lambda: url_state.update(**{parameter: st.session_state[pagination], "digit": None}),
        )
    if clicked is not None and clicked != selected:
        url_state.update(digit=clicked, **{parameter: page})
        return clicked
    return selected


def page_containing(selected: int | None, places: np.ndarray) -> int:
    """The page that the chosen digit is on, else the first."""
    found = np.flatnonzero(places == selected) if selected is not None else ()
    return int(found[0]) // PAGE_SIZE + 1 if len(found) else 1


def digit_detail(place: int, digits: Digits | None, runs: dict[str, tuple[Run, Predictions]]) -> None:
    """One test digit large, with each run's ten probabilities; `runs` go from their titles."""
    written = int(next(iter(runs.values()))[1].labels[place])
    st.subheader(f"Test digit {place}, written {written}", anchor=False)
    with st.container(key="detail", horizontal=True):
        if digits is not None:
            with st.container(key="large", width=176):
                st.image(images.data_uri(images.enlarge(digits.images[place])), width=168)
        for number, (name, (_, answers)) in enumerate(runs.items()):
            values = np.exp(answers.log_probabilities[place].astype(np.float64))
            read = int(values.argmax())
            with st.container(width=360):
                st.caption(f"**{name}** reads {read} with {percent(values[read])}.")
                st.plotly_chart(
                    charts.probabilities(values, written),
                    key=f"probabilities_{number}",
                    config=charts.PLOTLY_CONFIG,
                    alt=f"Ten probabilities of {name}: " + ", ".join(f"{d} {v:.1%}" for d, v in enumerate(values)),
                )
    st.caption(
        "What to notice: the blue bar is the digit that was written, an orange one the digit it was taken for. Each "
        "bar is the share of its belief that the network gives to that digit: e to the power of its score, divided by "
        "the sum of that over all ten."
    )
    for name, (run, _) in runs.items():
        shell.page_link("Mistakes", f"This digit among the mistakes of {name}", run=run.name, digit=place)

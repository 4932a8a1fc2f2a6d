"""Look through digits of a test set: a gallery with pages, and one large digit with the predictions of runs."""

from collections.abc import Callable

import numpy as np
import streamlit as st

from mnist_core.data import Digits
from mnist_core.runs import Predictions, Run
from ui import caches, charts, glossary, images, shell, url_state
from ui.components.gallery.gallery import gallery
from ui.labels import percent

PAGE_SIZE = 24  # digits: four rows beside the matrix on a laptop
MAX_TABLE_ROWS = 1000
NO_IMAGES = (
    "The pictures are from MNIST, which is not on this machine yet: connect to the internet and press “Look again” "
    "above, or set the environment variable MNIST_DATA_DIR to a folder that contains MNIST/raw."
)


def default_run() -> str:
    """Return the run that a page of pictures shows first: "fast", or without MNIST one whose digits are here."""
    if caches.digits_or_none("mnist", "test") is not None:
        return "fast"
    tested = (run for run in caches.runs() if run.tested)
    here = (run.name for run in tested if caches.digits_or_none(run.config.dataset, "test") is not None)
    return next(here, "fast")


def available_test_digits(run: Run, labels: np.ndarray) -> Digits | None:
    """Return the digits a run was tested on, or None if they are not on this machine or have other labels."""
    digits = caches.digits_or_none(run.config.dataset, "test")
    return digits if digits is not None and np.array_equal(digits.labels, labels) else None


def digit_in_url(count: int) -> int | None:
    """Return the index of the test digit in the URL; if it is not one of `count`, say so and return None."""
    if url_state.is_invalid_integer("digit", count):
        st.warning(f"The digit in this link does not exist: the test set ends at {count - 1}.")
    return url_state.integer("digit", count)


def paged_gallery(
    key: str,
    label: str,
    indices: np.ndarray,
    predictions: Predictions,
    digits: Digits | None,
    caption: Callable[[int, int, float], str],
    selected: int | None,
) -> int | None:
    """Show the digits with these indices, a page at a time; return the one that was just clicked, else `selected`.

    `caption` makes the text below a digit from its label, its prediction and the confidence of that (0..1). The URL
    keeps the page as `page_<key>`. Without pictures the digits are listed in a table.
    """
    predicted = predictions.log_probabilities.argmax(1)
    confidence = np.exp(predictions.log_probabilities.max(1).astype(np.float64))
    if digits is None:
        rows = indices[:MAX_TABLE_ROWS]
        columns = {
            "Test digit": rows,
            "Written": predictions.labels[rows],
            "Read as": predicted[rows],
            "Confidence": confidence[rows],
        }
        st.dataframe(
            columns,
            hide_index=True,
            height=280,
            alt=label,
            key=f"table_{key}",
            column_config={
                "Confidence": st.column_config.NumberColumn(format="percent", help=glossary.help("confidence"))
            },
        )
        return selected
    pages = max(1, -(-len(indices) // PAGE_SIZE))
    parameter = f"page_{key}"
    page = url_state.integer(parameter, pages + 1, 1) or page_containing(selected, indices)
    shown = [int(index) for index in indices[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]]
    captions, titles = [], []
    for index in shown:
        digit = int(predictions.labels[index]), int(predicted[index]), float(confidence[index])
        captions.append(caption(*digit))
        titles.append("Test digit {}: written {}, read as {} with {:.0%} confidence".format(index, *digit))
    clicked = gallery(
        f"digits_{key}", label, shown, digits.images[shown], captions, titles, selected=selected, reveals="detail"
    )
    if pages > 1:
        pagination = f"pagination_{key}_{page}"  # a key for each page, because only a new widget takes its default
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


def page_containing(selected: int | None, indices: np.ndarray) -> int:
    """Return the page of the gallery that the selected digit is on, counted from 1; the first if it is on none."""
    matches = [] if selected is None else np.flatnonzero(indices == selected).tolist()
    return matches[0] // PAGE_SIZE + 1 if matches else 1


def digit_detail(index: int, digits: Digits | None, runs: dict[str, tuple[Run, Predictions]]) -> None:
    """Show one test digit large, with the ten probabilities of each run; `runs` are keyed by their labels."""
    true_label = int(next(iter(runs.values()))[1].labels[index])
    with st.container(key="detail"):
        _digit_with_probabilities(index, true_label, digits, runs)
        glossary.caption(
            "Blue is the digit that was written, orange the one it was taken for. The ten probabilities add up to "
            "100 % (softmax)."
        )
        for label, (run, predictions) in runs.items():
            if predictions.log_probabilities[index].argmax() != true_label:
                shell.page_link("Mistakes", f"This digit among the mistakes of {label}", run=run.name, digit=index)


def _digit_with_probabilities(
    index: int, true_label: int, digits: Digits | None, runs: dict[str, tuple[Run, Predictions]]
) -> None:
    st.subheader(f"Test digit {index}, written {true_label}", anchor=False)
    with st.container(horizontal=True):
        if digits is not None:
            with st.container(key="large", width=176):
                st.image(images.data_uri(images.enlarge(digits.images[index])), width=168, alt=f"Test digit {index}")
        for number, (label, (_, predictions)) in enumerate(runs.items()):
            probabilities = np.exp(predictions.log_probabilities[index].astype(np.float64))
            predicted = int(probabilities.argmax())
            with st.container(width=360):
                st.markdown(f"{label} reads **{predicted}** with {percent(probabilities[predicted])} confidence.")
                st.plotly_chart(
                    charts.probability_chart(probabilities, true_label),
                    key=f"probabilities_{number}",
                    config=charts.PLOTLY_CONFIG,
                    alt=f"Ten probabilities of {label}: "
                    + ", ".join(f"{digit} {value:.1%}" for digit, value in enumerate(probabilities)),
                )

"""The mistakes of one run: how many there are, which of them are in view, as pictures and as a table."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from mnist_core.analysis import label_errors
from mnist_core.analysis.evaluation import Evaluation
from mnist_core.data import Digits
from ui import images, labels, metric_row, url_state
from ui.components.gallery.gallery import gallery

VIEWS = {"gallery": "Gallery", "table": "Table", "quiz": "Quiz"}
CONFIDENT_PERCENT = 70  # percent: from here on a wrong answer counts as confident
FILTERS = {"all": "All", "confident": "Confident but wrong", "doubt": "Label in doubt"}
DIGIT_OPTIONS = ("any", *map(str, range(10)))
MAX_IMAGES = 500  # pictures in the gallery: more make the page slow, and nobody looks at them all
GRID_KEY, TABLE_KEY = "mistake_grid", "mistake_table"  # keys of the two ways to choose a digit


@dataclass(frozen=True)
class Filter:
    """Which of the mistakes are wanted."""

    written: int | None = None
    read: int | None = None
    kind: str = "all"
    sure: tuple[int, int] = (0, 100)  # percent


def choose_filter(found: Evaluation) -> Filter:
    """The widgets that say which mistakes are wanted; the address keeps the choice."""
    state = st.session_state
    kinds = [kind for kind in FILTERS if kind != "doubt" or found.doubts]
    low, high = url_state.integer("from", 101) or 0, url_state.integer("to", 101)
    high = 100 if high is None or high < low else high
    state["mistakes_kind"] = url_state.one_of("filter", kinds)
    state["mistakes_true"], state["mistakes_read"] = (
        url_state.one_of("true", DIGIT_OPTIONS),
        url_state.one_of("read", DIGIT_OPTIONS),
    )
    state["mistakes_sure"] = (low, high)
    with st.container(horizontal=True, vertical_alignment="bottom", key="mistake_filters"):
        st.pills(
            "Show",
            kinds,
            format_func=FILTERS.get,
            key="mistakes_kind",
            required=True,
            on_change=on_filter_change,
            help=f"Confident but wrong: at least {CONFIDENT_PERCENT} % sure of the wrong answer. Label in doubt: "
            "one of the 15 digits whose given label most of five people did not confirm.",
        )
        st.selectbox(
            "Written", DIGIT_OPTIONS, key="mistakes_true", on_change=on_filter_change, width=90, help="The label."
        )
        st.selectbox(
            "Read as", DIGIT_OPTIONS, key="mistakes_read", on_change=on_filter_change, width=90, help="The answer."
        )
        st.slider(
            "Confidence",
            *(0, 100),
            format="%d %%",
            key="mistakes_sure",
            on_change=on_filter_change,
            width=145,
            help="The probability that the network gave its own answer.",
        )
    chosen = [None if state[key] == "any" else int(state[key]) for key in ("mistakes_true", "mistakes_read")]
    return Filter(*chosen, state["mistakes_kind"], state["mistakes_sure"])


def on_filter_change() -> None:
    """Write all of the filter into the address, so that quick changes do not undo each other; begin at the worst."""
    state = st.session_state
    low, high = state["mistakes_sure"]
    url_state.update(
        **{
            "filter": None if state["mistakes_kind"] == "all" else state["mistakes_kind"],
            "true": None if state["mistakes_true"] == "any" else state["mistakes_true"],
            "read": None if state["mistakes_read"] == "any" else state["mistakes_read"],
            "from": low or None,
            "to": None if high == 100 else high,
            "digit": None,
        }
    )


def filter_mistakes(found: Evaluation, wanted: Filter) -> np.ndarray:
    """The positions of the mistakes that are wanted, the worst first."""
    places = found.mistakes
    percent = 100 * found.sure[places]
    keep = (percent >= wanted.sure[0]) & (percent <= wanted.sure[1])
    if wanted.written is not None:
        keep &= found.labels[places] == wanted.written
    if wanted.read is not None:
        keep &= found.read[places] == wanted.read
    if wanted.kind == "confident":
        keep &= percent >= CONFIDENT_PERCENT
    if wanted.kind == "doubt":
        keep &= np.isin(places, list(found.doubts))
    return places[keep]


def selected_digit(found: Evaluation, places: np.ndarray) -> int | None:
    """The digit that was just clicked, else the one in the address, else the worst of these; None if there is none."""
    clicked = (st.session_state.get(GRID_KEY) or {}).get("clicked")
    if clicked in places:
        url_state.update(digit=clicked)
        return int(clicked)
    linked = url_state.integer("digit", len(found.labels))
    if linked is None and "digit" in st.query_params:
        st.warning(f"There is no such test digit: they are numbered from 0 to {len(found.labels) - 1:,}.")
    if linked is not None:
        return linked
    return int(places[0]) if len(places) else None


def summary(found: Evaluation) -> None:
    """How many are wrong, the official accuracy, and the one without the labels in doubt, each clearly named."""
    wrong, count, doubts = len(found.mistakes), len(found.labels), found.doubts
    confident = int((found.sure[found.mistakes] >= CONFIDENT_PERCENT / 100).sum())
    low, high = found.run.outcome.test.interval
    with st.container(key="mistake_numbers"):
        metric_row.metric_row(
            (
                "Test accuracy",
                labels.percent((count - wrong) / count),
                f"official: all {count:,} labels as given",
                "Digits read as they are labelled, divided by all test digits. 95 % interval: "
                f"{100 * low:.2f} to {100 * high:.2f} %.",
            ),
            *([accuracy_without_label_errors(found)] if doubts else []),
            (
                "Mistakes",
                f"{wrong:,}",
                f"{len(set(doubts) & set(found.mistakes.tolist()))} of them with a label in doubt" if doubts else "",
                "Test digits whose largest probability is not that of their label.",
            ),
            (
                "Confident but wrong",
                f"{confident:,}",
                f"at least {CONFIDENT_PERCENT} % sure",
                f"Mistakes in which the wrong answer has a probability of {CONFIDENT_PERCENT} % or more.",
            ),
        )


def accuracy_without_label_errors(found: Evaluation) -> metric_row.Metric:
    """The accuracy that leaves the labels in doubt out."""
    out, count = len(found.doubts), len(found.labels)
    return (
        "Without labels in doubt",
        labels.percent(label_errors.accuracy_without(found.read, found.labels, found.doubts)),
        f"not official: {out} digits left out",
        f"The same share of the other {count - out:,} digits: the {out} whose given label most of five people did not "
        "confirm count neither as right nor as wrong. Compare published results by the official figure. Source: "
        f"{label_errors.SOURCE}.",
    )


def digit_description(found: Evaluation, place: int) -> str:
    """One digit in words, for a screen reader and a resting mouse."""
    doubt = ", label in doubt" if place in found.doubts else ""
    return (
        f"Test digit {place}: written {found.labels[place]}, read as {found.read[place]}, "
        f"{found.sure[place]:.0%} sure{doubt}"
    )


def mistake_grid(found: Evaluation, places: np.ndarray, digits: Digits | None, selected: int | None) -> None:
    """The mistakes as pictures to click; without the pictures, as black squares with their captions."""
    shown = places[:MAX_IMAGES]
    images = digits.images[shown] if digits is not None else np.zeros((len(shown), 28, 28), np.uint8)
    with st.container(key="mistake_scroll"):
        gallery(
            GRID_KEY,
            "The mistakes, the worst first",
            shown.tolist(),
            images,
            [f"{found.labels[place]} → {found.read[place]}" for place in shown],
            [digit_description(found, place) for place in shown],
            selected=selected,
            marked=list(found.doubts),
            size=56 if digits is not None else 24,
        )
    if len(places) > MAX_IMAGES:
        st.caption(f"These are the worst {MAX_IMAGES} of {len(places):,}; the table lists all of them.")


COLUMNS = {
    "Digit": st.column_config.NumberColumn(format="%d", width=60, help="Its place in the test set, counted from 0."),
    "Picture": st.column_config.ImageColumn(width=60),
    "Written": st.column_config.NumberColumn(width=68, help="The label."),
    "Read as": st.column_config.NumberColumn(width=68, help="The network's answer."),
    "Confidence": st.column_config.NumberColumn(format="%.1f %%", width=85, help="The probability of the answer."),
    "Loss": st.column_config.NumberColumn(
        format="%.2f",
        width=55,
        help="Cross-entropy in nats: minus the natural logarithm of the label's probability.",
    ),
    "Label in doubt": st.column_config.TextColumn(help="What five people said who were asked."),
}


def mistake_table(found: Evaluation, places: np.ndarray, digits: Digits | None) -> None:
    """The mistakes as rows to sort and click."""

    def clicked() -> None:
        cells = st.session_state[TABLE_KEY]["selection"]["cells"]
        if cells and cells[0][0] < len(places):
            url_state.update(digit=places[cells[0][0]])

    shown = digits is not None and len(places) <= MAX_IMAGES
    columns = {
        "Digit": places,  # not the pictures: in a first column Streamlit 1.67 draws them only when a mouse comes
        "Picture": [images.data_uri(digits.images[place]) if shown else None for place in places],
        "Written": found.labels[places],
        "Read as": found.read[places],
        "Confidence": 100 * found.sure[places],
        "Loss": found.loss[places],
        "Label in doubt": [found.doubts[place].verdict if place in found.doubts else "" for place in places.tolist()],
    }
    st.dataframe(
        pd.DataFrame(columns if shown else {name: columns[name] for name in columns if name != "Picture"}),
        column_config=COLUMNS,
        hide_index=True,
        row_height=40,
        height=min(40 * len(places) + 42, 560),
        on_select=clicked,
        selection_mode="single-cell",
        key=TABLE_KEY,
        alt="The mistakes with label, answer, confidence and loss",
    )

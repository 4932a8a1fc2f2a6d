"""The mistakes of one run: the summary, the filter, and the mistakes as pictures and as a table."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from mnist_core.analysis import label_errors
from mnist_core.analysis.evaluation import Evaluation
from mnist_core.data import Digits
from mnist_core.text import count
from ui import glossary, images, labels, url_state
from ui.components.gallery.gallery import gallery
from ui.metric_row import Metric, metric_row

VIEWS = {"gallery": "Gallery", "table": "Table", "quiz": "Quiz"}
CONFIDENT_PERCENT = 70  # a mistake of at least this confidence counts as confident
FILTERS = {"all": "All", "confident": "Confident but wrong", "doubt": "Label in doubt"}
DOUBT_HELP = "One of the 15 digits whose given label fewer than three of five people confirmed."
DIGIT_OPTIONS = ("any", *map(str, range(10)))
PAGE_SIZE = 42  # pictures in the gallery at first, and more with each press of a button: six rows on a laptop
MAX_IMAGES = 500  # pictures in the table: more make the page slow, and nobody looks at them all
GRID_KEY, TABLE_KEY = "mistake_grid", "mistake_table"  # of the two widgets in which a digit is clicked
LIST_KEY = "mistake_list"  # of the container with one of them


@dataclass(frozen=True)
class Filter:
    """Which mistakes to list; None means any digit."""

    true_label: int | None = None
    predicted: int | None = None
    kind: str = "all"  # a key of FILTERS
    confidence: tuple[int, int] = (0, 100)  # percent, both ends included


def choose_filter(evaluation: Evaluation) -> Filter:
    """Show the widgets that filter the mistakes and return the filter, which the URL keeps."""
    state = st.session_state
    kinds = [kind for kind in FILTERS if kind != "doubt" or evaluation.label_errors]
    low, high = url_state.integer("from", 101) or 0, url_state.integer("to", 101)
    high = 100 if high is None or high < low else high
    state["mistakes_kind"] = url_state.one_of("filter", kinds)
    state["mistakes_true_label"] = url_state.one_of("true", DIGIT_OPTIONS)
    state["mistakes_predicted"] = url_state.one_of("read", DIGIT_OPTIONS)
    state["mistakes_confidence"] = (low, high)
    with st.container(horizontal=True, vertical_alignment="bottom", key="mistake_filters"):
        st.pills(
            "Show",
            kinds,
            format_func=lambda kind: FILTERS[kind],
            key="mistakes_kind",
            required=True,
            on_change=on_filter_change,
            help=f"Confident but wrong: mistakes of which it was at least {CONFIDENT_PERCENT} % sure. Label in doubt: "
            f"{DOUBT_HELP[0].lower()}{DOUBT_HELP[1:]}",
        )
        st.selectbox(
            "Written",
            DIGIT_OPTIONS,
            key="mistakes_true_label",
            on_change=on_filter_change,
            width=90,
            help="The true label.",
        )
        st.selectbox(
            "Read as",
            DIGIT_OPTIONS,
            key="mistakes_predicted",
            on_change=on_filter_change,
            width=90,
            help="The prediction.",
        )
        st.slider(
            "Confidence",
            0,
            100,
            format="%d %%",
            key="mistakes_confidence",
            on_change=on_filter_change,
            width=145,
            help="The probability of the predicted digit.",
        )
    true_label, predicted = (
        None if state[key] == "any" else int(state[key]) for key in ("mistakes_true_label", "mistakes_predicted")
    )
    return Filter(true_label, predicted, state["mistakes_kind"], state["mistakes_confidence"])


def on_filter_change() -> None:
    """Write the whole filter into the URL, so that quick changes do not undo each other, and close the open digit."""
    state = st.session_state
    low, high = state["mistakes_confidence"]
    url_state.update(
        **{
            "filter": None if state["mistakes_kind"] == "all" else state["mistakes_kind"],
            "true": None if state["mistakes_true_label"] == "any" else state["mistakes_true_label"],
            "read": None if state["mistakes_predicted"] == "any" else state["mistakes_predicted"],
            "from": low or None,
            "to": None if high == 100 else high,
            "digit": None,
            "shown": None,
        }
    )


def filter_mistakes(evaluation: Evaluation, mistake_filter: Filter) -> np.ndarray:
    """Return the indices of the mistakes that pass the filter, the largest loss first."""
    mistakes = evaluation.mistakes
    percent = 100 * evaluation.confidence[mistakes]
    low, high = mistake_filter.confidence
    passes = (percent >= low) & (percent <= high)
    if mistake_filter.true_label is not None:
        passes &= evaluation.labels[mistakes] == mistake_filter.true_label
    if mistake_filter.predicted is not None:
        passes &= evaluation.predicted[mistakes] == mistake_filter.predicted
    if mistake_filter.kind == "confident":
        passes &= percent >= CONFIDENT_PERCENT
    if mistake_filter.kind == "doubt":
        passes &= np.isin(mistakes, list(evaluation.label_errors))
    return mistakes[passes]


def selected_digit(evaluation: Evaluation, indices: np.ndarray) -> int | None:
    """Return the digit that was just clicked, else the one in the URL, else the first of `indices`, if there is one."""
    clicked = (st.session_state.get(GRID_KEY) or {}).get("clicked")
    if clicked is not None and clicked in indices:
        url_state.update(digit=clicked)
        return int(clicked)
    linked = url_state.integer("digit", len(evaluation.labels))
    if linked is None and "digit" in st.query_params:
        st.warning(f"There is no such test digit: they are numbered from 0 to {len(evaluation.labels) - 1:,}.")
    if linked is not None:
        return linked
    return int(indices[0]) if len(indices) else None


def summary(evaluation: Evaluation) -> None:
    """Say how many test digits are misread, and the accuracy with and without the labels in doubt under Details."""
    n_mistakes, n_digits, errors = len(evaluation.mistakes), len(evaluation.labels), evaluation.label_errors
    n_confident = int((evaluation.confidence[evaluation.mistakes] >= CONFIDENT_PERCENT / 100).sum())
    n_in_doubt = int(np.isin(evaluation.mistakes, list(errors)).sum())
    accuracy = labels.percent((n_digits - n_mistakes) / n_digits)
    with st.container(key="mistake_numbers", horizontal=True, vertical_alignment="center"):
        st.metric(
            "Mistakes",
            f"{n_mistakes:,}",
            width="content",
            help="Test digits for which the most probable digit is not the true label.",
        )
        sure = f"It was at least {CONFIDENT_PERCENT} % sure of {n_confident or 'none'} of them." if n_mistakes else ""
        st.markdown(f"in {n_digits:,} test digits: it reads {accuracy} correctly. {sure}")
        with st.popover("Details"):
            metric_row(
                Metric(
                    "Test accuracy",
                    accuracy,
                    f"official: all {n_digits:,} labels as given",
                    "Correctly classified digits divided by all test digits. 95 % interval: "
                    f"{labels.interval(*evaluation.run.outcome.test.interval)} %.",
                ),
                *([accuracy_without_label_errors(evaluation)] if errors else []),
                Metric(
                    "Confident but wrong",
                    f"{n_confident:,}",
                    f"at least {CONFIDENT_PERCENT} % sure",
                    f"Mistakes in which the wrong digit has a probability of {CONFIDENT_PERCENT} % or more.",
                ),
                *(
                    [Metric("Label in doubt", f"{n_in_doubt:,}", f"of {n_mistakes:,} mistakes", DOUBT_HELP)]
                    if errors
                    else []
                ),
            )


def accuracy_without_label_errors(evaluation: Evaluation) -> Metric:
    """Return the metric "Without labels in doubt": the accuracy on all other test digits."""
    excluded, n_digits = len(evaluation.label_errors), len(evaluation.labels)
    accuracy = label_errors.accuracy_without(evaluation.predicted, evaluation.labels, evaluation.label_errors)
    return Metric(
        "Without labels in doubt",
        labels.percent(accuracy),
        f"not official: {excluded} digits left out",
        f"The accuracy on the other {n_digits - excluded:,} digits: the {excluded} whose given label fewer than three "
        "of five people confirmed count neither as correct nor as wrong. Compare published results by the official "
        f"figure. Source: {label_errors.SOURCE}.",
    )


def digit_description(evaluation: Evaluation, index: int) -> str:
    """Describe one digit in words, for screen readers and tooltips."""
    in_doubt = ", label in doubt" if index in evaluation.label_errors else ""
    return (
        f"Test digit {index}: written {evaluation.labels[index]}, read as {evaluation.predicted[index]}, "
        f"{evaluation.confidence[index]:.0%} sure{in_doubt}"
    )


def mistake_grid(evaluation: Evaluation, indices: np.ndarray, digits: Digits, selected: int | None) -> None:
    """Show the first mistakes of these indices as pictures to click, with a button for more.

    The URL keeps how many are shown, in `shown`; the selected one is always among them.
    """
    position = next(iter(np.flatnonzero(indices == selected).tolist()), 0)
    requested = url_state.integer("shown", len(indices) + PAGE_SIZE) or 0
    n_shown = max(requested, PAGE_SIZE, PAGE_SIZE * -(-(position + 1) // PAGE_SIZE))
    shown = indices[:n_shown]
    gallery(
        GRID_KEY,
        "Mistakes, the largest loss first",
        shown.tolist(),
        digits.images[shown],
        [f"{evaluation.labels[index]} → {evaluation.predicted[index]}" for index in shown],
        [digit_description(evaluation, index) for index in shown],
        selected=selected,
        marked=list(evaluation.label_errors),
        reveals="detail",
    )
    n_more = min(PAGE_SIZE, len(indices) - len(shown))
    if n_more > 0:
        st.button(
            f"Show {n_more} more",
            key="show_more",
            icon=":material/expand_more:",
            on_click=url_state.update,
            kwargs={"shown": n_shown + PAGE_SIZE},
        )


def legend(evaluation: Evaluation, n_listed: int) -> None:
    """Say how many of the mistakes are listed, in which order, and what their captions and frames mean."""
    frame = " An orange frame: the [[label is in doubt|label error]]." if evaluation.label_errors else ""
    glossary.caption(
        f"{n_listed:,} of {count(len(evaluation.mistakes), 'mistake')}, the largest [[loss]] first. 4 → 9: "
        f"written 4, read as 9.{frame}"
    )


COLUMNS = {
    "Digit": st.column_config.NumberColumn(format="%d", width=60, help="Its index in the test set, counted from 0."),
    "Picture": st.column_config.ImageColumn(width=60),
    "Written": st.column_config.NumberColumn(width=68, help=f"The true label. {glossary.help('label')}"),
    "Read as": st.column_config.NumberColumn(width=68, help="The prediction."),
    "Confidence": st.column_config.NumberColumn(format="%.1f %%", width=85, help=glossary.help("confidence")),
    "Loss": st.column_config.NumberColumn(
        format="%.2f",
        width=55,
        help=glossary.help("cross-entropy"),
    ),
    "Label in doubt": st.column_config.TextColumn(help="How five people labelled the digit."),
}


def mistake_table(evaluation: Evaluation, indices: np.ndarray, digits: Digits | None) -> None:
    """Show the mistakes of these indices as rows to sort and click; up to `MAX_IMAGES` of them with pictures."""

    def on_select() -> None:
        cells = st.session_state[TABLE_KEY]["selection"]["cells"]
        if cells and cells[0][0] < len(indices):
            url_state.update(digit=indices[cells[0][0]])

    # Pictures are the second column: in the first, Streamlit 1.67 draws them only once the mouse moves over it.
    columns: dict[str, np.ndarray | list[str]] = {"Digit": indices}
    if digits is not None and len(indices) <= MAX_IMAGES:
        columns["Picture"] = [images.data_uri(digits.images[index]) for index in indices]
    errors = evaluation.label_errors
    columns |= {
        "Written": evaluation.labels[indices],
        "Read as": evaluation.predicted[indices],
        "Confidence": 100 * evaluation.confidence[indices],
        "Loss": evaluation.loss[indices],
        "Label in doubt": [errors[index].verdict if index in errors else "" for index in indices.tolist()],
    }
    st.dataframe(
        pd.DataFrame(columns),
        column_config=COLUMNS,
        hide_index=True,
        row_height=40,
        height=min(40 * len(indices) + 42, 560),
        on_select=on_select,
        selection_mode="single-cell",
        key=TABLE_KEY,
        alt="The mistakes with true label, prediction, confidence and loss",
    )

"""One test digit in detail: its prediction, its nearest training digits, and what other models predict."""

import numpy as np
import streamlit as st

from mnist_core.analysis import label_errors
from mnist_core.analysis.evaluation import Evaluation
from mnist_core.data import Digits
from mnist_core.runs import RunError
from mnist_core.text import count
from ui import caches, charts, glossary, images, labels, shell, url_state
from ui.components.scroll_button.scroll_button import scroll_button
from ui.mistakes.list import LIST_KEY, digit_description

N_NEIGHBORS = 6  # training digits shown


def mistake_detail(
    evaluation: Evaluation, index: int, indices: np.ndarray, digits: Digits | None, listed_as: str
) -> None:
    """Show one test digit; `indices` are the listed mistakes, which the previous and next buttons go through.

    `listed_as` is "gallery" or "table": what the button of a phone leads back to.
    """
    label, predicted, correct = evaluation.labels[index], evaluation.predicted[index], evaluation.correct[index]
    with st.container(key="detail"):
        with st.container(horizontal=True, vertical_alignment="center", key="detail_head"):
            if digits is not None:
                st.image(images.data_uri(images.enlarge(digits.images[index])), width=132, alt=f"Test digit {index}")
            with st.container(gap="small"):
                st.subheader(f"Written {label}, {'and ' if correct else ''}read as {predicted}", anchor=False)
                sure = f"{labels.percent(evaluation.confidence[index])} sure"
                st.caption(f"Test digit {index}: {'no mistake, ' if correct else ''}{sure}")
                previous_and_next(index, indices)
        scroll_button("back", f"Back to the {listed_as}", to=LIST_KEY)
        label_error_note(evaluation, index)
        st.plotly_chart(
            charts.probability_chart(evaluation.probabilities[index], int(label)),
            key="detail_probabilities",
            config=charts.PLOTLY_CONFIG,
            alt="The ten probabilities; " + digit_description(evaluation, index),
        )
        nearest_training_digits(evaluation, index, digits)
        with st.expander("Loss, rank and other models"):
            digit_metrics(evaluation, index)
            other_models(evaluation, index)
        shell.page_link("Look inside", "Follow it through the network", run=evaluation.run.name, digit=index)


def previous_and_next(index: int, indices: np.ndarray) -> None:
    """Show the buttons that open the previous and the next of these mistakes."""
    positions = np.flatnonzero(indices == index)
    position = int(positions[0]) if len(positions) else None
    previous_index = int(indices[position - 1]) if position is not None and position > 0 else None
    next_index = int(indices[position + 1]) if position is not None and position + 1 < len(indices) else None
    with st.container(horizontal=True, gap="small"):
        for name, other, icon in (
            ("Previous", previous_index, "chevron_left"),
            ("Next", next_index, "chevron_right"),
        ):
            st.button(
                name,
                key=f"to_{name.lower()}",
                icon=f":material/{icon}:",
                disabled=other is None,
                on_click=url_state.update,
                kwargs={"digit": other},
            )


def label_error_note(evaluation: Evaluation, index: int) -> None:
    """Say how five people labelled this digit, if its label is in doubt."""
    if index in evaluation.label_errors:
        error = evaluation.label_errors[index]
        st.warning(f"**Label in doubt: {error.verdict}.** {error.votes} ([source]({label_errors.SOURCE}))")


def digit_metrics(evaluation: Evaluation, index: int) -> None:
    """Show confidence, probability of the label, loss and rank of one digit."""
    rank = np.flatnonzero(evaluation.mistakes == index)
    label = evaluation.labels[index]
    with st.container(horizontal=True, key="detail_figures"):
        st.metric(
            "Confidence",
            labels.percent(evaluation.confidence[index]),
            help=glossary.help("confidence", "It is the largest of the ten."),
        )
        st.metric(
            f"Probability of {label}",
            labels.percent(evaluation.probabilities[index, label]),
            help="The probability of the true label.",
        )
        st.metric(
            "Loss",
            f"{evaluation.loss[index]:.2f}",
            help=glossary.help("cross-entropy", "0 is certain and right, 2.30 is guessing."),
        )
        st.metric(
            "Rank",
            f"{rank[0] + 1} of {len(evaluation.mistakes)}" if len(rank) else "–",
            help="Its rank among this network's mistakes, the largest loss first.",
        )


def nearest_training_digits(evaluation: Evaluation, index: int, digits: Digits | None) -> None:
    """Show the training digits nearest to this one, with their labels, if they are on this machine."""
    if digits is None:
        return
    st.markdown("**It looks like these training digits**")
    nearest = caches.nearest_images(evaluation.run.config.dataset, index, N_NEIGHBORS)
    with st.container(key="alike"):
        st.image(
            [images.data_uri(images.enlarge(image)) for image in nearest.images],
            caption=[labels.article(int(label)) for label in nearest.labels],
            alt=["A training digit"] * len(nearest),
            width=52,
        )
    label = int(evaluation.labels[index])
    n_same = int((nearest.labels == label).sum())
    few = " A misread digit often has few neighbours of its own kind." if n_same <= len(nearest) // 2 else ""
    st.caption(
        f"The {len(nearest)} nearest of all training digits, compared pixel by pixel: {n_same or 'none'} of them "
        f"{'is' if n_same <= 1 else 'are'} {labels.article(label)}.{few}"
    )


def other_models(evaluation: Evaluation, index: int) -> None:
    """Show what the other shipped runs that were tested on the same digits predict for this one."""
    rows, label = [], evaluation.labels[index]
    for run in caches.runs():
        if run.name == evaluation.run.name or not run.shipped or not run.tested:
            continue
        try:
            predictions = caches.predictions(run)
        except RunError:
            continue
        if run.config.dataset == evaluation.run.config.dataset and np.array_equal(
            predictions.labels, evaluation.labels
        ):
            probabilities = np.exp(predictions.log_probabilities[index])
            rows.append((labels.run_label(run), int(probabilities.argmax()), float(probabilities.max())))
    if not rows:
        return
    n_correct = sum(predicted == label for _, predicted, _ in rows)
    verb = "reads" if n_correct == 1 else "read"
    st.markdown(f"**{n_correct} of {count(len(rows), 'other model')} {verb} it as {label}**")
    st.table(
        {
            "Model": [name for name, _, _ in rows],
            "Read as": [f"{predicted} ✓" if predicted == label else str(predicted) for _, predicted, _ in rows],
            "Confidence": [f"{100 * confidence:.0f} %" for _, _, confidence in rows],
        },
        border="horizontal",
        hide_index=True,
    )

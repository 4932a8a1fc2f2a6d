"""The digits that a model misreads under one corruption: before, after, and what it took them for."""

import html

import numpy as np
import streamlit as st

from mnist_core.analysis.corruptions import Corruption, corrupt
from mnist_core.analysis.robustness import PUBLISHED, Robustness, measured_indices
from mnist_core.data import Digits
from mnist_core.runs import Run
from mnist_core.text import count
from ui import caches, digit_browser, images, url_state
from ui.labels import interval
from ui.robustness.errors import percent_text
from ui.run_name import unique_run_label

PAGE_SIZE = 15  # pairs


def show_misread(run: Run, corruption: Corruption, result: Robustness | None) -> None:
    """Show what a corruption is, how many digits the run misreads under it, and those digits."""
    st.subheader(f"{corruption.title}, read by {unique_run_label(run)}", anchor=False)
    st.caption(corruption.description)
    if result is None:
        return
    misread = result.misread[corruption.name][PUBLISHED]
    st.markdown(
        f"It misreads **{count(misread, 'digit')}** of {result.digits:,}: "
        f"**{percent_text(result.error(corruption.name))} %** "
        f"(95 % interval {interval(*result.interval(corruption.name))} %). "
        f"Of the same digits as they are it misreads {result.clean:,}."
    )
    digits = caches.digits_or_none(result.dataset, "test")
    if digits is None:
        st.caption(digit_browser.NO_IMAGES)
    else:
        show_pairs(corruption, result, digits)


def misread_positions(corruption: Corruption, result: Robustness, digits: Digits) -> np.ndarray:
    """Return which of the measured digits were misread, the most confident first."""
    labels = digits.labels[measured_indices(len(digits), result.digits)]
    wrong = np.flatnonzero(result.predicted[corruption.name] != labels)
    order = np.argsort(-result.confidence[corruption.name][wrong].astype(int), kind="stable")
    positions: np.ndarray = wrong[order]
    return positions


def show_pairs(corruption: Corruption, result: Robustness, digits: Digits) -> None:
    """Show a page of the misread digits, each before and after; the URL keeps the page as `page_misread`."""
    if result.digits > len(digits):
        st.caption("This was measured on other digits than those on this machine.")
        return
    positions = misread_positions(corruption, result, digits)
    if not len(positions):
        st.success("Not one was misread.")
        return
    pages = -(-len(positions) // PAGE_SIZE)
    page = url_state.integer("page_misread", pages + 1, 1) or 1
    shown = positions[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    indices = measured_indices(len(digits), result.digits)[shown]
    before = digits.images[indices]
    after = corrupt(before, corruption.name, 1.0, result.seed, indices)
    answers = zip(
        digits.labels[indices].tolist(),
        result.predicted[corruption.name][shown].tolist(),
        result.confidence[corruption.name][shown].tolist(),
        strict=True,
    )
    st.html(pairs_html(before, after, list(answers)))
    if pages > 1:
        key = f"pagination_misread_{page}"  # a key for each page, because only a new widget takes its default
        st.pagination(
            pages, default=page, key=key, on_change=lambda: url_state.update(page_misread=st.session_state[key])
        )
    st.caption("Before and after; what was written → what was read, and how sure it was. The surest mistakes first.")


def pairs_html(before: np.ndarray, after: np.ndarray, answers: list[tuple[int, int, int]]) -> str:
    """Write pairs of uint8 digits (N, 28, 28) with (label, prediction, confidence in percent) below each."""
    figures = ""
    for first, second, (label, predicted, percent) in zip(before, after, answers, strict=True):
        alt = html.escape(f"Written {label}, damaged, read as {predicted} with {percent} % confidence")
        figures += (
            f'<figure><img src="{images.data_uri(first)}" alt=""><img src="{images.data_uri(second)}" alt="{alt}">'
            f"<figcaption>{label} → {predicted} · {percent} %</figcaption></figure>"
        )
    return f'<div class="misread-pairs">{figures}</div>'

"""Two runs set against each other: the digits that only one of them reads right, and whether that is chance."""

import numpy as np
import streamlit as st

from mnist_core.analysis.comparison import Comparison, compare_predictions
from mnist_core.runs import Predictions, Run, RunError
from ui import caches, digit_browser, run_picker
from ui.labels import unique_run_label

SIGNIFICANCE_LEVEL = 0.05  # the customary border below which a difference is taken for real


def choose_pair(chosen: list[Run]) -> tuple[Run, Run] | None:
    """Two tested runs to set against each other; with fewer than two the page says so."""
    tested = [run for run in caches.runs() if run.tested]
    if len(tested) < 2:
        st.info("Two tested runs are needed for this. Train another one: it appears here when it is finished.")
        return None
    order = [run for run in chosen if run.name in {other.name for other in tested}] + tested
    first = order[0]
    fitting = [run for run in order if run.name != first.name and run.config.dataset == first.config.dataset]
    second = next(iter(fitting), next(run for run in tested if run.name != first.name))
    with st.container(horizontal=True, key="pair"):
        return (
            run_picker.choose_run(first.name, "First run", "a"),
            run_picker.choose_run(second.name, "Second run", "b"),
        )


def show_comparison(first: Run, second: Run) -> None:
    """The digits that one of two runs reads right and the other wrong, and whether that is more than chance."""
    if first.name == second.name:
        st.info("These are the same run. Choose two different ones.")
        return
    sentence = run_picker.incomparable_reason(first, second)
    if sentence:
        st.warning(sentence)
        return
    try:
        answers = [caches.predictions(run) for run in (first, second)]
    except RunError as error:
        st.error(str(error))
        return
    if not np.array_equal(answers[0].labels, answers[1].labels):
        st.warning("These two were tested on different digits, so they cannot be compared digit by digit.")
        return
    found = compare_predictions(answers[0].log_probabilities, answers[1].log_probabilities, answers[0].labels)
    counts = len(found.only_first), len(found.only_second)
    st.markdown(verdict(*counts, found.p_value, unique_run_label(first), unique_run_label(second)))
    st.caption(
        "How this is reckoned (McNemar's exact test): only digits that one reads right and the other wrong say "
        "anything about which is better. If they were equally good, a coin would decide each of them; p is how often "
        f"coins fall at least as unevenly as {counts[0]} to {counts[1]}. Below {SIGNIFICANCE_LEVEL:g} a difference is taken for real."
    )
    galleries(first, second, answers, found)


def verdict(only_first: int, only_second: int, p_value: float, first: str, second: str) -> str:
    """McNemar's result in words."""
    if only_first + only_second == 0:
        return f"**These two do not differ:** {first} and {second} read the very same digits right."
    chance = "less than 0.01 %" if p_value < 1e-4 else f"{100 * p_value:.3g} %"
    counted = (
        f"{only_first:,} digits are read right only by {first}, {only_second:,} only by {second}. Equally good "
        f"networks would be at least this uneven in {chance} of cases (p = {p_value:.2g})."
    )
    if p_value >= SIGNIFICANCE_LEVEL:
        return f"**These two do not differ**, as far as these test digits can tell. {counted}"
    better = first if only_first > only_second else second
    return f"**These two differ: {better} is better.** {counted}"


def galleries(first: Run, second: Run, answers: list[Predictions], found: Comparison) -> None:
    """Both kinds of digits side by side, and below them the one that was clicked."""
    selected = digit_browser.digit_in_url(len(answers[0].labels))
    digits = digit_browser.available_test_digits(first, answers[0].labels)
    if digits is None:
        st.caption(digit_browser.NO_IMAGES)
    kinds = (("a", first, found.only_first, answers[1]), ("b", second, found.only_second, answers[0]))
    for place, (key, run, places, wrong) in zip(st.columns(2, gap="medium"), kinds, strict=True):
        with place:
            about = f"Read right only by {unique_run_label(run)}: {len(places):,}"
            st.markdown(f"**{about}**")
            if len(places):
                selected = digit_browser.paged_gallery(key, about, places, wrong, digits, digit_caption, selected)
    if selected is not None:
        digit_browser.digit_detail(
            selected,
            digits,
            {unique_run_label(first): (first, answers[0]), unique_run_label(second): (second, answers[1])},
        )


def digit_caption(written: int, read: int, certain: float) -> str:
    """What stands below a digit: what the run that was wrong took it for."""
    return f"{written} → {read}"

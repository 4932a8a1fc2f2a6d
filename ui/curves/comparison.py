"""Compare two runs: the digits that only one of them reads correctly, and whether the difference is significant."""

import numpy as np
import streamlit as st

from mnist_core.analysis.comparison import Comparison, compare_predictions
from mnist_core.runs import Predictions, Run, RunError
from mnist_core.text import count
from ui import caches, digit_browser, glossary, run_picker
from ui.labels import p_value as p_text
from ui.run_name import unique_run_label

SIGNIFICANCE_LEVEL = 0.05  # the customary one


def choose_pair(chosen: list[Run]) -> tuple[Run, Run] | None:
    """Show pickers of two tested runs, at first two of the `chosen` ones if they are on the same data set.

    With fewer than two tested runs say so and return None.
    """
    tested = [run for run in caches.runs() if run.tested]
    if len(tested) < 2:
        st.info("Two tested runs are needed for this. Train another one: it appears here when it is finished.")
        return None
    names = {run.name for run in tested}
    candidates = [run for run in chosen if run.name in names] + tested
    first = candidates[0]
    others = [run for run in candidates if run.name != first.name]
    second = next((run for run in others if run.config.dataset == first.config.dataset), others[0])
    with st.container(horizontal=True, key="pair"):
        return (
            run_picker.choose_run(first.name, "First run", "a"),
            run_picker.choose_run(second.name, "Second run", "b"),
        )


def show_comparison(first: Run, second: Run) -> None:
    """Show how two runs differ on their test set; when they cannot be compared, show why."""
    if first.name == second.name:
        st.info("These are the same run. Choose two different ones.")
        return
    reason = run_picker.incomparable_reason(first, second)
    if reason:
        st.warning(reason)
        return
    try:
        predictions = [caches.predictions(run) for run in (first, second)]
    except RunError as error:
        st.error(str(error))
        return
    labels = predictions[0].labels
    if not np.array_equal(labels, predictions[1].labels):
        st.warning("These two were tested on different digits, so they cannot be compared digit by digit.")
        return
    comparison = compare_predictions(predictions[0].log_probabilities, predictions[1].log_probabilities, labels)
    only_first, only_second = len(comparison.only_first), len(comparison.only_second)
    st.markdown(verdict(only_first, only_second, comparison.p_value, unique_run_label(first), unique_run_label(second)))
    with st.expander("How this is calculated"):
        glossary.markdown(
            "This is [[McNemar's exact test|McNemar test]]. Both networks read the same digits, and only those that "
            "one of them reads correctly and the other does not can say which is better. If both were equally good, "
            "each of these digits would be a fair coin toss. The p-value is the probability that the tosses come out "
            f"at least as unevenly as {only_first:,} to {only_second:,}. Below {SIGNIFICANCE_LEVEL:g} the difference "
            "is called significant.\n\nThe 95 % [[interval|confidence interval]] of each accuracy asks something "
            "else: what it would be on other digits. It looks at one network at a time, as if each had been tested on "
            "different digits. Comparing them digit by digit can see smaller differences, so that two networks may "
            "differ here although their intervals overlap."
        )
    show_galleries(first, second, predictions, comparison)


def verdict(only_first: int, only_second: int, p_value: float, first: str, second: str) -> str:
    """Return the result of McNemar's test in words, from the numbers of digits that only one of two runs gets right."""
    if only_first + only_second == 0:
        return f"**No difference between these two:** {first} and {second} read exactly the same digits correctly."
    chance = "fewer than 1 in 1,000 cases" if p_value < 0.001 else f"{100 * p_value:.3g} % of cases"
    digits = count(only_first, "digit is", "digits are")
    only = f"{digits} read correctly only by {first}, {only_second:,} only by {second}"
    counts = f"{only}. Two equally good networks would differ at least this unevenly in {chance} ({p_text(p_value)})."
    if p_value >= SIGNIFICANCE_LEVEL:
        return f"**No clear difference between these two**, as far as these test digits can tell. {counts}"
    better = first if only_first > only_second else second
    return f"**These two differ: {better} is better.** {counts}"


def show_galleries(first: Run, second: Run, predictions: list[Predictions], comparison: Comparison) -> None:
    """Show the digits that only one run reads correctly side by side, and the selected one below them."""
    first_label, second_label = unique_run_label(first), unique_run_label(second)
    selected = digit_browser.digit_in_url(len(predictions[0].labels))
    digits = digit_browser.available_test_digits(first, predictions[0].labels)
    if digits is None:
        st.caption(digit_browser.NO_IMAGES)
    kinds = (  # key, the run that is correct, the digits, the predictions of the run that is not
        ("a", first_label, comparison.only_first, predictions[1]),
        ("b", second_label, comparison.only_second, predictions[0]),
    )
    for column, (key, label, indices, mistaken) in zip(st.columns(2, gap="medium"), kinds, strict=True):
        with column:
            title = f"Read correctly only by {label}: {len(indices):,}"
            st.markdown(f"**{title}**")
            if len(indices):
                selected = digit_browser.paged_gallery(key, title, indices, mistaken, digits, digit_caption, selected)
    if selected is not None:
        digit_browser.digit_detail(
            selected, digits, {first_label: (first, predictions[0]), second_label: (second, predictions[1])}
        )


def digit_caption(label: int, predicted: int, confidence: float) -> str:
    """Return the caption of a digit: its label and what the mistaken run read."""
    return f"{label} → {predicted}"

"""Measuring a run's robustness from the page: the button, its progress, and how to cancel it."""

import streamlit as st

from mnist_core.analysis.corruptions import CORRUPTIONS, SEVERITIES
from mnist_core.analysis.robustness import DEFAULT_DIGITS
from mnist_core.runs import Run, RunError
from ui import caches
from ui.robustness.selection import Measured
from ui.run_name import unique_run_label


def measuring_section(measured: Measured) -> None:
    """Show what is being measured now; else, for every run that was not measured, the button that does it."""
    measurement = caches.executor().measurement
    missing = [run for run in measured.runs if run.name not in measured.results]
    if measurement is not None:
        name = measurement.run.name
        st.fragment(show_progress, run_every=1.0)(name)
    shipped = [measured.labels[run.name] for run in missing if run.shipped]
    if shipped:
        st.caption(f"Not measured: {', '.join(shipped)}.")
    for run in (run for run in missing if not run.shipped):
        if measurement is None or measurement.run.name != run.name:
            measure_button(run, busy=measurement is not None)


def show_progress(name: str) -> None:
    """Show how far the measurement of the run of this name is, with a button to cancel it; rerun when it has ended."""
    executor = caches.executor()
    measurement = executor.measurement
    if measurement is None or measurement.run.name != name:
        st.rerun()
    done = measurement.done / measurement.total if measurement.total else 0.0
    text = "cancelling" if measurement.cancelled else f"measuring, {done:.0%}"
    st.progress(done, text=f"**{unique_run_label(measurement.run)}** · {text}")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Cancel",
            key="cancel_measurement",
            icon=":material/stop:",
            disabled=measurement.cancelled,
            on_click=executor.cancel_measurement,
        )
        st.caption("You can visit other pages meanwhile.")


def measure_button(run: Run, busy: bool) -> None:
    """Show that a run was not measured, and the button that measures it; why it cannot be pressed, if so."""
    label = unique_run_label(run)
    failure = caches.executor().measurement_failure(run.name)
    if failure:
        st.warning(failure)
    training = caches.executor().run
    reason = None
    if training is not None:
        reason = f"{unique_run_label(training)} is training: measure when it has ended."
    elif busy:
        reason = "Another model is being measured: wait until that has ended."
    elif caches.digits_or_none(run.config.dataset, "test") is None:
        reason = "Its test digits are not on this machine."
    with st.container(horizontal=True, vertical_alignment="center", key=f"measure_{run.name}"):
        st.button(
            f"Measure {label}",
            key=f"measure_button_{run.name}",
            icon=":material/straighten:",
            type="primary",
            disabled=reason is not None,
            help=reason,
            on_click=start,
            args=[run],
        )
        st.caption(
            f"Not measured yet. It reads up to {DEFAULT_DIGITS:,} test digits under {len(CORRUPTIONS)} corruptions at "
            f"{len(SEVERITIES)} severities: about a minute for a small network, some minutes for a large one."
        )
    error = st.session_state.pop(f"measure_error_{run.name}", None)
    if error:
        st.error(error)


def start(run: Run) -> None:
    """Begin to measure a run; keep the reason for `measure_button` if that is impossible."""
    try:
        caches.executor().measure(run)
    except RunError as error:
        st.session_state[f"measure_error_{run.name}"] = str(error)

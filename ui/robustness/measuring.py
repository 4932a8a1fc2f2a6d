"""Measuring a run's robustness from the page: the button, its progress, and how to cancel it."""

import streamlit as st

from mnist_core.analysis.corruptions import CORRUPTIONS, SEVERITIES
from mnist_core.analysis.robustness import DEFAULT_DIGITS
from mnist_core.runs import Run, RunError
from ui import caches, visitor
from ui.robustness.selection import Measured
from ui.run_name import unique_run_label


def measuring_section(measured: Measured) -> None:
    """Show what is being measured now; else, for every run that was not measured, the button that does it."""
    queue = caches.queue()
    measurement = queue.measurement
    missing = [run for run in measured.runs if run.name not in measured.results]
    if measurement is not None:
        st.fragment(show_progress, run_every=1.0)(measurement.run.name)
    shipped = [measured.labels[run.name] for run in missing if run.shipped]
    if shipped:
        st.caption(f"Not measured: {', '.join(shipped)}.")
    waiting = {run.name for run in queue.waiting_measurements}
    for run in (run for run in missing if not run.shipped):
        if run.name in waiting:
            st.fragment(show_waiting, run_every=2.0)(run)
        elif measurement is None or measurement.run.name != run.name:
            measure_button(run)


def show_progress(name: str) -> None:
    """Show how far the measurement of the run of this name is, with a button to cancel it; rerun when it has ended."""
    measurement = caches.queue().measurement
    if measurement is None or measurement.run.name != name:
        st.rerun()
    done = measurement.done / measurement.total if measurement.total else 0.0
    text = "cancelling" if measurement.cancelled else f"measuring, {done:.0%}"
    st.progress(done, text=f"**{unique_run_label(measurement.run)}** · {text}")
    with st.container(horizontal=True, vertical_alignment="center"):
        cancel_button(measurement.run, "cancel_measurement", disabled=measurement.cancelled)
        st.caption("You can visit other pages meanwhile.")


def show_waiting(run: Run) -> None:
    """Say that a run waits to be measured, with a button to cancel that; rerun when its turn has come."""
    if run.name not in {other.name for other in caches.queue().waiting_measurements}:
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center"):
        cancel_button(run, f"cancel_waiting_{run.name}")
        st.caption(f"**{unique_run_label(run)}** is measured as soon as nothing trains.")


def cancel_button(run: Run, key: str, disabled: bool = False) -> None:
    """Show the button that cancels the measurement of a run, to whoever asked for it."""
    if not visitor.may_act_for(caches.queue().measurement_owner(run)):
        return
    st.button(
        "Cancel",
        key=key,
        icon=":material/stop:",
        disabled=disabled,
        on_click=caches.queue().cancel_measurement,
        args=[run],
    )


def measure_button(run: Run) -> None:
    """Show that a run was not measured, and the button that measures it; why it cannot be pressed, if so."""
    label = unique_run_label(run)
    failure = caches.queue().measurement_failure(run.name)
    if failure:
        st.warning(failure)
    reason = None
    if caches.digits_or_none(run.config.dataset, "test") is None:
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
        caches.queue().measure(run, visitor.owner())
    except RunError as error:
        st.session_state[f"measure_error_{run.name}"] = str(error)

"""What can be done with a run that the visitor may change: end it, pause it, go on with it, pin it, delete it."""

import math
from collections.abc import Callable

import streamlit as st

from mnist_core.config import TrainConfig, setting_of
from mnist_core.errors import MnistLabError
from mnist_core.runs import Run, latest_learning_rate
from mnist_core.text import decimal
from ui import caches, labels, visitor
from ui.run_name import unique_run_label
from ui.run_summary import current_status

ACTIVE = ("training", "stopping", "pausing", "queued")
UNFINISHED = (*ACTIVE, "paused", "interrupted")
ERROR_KEY = "run_action_error"  # in the session: why the last action was impossible


def is_active(run: Run) -> bool:
    """Return whether a run trains or waits in line, on this server."""
    return caches.queue().is_training(run) or caches.queue().is_waiting(run)


def go_on_or_end(run: Run) -> None:
    """Show the buttons that pause, stop, cancel or resume a run without a result."""
    queue, status = caches.queue(), current_status(run)
    if queue.is_training(run):
        ending = status != "training"
        button("Stop", "stop", ":material/stop:", queue.stop, run, primary=True, disabled=ending)
        button("Pause", "pause", ":material/pause:", queue.pause, run, disabled=ending)
    elif queue.is_waiting(run):
        button("Cancel", "cancel", ":material/close:", queue.cancel, run, primary=True)
    elif status in ("paused", "interrupted"):
        button("Resume", "resume", ":material/play_arrow:", queue.resume, run, primary=True)


def learning_rate_field(run: Run) -> None:
    """Show the field that changes the learning rate with which a paused or interrupted run goes on."""
    if current_status(run) not in ("paused", "interrupted") or not isinstance(run.config, TrainConfig):
        return
    if not run.resumable:
        return
    setting, key = setting_of("learning_rate"), f"learning_rate_of_{run.name}"
    present = latest_learning_rate(caches.history(run), run.config)
    st.session_state[key] = present
    st.selectbox(
        "Learning rate from here on",
        sorted({*setting.suggestions, present}),
        format_func=lambda rate: rate if isinstance(rate, str) else decimal(rate),
        accept_new_options=True,
        filter_mode="prefix",
        key=key,
        width=260,
        on_change=lambda: attempt(
            lambda run: caches.queue().change_learning_rate(run, to_number(st.session_state[key])), run
        ),
        help="The run goes on with it when it is resumed; a mark on the curve says so. Choose a value, or type one.",
    )


def to_number(value: float | str) -> float:
    """Return what was chosen, or typed with a point or a comma, as a number; NaN, which no rate is, for other text."""
    try:
        return float(value.strip().replace(",", ".")) if isinstance(value, str) else value
    except ValueError:
        return math.nan


def where_it_stands(run: Run) -> None:
    """Say where a run without a result stands, whose it is, and why the last action was impossible."""
    queue, status = caches.queue(), current_status(run)
    error = st.session_state.pop(ERROR_KEY, None)
    if error:
        st.error(error)
    if status == "queued" and visitor.is_mine(run):
        st.fragment(place_line, run_every=1.0)(run)
    elif status in ACTIVE and not visitor.may_change(run):
        st.caption("This run is somebody else’s: only they can change it.")
    elif status == "paused":
        st.caption("This run is paused. It goes on where it was when it is resumed.")
    elif status == "interrupted" and visitor.may_change(run):
        st.caption("This run was interrupted. Resume it, and it goes on from its last checkpoint.")
    if run.request is not None and run.request.note and not queue.is_training(run):
        st.info(labels.without_markup(run.request.note))


def place_line(run: Run) -> None:
    """Say where a run is in line."""
    place = caches.queue().place(run)
    if place is not None:
        st.info(labels.place_in_words(place), icon=":material/hourglass_top:")


def keep_or_delete(run: Run) -> None:
    """Show the buttons that pin a run and that delete it, the latter after a question; nothing while it is in use."""
    queue = caches.queue()
    if current_status(run) in ACTIVE:
        return
    if run.pinned:
        button("Unpin", "unpin", ":material/keep_off:", lambda run: queue.pin(run, False), run)
    elif queue.limits.kept or queue.limits.megabytes:
        text = "A pinned run is kept when older ones are removed to make room."
        button("Pin", "pin", ":material/keep:", lambda run: queue.pin(run, True), run, help=text)
    with st.popover("Delete", icon=":material/delete:", key="delete_question"):
        st.markdown(f"Delete **{unique_run_label(run)}** for good?")
        button("Yes, delete it", "delete", ":material/delete:", delete, run, primary=True)


def delete(run: Run) -> None:
    """Delete a run; its page then shows another one."""
    caches.queue().delete(run)
    st.query_params.pop("run", None)


def button(
    text: str,
    key: str,
    icon: str,
    act: Callable[[Run], object],
    run: Run,
    primary: bool = False,
    disabled: bool = False,
    help: str | None = None,
) -> None:
    """Show a button that does something with a run, if the visitor may change it; `where_it_stands` says why not."""
    st.button(
        text,
        key=key,
        icon=icon,
        type="primary" if primary else "secondary",
        disabled=disabled,
        help=help,
        on_click=attempt,
        args=[act, run],
    )


def attempt(act: Callable[[Run], object], run: Run) -> None:
    """Do something with a run if the visitor may; keep the reason for `where_it_stands` if that is impossible."""
    if not visitor.may_change(run):
        st.session_state[ERROR_KEY] = f"{unique_run_label(run)} is somebody else’s: only they can change it."
        return
    try:
        act(run)
    except MnistLabError as error:
        st.session_state[ERROR_KEY] = str(error)

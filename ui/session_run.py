"""The run that this session looked at or trained last: the one that every page shows unless it is asked for another."""

import time

import streamlit as st

from mnist_core.runs import Run
from ui import caches, url_state

RUN_KEY = "session_run"  # in the session: the name of the run
PAGE_KEY = "page_of_session_run"  # in the session: the last page whose URL named a run
LOOK_INTERVAL = 60.0  # seconds


def carry_over(title: str) -> None:
    """Remember the run in the URL of the page of this title; where it names none, put the session's run into it.

    A page whose URL has just lost its run was left by the browser's Back button, for the time before any run was
    chosen: then the session's run is forgotten. Train shows an untrained network where its URL names no run.
    """
    requested = st.query_params.get("run")
    if requested is not None:
        run = caches.find_run(requested)
        if run is not None:
            look_at(run)
            st.session_state[RUN_KEY], st.session_state[PAGE_KEY] = requested, title
        return
    if title == "Train":
        return
    if st.session_state.pop(PAGE_KEY, None) == title:
        st.session_state.pop(RUN_KEY, None)
    name = remembered()
    if name is not None:
        st.query_params["run"] = name
        st.session_state[PAGE_KEY] = title


def look_at(run: Run) -> None:
    """Remember that the run is looked at, once a minute, so that it is not removed meanwhile to make room."""
    if time.time() - run.last_used > LOOK_INTERVAL:
        run.look_at()


def remembered() -> str | None:
    """Return the name of the session's run; None while none was chosen or trained, or when it is no longer here."""
    run = caches.find_run(st.session_state.get(RUN_KEY))
    return None if run is None else run.name


def shared_parameters() -> dict[str, str]:
    """Return the parameters that a link to another page carries: the run and the digit that this session is about."""
    name = remembered()
    return ({} if name is None else {"run": name}) | url_state.shared_parameters()

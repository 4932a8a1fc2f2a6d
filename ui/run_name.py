"""What the runs on this server are called, and the field in which one's owner names it."""

import streamlit as st

from mnist_core.runs import MAX_TITLE_LENGTH, Run, RunError
from ui import caches, visitor
from ui.labels import run_label


def all_run_labels() -> dict[str, str]:
    """Return the label of each run on this server by the run's name, no two of them the same."""
    return caches.run_labels(tuple(caches.runs()))


def unique_run_label(run: Run) -> str:
    """Return the label that tells this run apart from every other on this server. It can be shown as Markdown."""
    return all_run_labels().get(run.name) or run_label(run)


def name_field(run: Run) -> None:
    """Show a field that names the run; nothing for one that the visitor may not change."""
    if not visitor.may_change(run):
        return
    key = f"name_of_{run.name}"
    st.session_state[key] = run.title  # also after somebody else named it
    st.text_input(
        "Name",
        key=key,
        max_chars=MAX_TITLE_LENGTH,
        placeholder="Give it a name of your own",
        on_change=lambda: rename(run, st.session_state[key]),
        help="What this run is called on all pages, for everybody who uses this app. Leave it empty, and it is named "
        "after its recipe and what you changed in it.",
    )
    error = st.session_state.pop(f"{key}_error", None)
    if error:
        st.error(error)


def rename(run: Run, title: str) -> None:
    """Name the run; keep the reason for `name_field` if that is impossible."""
    try:
        run.rename(title)
    except RunError as error:
        st.session_state[f"name_of_{run.name}_error"] = str(error)

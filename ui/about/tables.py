"""The tables of the page about the server."""

import streamlit as st

from ui.about import facts


def activity() -> None:
    """Show what the server is doing now, kept up to date."""
    st.fragment(lambda: _table(facts.activity()), run_every=10)()


def machine() -> None:
    """Show what the server computes with, and on which digits."""
    _table(facts.machine())


def limits() -> None:
    """Show what a visitor and a training run are allowed here."""
    _table(facts.limits())
    st.caption("Whoever runs this server can change each of these.")


def versions() -> None:
    """Show the versions of the app and of what it is made with."""
    _table(facts.versions())


def _table(rows: dict[str, str]) -> None:
    st.table({"": list(rows), " ": list(rows.values())}, border="horizontal", hide_index=True, hide_header=True)

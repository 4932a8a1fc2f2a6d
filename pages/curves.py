"""Lay the runs' learning curves over each other, their recipes side by side, and see where two of them disagree."""

import streamlit as st

from ui import caches, compare, difference
from ui.shell import links_to_others, shell

shell("Curves")
runs = compare.choose_runs()
worker = caches.worker()
grows = worker.run is not None and worker.run.name in [run.name for run in runs] and not worker.stopping


@st.fragment(run_every=1 if grows else None)
def watch() -> None:
    """The curves, once a second while one of them grows."""
    compare.figure(runs, view)


if runs:
    view = compare.choose_view()
    watch()
    st.subheader("Recipes and results", anchor=False)
    compare.summary(runs)
    compare.table(runs)
else:
    st.info("Choose at least one run to see its curves.")

st.subheader("What differs between two", anchor=False)
st.caption("The digits that one of two runs reads right and the other does not: are they more than chance?")
pair = difference.pair_of(runs)
if pair:
    difference.apart(*pair)
st.subheader("Go on", anchor=False)
links_to_others("Curves")

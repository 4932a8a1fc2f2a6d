"""Compare runs: their learning curves, their settings and results, and where the predictions of two differ."""

import streamlit as st

from ui import caches
from ui.curves import chart, comparison, controls, table
from ui.shell import next_steps, shell

shell("Curves")
runs = controls.choose_runs()
queue = caches.queue()
grows = any(queue.status(run) == "training" for run in runs if queue.is_training(run))


@st.fragment(run_every=1 if grows else None)
def watch() -> None:
    """Show the curves, once a second while one of them grows."""
    chart.show_curves(runs, view)


if runs:
    view = controls.choose_view()
    watch()
    st.subheader("Recipes and results", anchor=False)
    table.summary(runs)
    table.table(runs)
else:
    st.info("Choose at least one run to see its curves.")

st.subheader("What differs between two", anchor=False)
st.caption(
    "The digits that one of two runs reads correctly and the other does not: is the difference more than chance?"
)
pair = comparison.choose_pair(runs)
if pair:
    comparison.show_comparison(*pair)
next_steps("Curves")

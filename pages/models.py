"""List all runs on this server with their accuracy and what the source of their recipe reported; show one in detail."""

import streamlit as st

from ui import caches, run_summary, run_table
from ui.models import detail
from ui.shell import next_steps, shell

shell("Models")
runs = caches.runs()
if not runs:
    st.info("There is no model yet. Train one: it appears here when it is finished or stopped.")
    next_steps("Models")
    st.stop()

st.caption(
    "What to notice: with 10,000 test digits an accuracy of 99 % is known to about ± 0.2 points, so two models whose "
    "intervals overlap do not clearly differ."
)
selected = st.dataframe(
    run_table.run_table(runs),
    column_config=run_table.COLUMNS,
    hide_index=True,
    height=min(36 * len(runs) + 38, 780),  # rows further down are only drawn when they are scrolled to
    on_select="rerun",
    selection_mode="single-row-required",
    selection_default={"selection": {"rows": [0]}},
    key="run_table",
    alt="All models with their test accuracy, interval, loss, parameters and the accuracy their originals reported",
)
rows = selected["selection"]["rows"]
run = runs[min(rows[0], len(runs) - 1)] if rows else runs[0]
st.caption("Click a row to see that model.")

run_summary.heading(run)
detail.about(run)
detail.downloads(run)
next_steps("Models")

"""List all runs on this server with their accuracy, and show one of them in detail."""

import streamlit as st

from ui import caches, run_summary
from ui.insight import insight
from ui.models import detail, run_list
from ui.run_name import name_field
from ui.shell import next_steps, page_link, shell

shell("Models")
runs = run_list.own_runs_first(caches.runs())
if not runs:
    st.info("There is no model yet. Train one: it appears here when it is finished or stopped.")
    run_list.damaged_list()
    next_steps("Models")
    st.stop()

run = run_list.open_run(runs)
run_list.run_list(runs, run)
st.caption("Click a row to open that model; click the head of a column to sort by it.")
run_list.damaged_list()
run_summary.heading(run)
result, more = st.columns(2, gap="large")
with result:
    detail.result(run)
with more:
    detail.about(run)
    detail.actions(run)
    name_field(run)
    detail.links(run)
    detail.downloads(run)
insight(
    "Is one model better than another? With 10,000 test digits an accuracy of 99 % is known to about ± 0.2 points: "
    "that is the 95 % [[interval|confidence interval]]. It looks at each model by itself, as if each had been tested "
    "on different digits. Where the intervals of two models do not overlap, the models very likely differ. Where they "
    "overlap, the intervals cannot tell. But all models read the same test digits, so comparing two of them digit by "
    "digit can see smaller differences."
)
page_link("Curves", "Compare two models digit by digit", run=run.name)
next_steps("Models")

"""Say what this server is, what it is doing, and what it allows."""

import streamlit as st

from ui.about import tables
from ui.shell import next_steps, shell

shell("About this server")
for row in (
    {"Now": tables.activity, "Machine": tables.machine},
    {"What it allows": tables.limits, "Made with": tables.versions},
):
    for column, (title, show_table) in zip(st.columns(2, gap="large"), row.items(), strict=True):
        with column:
            st.subheader(title, anchor=False)
            show_table()
next_steps("About this server")

"""Say what this server is, what it is doing, and what it allows."""

import streamlit as st

from ui.about import tables
from ui.shell import next_steps, shell

shell("About this server")
now, machine = st.columns(2, gap="large")
with now:
    st.subheader("Now", anchor=False)
    tables.activity()
with machine:
    st.subheader("Machine", anchor=False)
    tables.machine()
allowed, made_with = st.columns(2, gap="large")
with allowed:
    st.subheader("What it allows", anchor=False)
    tables.limits()
with made_with:
    st.subheader("Made with", anchor=False)
    tables.versions()
next_steps("About this server")

"""Let a finger select cells of the confusion matrix, as a click does."""

from pathlib import Path

import streamlit as st

touch = st.components.v2.component(
    "matrix_touch", html="<span></span>", js=Path(__file__).with_name("touch.js").read_text("utf-8")
)

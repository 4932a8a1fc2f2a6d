"""What the frame of every page does in the browser: the phone's menu, and Escape for the meanings of terms."""

from pathlib import Path

import streamlit as st

_component = st.components.v2.component(
    "page_frame", html="<span></span>", js=Path(__file__).with_name("frame.js").read_text("utf-8")
)


def frame(presenting: bool) -> None:
    """Close the sidebar on a phone when a page is chosen or opened, and while presenting when a page is opened."""
    _component(key="frame", data={"presenting": presenting})

"""What the frame of every page does in the browser: the sidebar on a phone, the current link, meanings, sliders."""

from pathlib import Path

import streamlit as st

_component = st.components.v2.component(
    "page_frame", html="<span></span>", js=Path(__file__).with_name("frame.js").read_text("utf-8")
)


def frame(page: str, presenting: bool) -> None:
    """Close the sidebar on a phone when a page is chosen or opened, and while presenting when one is opened.

    `page` is the title of the page that is shown.
    """
    _component(key="frame", data={"page": page, "presenting": presenting})

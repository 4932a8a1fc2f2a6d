"""What the frame of every page does in the browser: the sidebar, the current link, meanings, sliders, the cookie."""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

_component = st.components.v2.component(
    "page_frame", html="<span></span>", js=Path(__file__).with_name("frame.js").read_text("utf-8")
)


KEY = "frame"


def frame(page: str, presenting: bool, cookie: str, token: str, on_token: Callable[[str | None], None]) -> None:
    """Close the sidebar on a phone when a page is chosen or opened, and while presenting when one is opened.

    `page` is the title of the page that is shown. The browser keeps the visitor's `token` in the cookie of this name;
    if it has another one there already, `on_token` is called with that.
    """
    _component(
        key=KEY,
        data={"page": page, "presenting": presenting, "cookie": cookie, "token": token},
        on_token_change=lambda: on_token(st.session_state[KEY].get("token")),
    )

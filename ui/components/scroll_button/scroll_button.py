"""A button that scrolls to another part of the page, for a phone, where what a tap opened lies far below it."""

from pathlib import Path

import streamlit as st

FOLDER = Path(__file__).parent
_component = st.components.v2.component(
    "scroll_button",
    html='<button type="button"></button>',
    css=(FOLDER / "scroll_button.css").read_text("utf-8"),
    js=(FOLDER / "scroll_button.js").read_text("utf-8"),
)


def scroll_button(key: str, text: str, to: str) -> None:
    """Show, on a phone only, a button with this text that scrolls up to the container or component with the key `to`.

    The focus goes there too, to what is selected in it. Nothing is sent to the server.
    """
    with st.container(key=f"on_phones_{key}"):  # style.css hides it on larger screens
        _component(key=key, data={"text": f"\N{UPWARDS ARROW} {text}", "to": to})

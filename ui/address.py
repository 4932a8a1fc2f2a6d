"""The page's address is its state: what it says is checked when it is read, and written in one go."""

from collections.abc import Sequence

import streamlit as st


def choice(parameter: str, allowed: Sequence[str]) -> str:
    """What the address says, if that is allowed, else the first that is; the text is only ever compared."""
    wanted = st.query_params.get(parameter)
    return wanted if wanted in allowed else allowed[0]


def number(parameter: str, low: int, high: int) -> int | None:
    """The whole number low..high that the address says, else None."""
    text = st.query_params.get(parameter, "")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        return None
    return int(text) if low <= int(text) <= high else None


def go(**changes: object) -> None:
    """Change these parts of the address and keep the others; None takes a part away."""
    parts = {**st.query_params.to_dict(), **changes}
    st.query_params.from_dict({name: str(value) for name, value in parts.items() if value is not None})

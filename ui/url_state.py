"""Controls whose state is the page's address: any view is a link, and any link, however strange, is a view."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

if TYPE_CHECKING:
    pass


def update(**values: object) -> None:
    """Write these parameters, in one step of the browser's history; None leaves a parameter out."""
    merged = {**st.query_params.to_dict(), **values}
    st.query_params.from_dict({name: str(value) for name, value in merged.items() if value is not None})


def choice(
    label: str,
    options: dict[str, str],
    parameter: str,
    default: str,
    help: str | None = None,
    labelled: bool = True,
) -> str:
    """One of a few options (what the address says -> what is shown), side by side."""
    key = _sync_widget(parameter, [*options], default)
    return st.segmented_control(
        label,
        list(options),
        format_func=lambda option: options[option],
        required=True,
        wrap=True,  # on a phone all options are seen
        key=key,
        on_change=lambda: update(**{parameter: st.session_state[key]}),
        help=help,
        label_visibility="visible" if labelled else "collapsed",
    )


def select(label: str, options: dict[str, str], parameter: str, default: str, ends: tuple[str, ...] = ()) -> str:
    """One of many options, in a list that opens; a new choice leaves the parameters `ends` out of the address."""
    key = _sync_widget(parameter, [*options], default)
    return st.selectbox(
        label,
        list(options),
        format_func=lambda option: options[option],
        key=key,
        on_change=lambda: update(**{parameter: st.session_state[key] or None, **dict.fromkeys(ends)}),
    )


def toggle(label: str, parameter: str, on: str, off: str, default: bool, help: str | None = None) -> bool:
    """Something that is there or not; the address says `on` or `off`."""
    key = f"address_{parameter}"
    st.session_state[key] = {on: True, off: False}.get(st.query_params.get(parameter, ""), default)
    return st.toggle(
        label,
        key=key,
        on_change=lambda: update(**{parameter: on if st.session_state[key] else off}),
        help=help,
    )


def one_of(parameter: str, allowed: Sequence[str]) -> str:
    """What the address says, if that is allowed, else the first that is; the text is only ever compared."""
    wanted = st.query_params.get(parameter)
    return wanted if wanted in allowed else allowed[0]


def integer(parameter: str, end: int, start: int = 0) -> int | None:
    """The whole number in the address, if it is one from `start` to before `end`."""
    text = st.query_params.get(parameter, "")
    if text.isascii() and text.isdecimal() and len(text) < 10 and start <= int(text) < end:
        return int(text)
    return None


def is_invalid_integer(parameter: str, end: int) -> bool:
    """Does the address hold something else than a number of this range?"""
    return parameter in st.query_params and integer(parameter, end) is None


def _sync_widget(parameter: str, allowed: list[str], default: str) -> str:
    """Let the address decide what the widget shows, after a link too; gives the widget's key."""
    key = f"address_{parameter}"
    st.session_state[key] = one_of(parameter, [default, *allowed])
    return key


def shared_parameters() -> dict[str, str]:
    """What a link to another page takes along from this page's address: the run and the digit that were chosen."""
    return {name: st.query_params[name] for name in ("run", "digit", "from") if name in st.query_params}


def integer_or_warn(name: str, end: int) -> int | None:
    """The whole number from 0 to before `end` that the page's address gives as `name`; if it is none, it says so."""
    if is_invalid_integer(name, end):
        st.warning(
            f"The {name} in this link must be a whole number from 0 to {end - 1:,}; another one is shown instead."
        )
    return integer(name, end)

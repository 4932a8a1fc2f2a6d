"""Controls whose state is kept in the URL, so that every view has a link; invalid parameters mean the default."""

import re
from collections.abc import Sequence

import streamlit as st

SHARED_PARAMETERS = ("run", "digit", "from")  # links to other pages keep them
PRESENTATION = {"present": "1"}  # in the URL while a page is shown to a class


def update(**values: object) -> None:
    """Set these query parameters, in one step of the browser's history; None removes a parameter."""
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
    """Show a few options (value in the URL -> text on the page) side by side, and return the chosen value."""
    key = _sync_widget(parameter, list(options), default)
    chosen = st.segmented_control(
        label,
        list(options),
        format_func=lambda option: options[option],
        required=True,
        wrap=True,  # on a phone all options are seen
        key=key,
        on_change=lambda: _store_choice(parameter, list(options), default),
        help=help,
        label_visibility="visible" if labelled else "collapsed",
    )
    return default if chosen is None else chosen


def _store_choice(parameter: str, allowed: list[str], default: str) -> None:
    """Write the widget's value into the URL, unless that is what the URL means already.

    A browser also reports a value that the page itself has set, and with it a URL that may be older than the page's.
    """
    value = st.session_state[widget_key(parameter)]
    if value != one_of(parameter, [default, *allowed]):
        update(**{parameter: value})


def select(label: str, options: dict[str, str], parameter: str, default: str, resets: tuple[str, ...] = ()) -> str:
    """Show many options (value in the URL -> text on the page) in a select box, and return the chosen value.

    A new choice removes the parameters `resets` from the URL.
    """
    key = _sync_widget(parameter, list(options), default)
    return st.selectbox(
        label,
        list(options),
        format_func=lambda option: options[option],
        key=key,
        on_change=lambda: update(**{parameter: st.session_state[key] or None, **dict.fromkeys(resets)}),
    )


def toggle(label: str, parameter: str, on: str, off: str, default: bool, help: str | None = None) -> bool:
    """Show a toggle whose parameter in the URL is `on` or `off`, and return whether it is on."""
    key = widget_key(parameter)
    st.session_state[key] = {on: True, off: False}.get(st.query_params.get(parameter, ""), default)
    return st.toggle(
        label,
        key=key,
        on_change=lambda: update(**{parameter: on if st.session_state[key] else off}),
        help=help,
    )


def one_of(parameter: str, allowed: Sequence[str]) -> str:
    """Return the parameter's value in the URL if it is allowed, else the first allowed one."""
    value = st.query_params.get(parameter)
    return value if value is not None and value in allowed else allowed[0]


def integer(parameter: str, end: int, start: int = 0) -> int | None:
    """Return the integer in the URL if it is one of range(start, end), else None."""
    text = st.query_params.get(parameter, "")
    if text.isascii() and text.isdecimal() and len(text) < 10 and start <= int(text) < end:
        return int(text)
    return None


def one_decimal(parameter: str, maximum: float, default: float) -> float:
    """Return the number in the URL if it is one of 0, 0.1, 0.2 ... up to the maximum, else the default."""
    text = st.query_params.get(parameter, "")
    if re.fullmatch(r"[0-9]{1,3}(\.[0-9])?", text) and float(text) <= maximum:
        return float(text)
    return default


def integer_or_warn(parameter: str, end: int) -> int | None:
    """Return `integer`; show a warning if the URL has this parameter but no integer of range(end) for it."""
    if is_invalid_integer(parameter, end):
        st.warning(
            f"The {parameter} in this link must be a whole number from 0 to {end - 1:,}; another one is shown instead."
        )
    return integer(parameter, end)


def is_invalid_integer(parameter: str, end: int) -> bool:
    """Return whether the URL has this parameter but no integer of range(end) for it."""
    return parameter in st.query_params and integer(parameter, end) is None


def shared_parameters() -> dict[str, str]:
    """Return the parameters of this page that a link to another page keeps: the chosen run and digit."""
    shared = {name: st.query_params[name] for name in SHARED_PARAMETERS if name in st.query_params}
    if shared.get("from", "").isdecimal():  # on Mistakes it is the lowest confidence, elsewhere the digit's source
        del shared["from"]
    return shared


def presentation_parameter() -> dict[str, str]:
    """Return the parameter that says that this page is shown to a class, {} if it is not."""
    return PRESENTATION if st.query_params.get("present") == PRESENTATION["present"] else {}


def present(on: bool) -> None:
    """Begin or end the presentation, in the URL."""
    update(present=PRESENTATION["present"] if on else None)


def widget_key(parameter: str) -> str:
    """Return the key of the widget whose state is this parameter of the URL."""
    return f"address_{parameter}"


def _sync_widget(parameter: str, allowed: list[str], default: str) -> str:
    """Set the widget's state from the URL, also when a link was followed on an open page; return the widget's key."""
    key = widget_key(parameter)
    st.session_state[key] = one_of(parameter, [default, *allowed])
    return key

"""How much larger figures are while presenting: here, so that they need no Streamlit, and the frame no Plotly."""

from collections.abc import Callable


def _as_on_a_laptop() -> float:
    return 1.0


# How much larger figures are than on a laptop; `ui.shell` puts what the URL of the page says in its place.
factor: Callable[[], float] = _as_on_a_laptop

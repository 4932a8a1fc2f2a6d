"""The drawing of a network, with layers to select by mouse, touch or keyboard."""

from pathlib import Path

import streamlit as st

from ui.network_diagram import STYLESHEET

FOLDER = Path(__file__).parent
_component = st.components.v2.component(
    "network",
    html='<div class="host"></div>',
    css=STYLESHEET,
    js=(FOLDER.parent / "reveal.js").read_text("utf-8") + (FOLDER / "network.js").read_text("utf-8"),
)


def clickable_network(key: str, diagram: str, reveals: str) -> str | None:
    """Show the HTML of a `network_diagram` with `clickable=True`; return the name of the layer just clicked, else None.

    A click also brings the container with the key `reveals` into view.
    The name comes from the browser: compare it with those of the layers before using it.
    """
    clicked = _component(key=key, data={"diagram": diagram, "reveals": reveals}, on_clicked_change=lambda: None).clicked
    return clicked if isinstance(clicked, str) else None

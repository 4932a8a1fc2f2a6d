"""The drawing pad: white ink on black, with undo and clear; the drawing outlives a visit to another page."""

from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from mnist_core import pictures

SIDE = 280  # pixels: ten for each that the network sees, and narrower than a phone
KEY = "drawing"  # of the component, while it is on the page
PEN = (8, 30, 18)  # pixels: thinnest, thickest, first
tidy = st.components.v2.component("tidy_pad", js=Path(__file__).with_name("canvas.js").read_text("utf-8"))


def pad() -> np.ndarray | None:
    """The pad with its buttons; gives what is drawn as uint8 (280, 280), ink 255 on 0, or None before a stroke."""
    from streamlit_drawable_canvas import st_canvas  # it can only be imported where Streamlit runs

    kept = st.session_state.setdefault("pad", {"strokes": [], "sheet": None, "shown": {}, "turn": 0, "waiting": False})
    with st.container(key="pad"):
        if KEY not in st.session_state:  # just opened, or opened again: begin with what was drawn before
            kept["waiting"] = False
            if kept["shown"].get("objects") != kept["strokes"]:
                kept["shown"] = shown(kept)
        pen = st.session_state.setdefault("pen", PEN[2])
        drawn = st_canvas(
            stroke_width=pen,
            stroke_color="#FFFFFF",
            background_color="#000000",
            initial_drawing=kept["shown"],
            height=SIDE,
            width=SIDE,
            return_image_data=True,
            key=KEY,
            on_change=arrived,
        )
        tidy(key="tidy_pad")
    if not kept["waiting"] and drawn.image_bytes is not None:
        kept |= {"strokes": strokes_of(drawn.json_data), "sheet": sheet_of(drawn.image_bytes)}
    with st.container(horizontal=True, key="pad_buttons"):
        empty = not kept["strokes"]
        st.button("Undo", icon=":material/undo:", width="stretch", on_click=undo, disabled=empty, key="undo_stroke")
        st.button("Clear", icon=":material/delete:", width="stretch", on_click=clear, disabled=empty, key="clear_pad")
    st.slider("Pen width", PEN[0], PEN[1], key="pen", persist_state="session")
    return kept["sheet"]


def shown(kept: dict[str, Any]) -> dict[str, Any]:
    """What the component is told to show; a new turn makes it do so even when the strokes are those it began with."""
    kept["turn"] += 1
    return {"objects": kept["strokes"], "turn": kept["turn"]}


def arrived() -> None:
    """The component has sent what it holds now."""
    st.session_state["pad"]["waiting"] = False


def undo() -> None:
    """Take the last stroke away; the answer follows when the component has sent what is left."""
    begin_with(st.session_state["pad"]["strokes"][:-1])


def clear() -> None:
    """Begin anew."""
    begin_with([])


def begin_with(strokes: list[dict[str, Any]]) -> None:
    """Show these strokes instead; what the component sent before no longer counts."""
    kept = st.session_state["pad"]
    kept |= {"strokes": strokes, "waiting": True}
    kept["shown"] = shown(kept)
    if not strokes:
        kept["sheet"] = None


def strokes_of(drawing: Any) -> list[dict[str, Any]]:
    """The strokes in what the component sent."""
    strokes = drawing.get("objects") if isinstance(drawing, dict) else None
    return strokes if isinstance(strokes, list) else []


def sheet_of(content: bytes) -> np.ndarray | None:
    """uint8 (H, W): the ink in the picture that the component sent; None when it is no picture."""
    try:
        return pictures.read(content, formats=("PNG",)).pixels[..., 0]
    except pictures.BadPicture:
        return None

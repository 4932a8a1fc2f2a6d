"""The drawing pad: white ink on black, with undo and clear; the drawing outlives a visit to another page."""

from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from mnist_core import image_file
from ui.palette import BACKGROUND, INK

CANVAS_SIZE = 280  # pixels: ten for each that the network sees, and narrower than a phone
CANVAS_KEY = "drawing"  # of the component, while it is on the page
PEN_WIDTH = (8, 30, 18)  # pixels: thinnest, thickest, first
hide_toolbar = st.components.v2.component("tidy_pad", js=Path(__file__).with_name("canvas.js").read_text("utf-8"))


def drawing_canvas() -> np.ndarray | None:
    """The pad with its buttons; gives what is drawn as uint8 (280, 280), ink 255 on 0, or None before a stroke."""
    from streamlit_drawable_canvas import st_canvas  # it can only be imported where Streamlit runs

    kept = st.session_state.setdefault("pad", {"strokes": [], "sheet": None, "shown": {}, "turn": 0, "waiting": False})
    with st.container(key="pad"):
        if CANVAS_KEY not in st.session_state:  # just opened, or opened again: begin with what was drawn before
            kept["waiting"] = False
            if kept["shown"].get("objects") != kept["strokes"]:
                kept["shown"] = initial_drawing(kept)
        pen = st.session_state.setdefault("pen", PEN_WIDTH[2])
        drawn = st_canvas(
            stroke_width=pen,
            stroke_color=INK,
            background_color=BACKGROUND,
            initial_drawing=kept["shown"],
            height=CANVAS_SIZE,
            width=CANVAS_SIZE,
            return_image_data=True,
            key=CANVAS_KEY,
            on_change=on_canvas_change,
        )
        hide_toolbar(key="tidy_pad")
    if not kept["waiting"] and drawn.image_bytes is not None:
        kept |= {"strokes": parse_strokes(drawn.json_data), "sheet": decode_canvas(drawn.image_bytes)}
    with st.container(horizontal=True, key="pad_buttons"):
        empty = not kept["strokes"]
        st.button("Undo", icon=":material/undo:", width="stretch", on_click=undo, disabled=empty, key="undo_stroke")
        st.button("Clear", icon=":material/delete:", width="stretch", on_click=clear, disabled=empty, key="clear_pad")
    st.slider("Pen width", PEN_WIDTH[0], PEN_WIDTH[1], key="pen", persist_state="session")
    return kept["sheet"]


def initial_drawing(kept: dict[str, Any]) -> dict[str, Any]:
    """What the component is told to show; a new turn makes it do so even when the strokes are those it began with."""
    kept["turn"] += 1
    return {"objects": kept["strokes"], "turn": kept["turn"]}


def on_canvas_change() -> None:
    """The component has sent what it holds now."""
    st.session_state["pad"]["waiting"] = False


def undo() -> None:
    """Take the last stroke away; the answer follows when the component has sent what is left."""
    replace_strokes(st.session_state["pad"]["strokes"][:-1])


def clear() -> None:
    """Begin anew."""
    replace_strokes([])


def replace_strokes(strokes: list[dict[str, Any]]) -> None:
    """Show these strokes instead; what the component sent before no longer counts."""
    kept = st.session_state["pad"]
    kept |= {"strokes": strokes, "waiting": True}
    kept["shown"] = initial_drawing(kept)
    if not strokes:
        kept["sheet"] = None


def parse_strokes(drawing: Any) -> list[dict[str, Any]]:
    """The strokes in what the component sent."""
    strokes = drawing.get("objects") if isinstance(drawing, dict) else None
    return strokes if isinstance(strokes, list) else []


def decode_canvas(content: bytes) -> np.ndarray | None:
    """uint8 (H, W): the ink in the picture that the component sent; None when it is no picture."""
    try:
        return image_file.read_image(content, formats=("PNG",)).pixels[..., 0]
    except image_file.ImageFileError:
        return None

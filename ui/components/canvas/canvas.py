"""The drawing canvas: white ink on black, with undo and clear. The drawing is kept while other pages are visited."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

from mnist_core import image_file
from ui.palette import BACKGROUND, INK

CANVAS_SIZE = 280  # pixels: ten for each that the network sees, and narrower than a phone
LARGE_CANVAS_SIZE = 480  # pixels: for a projector
CANVAS_KEY = "drawing"  # of the component, while it is on the page; of a larger one with its size
STATE_KEY = "canvas_state"  # of the CanvasState, for the whole session
PEN_WIDTH = (8, 30, 18)  # pixels: thinnest, thickest, default
PLACE_AND_SCALE = ("left", "top", "scaleX", "scaleY")  # of a stroke, all of them numbers
Stroke = dict[str, Any]  # a path of Fabric.js, the library behind the component

HINT = "Draw a digit here"  # on an empty canvas; it lies over it, so that it is no ink

_adapt_canvas = st.components.v2.component("adapt_canvas", js=Path(__file__).with_name("canvas.js").read_text("utf-8"))


@dataclass
class CanvasState:
    """What a session has drawn, and what the component was last told to show."""

    strokes: list[Stroke] = field(default_factory=list)
    size: int = CANVAS_SIZE  # of the canvas that the strokes are drawn on
    pixels: np.ndarray | None = None  # uint8 (size, size), ink 255 on 0
    initial_drawing: dict[str, Any] = field(default_factory=dict)
    revision: int = 0  # of initial_drawing
    pending: bool = False  # the strokes were replaced, and the component has not sent its new picture yet


def canvas_size(presenting: bool) -> int:
    """Return the side of the canvas in pixels: a large one for a class, but never wider than a phone's screen."""
    on_phone = "Mobi" in st.context.headers.get("User-Agent", "")
    return LARGE_CANVAS_SIZE if presenting and not on_phone else CANVAS_SIZE


def drawing_canvas(size: int = CANVAS_SIZE) -> np.ndarray | None:
    """Show the canvas with its buttons; return the ink, 255 on 0, or None before the first stroke.

    The ink is uint8 (size, size); just after the size has changed, it may still be that of the canvas before.
    """
    from streamlit_drawable_canvas import st_canvas  # it can only be imported where Streamlit runs

    state: CanvasState = st.session_state.setdefault(STATE_KEY, CanvasState())
    key = CANVAS_KEY if size == CANVAS_SIZE else f"{CANVAS_KEY}_{size}"  # a canvas of another size is a new component
    with st.container(key="canvas"):
        if key not in st.session_state:  # the page was just opened: start with what was drawn before
            state.pending = False
            resize_strokes(state, size)
            if state.initial_drawing.get("objects") != state.strokes:
                state.initial_drawing = initial_drawing(state)
        pen_width = st.session_state.setdefault("pen", PEN_WIDTH[2])
        result = st_canvas(
            stroke_width=round(pen_width * size / CANVAS_SIZE),
            stroke_color=INK,
            background_color=BACKGROUND,
            initial_drawing=state.initial_drawing,
            height=size,
            width=size,
            return_image_data=True,
            key=key,
            on_change=on_canvas_change,
        )
        if not state.pending and result.image_bytes is not None:
            state.strokes, state.pixels = parse_strokes(result.json_data), decode_canvas(result.image_bytes)
        _adapt_canvas(key="adapt_canvas", data={"hint": "" if state.strokes else HINT, "size": size})
    with st.container(horizontal=True, key="canvas_buttons"):
        empty = not state.strokes
        st.button("Undo", icon=":material/undo:", width="stretch", on_click=undo, disabled=empty, key="undo_stroke")
        st.button(
            "Clear", icon=":material/delete:", width="stretch", on_click=clear, disabled=empty, key="clear_canvas"
        )
    st.slider("Pen width", PEN_WIDTH[0], PEN_WIDTH[1], key="pen", persist_state="session")
    return state.pixels


def resize_strokes(state: CanvasState, size: int) -> None:
    """Scale the strokes to a canvas of this size, in place, so that a drawing is kept when the canvas changes."""
    factor, state.size = size / state.size, size
    if factor != 1:
        state.strokes = [
            stroke | {name: value * factor for name, value in stroke.items() if name in PLACE_AND_SCALE}
            for stroke in state.strokes
        ]


def initial_drawing(state: CanvasState) -> dict[str, Any]:
    """Return what tells the component to show the strokes.

    Its revision is new each time: the component ignores a drawing that it was already told to show.
    """
    state.revision += 1
    return {"objects": state.strokes, "revision": state.revision}


def on_canvas_change() -> None:
    """Note that the component has sent what it shows now."""
    st.session_state[STATE_KEY].pending = False


def undo() -> None:
    """Remove the last stroke; the prediction is updated once the component has sent its new picture."""
    replace_strokes(st.session_state[STATE_KEY].strokes[:-1])


def clear() -> None:
    """Remove all strokes."""
    replace_strokes([])


def replace_strokes(strokes: list[Stroke]) -> None:
    """Show these strokes instead, and ignore the component's picture until it has sent a new one."""
    state: CanvasState = st.session_state[STATE_KEY]
    state.strokes, state.pending = strokes, True
    state.initial_drawing = initial_drawing(state)
    if not strokes:
        state.pixels = None


def parse_strokes(json_data: object) -> list[Stroke]:
    """Return the strokes in the JSON that the component sent; none if it is malformed."""
    strokes = json_data.get("objects") if isinstance(json_data, dict) else None
    return strokes if isinstance(strokes, list) and all(map(is_stroke, strokes)) else []


def is_stroke(value: object) -> bool:
    """Return whether this is a stroke that can be scaled: an object whose place and scale, if given, are numbers."""
    return isinstance(value, dict) and all(isinstance(value.get(name, 0), int | float) for name in PLACE_AND_SCALE)


def decode_canvas(content: bytes) -> np.ndarray | None:
    """Return the ink, uint8 (H, W), in the PNG that the component sent; None if it is not a picture."""
    try:
        return image_file.read_image(content, formats=("PNG",)).pixels[..., 0]
    except image_file.ImageFileError:
        return None

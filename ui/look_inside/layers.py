"""The parts of the Look inside page: the chain of layers, their maps, attribution, neighbours."""

import numpy as np
import streamlit as st

from mnist_core.analysis import activations
from mnist_core.analysis.activations import LayerActivation
from ui import charts, images, url_state
from ui.components.gallery.gallery import gallery
from ui.digit_picker import PickedDigit
from ui.look_inside import arithmetic, feature_maps
from ui.url_state import integer_or_warn

VIEWS = {"layers": "Layer by layer", "why": "What it looked at", "nearest": "What it resembles"}
MAX_UNSCROLLED = 40  # maps: more than that scroll in their own frame


def layer_strip(hand: PickedDigit, passed: list[LayerActivation], layer: LayerActivation, believed: np.ndarray) -> None:
    """The digit, every layer as a picture of its maps, and the ten probabilities at the end."""
    left, middle, right = st.columns([1.1, 5.4, 2.1], gap="medium", vertical_alignment="center")
    with left:
        digit_and_answer(hand, believed)
    with middle:
        names = [step.name for step in passed]
        clicked = gallery(
            "chain",
            "The layers, from the digit to the scores",
            range(len(passed)),
            np.stack([feature_maps.layer_thumbnail(step.after) for step in passed]),
            names,
            [f"{step.name}: {step.about}; {shape_text(step.after)}" for step in passed],
            selected=names.index(layer.name),
            size=56,
        )
    with right:
        st.plotly_chart(
            charts.probabilities(believed, hand.label),
            key="probabilities",
            config=charts.PLOTLY_CONFIG,
            alt=f"What the network believes: {believed.argmax()} with {believed.max():.1%}",
        )
    if clicked is not None and names[clicked] != layer.name:
        url_state.update(layer=names[clicked], part=None, map=None, row=None, column=None)
        st.rerun()


def digit_and_answer(hand: PickedDigit, believed: np.ndarray) -> None:
    """The picture, and how it is read."""
    with st.container(key="digit"):
        st.image(images.data_uri(images.enlarge(hand.image)), width=112)
    written = "" if hand.label is None else f", written as **{hand.label}**"
    st.markdown(f"Read as **{believed.argmax()}**{written}")


def shape_text(values: np.ndarray) -> str:
    """(32, 28, 28) as "32 maps of 28 × 28", (128,) as "128 numbers"."""
    if values.ndim == 1:
        return f"{len(values):,} numbers"
    return f"{len(values)} maps of {values.shape[1]} × {values.shape[2]}"


def selected_layer(passed: list[LayerActivation]) -> LayerActivation:
    """The layer that the address names, else the first that makes sums of patches."""
    named = {step.name: step for step in passed}
    wanted = st.query_params.get("layer")
    if wanted in named:
        return named[wanted]
    if wanted is not None:
        st.warning("This network has no layer of the name in this link; another one is shown instead.")
    return next((step for step in passed if step.kind == "Conv2d"), passed[-1])


def feature_maps_section(network, passed: list[LayerActivation], step: LayerActivation) -> None:
    """The maps of one layer, one of them enlarged, and the arithmetic of one of its values."""
    layer = network.get_submodule(step.name)
    values = activations.exact_output(layer, step.before)
    st.markdown(f"**{step.name}** {step.about}: {shape_text(values)} come out.")
    left, right = st.columns([3, 2], gap="large")
    if values.ndim == 1:
        with right:
            place, row, column = choose_unit(step, values)
    else:
        with left:
            place = choose_map(step, values)
        with right:
            row, column = choose_pixel(values[place], place)
    with left if values.ndim == 1 else st.container():
        arithmetic.show_arithmetic(layer, passed, step, values, place, row, column)


def choose_map(step: LayerActivation, values: np.ndarray) -> int:
    """A grid of all maps of a layer; gives the one that was clicked last, at first the one with most in it."""
    count = len(values)
    place = integer_or_warn("map", count)
    place = int(np.abs(values).sum((1, 2)).argmax()) if place is None else place
    with st.container(height=460 if count > MAX_UNSCROLLED else "content", border=False):
        clicked = gallery(
            "maps",
            f"The maps of {step.name}",
            range(count),
            feature_maps.apply_colormap(values, feature_maps.max_magnitude(values)),
            [f"map {number}" for number in range(count)],
            [f"map {number}, from {one.min():.2f} to {one.max():.2f}" for number, one in enumerate(values)],
            selected=place,
            size=48,
            values=values,
        )
    st.caption("What to notice: black is 0, orange above it, blue below. Each map answers to a shape of its own.")
    if clicked is not None and clicked != place:
        url_state.update(layer=step.name, map=clicked)
        st.rerun()
    return place


def choose_pixel(values: np.ndarray, place: int) -> tuple[int, int]:
    """The map, enlarged, to choose one of its pixels: by a click, or by row and column."""
    height, width = values.shape
    best = np.unravel_index(np.abs(values).argmax(), values.shape)
    row, column = integer_or_warn("row", height), integer_or_warn("column", width)
    row, column = int(best[0]) if row is None else row, int(best[1]) if column is None else column
    st.markdown(f"**Map {place}**, enlarged. Click a pixel to see how it came about.")
    names = [f"row {r}, column {c}" for r, c in np.ndindex(height, width)]
    clickable_chart(
        feature_maps.clickable_map(values, names, (row, column), feature_maps.max_magnitude(values)),
        lambda at: url_state.update(map=place, row=at // width, column=at % width),
        f"Map {place} enlarged",
    )
    with st.container(horizontal=True):
        for name, value, size in (("row", row, height), ("column", column, width)):
            st.session_state[f"pixel_{name}"] = value
            st.number_input(
                name.title(),
                0,
                size - 1,
                key=f"pixel_{name}",
                on_change=lambda name=name: url_state.update(map=place, **{name: st.session_state[f"pixel_{name}"]}),
            )
    return row, column


def choose_unit(step: LayerActivation, values: np.ndarray) -> tuple[int, int, int]:
    """The numbers of a layer without maps, in rows, to choose one of them."""
    place = integer_or_warn("map", len(values))
    place = int(np.abs(values).argmax()) if place is None else place
    across = len(values) if len(values) <= 10 else int(np.ceil(np.sqrt(len(values))))
    st.markdown(f"**Number {place}** of {len(values):,}, written in rows. Click one to see how it came about.")
    sheet = feature_maps.arrange_units(values, across)
    names = [f"number {number}" for number in range(sheet.size)]
    clickable_chart(
        feature_maps.clickable_map(sheet, names, divmod(place, across), feature_maps.max_magnitude(values)),
        lambda at: url_state.update(map=min(at, len(values) - 1)),
        f"The numbers of {step.name}",
    )
    st.session_state["unit"] = place
    st.number_input(
        "Number", 0, len(values) - 1, key="unit", on_change=lambda: url_state.update(map=st.session_state["unit"])
    )
    return place, 0, 0


def clickable_chart(figure, chosen, alt: str) -> None:
    """A map to click; `chosen` gets the place of the pixel, counted along the rows."""

    def clicked() -> None:
        points = st.session_state["enlarged"]["selection"]["points"]
        if points:
            chosen(int(points[0]["point_index"]))

    st.plotly_chart(
        figure, key="enlarged", on_select=clicked, selection_mode="points", config=charts.PLOTLY_CONFIG, alt=alt
    )

"""The layers of a network and what they make of one digit: all of them as a drawing, the feature maps of one."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go
import streamlit as st
from scipy.special import softmax

from mnist_core.analysis.activations import LayerActivation, exact_output
from mnist_core.models import summarise
from ui import charts, images, network_diagram, url_state
from ui.components.gallery.gallery import gallery
from ui.components.network.network import clickable_network
from ui.digit_picker import PickedDigit
from ui.look_inside import arithmetic, feature_maps
from ui.network_diagram import Block, shape_text
from ui.url_state import integer_or_warn

if TYPE_CHECKING:
    from torch import nn

VIEWS = {"layers": "Layer by layer", "why": "What it looked at", "nearest": "What it resembles"}
MAX_UNSCROLLED = 40  # feature maps; more than that scroll in a frame of their own


def show_network(
    network: "nn.Sequential", digit: PickedDigit, activations: list[LayerActivation], selected: LayerActivation
) -> None:
    """Show the network as connected blocks, from the digit to the answer; a click on a layer selects it."""
    summaries = summarise(network)
    diagram = network_diagram.network_diagram(
        summaries,
        digit=digit.image,
        pictures=layer_pictures(network_diagram.blocks(summaries), activations),
        probabilities=softmax(activations[-1].output.astype(np.float64)),
        label=digit.label,
        selected=selected.name,
        clickable=True,
    )
    clicked = clickable_network("chain", diagram, reveals="layer")
    if clicked in [activation.name for activation in activations] and clicked != selected.name:
        url_state.update(layer=clicked, part=None, map=None, row=None, column=None)
        st.rerun()


def layer_pictures(blocks: list[Block], activations: list[LayerActivation]) -> dict[str, list[str]]:
    """Return data URIs of the most active feature maps or units of each block's main layer, by the layer's name.

    A pooling shows the maps that its convolution shows.
    """
    outputs = {activation.name: activation.output for activation in activations}
    pictures: dict[str, list[str]] = {}
    shown, n_before = np.arange(0), 0
    for block in blocks:
        values = outputs[block.main.name]
        if block.main.kind not in network_diagram.ONE_TO_ONE or len(values) != n_before:
            passed_on = np.maximum(values, 0).reshape(len(values), -1).sum(1)  # the ReLU drops the rest
            strongest = np.argsort(-passed_on, kind="stable")
            shown, n_before = np.sort(strongest[: block.n_tiles]), len(values)
        maps = values[shown] if values.ndim == 3 else values[shown, None, None]
        coloured = feature_maps.apply_colormap(maps, feature_maps.max_magnitude(values))
        pictures[block.main.name] = [images.data_uri(picture) for picture in coloured]
    return pictures


def selected_layer(activations: list[LayerActivation]) -> LayerActivation:
    """Return the layer that the URL names, else the first convolution, else the last layer."""
    by_name = {activation.name: activation for activation in activations}
    requested = st.query_params.get("layer")
    if requested in by_name:
        return by_name[requested]
    if requested is not None:
        st.warning("This network has no layer with the name in this link; another one is shown instead.")
    return next((activation for activation in activations if activation.kind == "Conv2d"), activations[-1])


def feature_maps_section(
    network: "nn.Sequential", activations: list[LayerActivation], selected: LayerActivation
) -> None:
    """Show the feature maps or units of the selected layer, and the arithmetic behind one of their values."""
    layer = network.get_submodule(selected.name)
    values = exact_output(layer, selected.input)
    st.markdown(f"**{selected.name}** {selected.description}: its output is {shape_text(values.shape)}.")
    left, right = st.columns([3, 2], gap="large")
    row, column = 0, 0
    if values.ndim == 1:
        with right:
            index = choose_unit(selected, values)
    else:
        with left:
            index = choose_map(selected, values)
        with right, st.container(key="enlarged_map"):
            row, column = choose_pixel(values[index], index)
    with left if values.ndim == 1 else st.container():
        arithmetic.show_arithmetic(layer, activations, selected, values, index, row, column)


def choose_map(selected: LayerActivation, values: np.ndarray) -> int:
    """Show all (C, H, W) feature maps of a layer to choose one; the default has the largest sum of magnitudes."""
    count = len(values)
    index = integer_or_warn("map", count)
    index = int(np.abs(values).sum((1, 2)).argmax()) if index is None else index
    with st.container(height=460 if count > MAX_UNSCROLLED else "content", border=False):
        clicked = gallery(
            "maps",
            f"The feature maps of {selected.name}",
            range(count),
            feature_maps.apply_colormap(values, feature_maps.max_magnitude(values)),
            [f"map {number}" for number in range(count)],
            [f"map {number}, from {one.min():.2f} to {one.max():.2f}" for number, one in enumerate(values)],
            selected=index,
            size=48,
            values=values,
            reveals="enlarged_map",
        )
    show_colour_bar(values)
    st.caption("Each map responds to a different shape: the brighter, the stronger. Choose one to enlarge it.")
    if clicked is not None and clicked != index:
        url_state.update(layer=selected.name, map=clicked)
        st.rerun()
    return index


def show_colour_bar(values: np.ndarray) -> None:
    """Show what the colours of a layer's values stand for: both ends are the largest magnitude among them."""
    limit = feature_maps.max_magnitude(values)
    st.html(feature_maps.colour_bar_html(f"blue: \N{MINUS SIGN}{limit:.2f}", f"+{limit:.2f}: orange"))


def choose_pixel(values: np.ndarray, index: int) -> tuple[int, int]:
    """Show one (H, W) feature map, enlarged, to choose a pixel by a click or by row and column.

    The default is the pixel of the largest magnitude.
    """
    height, width = values.shape
    peak = divmod(int(np.abs(values).argmax()), width)
    row, column = integer_or_warn("row", height), integer_or_warn("column", width)
    row, column = peak[0] if row is None else row, peak[1] if column is None else column
    st.markdown(f"**Map {index}**, enlarged. Choose a pixel to see how its value is calculated.")
    pixel_names = [f"row {r}, column {c}" for r, c in np.ndindex(height, width)]
    clickable_chart(
        feature_maps.clickable_map(values, pixel_names, (row, column), feature_maps.max_magnitude(values)),
        lambda position: url_state.update(map=index, row=position // width, column=position % width),
        f"Map {index} enlarged",
    )
    with st.container(horizontal=True):
        for name, value, size in (("row", row, height), ("column", column, width)):
            st.session_state[f"pixel_{name}"] = value
            st.number_input(
                name.title(),
                0,
                size - 1,
                key=f"pixel_{name}",
                on_change=lambda name=name: url_state.update(map=index, **{name: st.session_state[f"pixel_{name}"]}),
            )
    return row, column


def choose_unit(selected: LayerActivation, values: np.ndarray) -> int:
    """Show the (N,) units of a layer in rows to choose one; the default has the largest magnitude."""
    index = integer_or_warn("map", len(values))
    index = int(np.abs(values).argmax()) if index is None else index
    columns = len(values) if len(values) <= 10 else int(np.ceil(np.sqrt(len(values))))
    how = "Choose a unit" if len(values) <= feature_maps.MAX_CLICKABLE else "Enter the number of a unit"
    st.markdown(f"**Unit {index}** of {len(values):,}, arranged in rows. {how} to see how its value is calculated.")
    grid = feature_maps.arrange_units(values, columns)
    unit_names = [f"unit {number}" for number in range(grid.size)]
    clickable_chart(
        feature_maps.clickable_map(grid, unit_names, divmod(index, columns), feature_maps.max_magnitude(values)),
        lambda position: url_state.update(map=min(position, len(values) - 1)),
        f"The units of {selected.name}",
    )
    show_colour_bar(values)
    st.session_state["unit"] = index
    st.number_input(
        "Unit", 0, len(values) - 1, key="unit", on_change=lambda: url_state.update(map=st.session_state["unit"])
    )
    return index


def clickable_chart(figure: go.Figure, on_click: Callable[[int], None], alt: str) -> None:
    """Show a `feature_maps.clickable_map`; `on_click` receives the position of the pixel in row-major order."""

    def on_select() -> None:
        points = st.session_state["enlarged"]["selection"]["points"]
        if points:
            on_click(int(points[0]["point_index"]))

    st.plotly_chart(
        figure, key="enlarged", on_select=on_select, selection_mode="points", config=charts.PLOTLY_CONFIG, alt=alt
    )

"""How one value of a layer is calculated: an input patch times the filter, summed, plus the bias."""

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from mnist_core.analysis.activations import LayerActivation, weighted_sum
from ui import charts, url_state
from ui.insight import insight
from ui.look_inside import feature_maps
from ui.look_inside.feature_maps import format_number

if TYPE_CHECKING:
    from torch import nn

MAX_CHANNELS = 3  # input channels whose products are written out; the others are bars


def show_arithmetic(
    layer: "nn.Module",
    activations: list[LayerActivation],
    selected: LayerActivation,
    values: np.ndarray,
    index: int,
    row: int,
    column: int,
) -> None:
    """Show how one of a layer's output `values` is calculated: of map `index` at (row, column), or of unit `index`."""
    has_maps = selected.input.ndim == 3
    value = values[index] if values.ndim == 1 else values[index, row, column]
    position = f"Unit {index}" if values.ndim == 1 else f"Map {index} at row {row}, column {column}"
    terms = weighted_sum(layer, selected.input, index, row, column)
    st.subheader(f"{position} is {format_number(value)}", anchor=False)
    if terms is None:
        no_weighted_sum(activations, selected, index, row, column, value)
        return
    source, kind = input_name(activations, selected), "map" if has_maps else "unit"
    contributions = terms.products.sum((1, 2))
    with st.container(key="sum"):
        count = f"{terms.products.size:,} products"
        count += f" of {len(contributions):,} {kind}s" if len(contributions) > 1 else ""
        st.markdown(
            f"Sum of {count} **{format_number(terms.products.sum())}** + bias **{format_number(terms.bias)}** "
            f"= **{format_number(terms.value)}**"
        )
    if has_maps:
        largest = np.argsort(-np.abs(contributions), kind="stable")[:MAX_CHANNELS]
        if len(contributions) > MAX_CHANNELS:
            st.caption(
                f"The {MAX_CHANNELS} of the {len(contributions)} maps of {source} that contribute most, "
                "then all of them as bars."
            )
        for channel in largest:
            st.caption(
                f"From {kind} {terms.channels[channel]} of {source}: the products sum to "
                f"{format_number(contributions[channel])}."
            )
            st.html(feature_maps.products_html(terms, channel))
    if len(contributions) > 1:
        if len(contributions) > feature_maps.MAX_BARS:
            st.caption(
                f"The {feature_maps.MAX_BARS} of the {len(contributions):,} {kind}s of {source} that contribute most."
            )
        st.plotly_chart(
            feature_maps.contributions_chart(contributions, terms.channels, kind),
            key="contributions",
            config=charts.PLOTLY_CONFIG,
            alt=f"The contribution of the {kind}s of {source}",
        )
    insight(
        "This is all that a filter does: it multiplies, adds up and moves on. The same few weights slide over the "
        "whole picture."
        if has_maps
        else "A dense layer has no filter to slide: every input has a weight of its own."
    )
    st.caption("The numbers shown are rounded to four decimals; the sum is not.")


def input_name(activations: list[LayerActivation], selected: LayerActivation) -> str:
    """Return what a layer's input is called: the layer before it, or the digit."""
    index = layer_index(activations, selected)
    if index == 0:
        return "the digit (its pixels shifted and scaled to mean 0 and standard deviation 1)"
    return activations[index - 1].name


def layer_index(activations: list[LayerActivation], selected: LayerActivation) -> int:
    """Return the index of a layer among all layers; their names are unique."""
    return [activation.name for activation in activations].index(selected.name)


def no_weighted_sum(
    activations: list[LayerActivation], selected: LayerActivation, index: int, row: int, column: int, value: float
) -> None:
    """Show a layer without weights: the value that goes in, and a link to the filter before it."""
    if selected.input.shape == selected.output.shape:
        before = selected.input[index] if selected.input.ndim == 1 else selected.input[index, row, column]
        st.markdown(f"{format_number(before)} goes in, {format_number(value)} comes out.")
    st.caption(f"{selected.name} {selected.description}. It has no filter of its own.")
    previous = reversed(activations[: layer_index(activations, selected)])
    source = next((activation for activation in previous if activation.kind in ("Conv2d", "Linear")), None)
    if source is None:
        return
    same_pixel = source.output.shape == selected.output.shape and selected.output.ndim == 3
    parameters = {
        "layer": source.name,
        "map": index if len(source.output) == len(selected.output) else None,
        "row": row if same_pixel else None,
        "column": column if same_pixel else None,
    }
    st.button(
        f"See the filter in {source.name}",
        key="previous_filter",
        icon=":material/arrow_back:",
        on_click=lambda: url_state.update(**parameters),
    )

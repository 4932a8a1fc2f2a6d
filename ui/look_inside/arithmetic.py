"""How one number in a layer came about: patch times filter, summed, plus the bias."""

import numpy as np
import streamlit as st

from mnist_core.analysis import activations
from mnist_core.analysis.activations import LayerActivation
from ui import charts, url_state
from ui.look_inside import feature_maps

MAX_CHANNELS = 3  # channels whose products are written out; the others are a bar


def show_arithmetic(
    layer, passed: list[LayerActivation], step: LayerActivation, values: np.ndarray, place: int, row: int, column: int
) -> None:
    """How one value came about: patch times filter, summed, plus the bias."""
    shown = values[place] if values.ndim == 1 else values[place, row, column]
    where = f"Number {place}" if values.ndim == 1 else f"Map {place} at row {row}, column {column}"
    found = activations.weighted_sum(layer, step.before, place, row, column)
    st.subheader(f"{where} is {feature_maps.format_number(shown)}", anchor=False)
    if found is None:
        no_weighted_sum(passed, step, place, row, column, shown)
        return
    source, kind = input_name(passed, step), "map" if step.before.ndim == 3 else "number"
    parts = found.products.sum((1, 2))
    with st.container(key="sum"):
        many = f"{found.products.size:,} products" + (f" of {len(parts):,} {kind}s" if len(parts) > 1 else "")
        st.markdown(
            f"Sum of {many} **{feature_maps.format_number(found.products.sum())}** + bias **{feature_maps.format_number(found.bias)}** "
            f"= **{feature_maps.format_number(found.value)}**"
        )
    order = np.argsort(-np.abs(parts), kind="stable")[:MAX_CHANNELS]
    if len(parts) > MAX_CHANNELS and step.before.ndim == 3:
        st.caption(f"The {MAX_CHANNELS} of the {len(parts)} maps of {source} that add most, then all of them as bars.")
    if step.before.ndim == 3:
        for at in order:
            st.caption(
                f"From {kind} {found.channels[at]} of {source}: the products sum to {feature_maps.format_number(parts[at])}."
            )
            st.html(feature_maps.products_html(found, at))
    if len(parts) > 1:
        st.plotly_chart(
            feature_maps.contributions_chart(parts, found.channels, kind),
            key="contributions",
            config=charts.PLOTLY_CONFIG,
            alt=f"What each {kind} of {source} adds",
        )
    st.caption(
        "What to notice: this is all a filter does; the same few weights slide over the whole picture. "
        "Every number is rounded to four digits to be shown; the sum is made with all of them."
        if step.before.ndim == 3
        else "What to notice: every number that comes in has a weight of its own here. Rounded to four digits to be "
        "shown; the sum is made with all of them."
    )


def input_name(passed: list[LayerActivation], step: LayerActivation) -> str:
    """What a layer's input is called: the layer before it, or the digit."""
    at = [other.name for other in passed].index(step.name)
    return passed[at - 1].name if at else "the digit (its greys shifted and scaled to mean 0 and spread 1)"


def no_weighted_sum(
    passed: list[LayerActivation], step: LayerActivation, place: int, row: int, column: int, shown: float
) -> None:
    """A layer that weighs nothing: what came in, and the way to the filter behind it."""
    if step.before.shape == step.after.shape:
        came = step.before[place] if step.before.ndim == 1 else step.before[place, row, column]
        st.markdown(f"{feature_maps.format_number(came)} comes in there, {feature_maps.format_number(shown)} goes out.")
    st.caption(f"{step.name} {step.about}. It has no filter of its own.")
    at = [other.name for other in passed].index(step.name)
    behind = next((other for other in reversed(passed[:at]) if other.kind in ("Conv2d", "Linear")), None)
    if behind is None:
        return
    same = behind.after.shape == step.after.shape
    kept = {"map": place if len(behind.after) == len(step.after) else None}
    kept |= {"row": row, "column": column} if same and step.after.ndim == 3 else {"row": None, "column": None}
    st.button(
        f"See the filter in {behind.name}",
        key="behind",
        icon=":material/arrow_back:",
        on_click=lambda: url_state.update(layer=behind.name, **kept),
    )

"""The layers of a network as a table."""

import streamlit as st

from mnist_core.models import LayerSummary


def layer_table(layers: list[LayerSummary]) -> None:
    """Show the layers as a table, from input to output."""
    total = sum(layer.parameters for layer in layers)
    st.caption(
        f"{total:,} parameters. Read it from top to bottom: a digit of 1 × 28 × 28 goes in, ten scores come out, and "
        "the largest score is the prediction."
    )
    st.table(
        {
            "Layer": [layer.name for layer in layers],
            "What it does": [f"{layer.kind}: {layer.description}" for layer in layers],
            "Output": ["\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}".join(map(str, layer.shape)) for layer in layers],
            "Parameters": [f"{layer.parameters:,}" if layer.parameters else "–" for layer in layers],
        },
        border="horizontal",
        hide_index=True,
    )

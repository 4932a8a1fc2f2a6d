"""One digit on its way through a network: every layer's maps, what it looked at, what it resembles."""

import streamlit as st

from mnist_core.analysis import activations
from ui import digit_picker, url_state
from ui.look_inside import attribution, layers, neighbors
from ui.shell import links_to_other_pages, shell

shell("Look inside")
run, digit, network = digit_picker.choose_run_and_digit()
passed = activations.layer_activations(network, digit.image)
scores = passed[-1].after
layer = layers.selected_layer(passed)

layers.layer_strip(digit, passed, layer, activations.softmax(scores))
part = url_state.choice("Look at", layers.VIEWS, "part", "layers", labelled=False)
if part == "layers":
    layers.feature_maps_section(network, passed, layer)
elif part == "why":
    attribution.attribution_section(run, digit, scores)
else:
    neighbors.neighbors_section(run, digit, network)

st.subheader("Go on", anchor=False)
links_to_other_pages("Look inside")

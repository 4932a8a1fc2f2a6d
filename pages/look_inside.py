"""One digit on its way through a network: every layer's maps, what it looked at, what it resembles."""

import streamlit as st

from mnist_core.analysis.activations import layer_activations
from ui import caches, digit_picker, url_state
from ui.look_inside import attribution, layers, neighbors
from ui.shell import next_steps, shell

shell("Look inside")
run, digit, network = digit_picker.choose_run_and_digit()
activations = layer_activations(network, digit.image)
selected = layers.selected_layer(activations)

layers.show_network(network, digit, activations, selected)
view = url_state.choice("Look at", layers.VIEWS, "part", "layers", labelled=False)
if view == "layers":
    with st.container(key="layer"):
        layers.feature_maps_section(network, activations, selected)
elif view == "why":
    attribution.attribution_section(run, network, digit, logits=activations[-1].output)
else:
    neighbors.neighbors_section(run, network, digit)

next_steps("Look inside")
if run.name == digit_picker.DEFAULT_RUN:
    caches.preload_neighbors(run, digit_picker.available_dataset(run))

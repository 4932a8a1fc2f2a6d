"""One digit on its way through a network: every layer's maps, what it looked at, what it resembles."""

import streamlit as st

from mnist_core import explain
from ui import address, hand, inside
from ui.shell import links_to_others, shell

shell("Look inside")
run, digit, network = hand.choose()
passed = explain.steps(network, digit.image)
scores = passed[-1].after
layer = inside.chosen_layer(passed)

inside.chain(digit, passed, layer, explain.probabilities(scores))
part = address.choice("Look at", inside.PARTS, "part", "layers", labelled=False)
if part == "layers":
    inside.maps(network, passed, layer)
elif part == "why":
    inside.why(run, digit, scores)
else:
    inside.nearest(run, digit, network)

st.subheader("Go on", anchor=False)
links_to_others("Look inside")

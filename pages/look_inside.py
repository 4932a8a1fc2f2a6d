"""One digit on its way through a network: every layer's maps, what it looked at, what it resembles."""

import streamlit as st

from mnist_core import explain
from ui import hand, inside
from ui.controls import choose_run
from ui.shell import links_to_others, shell

shell("Look inside")
left, right = st.columns([2, 3], gap="medium", vertical_alignment="bottom")
with left:
    run = choose_run("mnist-cnn-adam", votes=False)
with right:
    digit = hand.choose_digit(run)
network = hand.network(run)
passed = explain.steps(network, digit.image)
scores = passed[-1].after
layer = inside.chosen_layer(passed)

inside.chain(digit, passed, layer, explain.probabilities(scores))
part = inside.chosen_part()
if part == "layers":
    inside.maps(network, passed, layer)
elif part == "why":
    inside.why(run, digit, scores)
else:
    inside.nearest(run, digit, network)

st.subheader("Go on", anchor=False)
links_to_others("Look inside")

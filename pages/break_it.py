"""Break a network: change a digit until it is misread, or add a little noise made against it."""

import streamlit as st

from mnist_core import breaking
from ui import fooling, hand
from ui.shell import links_to_others, shell

shell("Break it")
run, digit, network = hand.choose()

values = fooling.settings()
left, right = st.columns(2, gap="large")
with left:  # on a phone this comes first
    label = fooling.compared(network, digit, breaking.changed(digit.image, values))
    fooling.line(network, digit, values, label)
with right:
    fooling.sliders(values)

st.subheader("Fool it", anchor=False)
fooling.fool(run, network, digit)

st.subheader("Go on", anchor=False)
links_to_others("Break it")

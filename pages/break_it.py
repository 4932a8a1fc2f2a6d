"""Break a network: change a digit until it is misread, or add a little noise made against the network."""

import streamlit as st

from mnist_core.analysis.perturbations import perturb
from ui import digit_picker
from ui.break_it import attack, sliders
from ui.shell import next_steps, shell

shell("Break it")
run, digit, network = digit_picker.choose_run_and_digit()

values = sliders.slider_values()
left, right = st.columns(2, gap="large")
with left:  # on a phone this comes first
    label = sliders.show_predictions(network, digit, perturb(digit.image, values))
    sliders.response_curve(network, digit, values, label)
with right:
    sliders.sliders(values)

st.subheader("Fool it", anchor=False)
attack.attack_section(run, network, digit)

next_steps("Break it")

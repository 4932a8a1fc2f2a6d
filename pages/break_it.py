"""Break a network: change a digit until it is misread, or add a little noise made against the network."""

import streamlit as st

from mnist_core.analysis.perturbations import perturb
from ui import digit_picker
from ui.break_it import attack, sliders
from ui.shell import next_steps, shell

shell("Break it")
run, digit, network = digit_picker.choose_run_and_digit()

values = sliders.slider_values()
perturbed = perturb(digit.image, values)
probabilities, label = sliders.predict(network, digit, perturbed)

with st.container(key="break_desk"):  # style.css puts the sliders beside the rest, and the answer always in view
    with st.container(key="break_answer"):
        sliders.show_answer(digit, perturbed, probabilities, label)
    with st.container(key="break_sliders"):
        sliders.presets(values)
        sliders.sliders(values)
    with st.container(key="break_bars"):
        sliders.show_probabilities(probabilities, label)
    with st.container(key="break_curve"):
        sliders.response_curve(network, digit, values, label)

st.subheader("Fool it with noise", anchor=False)
attack.attack_section(run, network, digit)

next_steps("Break it")

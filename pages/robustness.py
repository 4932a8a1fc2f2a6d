"""How many digits models misread when the pictures are damaged: 15 corruptions, each with a severity."""

import streamlit as st

from ui import digit_picker, glossary
from ui.insight import insight
from ui.robustness import errors, measuring, misread, own_digit, selection, severity
from ui.shell import next_steps, shell

shell("Robustness")
run, runs = selection.choose_run_and_others()
measured = selection.results_of(runs)
corruption = selection.selected_corruption()
dataset = digit_picker.available_dataset(run)

left, right = st.columns([11, 10], gap="medium")
with left:
    errors.show_heat_map(measured, run, corruption, dataset)
    glossary.caption(
        "The share of test digits misread, in percent, at the published [[severity]]; the last row is the "
        "[[mean corruption error]]."
    )
    measuring.measuring_section(measured)
with right, st.container(key="corrupted_digits"):
    misread.show_misread(run, corruption, measured.results.get(run.name))

text = errors.what_to_notice(measured)
if text:
    insight(text)

st.subheader(f"{corruption.title}, from a little to a lot", anchor=False)
left, right = st.columns(2, gap="large")
with left:
    severity.show_strip(corruption, dataset)
with right:
    if measured.results:
        severity.show_curves(measured, corruption)

own_digit.show_own_digit(run)
next_steps("Robustness")

"""The confusion matrix of one run, or what sets two runs' matrices apart, with the digits of a cell beside it."""

import streamlit as st

from mnist_core.metrics import confusion_matrix
from ui import charts, digit_browser, labels, run_picker, url_state
from ui.components.touch import touch
from ui.confusion import chart, per_class, selection
from ui.shell import links_to_other_pages, shell

shell("Confusion matrix")
with st.container(horizontal=True, key="which"):
    run = run_picker.choose_run()
    other = selection.choose_other_run(run)
answers = selection.predictions_or_error(run)
others = selection.predictions_or_error(other) if other else None
if answers is None or (other and others is None):
    links_to_other_pages("Confusion matrix")
    st.stop()

counts = confusion_matrix(answers.log_probabilities.argmax(1), answers.labels)
cell = selection.selected_cell()
digit = digit_browser.digit_in_url(len(answers.labels))
digits = digit_browser.available_test_digits(run, answers.labels)

left, right = st.columns([11, 10], gap="medium")
with left:
    with st.container(horizontal=True, vertical_alignment="center", key="drawn"):
        show = url_state.choice(
            "Cells show", {"counts": "Counts", "rates": "% of row"}, "show", "counts", labelled=False
        )
        diagonal = url_state.toggle("Diagonal", "diagonal", "shown", "hidden", True, "What was read correctly.")
        log = url_state.toggle(
            "Log colour", "scale", "log", "linear", True, "Colour grows with the logarithm: a single mistake shows."
        )
    drawn = {"shares": show == "rates", "diagonal": diagonal, "log": log}
    if others is None:
        figure = chart.confusion_chart(counts, **drawn)
    else:
        figure = chart.difference_chart(
            counts, confusion_matrix(others.log_probabilities.argmax(1), others.labels), **drawn
        )
    st.plotly_chart(
        figure,
        key="matrix",
        on_select=selection.on_chart_click,
        selection_mode="points",
        config=charts.PLOTLY_CONFIG,
        alt=selection.alt_text(run, other, counts),
    )
    st.html(chart.selection_frame(cell))
    st.caption(selection.insight(run, other))
with right:
    selection.cell_selectboxes()
    if digits is None:
        st.caption(digit_browser.NO_IMAGES)
    if others is None:
        digit = selection.cell_digits(cell, answers, digits, diagonal, digit)
    else:
        digit = selection.differing_digits(cell, [run, other], [answers, others], digits, digit)

if digit is not None:
    digit_browser.digit_detail(digit, digits, selection.by_label((run, answers), (other, others)))

st.subheader(f"{labels.unique_run_label(run)} in numbers", anchor=False)
per_class.summary(run, answers)
left, right = st.columns([3, 2], gap="medium")
with left:
    per_class.table(answers)
with right:
    st.markdown("**Most confused**")
    selection.most_confused_buttons(counts)
st.markdown("**The matrix as a table**")
selection.matrix_table(counts)
touch.touch(key="touch")  # so that a finger chooses what it touches
st.subheader("Go on", anchor=False)
links_to_other_pages("Confusion matrix")

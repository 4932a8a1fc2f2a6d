"""The confusion matrix of one run, or what sets two runs' matrices apart, with the digits of a cell beside it."""

import streamlit as st

from mnist_core.metrics import confusion
from ui import address, browse, cells, classes, controls, figures, matrix
from ui.shell import links_to_others, shell

shell("Confusion matrix")
with st.container(horizontal=True, key="which"):
    run = controls.choose_run()
    other = cells.choose_other(run)
answers = cells.answers_of(run)
others = cells.answers_of(other) if other else None
if answers is None or (other and others is None):
    links_to_others("Confusion matrix")
    st.stop()

counts = confusion(answers.log_probabilities.argmax(1), answers.labels)
cell = cells.chosen_cell()
digit = browse.digit_in_address(len(answers.labels))
digits = browse.tested_digits(run, answers.labels)

left, right = st.columns([11, 10], gap="medium")
with left:
    with st.container(horizontal=True, vertical_alignment="center", key="drawn"):
        show = address.choice("Cells show", {"counts": "Counts", "rates": "% of row"}, "show", "counts", labelled=False)
        diagonal = address.switch("Diagonal", "diagonal", "shown", "hidden", True, "What was read correctly.")
        log = address.switch(
            "Log colour", "scale", "log", "linear", True, "Colour grows with the logarithm: a single mistake shows."
        )
    drawn = {"shares": show == "rates", "diagonal": diagonal, "log": log}
    if others is None:
        figure = matrix.confusion(counts, **drawn)
    else:
        figure = matrix.difference(counts, confusion(others.log_probabilities.argmax(1), others.labels), **drawn)
    st.plotly_chart(
        figure,
        key="matrix",
        on_select=cells.clicked,
        selection_mode="points",
        config=figures.NO_BAR,
        alt=cells.in_words(run, other, counts),
    )
    st.html(matrix.frame(cell))
    st.caption(cells.notice(run, other))
with right:
    cells.choose_by_name()
    if digits is None:
        st.caption(browse.NO_PICTURES)
    if others is None:
        digit = cells.digits_of(cell, answers, digits, diagonal, digit)
    else:
        digit = cells.digits_apart(cell, [run, other], [answers, others], digits, digit)

if digit is not None:
    browse.detail(digit, digits, cells.by_title((run, answers), (other, others)))

st.subheader(f"{browse.title(run)} in numbers", anchor=False)
classes.summary(run, answers)
left, right = st.columns([3, 2], gap="medium")
with left:
    classes.table(answers)
with right:
    st.markdown("**Most confused**")
    cells.pairs(counts)
st.markdown("**The matrix as a table**")
cells.as_table(counts)
cells.touch(key="touch")  # so that a finger chooses what it touches
st.subheader("Go on", anchor=False)
links_to_others("Confusion matrix")

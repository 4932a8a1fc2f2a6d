"""The confusion matrix of one run, or the difference between two runs' matrices, beside the digits of a cell."""

import streamlit as st

from mnist_core.metrics import confusion_matrix
from ui import digit_browser, run_name, run_picker, url_state
from ui.confusion import cells, per_class, selection
from ui.shell import next_steps, shell

shell("Confusion matrix")
with st.container(horizontal=True, key="which"):
    run = run_picker.choose_run(digit_browser.default_run())
    other = selection.choose_other_run(run)
predictions = selection.predictions_or_error(run)
other_predictions = selection.predictions_or_error(other) if other else None
if predictions is None or (other and other_predictions is None):
    next_steps("Confusion matrix")
    st.stop()

counts = confusion_matrix(predictions.log_probabilities.argmax(1), predictions.labels)
cell = selection.selected_cell()
digit = digit_browser.digit_in_url(len(predictions.labels))
digits = digit_browser.available_test_digits(run, predictions.labels)

left, right = st.columns([11, 10], gap="medium")
with left:
    with st.container(horizontal=True, vertical_alignment="center", key="drawn"):
        show = url_state.choice(
            "Cells show", {"counts": "Counts", "rates": "% of row"}, "show", "counts", labelled=False
        )
        diagonal = url_state.toggle(
            "Diagonal", "diagonal", "shown", "hidden", True, "The digits that were read correctly."
        )
        log = url_state.toggle(
            "Log colour",
            "scale",
            "log",
            "linear",
            True,
            "Colour follows the logarithm of the count, so that even a single mistake shows.",
        )
    view = {"normalise": show == "rates", "diagonal": diagonal, "log": log}
    if other_predictions is None:
        matrix_cells = cells.confusion_cells(counts, **view)
    else:
        other_predicted = other_predictions.log_probabilities.argmax(1)
        other_counts = confusion_matrix(other_predicted, other_predictions.labels)
        matrix_cells = cells.difference_cells(counts, other_counts, **view)
    selection.show_matrix(matrix_cells, selection.matrix_label(run, other, counts), cell)
    st.caption(selection.legend(run, other))
with right, st.container(key="cell_digits"):
    if digits is None:
        st.caption(digit_browser.NO_IMAGES)
    if other is None or other_predictions is None:
        selection.most_confused_buttons(counts, cell)
        digit = selection.cell_digits(cell, predictions, digits, diagonal, digit)
    else:
        digit = selection.differing_digits(cell, [run, other], [predictions, other_predictions], digits, digit)

if digit is not None:
    digit_browser.digit_detail(digit, digits, selection.by_label((run, predictions), (other, other_predictions)))

st.subheader(f"{run_name.unique_run_label(run)} in numbers", anchor=False)
per_class.summary(run, predictions)
per_class.table(predictions)
next_steps("Confusion matrix")

"""Look through the digits that a network misclassifies, the largest loss first, or guess them in a quiz."""

import streamlit as st

from ui import digit_browser, run_picker, url_state
from ui.mistakes import detail, quiz
from ui.mistakes import list as mistake_list
from ui.shell import next_steps, shell

shell("Mistakes")
left, right = st.columns([2, 1], vertical_alignment="bottom")
with left:
    run = run_picker.choose_run(digit_browser.default_run())
evaluation = run_picker.evaluation_or_stop(run, "Mistakes")
digits = digit_browser.available_test_digits(run, evaluation.labels)
with right:
    view = url_state.choice("View", mistake_list.VIEWS, "view", "gallery")

if view == "quiz":
    quiz.quiz(evaluation, digits)
    st.stop()

mistake_list.summary(evaluation)
indices = mistake_list.filter_mistakes(evaluation, mistake_list.choose_filter(evaluation))
digit = mistake_list.selected_digit(evaluation, indices)
left, right = st.columns([3, 2], gap="medium")
with left, st.container(key=mistake_list.LIST_KEY):
    if not len(evaluation.mistakes):
        st.success("There is no mistake: every test digit was read as it is labelled.")
    elif not len(indices):
        st.info("None of this network's mistakes matches the filter. Choose a wider filter.")
    elif view == "gallery" and digits is not None:
        mistake_list.mistake_grid(evaluation, indices, digits, digit)
    else:
        mistake_list.mistake_table(evaluation, indices, digits)
    if digits is None:
        st.caption(digit_browser.NO_IMAGES)
    mistake_list.legend(evaluation, len(indices))
with right:
    if digit is not None:
        detail.mistake_detail(evaluation, digit, indices, digits, listed_as="table" if digits is None else view)

next_steps("Mistakes")

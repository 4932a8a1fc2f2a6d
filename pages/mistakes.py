"""Go through the digits that a network misreads, the worst first; open one, or guess them yourself."""

import streamlit as st

from ui import digit_browser, run_picker, url_state
from ui.mistakes import detail, list, quiz
from ui.shell import links_to_other_pages, shell

shell("Mistakes")
left, right = st.columns([2, 1], vertical_alignment="bottom")
with left:
    run = run_picker.choose_run()
found = run_picker.evaluation_or_stop(run, "Mistakes")
digits = digit_browser.available_test_digits(run, found.labels)
with right:
    view = url_state.choice("View", list.VIEWS, "view", "gallery")

if view == "quiz":
    quiz.quiz(found, digits)
    st.stop()

list.summary(found)
wanted = list.choose_filter(found)
places = list.filter_mistakes(found, wanted)
digit = list.selected_digit(found, places)
listed, shown = st.columns([3, 2], gap="medium")
with listed:
    if not len(found.mistakes):
        st.success("There is no mistake: every test digit was read as it is labelled.")
    elif not len(places):
        st.info("No mistake of this network is like that. Choose a wider filter.")
    elif view == "gallery":
        list.mistake_grid(found, places, digits, digit)
    else:
        list.mistake_table(found, places, digits)
    if digits is None:
        st.caption(digit_browser.NO_IMAGES)
    frame = " An orange frame marks a label in doubt." if found.doubts else ""
    st.caption(
        f"{len(places):,} of {len(found.mistakes):,} mistakes, the largest loss first. Written → read as.{frame} "
        "What to notice: which of them would you have read better?"
    )
with shown:
    if digit is not None:
        detail.mistake_detail(found, digit, places, digits)

st.subheader("Go on", anchor=False)
links_to_other_pages("Mistakes")

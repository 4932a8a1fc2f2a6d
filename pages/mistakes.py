"""Go through the digits that a network misreads, the worst first; open one, or guess them yourself."""

import streamlit as st

from ui import address, browse, controls, misread, mistake, quiz
from ui.shell import links_to_others, shell

shell("Mistakes")
left, right = st.columns([2, 1], vertical_alignment="bottom")
with left:
    run = controls.choose_run()
found = misread.reading_or_stop(run)
digits = browse.tested_digits(run, found.labels)
with right:
    view = address.choice("View", misread.VIEWS, "view", "gallery")

if view == "quiz":
    quiz.play(found, digits)
    st.stop()

misread.headline(found)
wanted = misread.choose_filter(found)
places = misread.matching(found, wanted)
digit = misread.digit_in_view(found, places)
listed, shown = st.columns([3, 2], gap="medium")
with listed:
    if not len(found.mistakes):
        st.success("There is no mistake: every test digit was read as it is labelled.")
    elif not len(places):
        st.info("No mistake of this network is like that. Choose a wider filter.")
    elif view == "gallery":
        misread.grid(found, places, digits, digit)
    else:
        misread.table(found, places, digits)
    if digits is None:
        st.caption(browse.NO_PICTURES)
    frame = " An orange frame marks a label in doubt." if found.doubts else ""
    st.caption(
        f"{len(places):,} of {len(found.mistakes):,} mistakes, the largest loss first. Written → read as.{frame} "
        "What to notice: which of them would you have read better?"
    )
with shown:
    if digit is not None:
        mistake.detail(found, digit, places, digits)

st.subheader("Go on", anchor=False)
links_to_others("Mistakes")

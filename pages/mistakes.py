"""Go through the digits that a network misreads, the worst first; open one, or guess them yourself."""

import streamlit as st

from ui import browse, controls, quiz
from ui.shell import links_to_others, shell

shell("Mistakes")
left, right = st.columns([2, 1], vertical_alignment="bottom")
with left:
    run = controls.choose_run("fast")
found = browse.reading_or_stop(run)
digits = browse.pictures(found)
with right:
    view = browse.choose_view()

if view == "quiz":
    quiz.play(found, digits)
    st.stop()

browse.headline(found)
wanted = browse.choose_filter()
places = browse.matching(found, wanted)
digit = browse.digit_in_view(found, places)
listed, shown = st.columns([3, 2], gap="large")
with listed:
    if not len(found.mistakes):
        st.success("There is no mistake: every test digit was read as it is labelled.")
    elif not len(places):
        st.info("No mistake of this network is like that. Choose a wider filter.")
    elif view == "gallery":
        browse.grid(found, places, digits, digit)
    else:
        browse.table(found, places, digits)
    if digits is None:
        st.caption(browse.NO_PICTURES)
    st.caption(
        f"{len(places):,} of {len(found.mistakes):,} mistakes, the worst first: those in which the label got the "
        "smallest probability. Below each: written → read as. An orange frame marks a label in doubt. "
        "What to notice: would you have read them better? Click one, or walk with the arrow keys and press Enter."
    )
with shown:
    if digit is not None:
        browse.detail(found, digit, places, digits)

st.subheader("Go on", anchor=False)
links_to_others("Mistakes")

"""Draw a digit, or bring a picture of some, and see what every network reads."""

import streamlit as st

from mnist_core.runs import Run
from ui import caches, canvas, controls, drawn, own_digits, reading, upload
from ui.shell import links_to_others, shell

shell("Draw")
caches.readers_are_coming()
with st.container(horizontal=True, vertical_alignment="bottom", key="desk_top"):
    way = upload.choose_way()
    with st.container(key="desk_model", width=400):
        run = controls.choose_run("pen")


@st.fragment
def read_drawing(run: Run) -> None:
    """The pad and all that follows from it: a stroke moves nothing else on the page."""
    with st.container(horizontal=True, key="desk"):
        with st.container(key="desk_pad", width=canvas.SIDE):
            brought = reading.brought(canvas.pad())
        raw = st.session_state.get("skip", False)
        digit = None if brought is None else brought.raw if raw else brought.prepared
        with st.container(key="desk_answer"):
            reading.answer(run, digit)
            own_digits.ask(brought)
        with st.container(key="desk_seen", width=250):
            st.markdown("**What the network sees**")
            st.html(drawn.seen(digit))
            st.toggle("Skip the preparation", key="skip", persist_state="session", help=reading.SKIP)
            st.caption(reading.WITHOUT if raw else reading.WITH)
            reading.link_inside(run, brought)
    reading.preparation(brought, raw)
    reading.vote(run, digit)
    own_digits.tell()


if way == upload.DRAW:
    read_drawing(run)
else:
    upload.read_picture(way, run)
own_digits.show(run)
st.subheader("Go on", anchor=False)
links_to_others("Draw")

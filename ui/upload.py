"""A picture instead of a drawing: brought, checked, its digits found and read one by one."""

import numpy as np
import streamlit as st

from mnist_core import pictures
from mnist_core.drawing import EmptyDrawing, Found, find_digits
from mnist_core.runs import Run
from ui import drawn, figures, reading
from ui.gallery import gallery
from ui.words import label

DRAW, UPLOAD, CAMERA = "Draw", "Upload", "Camera"
ICONS = {DRAW: ":material/draw:", UPLOAD: ":material/upload:", CAMERA: ":material/photo_camera:"}


def choose_way() -> str:
    """Where the digit comes from; a camera is asked for only when it is chosen."""
    chosen = st.segmented_control(
        "Where the digit comes from",
        list(ICONS),
        default=DRAW,
        format_func=lambda way: f"{ICONS[way]} {way}",
        label_visibility="collapsed",
        key="way",
        required=True,
        persist_state="session",
    )
    return str(chosen or DRAW)


def read_picture(way: str, run: Run) -> None:
    """Ask for a picture, find its digits, read them, and show one in detail."""
    picture = ask(way)
    if picture is None:
        st.session_state["drawn_digit"] = None
        st.caption(
            "A photo of digits on paper, a scan or a drawing: dark on light or light on dark, one digit or many. What "
            "to notice: write them apart, with a pen that is easy to see. The picture is not kept."
        )
        return
    if picture.note:
        st.info(picture.note)
    try:
        found = find_digits(picture.pixels)
    except EmptyDrawing as error:
        st.error(sentence(error))
        return
    believed, sentences = reading.votes([run], np.stack([one.digit for one in found]))
    if run.name not in believed:
        st.error(sentences[0])
        return
    show(picture, found, believed[run.name], run)


def ask(way: str) -> pictures.Picture | None:
    """The picture that was brought; None, and a sentence if it is a bad one, until there is one."""
    if way == CAMERA:
        file = st.camera_input("Hold a digit before the camera")
    else:
        file = st.file_uploader("A picture of one digit or several", type=["png", "jpg", "jpeg", "webp"])
    try:
        return None if file is None else pictures.read(file.getvalue())
    except pictures.BadPicture as error:
        st.error(sentence(error))
        return None


def sentence(error: ValueError) -> str:
    """What was wrong with a picture, as a sentence."""
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."


def show(picture: pictures.Picture, found: list[Found], believed: np.ndarray, run: Run) -> None:
    """The picture with its digits marked; beside it the one that was clicked, as the network sees it."""
    answers = [answer if len(answer) == 1 else "?" for answer in (drawn.verdict(values)[0] for values in believed)]
    with st.container(horizontal=True, key="desk"):
        with st.container(key="picture"):
            st.metric(
                f"{label(run)} reads",
                " ".join(answers),
                f"{len(found)} found" if len(found) > 1 else "one digit found",
                delta_color="off",
                delta_arrow="off",
                help=drawn.RULE,
            )
            st.image(drawn.marked(picture.pixels, found, answers))
        with st.container(key="desk_answer"):
            chosen = one_of(found, answers) if len(found) > 1 else 0
            st.plotly_chart(
                figures.probabilities(believed[chosen]),
                key="probabilities_of_one",
                config=figures.NO_BAR,
                alt="The probability of each of the ten digits",
            )
        with st.container(key="desk_seen", width=250):
            st.markdown("**What the network sees**")
            st.html(drawn.seen(found[chosen].digit))
            brought = reading.Brought(found[chosen].steps.ink, found[chosen].steps)
            reading.link_inside(run, brought)
    reading.preparation(brought, False)
    reading.vote(run, found[chosen].digit)


def one_of(found: list[Found], answers: list[str]) -> int:
    """The place of the digit that was clicked; the first one until then."""
    names = range(len(found))
    before = min(st.session_state.get("found_chosen", 0), len(found) - 1)
    clicked = gallery(
        "found",
        "The digits that were found",
        names,
        np.stack([one.digit for one in found]),
        [f"{number + 1}: {answers[number]}" for number in names],
        [f"Digit {number + 1} is read as {answers[number].replace('?', 'not sure')}" for number in names],
        selected=before,
    )
    if clicked is not None and clicked != before:
        st.session_state["found_chosen"] = clicked
        st.rerun()
    return before

"""A picture instead of a drawing: brought, checked, its digits found and read one by one."""

import numpy as np
import streamlit as st

from mnist_core import image_file
from mnist_core.drawing import EmptyDrawing
from mnist_core.runs import Run
from mnist_core.segmentation import FoundDigit, find_digits
from ui import charts
from ui.components.gallery.gallery import gallery
from ui.draw import prediction, rendering
from ui.labels import run_label

DRAW, UPLOAD, CAMERA = "Draw", "Upload", "Camera"
SOURCE_ICONS = {DRAW: ":material/draw:", UPLOAD: ":material/upload:", CAMERA: ":material/photo_camera:"}


def choose_source() -> str:
    """Where the digit comes from; a camera is asked for only when it is chosen."""
    chosen = st.segmented_control(
        "Where the digit comes from",
        list(SOURCE_ICONS),
        default=DRAW,
        format_func=lambda way: f"{SOURCE_ICONS[way]} {way}",
        label_visibility="collapsed",
        key="way",
        required=True,
        persist_state="session",
    )
    return str(chosen or DRAW)


def image_section(way: str, run: Run) -> None:
    """Ask for a picture, find its digits, read them, and show one in detail."""
    picture = ask_for_image(way)
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
        st.error(as_sentence(error))
        return
    believed, sentences = prediction.predict_all([run], np.stack([one.digit for one in found]))
    if run.name not in believed:
        st.error(sentences[0])
        return
    show_digits(picture, found, believed[run.name], run)


def ask_for_image(way: str) -> image_file.DecodedImage | None:
    """The picture that was brought; None, and a sentence if it is a bad one, until there is one."""
    if way == CAMERA:
        file = st.camera_input("Hold a digit before the camera")
    else:
        file = st.file_uploader("A picture of one digit or several", type=["png", "jpg", "jpeg", "webp"])
    try:
        return None if file is None else image_file.read_image(file.getvalue())
    except image_file.ImageFileError as error:
        st.error(as_sentence(error))
        return None


def as_sentence(error: ValueError) -> str:
    """What was wrong with a picture, as a sentence."""
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."


def show_digits(picture: image_file.DecodedImage, found: list[FoundDigit], believed: np.ndarray, run: Run) -> None:
    """The picture with its digits marked; beside it the one that was clicked, as the network sees it."""
    answers = [
        answer if len(answer) == 1 else "?" for answer in (rendering.answer_text(values)[0] for values in believed)
    ]
    with st.container(horizontal=True, key="desk"):
        with st.container(key="picture"):
            st.metric(
                f"{run_label(run)} reads",
                " ".join(answers),
                f"{len(found)} found" if len(found) > 1 else "one digit found",
                delta_color="off",
                delta_arrow="off",
                help=rendering.ANSWER_RULE,
            )
            st.image(rendering.annotate_picture(picture.pixels, found, answers))
        with st.container(key="desk_answer"):
            chosen = choose_found_digit(found, answers) if len(found) > 1 else 0
            st.plotly_chart(
                charts.probabilities(believed[chosen]),
                key="probabilities_of_one",
                config=charts.PLOTLY_CONFIG,
                alt="The probability of each of the ten digits",
            )
        with st.container(key="desk_seen", width=250):
            st.markdown("**What the network sees**")
            st.html(rendering.network_input_html(found[chosen].digit))
            brought = prediction.PreparedDrawing(found[chosen].steps.ink, found[chosen].steps)
            prediction.look_inside_link(run, brought)
    prediction.show_preparation(brought, False)
    prediction.show_all_models(run, found[chosen].digit)


def choose_found_digit(found: list[FoundDigit], answers: list[str]) -> int:
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

"""An uploaded picture or photo instead of a drawing: decoded, its digits found and predicted one by one."""

import numpy as np
import streamlit as st

from mnist_core import image_file
from mnist_core.drawing import EmptyDrawing
from mnist_core.runs import Run
from mnist_core.segmentation import FoundDigit, find_digits, is_ruled_paper
from ui import charts
from ui.components.gallery.gallery import gallery
from ui.digit_picker import DRAWN_DIGIT_KEY
from ui.draw import prediction, rendering
from ui.labels import run_label

DRAW, UPLOAD, CAMERA = "Draw", "Upload", "Camera"
RULED_PAPER = (
    "The lines of the paper seem to be read as ink, so this answer means little. Use plain paper or a thicker pen, or "
    "cut the picture down to the digit."
)
SOURCE_ICONS = {DRAW: ":material/draw:", UPLOAD: ":material/upload:", CAMERA: ":material/photo_camera:"}


def choose_source() -> str:
    """Let the visitor choose where the digit comes from; return DRAW, UPLOAD or CAMERA."""
    source = st.segmented_control(
        "Where the digit comes from",
        list(SOURCE_ICONS),
        default=DRAW,
        format_func=lambda source: f"{SOURCE_ICONS[source]} {source}",
        label_visibility="collapsed",
        key="source",
        required=True,
        persist_state="session",
    )
    return source or DRAW


def image_section(source: str, run: Run) -> None:
    """Ask for a picture, find its digits, predict them, and show one in detail."""
    picture = ask_for_image(source)
    if picture is None:
        st.session_state[DRAWN_DIGIT_KEY] = None
        st.caption(
            "A photo of digits on paper, a scan or a drawing: dark on light or light on dark, one digit or many. Leave "
            "space between them, and use plain paper and a thick pen. The picture is not kept."
        )
        return
    if picture.note:
        st.info(picture.note)
    try:
        digits = find_digits(picture.pixels)
    except EmptyDrawing as error:
        st.error(as_sentence(error))
        return
    probabilities, errors = prediction.predict_all([run], np.stack([found.digit for found in digits]))
    if run.name not in probabilities:
        st.error(errors[0])
        return
    if any(is_ruled_paper(found, picture.pixels.shape[1]) for found in digits):
        st.warning(RULED_PAPER)
    show_digits(picture, digits, probabilities[run.name], run)


def ask_for_image(source: str) -> image_file.DecodedImage | None:
    """Ask for a picture and return it; None while there is none, or after an error message if it is a bad one."""
    if source == CAMERA:
        file = st.camera_input("Hold a digit up to the camera")
    else:
        file = st.file_uploader("A picture of one digit or several", type=["png", "jpg", "jpeg", "webp"])
    try:
        return None if file is None else image_file.read_image(file.getvalue())
    except image_file.ImageFileError as error:
        st.error(as_sentence(error))
        return None


def as_sentence(error: Exception) -> str:
    """Return the error's message as a sentence, with a capital letter and a full stop."""
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."


def show_digits(
    picture: image_file.DecodedImage, digits: list[FoundDigit], probabilities: np.ndarray, run: Run
) -> None:
    """Show the picture with its digits marked; beside it the selected one, as the network sees it.

    `probabilities` are the run's, (N, 10), of the N digits.
    """
    texts = [rendering.prediction_text(values)[0] for values in probabilities]
    answers = [text if len(text) == 1 else "?" for text in texts]
    with st.container(horizontal=True, key="desk"):
        with st.container(key="picture"):
            st.metric(
                f"{run_label(run)} reads",
                " ".join(answers),
                f"{len(digits)} digits found" if len(digits) > 1 else "one digit found",
                delta_color="off",
                delta_arrow="off",
                help=rendering.PREDICTION_HELP,
            )
            st.image(
                rendering.annotate_picture(picture.pixels, digits, answers),
                alt="The picture, with a frame and its answer around each digit",
            )
        with st.container(key="desk_answer"):
            index = choose_found_digit(digits, answers) if len(digits) > 1 else 0
            st.plotly_chart(
                charts.probability_chart(probabilities[index]),
                key="probabilities_of_one",
                config=charts.PLOTLY_CONFIG,
                alt="The probability of each of the ten digits",
            )
        drawing = prediction.PreprocessedDrawing(digits[index].preprocessing.ink, digits[index].preprocessing)
        with st.container(key="desk_seen", width=250):
            st.markdown("**What the network sees**")
            st.html(rendering.network_input_html(drawing.preprocessed))
            prediction.look_inside_link(run, drawing)
    prediction.show_preprocessing(drawing, skipped=False)
    prediction.show_all_models(run, drawing.preprocessed)


def choose_found_digit(digits: list[FoundDigit], answers: list[str]) -> int:
    """Show the digits that were found; return the index of the selected one, at first 0."""
    indices = range(len(digits))
    selected = min(st.session_state.get("selected_found_digit", 0), len(digits) - 1)
    clicked = gallery(
        "found",
        "The digits that were found",
        indices,
        np.stack([found.digit for found in digits]),
        [f"{index + 1}: {answers[index]}" for index in indices],
        [f"Digit {index + 1} is read as {answers[index].replace('?', 'not sure')}" for index in indices],
        selected=selected,
    )
    if clicked is not None and clicked != selected:
        st.session_state["selected_found_digit"] = clicked
        st.rerun()
    return selected

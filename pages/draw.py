"""Draw a digit, or upload a picture of some, and see what every network reads."""

import streamlit as st

from mnist_core.runs import Run
from ui import caches, run_picker
from ui.components.canvas import canvas
from ui.draw import image_upload, prediction, rendering, test_set
from ui.shell import next_steps, presenting, shell

shell("Draw")
caches.preload_networks()
with st.container(horizontal=True, vertical_alignment="bottom", key="desk_top"):
    source = image_upload.choose_source()
    with st.container(key="desk_model", width=400):
        run = run_picker.choose_run("pen")


@st.fragment
def canvas_section(run: Run) -> None:
    """Show the canvas and all that follows from it: a stroke reruns nothing else on the page."""
    with st.container(horizontal=True, key="desk"):
        size = canvas.canvas_size(presenting())
        with st.container(key="desk_canvas", width=size):
            drawing = prediction.preprocess_drawing(canvas.drawing_canvas(size))
        skipped = st.session_state.get("skip", False)
        digit = None if drawing is None else drawing.naive if skipped else drawing.preprocessed
        with st.container(key="desk_answer"):
            prediction.show_prediction(run, digit)
            test_set.ask_label(drawing)
        with st.container(key="desk_seen", width=250):
            st.markdown("**What the network sees**")
            st.html(rendering.network_input_html(digit))
            st.toggle("Skip the preprocessing", key="skip", persist_state="session", help=prediction.SKIP_HELP)
            st.caption(prediction.RESIZED_NOTE if skipped else prediction.PREPROCESSED_NOTE)
            prediction.look_inside_link(run, drawing)
    prediction.show_preprocessing(drawing, skipped)
    prediction.show_all_models(run, digit)
    test_set.rerun_if_grown()


if source == image_upload.DRAW:
    canvas_section(run)
else:
    image_upload.image_section(source, run)
test_set.show_test_set(run)
next_steps("Draw")

"""The Draw page, with a drawing in place of the one that the canvas would send; and the parts of the page."""

import base64
import csv
import io
import json
import shutil
import zipfile
from types import SimpleNamespace

import numpy as np
import pytest
import streamlit as st
from app_helpers import page_text, spoil, visit
from PIL import Image

from mnist_core import image_file, runs
from mnist_core.drawing import naive_resize, preprocess
from mnist_core.runs import CONFIG, MODEL, Run
from mnist_core.segmentation import FoundDigit, find_digits
from ui import caches, palette
from ui.components.canvas import canvas
from ui.digit_picker import DRAWN_DIGIT_KEY
from ui.draw import image_upload, prediction, rendering, test_set
from ui.labels import article

STROKE, SECOND = {"type": "path", "path": 1}, {"type": "path", "path": 2}


def ink(*strokes):
    """Return a canvas with ink of 255 on black: each stroke is a rectangle (left, top, right, bottom)."""
    pixels = np.zeros((280, 280), np.uint8)
    for left, top, right, bottom in strokes:
        pixels[top:bottom, left:right] = 255
    return pixels


ONE, SEVEN = ink((130, 40, 150, 240)), ink((60, 40, 200, 60), (180, 60, 200, 240))


def as_png(pixels):
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG")
    return content.getvalue()


def component_value(pixels, objects=(STROKE,)):
    """Return what the component sends: its strokes, and its picture as a PNG."""
    opaque = np.dstack([pixels] * 3 + [np.full_like(pixels, 255)])
    data = "data:image/png;base64," + base64.b64encode(as_png(opaque)).decode()
    return {"drawing": {"raw": {"objects": list(objects)}, "data": data}, "backgroundFit": None}


@pytest.fixture
def app(app, trained, tmp_path):
    """The Draw page with one run, of two epochs on the sample digits."""
    shutil.copytree(trained.folder, tmp_path / "runs" / "mine")
    return visit(app, "draw")


@pytest.fixture
def mine(app, tmp_path):
    return Run(tmp_path / "runs" / "mine")


def draw(app, pixels, objects=(STROKE,)):
    app.session_state[canvas.CANVAS_KEY] = component_value(pixels, objects)
    return app.run()


def digit_of(pixels):
    """Return the digit that the page preprocesses from a canvas."""
    return preprocess(np.pad(pixels, 1)).digit


def canvas_state(app):
    return app.session_state[canvas.STATE_KEY]


def shown_answer(app):
    """Return the answer in large letters, and the note on its confidence."""
    (answer,) = [metric for metric in app.metric if metric.label == "It reads"]
    return answer.value, answer.delta


def tables(app):
    return [table.value for table in app.table]


def test_an_empty_canvas_says_so_and_predicts_nothing(app):
    assert not app.exception
    assert shown_answer(app) == ("–", "nothing is drawn yet")
    assert tables(app) == []
    assert app.session_state[DRAWN_DIGIT_KEY] is None


@pytest.mark.parametrize("pixels", [ink(), ink((100, 100, 101, 101))], ids=["blank", "a speck"])
def test_a_canvas_without_a_digit_predicts_nothing(app, pixels):
    assert shown_answer(draw(app, pixels))[0] == "–"
    assert not app.exception


def test_the_answer_is_the_prediction_of_the_prepared_digit(app, mine):
    probabilities = mine.predict(digit_of(SEVEN)[None])[0]
    assert shown_answer(draw(app, SEVEN)) == rendering.prediction_text(probabilities)
    assert not app.exception


def test_without_the_preprocessing_the_canvas_is_just_resized(app, mine):
    small = ink((10, 10, 50, 16), (44, 16, 50, 60))
    naive, preprocessed = mine.predict(np.stack([naive_resize(small), digit_of(small)]))
    assert shown_answer(draw(app, small)) == rendering.prediction_text(preprocessed)
    app.toggle(key="skip").set_value(True).run()
    assert shown_answer(app) == rendering.prediction_text(naive)
    assert "These steps are skipped now" in page_text(app)


def test_a_stroke_that_leaves_the_canvas_is_still_ink(app):
    draw(app, ink((0, 130, 200, 150), (190, 40, 210, 240)))
    assert app.session_state[DRAWN_DIGIT_KEY][:, :10].any()


def test_other_pages_receive_the_prepared_digit(app):
    app.toggle(key="skip").set_value(True).run()
    np.testing.assert_array_equal(draw(app, SEVEN).session_state[DRAWN_DIGIT_KEY], digit_of(SEVEN))


def test_the_drawing_outlives_a_visit_to_another_page(app):
    before = shown_answer(draw(app, SEVEN))
    app.switch_page("pages/models.py").run()
    assert canvas.CANVAS_KEY not in app.session_state  # the component has left the page, and its value with it
    app.switch_page("pages/draw.py").run()
    assert shown_answer(app) == before
    assert canvas_state(app).initial_drawing["objects"] == [STROKE]


def test_clear_empties_the_canvas_each_time(app):
    for attempt in range(2):
        draw(app, SEVEN)
        app.button(key="clear_canvas").click().run()
        assert shown_answer(app)[0] == "–", attempt
        assert canvas_state(app).initial_drawing["objects"] == []
        canvas_state(app).pending = False  # as when the component has sent its new picture
    assert canvas_state(app).revision > 2  # or the component would ignore a drawing that it was told to show before


def test_undo_takes_the_last_stroke_away(app):
    draw(app, SEVEN, [STROKE, SECOND])
    app.button(key="undo_stroke").click().run()
    assert canvas_state(app).initial_drawing["objects"] == [STROKE]


def test_a_class_gets_a_large_canvas_which_keeps_the_drawing(app):
    stroke = STROKE | {"left": 28, "top": 14.0, "scaleX": 1, "scaleY": 1}
    answer = shown_answer(draw(app, SEVEN, [stroke]))
    app.query_params["present"] = "1"
    app.run()
    assert shown_answer(app) == answer
    assert canvas_state(app).size == canvas.LARGE_CANVAS_SIZE == 480
    (enlarged,) = canvas_state(app).initial_drawing["objects"]
    assert enlarged == stroke | {name: stroke[name] * 480 / 280 for name in canvas.PLACE_AND_SCALE}
    del app.query_params["present"]
    app.run()
    assert canvas_state(app).initial_drawing["objects"][0]["left"] == pytest.approx(28)


def test_a_phone_never_gets_the_large_canvas(monkeypatch):
    monkeypatch.setattr(st, "context", SimpleNamespace(headers={"User-Agent": "Mozilla/5.0 (Android 15; Mobile)"}))
    assert canvas.canvas_size(presenting=True) == canvas.CANVAS_SIZE


@pytest.mark.parametrize(
    "malformed",
    [
        {"raw": None, "data": "data:image/png;base64,"},
        {"raw": [], "data": "data:image/png;base64,bm90aGluZw=="},
        {"raw": {"objects": "all"}, "data": "data:image/png;base64,R0lGODlhAQABAAAAACw="},
        {"raw": {"objects": [1, {"left": "x"}]}, "data": "data:image/png;base64,"},
    ],
)
def test_a_malformed_drawing_is_an_empty_canvas(app, malformed):
    app.session_state[canvas.CANVAS_KEY] = {"drawing": malformed, "backgroundFit": None}
    app.run()
    assert not app.exception
    assert shown_answer(app)[0] == "–"


def test_the_table_of_models_lists_the_run_and_its_prediction(app, mine):
    draw(app, SEVEN)
    (models,) = tables(app)
    predicted = mine.predict(digit_of(SEVEN)[None])[0].argmax()
    assert models["Reads"].tolist() == [str(predicted)]
    assert "What every model reads" in page_text(app)
    assert f"1 of 1 model read {article(predicted)}" in page_text(app)


@pytest.fixture
def shipped_runs(app, mine, tmp_path):
    """The folder of three shipped runs: an intact one, one with a damaged file, and one on the sample digits."""
    for name, dataset in (("intact", "mnist"), ("broken", "mnist"), ("sample", "sample")):
        folder = tmp_path / "shipped" / name
        shutil.copytree(mine.folder, folder)
        content = json.loads((folder / CONFIG).read_text())
        content["config"]["dataset"] = dataset
        (folder / CONFIG).write_text(json.dumps(content))
    spoil(tmp_path / "shipped/broken" / MODEL)
    return tmp_path / "shipped"


def test_the_table_of_models_survives_a_damaged_run_and_omits_shipped_ones_on_sample_digits(app, shipped_runs):
    app.query_params["run"] = "intact"
    draw(app, SEVEN)
    (models,) = tables(app)
    assert models["Reads"].tolist()[2:] == ["–"]
    assert len(models) == 3
    assert "model.safetensors of run broken cannot be used" in page_text(app)
    assert not app.exception


def test_a_damaged_run_that_is_chosen_says_so_beside_the_others(app, shipped_runs):
    app.query_params["run"] = "broken"
    draw(app, SEVEN)
    assert shown_answer(app) == ("–", "this model cannot answer")
    assert len(app.error) == 1
    assert len(tables(app)[0]) == 3
    assert not app.exception


def test_the_table_of_models_lists_the_newest_own_runs_and_on_request_all(app, mine, monkeypatch):
    monkeypatch.setattr(prediction, "N_OWN_RUNS", 2)
    for number in range(3):
        twin = shutil.copytree(mine.folder, mine.folder.parent / f"twin-{number}")
        content = json.loads((twin / CONFIG).read_text())
        (twin / CONFIG).write_text(json.dumps(content | {"created": f"2040-01-0{number + 1}"}))
    app.query_params["run"] = "mine"  # the oldest
    draw(app, SEVEN)
    assert len(tables(app)[0]) == 3
    app.toggle(key="all_own_runs").set_value(True).run()
    assert app.toggle(key="all_own_runs").label == "All 4 networks trained here"
    assert len(tables(app)[0]) == 4
    assert sum(name.endswith("(chosen)") for name in tables(app)[0]["Model"]) == 1


def test_of_very_many_own_runs_only_so_many_read_every_stroke(app, mine, monkeypatch):
    monkeypatch.setattr(prediction, "own_runs", lambda: [mine] * 1000)
    draw(app, SEVEN)
    assert app.toggle(key="all_own_runs").label == f"The newest {prediction.MAX_OWN_RUNS} trained here"


def test_a_run_is_loaded_again_once_its_file_is_replaced(app, shipped_runs):
    broken = Run(shipped_runs / "broken")
    with pytest.raises(runs.RunError):
        caches.loaded_run(broken)
    shutil.copy(shipped_runs / "intact" / MODEL, broken.folder / MODEL)
    assert caches.loaded_run(broken).predict(np.zeros((1, 28, 28), np.uint8)).shape == (1, 10)


def label(app, digit):
    """Label the drawing; as AppTest has no segmented controls, it is added directly."""
    drawing = prediction.preprocess_drawing(canvas_state(app).pixels)
    drawings = app.session_state[test_set.DRAWINGS_KEY]
    app.session_state[test_set.DRAWINGS_KEY] = [*drawings, test_set.LabelledDrawing(drawing, digit)]
    return app.run()


def test_labelled_drawings_become_a_test_set(app, mine):
    label(draw(app, SEVEN), 7)
    label(draw(app, ONE), 3)
    predicted = mine.predict(np.stack([digit_of(SEVEN), digit_of(ONE)])).argmax(1)
    scores, matrix = tables(app)[-2:]
    correct = int((predicted == [7, 3]).sum())
    assert scores["Preprocessed"].tolist() == [f"{correct} of 2"]
    assert matrix[str(predicted[0])].tolist()[7] != "·"
    assert matrix[str(predicted[1])].tolist()[3] != "·"
    assert sum(int(cell) for digit in range(10) for cell in matrix[str(digit)] if cell != "·") == 2
    assert not app.exception


def test_the_run_with_most_correct_predictions_comes_first(app, shipped_runs):
    app.query_params["run"] = "intact"
    drawing = prediction.preprocess_drawing(SEVEN)
    drawings = [
        test_set.LabelledDrawing(drawing, 7, {"intact": (7 if i else 1, 1), "broken": (7, 7)}) for i in range(10)
    ]
    app.session_state[test_set.DRAWINGS_KEY] = drawings
    scores = tables(app.run())[-2]
    assert scores["Preprocessed"].tolist()[:2] == ["10 of 10", "9 of 10"]
    assert scores["Just resized"].tolist()[:2] == ["10 of 10", "0 of 10"]


def test_all_drawings_can_be_deleted(app):
    label(draw(app, SEVEN), 7)
    app.button(key="delete_own").click().run()
    assert "No drawings yet. Draw a digit and say what it was" in page_text(app)


@pytest.fixture
def session(monkeypatch):
    """The session state, for what uses it without a page."""
    state: dict = {}
    monkeypatch.setattr(st, "session_state", state)
    return state


def test_a_second_label_of_the_same_drawing_replaces_the_first(session):
    for pixels, labels in ((SEVEN, (4, 9)), (ONE, (1, 1))):
        drawing = prediction.preprocess_drawing(pixels)
        for digit in labels:
            session["it_was"] = digit
            test_set.add_drawing(drawing)
            assert session["it_was"] is None
    assert [labelled.label for labelled in test_set.kept_drawings()] == [9, 1]


def test_saving_a_label_is_confirmed_until_the_drawing_changes(app):
    label(draw(app, SEVEN), 8)
    assert "Saved as an 8: your test set now has 1 drawing." in page_text(app)
    assert "Saved as" not in page_text(draw(app, ONE))


def test_a_test_set_has_a_limit(session, monkeypatch):
    monkeypatch.setattr(test_set, "MAX_DRAWINGS", 2)
    for left in range(50, 54):
        session["it_was"] = 1
        test_set.add_drawing(prediction.preprocess_drawing(ink((left, 40, 70, 240))))
    assert len(test_set.kept_drawings()) == 2


def test_the_download_holds_the_drawings_and_a_table():
    drawings = [
        test_set.LabelledDrawing(prediction.preprocess_drawing(pixels), digit)
        for pixels, digit in ((SEVEN, 7), (ONE, 1))
    ]
    drawings[0].predictions["fast"] = (7, 1)
    archive = zipfile.ZipFile(io.BytesIO(test_set.to_zip(drawings)))
    assert archive.namelist() == ["001-7.png", "002-1.png", "digits.csv"]
    np.testing.assert_array_equal(np.asarray(Image.open(archive.open("001-7.png"))), SEVEN)
    rows = list(csv.reader(io.TextIOWrapper(archive.open("digits.csv"), "utf-8")))
    assert rows == [["file", "label", "fast"], ["001-7.png", "7", "7"], ["002-1.png", "1", ""]]


def upload(app, content, monkeypatch):
    """Upload a file, which AppTest cannot."""

    class File:
        def getvalue(self):
            return content

    monkeypatch.setattr(st, "file_uploader", lambda *args, **options: File())
    app.session_state["source"] = image_upload.UPLOAD
    return app.run()


def test_the_digits_of_an_uploaded_picture_are_predicted_one_by_one(app, mine, monkeypatch):
    picture = np.hstack([SEVEN, ONE])
    upload(app, as_png(255 - picture), monkeypatch)
    probabilities = mine.predict(np.stack([found.digit for found in find_digits(picture)]))
    texts = [rendering.prediction_text(values)[0] for values in probabilities]
    answers = [text if len(text) == 1 else "?" for text in texts]
    assert [metric.value for metric in app.metric] == [" ".join(answers)]
    assert not app.exception


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The file is empty; choose a picture."),
        (b"<html>", "The file is not a picture that can be read; use PNG, JPEG or WebP."),
        (bytes(image_file.MAX_BYTES + 1), "The file has 10 MB; at most 10 are accepted."),
        (as_png(np.full((50, 50), 255, np.uint8)), "There is no digit in the picture"),
    ],
    ids=["empty", "no picture", "too large", "no digit"],
)
def test_a_bad_file_is_one_error_message(app, monkeypatch, content, sentence):
    upload(app, content, monkeypatch)
    assert len(app.error) == 1
    assert app.error[0].value.startswith(sentence.rstrip("."))
    assert not app.exception


def test_graph_paper_is_named_as_the_reason_for_a_strange_answer(app, mine, monkeypatch):
    paper = np.full((400, 600), 235, np.uint8)
    paper[10::40] = paper[11::40] = 120
    paper[:, 10::40] = paper[:, 11::40] = 120
    upload(app, as_png(paper), monkeypatch)
    assert [warning.value for warning in app.warning] == [image_upload.RULED_PAPER]
    upload(app, as_png(255 - SEVEN), monkeypatch)
    assert not app.warning


@pytest.mark.parametrize(
    ("highest", "expected"),
    [(0.98, ("4", "with 98.0 %")), (0.8, ("4", "with 80.0 %")), (1.0, ("4", "with over 99.9 %"))],
)
def test_a_confident_answer_is_a_digit(highest, expected):
    probabilities = np.zeros(10)
    probabilities[[4, 9]] = highest, 1 - highest
    assert rendering.prediction_text(probabilities) == expected


def test_an_answer_that_is_not_sure_names_the_two_likeliest_digits():
    probabilities = np.zeros(10)
    probabilities[[4, 9, 1]] = 0.5, 0.3, 0.2
    assert rendering.prediction_text(probabilities) == ("not sure", "4 or 9: 50.0 % and 30.0 %")


def test_frames_are_drawn_around_the_digits():
    pixels = np.hstack([SEVEN, ONE])
    digits = find_digits(pixels)
    picture = np.asarray(rendering.annotate_picture(255 - pixels, digits, ["7", "1"]))
    assert picture.shape == (280, 560, 3)
    frame = (picture == tuple(bytes.fromhex(palette.MARKED[1:]))).all(2)
    for left, top, right, bottom in (digit.box for digit in digits):
        assert frame[bottom + 3, left:right].all()
        assert frame[top:bottom, left - 3].all()
    assert not frame[:, 230:270].any()


def test_a_small_picture_is_enlarged_for_its_frames():
    digits = [FoundDigit((2, 2, 6, 20), preprocess(ONE))]
    assert rendering.annotate_picture(np.zeros((24, 12, 4), np.uint8), digits, ["?"]).size == (240, 480)


def test_every_step_of_the_preprocessing_is_shown_with_its_class():
    html = rendering.preprocessing_html(preprocess(ONE))
    assert [f'class="{step}"' in html for step in ("cropped", "scaled", "digit")] == [True, True, True]

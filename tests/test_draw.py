"""The Draw page with a drawing injected where the pad would have sent one; and what it is made of."""

import base64
import csv
import io
import json
import shutil
import zipfile

import numpy as np
import pytest
import streamlit as st
from PIL import Image
from visiting import said, visit

from mnist_core import image_file, runs
from mnist_core.drawing import naive_resize, prepare
from mnist_core.runs import MODEL, Run
from mnist_core.segmentation import FoundDigit, find_digits
from ui import caches, palette
from ui.components.canvas import canvas
from ui.draw import prediction, rendering, test_set

STROKE, SECOND = {"type": "path", "path": 1}, {"type": "path", "path": 2}


def ink(*strokes):
    """A pad with strokes of 255 on black, each a rectangle (left, top, right, bottom)."""
    sheet = np.zeros((280, 280), np.uint8)
    for left, top, right, bottom in strokes:
        sheet[top:bottom, left:right] = 255
    return sheet


ONE, SEVEN = ink((130, 40, 150, 240)), ink((60, 40, 200, 60), (180, 60, 200, 240))


def sent(sheet, objects=(STROKE,)):
    """What the pad sends: its strokes, and its picture as a PNG."""
    picture = io.BytesIO()
    Image.fromarray(np.dstack([sheet] * 3 + [np.full_like(sheet, 255)])).save(picture, "PNG")
    data = "data:image/png;base64," + base64.b64encode(picture.getvalue()).decode()
    return {"drawing": {"raw": {"objects": list(objects)}, "data": data}, "backgroundFit": None}


@pytest.fixture
def app(app, trained, tmp_path):
    """The Draw page with one run, of two epochs on the sample digits."""
    shutil.copytree(trained.folder, tmp_path / "runs" / "mine")
    return visit(app, "draw")


@pytest.fixture
def mine(app, tmp_path):
    return Run(tmp_path / "runs" / "mine")


def draw(app, sheet, objects=(STROKE,)):
    app.session_state[canvas.CANVAS_KEY] = sent(sheet, objects)
    return app.run()


def shown(app):
    """The answer in large letters, and how sure it is."""
    (answer,) = [metric for metric in app.metric if metric.label == "It reads"]
    return answer.value, answer.delta


def tables(app):
    return [table.value for table in app.table]


def test_an_empty_pad_says_so_and_predicts_nothing(app):
    assert not app.exception
    assert shown(app) == ("–", "nothing is drawn yet")
    assert tables(app) == []
    assert app.session_state["drawn_digit"] is None


@pytest.mark.parametrize("sheet", [ink(), ink((100, 100, 101, 101))])
def test_a_pad_without_a_digit_predicts_nothing(app, sheet):
    assert shown(draw(app, sheet))[0] == "–"
    assert not app.exception


def test_a_drawing_is_read_as_the_run_reads_its_digit(app, mine):
    believed = mine.predict(prepare(np.pad(SEVEN, 1)).digit[None])[0]
    assert shown(draw(app, SEVEN)) == rendering.answer_text(believed)
    assert not app.exception


def test_without_the_preparation_the_canvas_is_just_resized(app, mine):
    small = ink((10, 10, 50, 16), (44, 16, 50, 60))
    raw, prepared = mine.predict(np.stack([naive_resize(small), prepare(np.pad(small, 1)).digit]))
    assert shown(draw(app, small)) == rendering.answer_text(prepared)
    app.toggle(key="skip").set_value(True).run()
    assert shown(app) == rendering.answer_text(raw)
    assert "These steps are skipped now" in said(app)


def test_a_stroke_that_runs_off_the_pad_is_still_ink(app):
    draw(app, ink((0, 130, 200, 150), (190, 40, 210, 240)))
    assert app.session_state["drawn_digit"][:, :10].any()


def test_other_pages_find_the_digit_as_it_was_prepared(app):
    app.toggle(key="skip").set_value(True).run()
    np.testing.assert_array_equal(draw(app, SEVEN).session_state["drawn_digit"], prepare(np.pad(SEVEN, 1)).digit)


def test_the_drawing_is_there_again_after_another_page(app):
    before = shown(draw(app, SEVEN))
    app.switch_page("pages/models.py").run()
    assert canvas.CANVAS_KEY not in app.session_state  # the pad has left the page, and what it held with it
    app.switch_page("pages/draw.py").run()
    assert shown(app) == before
    assert app.session_state["pad"]["shown"]["objects"] == [STROKE]


def test_clear_empties_the_pad_each_time(app):
    for turn in range(2):
        draw(app, SEVEN)
        app.button(key="clear_pad").click().run()
        assert shown(app)[0] == "–", turn
        assert app.session_state["pad"]["shown"]["objects"] == []
        app.session_state["pad"]["waiting"] = False  # as when the pad has answered
    assert app.session_state["pad"]["turn"] > 2  # so that the pad obeys although it was told the same before


def test_undo_takes_the_last_stroke_away(app):
    draw(app, SEVEN, [STROKE, SECOND])
    app.button(key="undo_stroke").click().run()
    assert app.session_state["pad"]["shown"]["objects"] == [STROKE]


@pytest.mark.parametrize(
    "hostile",
    [
        {"raw": None, "data": "data:image/png;base64,"},
        {"raw": [], "data": "data:image/png;base64,bm90aGluZw=="},
        {"raw": {"objects": "all"}, "data": "data:image/png;base64,R0lGODlhAQABAAAAACw="},
    ],
)
def test_what_is_no_drawing_is_an_empty_pad(app, hostile):
    app.session_state[canvas.CANVAS_KEY] = {"drawing": hostile, "backgroundFit": None}
    app.run()
    assert not app.exception
    assert shown(app)[0] == "–"


def test_the_vote_lists_the_run_and_what_it_reads(app, mine):
    draw(app, SEVEN)
    (votes,) = tables(app)
    read = mine.predict(prepare(np.pad(SEVEN, 1)).digit[None])[0].argmax()
    assert votes["Reads"].tolist() == [str(read)]
    assert f"1 of 1 read a {read}" in said(app)


@pytest.fixture
def shelf(app, mine, monkeypatch, tmp_path):
    """Three runs that come with the app: one as it was, one whose file is damaged, one on the sample digits."""
    for name, dataset in (("whole", "mnist"), ("broken", "mnist"), ("sample", "sample")):
        folder = tmp_path / "shipped" / name
        shutil.copytree(mine.folder, folder)
        about = json.loads((folder / "config.json").read_text())
        about["config"]["dataset"] = dataset
        (folder / "config.json").write_text(json.dumps(about))
    (tmp_path / "shipped/broken" / MODEL).write_bytes(b"no network")
    return tmp_path / "shipped"


def test_the_vote_outlives_a_damaged_run_and_leaves_sample_digits_out(app, shelf):
    app.query_params["run"] = "whole"
    draw(app, SEVEN)
    (votes,) = tables(app)
    assert votes["Reads"].tolist()[1:] == ["–"]
    assert len(votes) == 2
    assert "model.safetensors of run broken cannot be used" in said(app)
    assert not app.exception


def test_a_damaged_run_that_is_chosen_says_so_and_the_others_vote(app, shelf):
    app.query_params["run"] = "broken"
    draw(app, SEVEN)
    assert shown(app) == ("–", "this model cannot answer")
    assert len(app.error) == 1
    assert len(tables(app)[0]) == 2
    assert not app.exception


def test_a_run_that_is_mended_is_loaded_anew(app, shelf):
    broken = Run(shelf / "broken")
    with pytest.raises(runs.RunError):
        caches.loaded_run(broken)
    shutil.copy(shelf / "whole" / MODEL, broken.folder / MODEL)
    assert caches.loaded_run(broken).predict(np.zeros((1, 28, 28), np.uint8)).shape == (1, 10)


def label(app, digit):
    """Say what the drawing was; AppTest knows no segmented controls, so it is said as the page would hear it."""
    brought = prediction.prepare_drawing(app.session_state["pad"]["sheet"])
    kept = app.session_state["own_digits"]
    app.session_state["own_digits"] = [*kept, test_set.LabelledDrawing(brought, digit)]
    return app.run()


def test_what_a_visitor_labels_becomes_a_test_set(app, mine):
    label(draw(app, SEVEN), 7)
    label(draw(app, ONE), 3)
    digits = np.stack([prepare(np.pad(sheet, 1)).digit for sheet in (SEVEN, ONE)])
    read = mine.predict(digits).argmax(1)
    scores, matrix = tables(app)[-2:]
    right = int((read == [7, 3]).sum())
    assert scores["Prepared"].tolist() == [f"{right} of 2"]
    assert matrix[str(read[0])].tolist()[7] != "·"
    assert matrix[str(read[1])].tolist()[3] != "·"
    assert sum(int(cell) for digit in range(10) for cell in matrix[str(digit)] if cell != "·") == 2
    assert not app.exception


def test_the_run_that_reads_most_of_a_test_set_comes_first(app, shelf):
    app.query_params["run"] = "whole"
    for place in range(10):
        label(draw(app, ink((60 + place, 40, 200, 60), (180, 60, 200, 240))), 7)
    drawings = app.session_state["own_digits"]
    for own in drawings:
        own.answers |= {"whole": (7, 1), "broken": (7, 7)}
    drawings[0].answers["whole"] = (1, 1)
    scores = tables(app.run())[-2]
    assert scores["Prepared"].tolist() == ["10 of 10", "9 of 10"]
    assert scores["Just resized"].tolist() == ["10 of 10", "0 of 10"]


def test_a_test_set_is_emptied(app):
    label(draw(app, SEVEN), 7)
    app.button(key="empty_own").click().run()
    assert "Empty. Draw a digit and say what it was" in said(app)


@pytest.fixture
def session(monkeypatch):
    """A visitor's session state, for what works on it without a page."""
    state: dict = {}
    monkeypatch.setattr(st, "session_state", state)
    return state


def test_a_label_said_again_replaces_the_first(session):
    for said_first, said_then in ((4, 9), (1, 1)):
        brought = prediction.prepare_drawing(SEVEN if said_first == 4 else ONE)
        for digit in (said_first, said_then):
            session["it_was"] = digit
            test_set.add_drawing(brought)
            assert session["it_was"] is None
    assert [own.label for own in test_set.kept_drawings()] == [9, 1]


def test_a_test_set_has_a_limit(session, monkeypatch):
    monkeypatch.setattr(test_set, "MAX_DRAWINGS", 2)
    for place in range(4):
        session["it_was"] = 1
        test_set.add_drawing(prediction.prepare_drawing(ink((50 + place, 40, 70, 240))))
    assert len(test_set.kept_drawings()) == 2


def test_the_download_holds_the_drawings_and_a_table():
    drawings = [
        test_set.LabelledDrawing(prediction.prepare_drawing(sheet), digit) for sheet, digit in ((SEVEN, 7), (ONE, 1))
    ]
    drawings[0].answers["fast"] = (7, 1)
    archive = zipfile.ZipFile(io.BytesIO(test_set.to_zip(drawings)))
    assert archive.namelist() == ["001-7.png", "002-1.png", "digits.csv"]
    np.testing.assert_array_equal(np.asarray(Image.open(archive.open("001-7.png"))), SEVEN)
    rows = list(csv.reader(io.TextIOWrapper(archive.open("digits.csv"), "utf-8")))
    assert rows == [["file", "label", "fast"], ["001-7.png", "7", "7"], ["002-1.png", "1", ""]]


def upload(app, content, monkeypatch):
    """Bring a file, as AppTest cannot."""

    class File:
        def getvalue(self):
            return content

    monkeypatch.setattr(st, "file_uploader", lambda *args, **options: File())
    app.session_state["way"] = "Upload"
    return app.run()


def as_png(sheet):
    content = io.BytesIO()
    Image.fromarray(sheet).save(content, "PNG")
    return content.getvalue()


def test_an_uploaded_picture_is_read_digit_by_digit(app, mine, monkeypatch):
    sheet = np.hstack([SEVEN, ONE])
    upload(app, as_png(255 - sheet), monkeypatch)
    believed = mine.predict(np.stack([found.digit for found in find_digits(sheet)]))
    answers = [text if len(text) == 1 else "?" for text in (rendering.answer_text(values)[0] for values in believed)]
    assert [metric.value for metric in app.metric] == [" ".join(answers)]
    assert not app.exception


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The file is empty; choose a picture."),
        (b"<html>", "The file is not a picture that can be read; use PNG, JPEG or WebP."),
        (bytes(image_file.MAX_BYTES + 1), "The file has 10 MB; at most 10 are read."),
        (as_png(np.full((50, 50), 255, np.uint8)), "There is no digit in the picture"),
    ],
)
def test_a_bad_file_is_one_sentence(app, monkeypatch, content, sentence):
    upload(app, content, monkeypatch)
    assert len(app.error) == 1
    assert app.error[0].value.startswith(sentence.rstrip("."))
    assert not app.exception


@pytest.mark.parametrize(
    ("top", "wanted"), [(0.98, ("4", "with 98.0 %")), (0.6, ("4", "with 60.0 %")), (1.0, ("4", "with over 99.9 %"))]
)
def test_a_sure_answer_is_a_digit(top, wanted):
    believed = np.zeros(10)
    believed[[4, 9]] = top, 1 - top
    assert rendering.answer_text(believed) == wanted


def test_an_unsure_answer_names_the_two_likeliest():
    believed = np.zeros(10)
    believed[[4, 9, 1]] = 0.5, 0.3, 0.2
    assert rendering.answer_text(believed) == ("not sure", "4 or 9: 50.0 % and 30.0 %")


def test_frames_are_drawn_around_the_digits():
    sheet = np.hstack([SEVEN, ONE])
    found = find_digits(sheet)
    picture = np.asarray(rendering.annotate_picture(255 - sheet, found, ["7", "1"]))
    assert picture.shape == (280, 560, 3)
    frame = (picture == tuple(bytes.fromhex(palette.FRAME[1:]))).all(2)
    for left, top, right, bottom in (one.box for one in found):
        assert frame[bottom + 3, left:right].all()
        assert frame[top:bottom, left - 3].all()
    assert not frame[:, 230:270].any()


def test_frames_fit_a_picture_that_was_enlarged_for_them():
    found = [FoundDigit((2, 2, 6, 20), prepare(ONE))]
    assert rendering.annotate_picture(np.zeros((24, 12, 4), np.uint8), found, ["?"]).size == (240, 480)

"""Whatever a file, an address or a picture holds: a value, or an error of ours in one sentence; never a traceback.

The same damages by the thousand, with time and memory: python -m benchmarks.hostile_input.
"""

import os
import random
import shutil
from dataclasses import fields
from types import SimpleNamespace

import numpy as np
import pytest
from app_helpers import page_text
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from hypothesis.extra.numpy import arrays

from benchmarks.hostile_input import MARKUP, NAMES, change_json, damage_folder, image_files, ordinary_images
from mnist_core.__main__ import main
from mnist_core.analysis.robustness import Robustness, stored_robustness
from mnist_core.config import ConfigError, TrainConfig, config_from_dict
from mnist_core.drawing import EmptyDrawing, to_digit
from mnist_core.image_file import ALL_FORMATS, MAX_SIDE, ImageFileError, read_image
from mnist_core.runs import DamagedRun, Predictions, Run, RunError, read_run
from mnist_core.segmentation import find_digits
from mnist_core.snapshots import Snapshots
from ui import url_state
from ui.shell import PAGES

quick = settings(
    max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
pictures = some.tuples(some.integers(1, 40), some.integers(1, 40), some.sampled_from([(), (3,), (4,)])).flatmap(
    lambda size: arrays(np.uint8, (size[0], size[1], *size[2]))
)
json_values = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | some.text(),
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(some.text(), inner, max_size=3),
    max_leaves=5,
)
PARAMETERS = (
    "run", "runs", "digit", "from", "present", "metric", "scale", "by", "part", "smoothing", "curve", "speed", "other",
    "corruption", "layer", "attack", "epsilon", "watch", "rotate", "noise", "true", "predicted", "page", "sort", "show",
    "to", "quiz", "seed", "unit", "epochs", "learning_rate", "recipe",
)  # fmt: skip
VALUES = ("", "-1", "9" * 5000, "nan", MARKUP, "\u202e\0\n", "../../etc/passwd", "1e999", "0,0,0", "٤")


@quick
@given(pictures)
def test_any_picture_is_a_digit_or_empty(picture):
    for read in (lambda: [to_digit(picture)], lambda: [found.digit for found in find_digits(picture)]):
        try:
            digits = read()
        except EmptyDrawing:
            continue
        assert all((digit.dtype, digit.shape) == (np.uint8, (28, 28)) for digit in digits)


@quick
@given(some.dictionaries(some.sampled_from([field.name for field in fields(TrainConfig)]), json_values))
def test_any_settings_are_a_config_or_a_config_error(values):
    try:
        assert config_from_dict(values) == TrainConfig(**values)
        reason = ""
    except ConfigError as error:
        reason = str(error)
    assert not set(reason) & set("\n<>*`[]\x1b")


READERS = {  # of a run, and the type of what each returns
    lambda run: run.result.status if run.result else run.status: str,
    lambda run: run.error or "": str,
    lambda run: run.title: str,
    lambda run: run.history: list,
    lambda run: run.snapshots: Snapshots | None,
    lambda run: run.predictions: Predictions,
    lambda run: stored_robustness(run): Robustness | None,
    lambda run: run.predict(np.zeros((1, 28, 28), np.uint8)): np.ndarray,
}


def test_a_damaged_folder_is_a_run_or_says_why_not(trained, tmp_path):
    @quick
    @given(some.integers(0, 10**6))
    def check(seed):
        folder = shutil.copytree(trained.folder, tmp_path / "damaged@1")
        try:
            damage_folder(folder, random.Random(seed))
            reasons, run = [], read_run(folder)
            if isinstance(run, DamagedRun):
                reasons.append(run.reason)
            for reader, kind in READERS.items() if isinstance(run, Run) else ():
                try:
                    assert isinstance(reader(run), kind)
                except RunError as error:
                    reasons.append(str(error))
            assert not [reason for reason in reasons if set(reason) & set("\n<>*`\x1b") or not reason.endswith(".")]
        finally:
            shutil.rmtree(folder)

    check()


def test_any_image_file_is_a_picture_or_an_error():
    ordinary = ordinary_images()

    @quick
    @given(some.integers(0, 10**6), some.binary(max_size=4))
    def check(seed, more):
        rng = random.Random(seed)
        content = bytearray(rng.choice(ordinary)[1])
        content[rng.randrange(len(content)) :][: len(more)] = more
        try:
            picture, reason = read_image(bytes(content), ALL_FORMATS).pixels, ""
        except ImageFileError as error:
            picture, reason = np.zeros((1, 1, 3), np.uint8), str(error)
        assert "\n" not in reason
        assert picture.dtype == np.uint8
        assert max(picture.shape) <= MAX_SIDE

    check()
    assert next(image_files(random.Random(0)))


@quick
@given(some.text())
def test_any_text_in_a_url_is_a_value_or_none(text):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(url_state, "st", SimpleNamespace(query_params={"p": text}))
        assert url_state.integer("p", 10) in (*range(10), None)
        assert 0 <= url_state.one_decimal("p", 5.0, 1.0) <= 5
        assert url_state.one_of("p", ["a", "b"]) in ("a", "b")


def test_any_value_of_any_parameter_opens_every_page(app, run):
    for page in PAGES:
        for turn in (0, 3):
            for number, parameter in enumerate(PARAMETERS):
                app.query_params[parameter] = VALUES[(number + turn) % len(VALUES)]
            app.switch_page(page.file).run()
            assert not app.exception, (page.title, app.query_params, app.exception)
            assert "onclick" not in "".join(element.proto.body for element in app.get("html"))


def test_no_damaged_run_breaks_any_page_or_command(app, run, capsys):
    rng = random.Random(0)
    for number in range(6):
        folder = shutil.copytree(
            run.folder, run.folder.parent / (f"damaged@{number}" if number % 5 else NAMES[number // 5])
        )
        what = damage_folder(folder, rng)
        for page in PAGES:
            app.query_params.clear()
            app.query_params["run"] = folder.name
            app.switch_page(page.file).run()
            assert not app.exception, (page.title, what, app.exception)
            assert app.get("page_link"), (page.title, what)
        assert main(["list"]) == 0, what
        assert "Traceback" not in capsys.readouterr().out
        shutil.rmtree(folder)


def test_a_damaged_run_is_a_grey_line_on_models_and_in_the_list(app, run, capsys):
    for name, damage in (
        ("huge", lambda file: os.truncate(file, 10**8)),
        ("link", link_elsewhere),
        ("pipe", make_pipe),
    ):
        damage(shutil.copytree(run.folder, run.folder.parent / name) / "result.json")
    shutil.copytree(run.folder, run.folder.parent / "<b>bold<b>")
    app.query_params["run"] = "huge"
    app.switch_page("pages/models.py").run()
    assert not app.exception
    lines = [caption.value for caption in app.caption if "broken_image" in caption.value]
    expected = ("The name of this folder", "it has 100 MB", "it is a link", "it is not a file")
    assert [text for text, line in zip(expected, lines, strict=True) if text not in line] == []
    assert "<b>" not in page_text(app)
    assert "it has 100 MB" in app.warning[0].value
    assert len(app.dataframe[0].value) == 1
    (run.folder.parent / "elsewhere").symlink_to(run.folder)
    lines = [caption.value for caption in app.run().caption if "broken_image" in caption.value]
    assert (len(lines), "2 more runs cannot be used" in lines[-1]) == (4, True)
    assert main(["list"]) == 0
    assert capsys.readouterr().out.count("damaged: ") == 5
    assert main(["evaluate", "huge"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def link_elsewhere(file):
    file.rename(file.parent.parent.parent / "outside.json")
    file.symlink_to(file.parent.parent.parent / "outside.json")


def make_pipe(file):
    file.unlink()
    os.mkfifo(file)


def test_changes_of_json_reach_every_value():
    changes = "".join(change_json({"a": {"b": [1]}}, random.Random(seed)) for seed in range(40))
    assert all(text in changes for text in ("'a' =", "'b' =", "0 =", "without 'b'"))

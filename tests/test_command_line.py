"""The command line trains, tests and classifies, and rejects invalid input in one line."""

import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from mnist_core import download
from mnist_core.__main__ import main
from mnist_core.analysis.corruptions import CORRUPTIONS
from mnist_core.analysis.robustness import ROBUSTNESS, stored_robustness
from mnist_core.config import FORMER_ARCHITECTURES, EnsembleConfig, TrainConfig
from mnist_core.data import load_digits
from mnist_core.models import ARCHITECTURES
from mnist_core.recipes import RECIPES
from mnist_core.runs import create_run, load_run

ROOT = Path(__file__).resolve().parent.parent
COMMANDS = ["train", "vote", "evaluate", "robustness", "classify", "list", "download"]
MISSING_DEVICE = "mps" if torch.cuda.is_available() else "cuda"  # no machine has both
PROGRAM = "python -m mnist_core"
SAMPLE = "train --recipe sample-digits --device cpu --epochs 1"


@pytest.fixture
def command(capsys):
    """Run one command line; returns its exit code and the lines it wrote to stdout and to stderr."""

    def run(*arguments):
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as end:
            code = end.code
        out, err = capsys.readouterr()
        return code, out.splitlines(), err.splitlines()

    return run


@pytest.fixture
def image_files(tmp_path):
    """A sample digit as image files of several formats."""
    image = Image.fromarray(load_digits("sample", "test").images[0]).resize((280, 280))
    for name in ("grey.png", "photo.jpg", "small.gif", "new.webp"):
        image.save(tmp_path / name)
    Image.merge("RGBA", [Image.new("L", image.size)] * 3 + [image]).save(tmp_path / "clear.png")
    return sorted(tmp_path.iterdir())


def accuracy(text):
    """The first accuracy in a text, as it is printed."""
    return re.search(r"accuracy (\d+\.\d\d%)", text)[1]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(command, name):
    code, out, err = command(name, "--help")
    assert (code, err) == (0, [])
    assert out[0].startswith(f"usage: python -m mnist_core {name}")


def test_help_names_every_command(command):
    code, out, _ = command("--help")
    assert code == 0
    assert all(any(line.split()[:1] == [name] for line in out) for name in COMMANDS)


@pytest.mark.parametrize("field", fields(TrainConfig), ids=lambda field: field.name)
def test_every_setting_has_an_option(command, field):
    _, out, _ = command("train", "--help")
    assert f"--{field.name.replace('_', '-')} " in "\n".join(out)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "nonsense",
        "list nonsense",
        "train",
        "train --recipe nonsense",
        "train --resume nonsense",
        "train --resume sample-digits",
        "train --resume sample-digits --recipe softmax",
        "train --recipe softmax --stop",
        "train --recipe softmax --epochs 0",
        "train --recipe softmax --lr nan",
        "train --recipe softmax --lr fast",
        "train --recipe softmax --seed 1.5",
        f"train --recipe softmax --seed 1{'0' * 400}",
        "train --recipe softmax --optimizer nonsense",
        "train --recipe softmax --architecture nonsense",
        "train --recipe softmax --nonsense 1",
        "vote softmax",
        "vote nonsense softmax",
        "vote fast",
        "vote fast sample-digits",
        f"{SAMPLE} --out full",
        f"{SAMPLE} --out full/file",
        f"{SAMPLE} --validation-size 5000",
        f"{SAMPLE} --device {MISSING_DEVICE}",
        "evaluate nonsense",
        "evaluate ../nonsense",
        "evaluate",
        "robustness",
        "robustness nonsense",
        "robustness fast --digits 0",
        "robustness fast --digits few",
        "robustness fast --seed -1",
        "classify nonsense image.png",
        "classify softmax",
    ],
)
def test_invalid_input_is_rejected_in_one_line(command, line, runs_folder, monkeypatch):
    monkeypatch.chdir(runs_folder)
    (runs_folder / "full").mkdir()
    (runs_folder / "full" / "file").write_text("")
    code, out, err = command(*line.split())
    assert (code, out) == (2, [])
    assert len(err) == 1, err


def test_robustness_prints_a_table_and_stores_the_result_of_own_runs_only(command, runs_folder):
    command("train", "--recipe", "softmax", "--dataset", "sample", "--device", "cpu", "--epochs", "1")
    (folder,) = runs_folder.iterdir()
    shipped = load_run("sample-digits").folder / ROBUSTNESS
    before = shipped.read_bytes() if shipped.exists() else None
    code, out, _ = command("robustness", folder.name, "sample-digits", "--digits", "5", "--seed", "1")
    assert code == 0
    assert out[0].split() == ["error", "in", "%", folder.name, "sample-digits"]
    assert [line[:14].strip() for line in out[2:-1]] == [corruption.title for corruption in CORRUPTIONS.values()]
    assert re.fullmatch(r"Mean of the 15 +\d+\.\d\d +\d+\.\d\d", out[-1])
    result = stored_robustness(load_run(folder.name))
    assert (result.digits, result.seed) == (5, 1)
    assert (shipped.read_bytes() if shipped.exists() else None) == before


def test_train_without_mnist_says_what_to_do(command, no_mnist, runs_folder, monkeypatch):
    monkeypatch.setattr(download, "online", lambda: False)
    code, out, err = command("train", "--recipe", "softmax")
    assert (code, out, len(err)) == (2, [], 1)
    assert "MNIST_DATA_DIR" in err[0]
    assert not list(runs_folder.iterdir())


def test_download_says_where_mnist_is(command, small_mnist, monkeypatch):
    monkeypatch.setenv("MNIST_DATA_DIR", str(small_mnist))
    assert command("download") == (0, [f"MNIST is in {small_mnist}"], [])


def test_evaluate_measures_the_accuracy_that_train_reported(command, tmp_path):
    folder = tmp_path / "mine"
    code, out, _ = command(*SAMPLE.split(), "--out", folder)
    assert (code, out[0]) == (0, str(folder))
    code, again, err = command("evaluate", folder)
    assert (code, err) == (0, [])
    assert accuracy(again[1]) == accuracy(out[1]) == f"{load_run(folder).result.test.accuracy:.2%}"


def test_train_takes_the_recipe_and_the_options(command, tmp_path):
    command(*SAMPLE.split(), "--lr", "0.01", "--architecture", "softmax", "--out", tmp_path / "mine")
    run = load_run(tmp_path / "mine")
    assert run.recipe == "sample-digits"
    assert (run.config.learning_rate, run.config.architecture, run.config.epochs) == (0.01, "softmax", 1)
    assert run.config.schedule == RECIPES["sample-digits"].config.schedule


@pytest.mark.parametrize("former", ["classic-cnn", "fast"])
def test_train_understands_a_former_name_of_an_architecture(command, runs_folder, former):
    code, _, err = command(*SAMPLE.split()[:-1], "0.05", "--architecture", former)
    assert code == 0, err
    (folder,) = runs_folder.iterdir()
    assert load_run(folder).config.architecture == FORMER_ARCHITECTURES[former]


def test_another_data_set_has_its_own_validation_size(command, runs_folder):
    code, *_ = command("train", "--recipe", "softmax", "--dataset", "sample", "--epochs", "0.1", "--device", "cpu")
    assert code == 0
    (folder,) = runs_folder.iterdir()
    assert load_run(folder).config.validation_size == TrainConfig(dataset="sample").validation_size


def test_a_diverged_training_run_is_reported_in_a_sentence(command, tmp_path):
    wild = f"{SAMPLE} --optimizer sgd --lr 100 --weight-decay 1 --schedule constant --epochs 5"
    code, out, err = command(*wild.split(), "--out", tmp_path / "wild")
    assert (code, out) == (2, [])
    assert "the training diverged" in err[-1]
    assert load_run(tmp_path / "wild").status == "failed"


def test_evaluate_has_a_row_for_every_digit(command, trained):
    _, out, _ = command("evaluate", trained.folder)
    rows = [line.split() for line in out[-10:]]
    assert [row[0] for row in rows] == [str(digit) for digit in range(10)]
    assert sum(int(row[-1]) for row in rows) == 360


def test_classify_writes_one_json_line_for_each_image(command, trained, image_files):
    code, out, err = command("classify", trained.folder, *image_files)
    assert (code, err) == (0, [])
    predictions = [json.loads(line) for line in out]
    assert [prediction["file"] for prediction in predictions] == [str(file) for file in image_files]
    for prediction in predictions:
        assert set(prediction) == {"file", "digit", "probabilities"}
        assert len(prediction["probabilities"]) == 10
        assert sum(prediction["probabilities"]) == pytest.approx(1, abs=1e-5)
        assert prediction["digit"] == np.argmax(prediction["probabilities"])


def test_the_prediction_does_not_depend_on_the_image_format(command, trained, image_files):
    _, out, _ = command("classify", trained.folder, *image_files)
    assert {json.loads(line)["digit"] for line in out} == {int(load_digits("sample", "test").labels[0])}


def test_the_orientation_in_an_images_exif_data_is_applied(command, trained, tmp_path):
    image = Image.fromarray(load_digits("sample", "test").images[0])
    exif = Image.Exif()
    exif[0x0112] = 6  # the orientation tag: to be rotated clockwise by a quarter turn for display
    image.save(tmp_path / "a.png")
    image.rotate(90, expand=True).save(tmp_path / "b.png", exif=exif)
    _, out, _ = command("classify", trained.folder, tmp_path / "a.png", tmp_path / "b.png")
    upright, rotated = (json.loads(line)["probabilities"] for line in out)
    assert rotated == pytest.approx(upright, abs=1e-6)


def test_a_16_bit_image_is_classified_like_an_8_bit_one(command, trained, tmp_path):
    image = load_digits("sample", "test").images[0] // 2 + 60
    Image.fromarray(image).save(tmp_path / "8.png")
    Image.fromarray(image.astype(np.uint16) * 257).save(tmp_path / "16.png")
    code, out, err = command("classify", trained.folder, tmp_path / "8.png", tmp_path / "16.png")
    assert (code, err) == (0, [])
    eight, sixteen = (json.loads(line)["probabilities"] for line in out)
    assert sixteen == pytest.approx(eight, abs=1e-3)


def unreadable(folder, name):
    """Create a file of this name from which no digit can be read."""
    file = folder / name
    if name == "text.png":
        file.write_text("no image")
    elif name == "half.png":
        noise = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
        Image.fromarray(noise).save(file)
        file.write_bytes(file.read_bytes()[:2000])
    elif name == "blank.png":
        Image.new("L", (28, 28), 255).save(file)
    elif name == "folder.png":
        file.mkdir()
    elif name == "huge.png":
        Image.new("1", (10_000, 9_500)).save(file)
    elif name == "half.avif":
        Image.new("RGB", (28, 28)).save(file)
        content = file.read_bytes()
        file.write_bytes(content[:-20] + bytes(20))
    return file


@pytest.mark.parametrize(
    "name", ["nowhere.png", "text.png", "half.png", "half.avif", "blank.png", "folder.png", "huge.png"]
)
@pytest.mark.filterwarnings("error")
def test_a_file_that_cannot_be_read_is_reported_and_the_others_are_classified(
    command, trained, image_files, tmp_path, name
):
    bad = unreadable(tmp_path, name)
    code, out, err = command("classify", trained.folder, image_files[0], bad, image_files[1])
    assert code == 2
    assert [json.loads(line)["file"] for line in out] == [str(image_files[0]), str(image_files[1])]
    assert len(err) == 1, err
    assert name in err[0]


def test_list_names_every_recipe_and_architecture(command):
    for what, names in (("recipes", RECIPES), ("networks", ARCHITECTURES)):
        code, out, err = command("list", what)
        assert (code, err) == (0, [])
        assert [line.split()[0] for line in out] == list(names)


def test_list_describes_an_ensemble_by_its_members(command, runs_folder, trained):
    run = create_run(EnsembleConfig("sample", ("fast", "accurate")))
    run.finish(replace(trained.result, best_epoch=None, epochs=None, steps=None), trained.predictions)
    code, out, err = command("list")
    assert (code, err) == (0, [])
    (line,) = [line for line in out if line.startswith(run.name)]
    assert "finished, sample: test accuracy" in line
    assert ", ensemble of fast, accurate, " in line


def test_list_has_the_status_or_the_error_of_every_run(command, runs_folder):
    unfinished, failed = create_run(TrainConfig()), create_run(TrainConfig())
    failed.fail("The loss was nan.")
    code, out, err = command("list")
    assert (code, err) == (0, [])
    lines = dict(line.split(maxsplit=1) for line in out)
    assert lines[unfinished.name] == "unfinished"
    assert lines[failed.name] == "The loss was nan."


def test_list_continues_after_a_damaged_run(command, runs_folder):
    damaged, other = create_run(TrainConfig()), create_run(TrainConfig())
    (damaged.folder / "result.json").write_text("{")
    code, out, _ = command("list", "runs")
    lines = dict(line.split(maxsplit=1) for line in out)
    assert (code, lines[other.name]) == (0, "unfinished")
    assert "result.json" in lines[damaged.name]


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGINT to send")
def test_ctrl_c_pauses_training_and_resume_goes_on(tmp_path, eventually, command):
    folder = tmp_path / "mine"
    arguments = [sys.executable, "-m", "mnist_core", *SAMPLE.split()[:-1], "500", "--out", str(folder)]
    process = subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    eventually(lambda: (folder / "model.safetensors").exists(), 60)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert re.search(rf"paused at epoch [\d.]+ of 500; go on with: .* train --resume {folder}", out)
    run = load_run(folder)
    assert run.status == "paused"
    step = run.checkpoint_position()["step"]
    code, _, err = command("train", "--resume", folder, "--epochs", 3)
    assert (code, err[-1]) == (
        2,
        f"{PROGRAM}: mine keeps its settings; only --learning-rate can be given with --resume, not --epochs",
    )
    code, out, _ = command("train", "--resume", folder, "--learning-rate", 0.005, "--stop")
    assert (code, out[-1].split(":")[0]) == (0, "stopped, sample")
    run = load_run(folder)
    assert run.result.steps == step + 1
    assert [row["new_learning_rate"] for row in run.history if "new_learning_rate" in row] == [0.005]
    code, _, err = command("train", "--resume", folder)
    assert (code, err) == (2, [f"{PROGRAM}: mine cannot be trained further: it is finished; start a new run instead."])

"""A run folder is whole, or is seen not to be; every way it can be damaged has a sentence."""

import json
import pickle
import shutil
from contextlib import suppress
from dataclasses import replace as changed
from pathlib import Path

import numpy as np
import pytest
import torch

from mnist_core import runs
from mnist_core.__main__ import summary
from mnist_core.config import TrainConfig
from mnist_core.data import load_digits
from mnist_core.inference import log_probabilities
from mnist_core.models import build
from mnist_core.recipes import RECIPES
from mnist_core.runs import (
    CONFIG,
    ERROR,
    HISTORY,
    MODEL,
    PREDICTIONS,
    RESULT,
    SHIPPED_FOLDER,
    Run,
    RunError,
    create_run,
    latest_progress,
    list_runs,
    load_run,
    write_atomically,
)

FILES = [CONFIG, HISTORY, MODEL, PREDICTIONS, RESULT]  # of a finished run
BLANK = np.zeros((1, 28, 28), np.uint8)
READINGS = [
    lambda run: run.status,
    lambda run: run.error,
    lambda run: run.result,
    lambda run: [row["step"] for row in run.history],
    lambda run: run.predictions,
    lambda run: run.predict(BLANK),
    summary,
]
FOREIGN = {
    "a picture": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
    "nothing": b"",
    "a list": b"[1]\n",
    "an object": b"{}\n",
    "text": "ein Stück Text\n".encode("latin-1"),
    "a very deep list": b"[" * 100_000 + b"\n",
    "a huge number": b'{"config": {"seed": 1' + b"0" * 400 + b'}, "status": "finished", "test": {}}\n',
}


def errors(folder):
    """The sentences of all RunErrors that reading everything in this folder gives; any other exception goes on."""
    try:
        run = Run(folder)
    except RunError as error:
        return [str(error)]
    found = []
    for reading in READINGS:
        try:
            reading(run)
        except RunError as error:
            found.append(str(error))
    return found


@pytest.fixture
def copy(trained, runs_folder):
    """A finished run's folder, to be damaged."""
    return Path(shutil.copytree(trained.folder, runs_folder / "softmax@20260101-000000-abcd"))


@pytest.fixture(scope="session")
def other(tmp_path_factory):
    """A finished run of another network."""
    from mnist_core.training import train

    config = TrainConfig(dataset="sample", architecture="mlp", epochs=0.2, device="cpu")
    run = create_run(config, out=tmp_path_factory.mktemp("other") / "mlp")
    for _ in train(run):
        pass
    return run


@pytest.fixture
def shelf(trained, tmp_path, monkeypatch):
    """Runs mlp, softmax and zebra that come with the app, two of a visitor, in both folders, and what is no run."""
    shipped, visitors = tmp_path / "shipped", tmp_path / "visitors"
    monkeypatch.setattr(runs, "SHIPPED_FOLDER", shipped)
    monkeypatch.setenv("MNIST_RUNS_DIR", str(visitors))
    for parent, name in (
        (shipped, "zebra"),
        (shipped, "softmax"),
        (shipped, "mlp"),
        (visitors, "a@1"),
        (shipped, "b@2"),
    ):
        shutil.copytree(trained.folder, parent / name)
    for parent, name, created in ((visitors, "a@1", "2026-01-01"), (shipped, "b@2", "2026-01-02")):
        about = json.loads((parent / name / CONFIG).read_text())
        (parent / name / CONFIG).write_text(json.dumps(about | {"created": created}))
    for parent in (shipped, visitors):
        (parent / "empty").mkdir()
        (parent / "README.md").write_text("no run")
        (parent / "damaged").mkdir()
        (parent / "damaged" / CONFIG).write_text("{")
    return tmp_path


def test_a_run_folder_holds_the_files_it_should(trained):
    assert sorted(file.name for file in trained.folder.iterdir()) == sorted(FILES)


def test_a_run_is_read_as_it_was_written(runs_folder):
    config = TrainConfig(dataset="sample", architecture="mlp", seed=5, epochs=0.5)
    written = create_run(config, recipe="mlp")
    run = load_run(written.name)
    assert (run.config, run.recipe, run.created) == (config, "mlp", written.created)
    assert run.name.startswith("mlp@")
    assert (run.status, run.result, run.history) == ("unfinished", {}, [])


def test_two_runs_of_one_second_have_two_folders(runs_folder):
    assert create_run(TrainConfig()).folder != create_run(TrainConfig()).folder


def test_history_is_read_as_it_was_written(runs_folder):
    run = create_run(TrainConfig())
    rows = [{"step": step, "epoch": step / 10, "seconds": 0.5, "loss": 1 / step} for step in (1, 2, 3)]
    for row in rows:
        run.log(row)
    assert run.history == rows


def test_the_latest_row_is_the_last_with_a_loss():
    batches, epoch = {"step": 40, "loss": 0.1, "accuracy": 0.9}, {"step": 40, "validation_loss": 0.2}
    assert latest_progress([{"step": 1, "loss": 2.3}, batches, epoch]) == batches
    assert latest_progress([epoch]) == latest_progress([]) == {}


def test_a_half_written_last_row_is_left_out(copy):
    rows = Run(copy).history
    with open(copy / HISTORY, "a") as file:
        file.write('{"step": 41, "lo')
    assert Run(copy).history == rows


def test_a_result_is_seen_by_those_who_looked_before(runs_folder, trained):
    run = create_run(trained.config)
    assert run.result == {}
    Run(run.folder).finish(trained.result, trained.predictions)
    assert run.result == trained.result
    assert run.status == "finished"


def test_weights_come_back_exactly(runs_folder):
    network, run = build("lenet-5", seed=4), create_run(TrainConfig(architecture="lenet-5"))
    run.save_model(network)
    found = run.model().state_dict()
    assert all(torch.equal(found[name], value) for name, value in network.state_dict().items())


def test_predict_is_the_networks_own_answer(trained):
    images = load_digits("sample", "test").images
    found = trained.predict(images)
    assert (found.shape, found.dtype) == ((360, 10), np.float32)
    np.testing.assert_allclose(found.sum(1), 1, atol=1e-5)
    np.testing.assert_allclose(found, np.exp(log_probabilities(trained.model(), images)), atol=1e-6)
    np.testing.assert_allclose(found, np.exp(trained.predictions.log_probabilities), atol=1e-5)


def test_predict_takes_no_images_too(trained):
    assert trained.predict(np.empty((0, 28, 28), np.uint8)).shape == (0, 10)


@pytest.mark.parametrize("shape", [(28, 28), (1, 1, 28, 28), (1, 27, 28), (0,)])
def test_predict_refuses_another_shape(trained, shape):
    with pytest.raises(ValueError, match="images must be uint8 of shape"):
        trained.predict(np.zeros(shape, np.uint8))


@pytest.mark.parametrize("kind", [np.float32, np.int64, bool])
def test_predict_refuses_another_type(trained, kind):
    with pytest.raises(ValueError, match=f"got {np.dtype(kind)}"):
        trained.predict(np.zeros((1, 28, 28), kind))


def test_a_whole_run_has_no_errors(copy, other):
    assert errors(copy) == errors(other.folder) == []


@pytest.mark.parametrize("file", FILES)
def test_a_missing_file_has_a_sentence(copy, file):
    (copy / file).unlink()
    found = errors(copy)
    assert all(sentence.endswith(".") and "\n" not in sentence for sentence in found)
    if file == RESULT:
        assert Run(copy).status == "unfinished"
    elif file == HISTORY:
        assert Run(copy).history == []
    else:
        assert file in found[0]


@pytest.mark.parametrize("file", FILES)
def test_half_a_file_has_a_sentence(copy, file):
    content = (copy / file).read_bytes()
    (copy / file).write_bytes(content[: len(content) // 2])
    found = errors(copy)
    assert all(sentence.endswith(".") and "\n" not in sentence for sentence in found)
    if file != HISTORY:  # its first half is still history
        assert file in found[0]


@pytest.mark.parametrize("content", FOREIGN)
@pytest.mark.parametrize("file", FILES)
def test_a_foreign_file_has_a_sentence(copy, file, content):
    (copy / file).write_bytes(FOREIGN[content])
    found = errors(copy)
    assert all(sentence.endswith(".") and "\n" not in sentence for sentence in found)
    if (file, content) != (HISTORY, "nothing"):
        assert found


@pytest.mark.parametrize("file", FILES)
def test_a_file_of_another_network_has_a_sentence(copy, other, file):
    shutil.copy(other.folder / file, copy / file)
    found = errors(copy)
    assert all(sentence.endswith(".") and "\n" not in sentence for sentence in found)
    if file in (CONFIG, MODEL):
        assert MODEL in found[0]


@pytest.mark.parametrize("file", FILES)
def test_a_folder_in_place_of_a_file_has_a_sentence(copy, file):
    (copy / file).unlink()
    (copy / file).mkdir()
    assert all(sentence.endswith(".") for sentence in errors(copy))


def test_a_network_that_no_longer_exists_has_a_sentence(copy):
    about = json.loads((copy / CONFIG).read_text())
    about["config"]["architecture"] = "nonsense"
    (copy / CONFIG).write_text(json.dumps(about))
    assert any("nonsense" in sentence for sentence in errors(copy))


@pytest.mark.parametrize("file", [MODEL, PREDICTIONS])
def test_a_pickle_is_never_opened(copy, file, tmp_path):
    class Trap:
        def __reduce__(self):
            return Path.touch, (tmp_path / "sprung",)

    for content in (pickle.dumps(Trap()), pickle.dumps(build("softmax").state_dict())):
        (copy / file).write_bytes(content)
        assert any(file in sentence for sentence in errors(copy))
    torch.save({"trap": Trap()}, copy / file)
    assert any(file in sentence for sentence in errors(copy))
    assert not (tmp_path / "sprung").exists()


def test_a_failed_run_says_why(runs_folder):
    run = create_run(TrainConfig())
    run.fail("The loss was nan.")
    assert (load_run(run.name).status, load_run(run.name).error) == ("failed", "The loss was nan.")


@pytest.mark.parametrize("content", FOREIGN)
def test_a_foreign_reason_has_a_sentence(runs_folder, content):
    run = create_run(TrainConfig())
    (run.folder / ERROR).write_bytes(FOREIGN[content])
    with suppress(RunError):
        assert isinstance(run.error, str)


def test_a_run_is_found_by_name_and_by_folder(copy):
    assert load_run(copy.name).folder == load_run(copy).folder == load_run(str(copy)).folder == copy


def test_an_unknown_name_is_told_the_names_there_are(shelf):
    with pytest.raises(RunError, match=r"^there is no run 'nonsense'; the runs are mlp, softmax, zebra, b@2, a@1\.$"):
        load_run("nonsense")


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "...",
        "../x",
        "a/b",
        "/",
        "/etc",
        "/etc/passwd",
        "~",
        "a\0b",
        "x\ny",
        "README.md",
        "damaged",
        "a" * 300,
    ],
)
def test_what_names_no_run_has_a_sentence(shelf, name, monkeypatch):
    monkeypatch.chdir(shelf / "shipped" / "empty")
    with pytest.raises(RunError):
        load_run(name)


def test_shipped_runs_come_first_then_the_newest(shelf):
    assert [run.name for run in list_runs()] == ["mlp", "softmax", "zebra", "b@2", "a@1"]
    assert [run.shipped for run in list_runs()] == [True, True, True, False, False]


def test_runs_come_in_the_order_of_their_recipes(trained, tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "SHIPPED_FOLDER", tmp_path)
    monkeypatch.delenv("MNIST_RUNS_DIR", raising=False)
    for name in sorted(RECIPES):
        shutil.copytree(trained.folder, tmp_path / name)
    assert [run.name for run in list_runs()] == list(RECIPES)


def test_no_folder_means_no_runs(tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "SHIPPED_FOLDER", tmp_path / "nowhere")
    monkeypatch.setenv("MNIST_RUNS_DIR", str(tmp_path / "nowhere either"))
    assert list_runs() == []
    with pytest.raises(RunError, match="none yet"):
        load_run("nonsense")


def test_a_folder_with_something_in_it_is_not_written_over(copy):
    before = (copy / CONFIG).read_bytes()
    with pytest.raises(RunError, match="is not empty"):
        create_run(TrainConfig(), out=copy)
    assert (copy / CONFIG).read_bytes() == before


@pytest.mark.parametrize("place", ["file", "file/below"])
def test_a_run_that_cannot_be_written_says_where(tmp_path, place):
    (tmp_path / "file").write_text("a file where a folder should be")
    with pytest.raises(RunError, match="cannot be written to") as caught:
        create_run(TrainConfig(), out=tmp_path / place)
    assert str(tmp_path / place) in str(caught.value)


@pytest.fixture
def on_a_full_disk(python):
    """Run code in a process that may not write one byte to a file; gives what it printed."""
    pytest.importorskip("resource")
    return lambda code: python("import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n" + code)


def test_a_full_disk_has_a_sentence(on_a_full_disk, tmp_path):
    said = on_a_full_disk(f"""
from pathlib import Path
from mnist_core.config import TrainConfig
from mnist_core.runs import RunError, create
try:
    create(TrainConfig(), out=Path({str(tmp_path / "run")!r}))
except RunError as error:
    print(error)
""")
    assert said.startswith(f"The run cannot be written to {tmp_path / 'run'} (")
    assert said.count("\n") == 1


def test_a_full_disk_leaves_the_old_content(on_a_full_disk, tmp_path):
    (tmp_path / "file").write_bytes(b"old")
    on_a_full_disk(f"""
from pathlib import Path
from mnist_core.runs import replace
try:
    replace(Path({str(tmp_path / "file")!r}), b"new" * 100_000)
except OSError:
    pass
""")
    assert (tmp_path / "file").read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["file"]


def test_replace_leaves_the_old_content_when_renaming_fails(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError("no")

    (tmp_path / "file").write_bytes(b"old")
    monkeypatch.setattr(runs.os, "replace", refuse)
    with pytest.raises(OSError, match="no"):
        write_atomically(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["file"]


def test_replace_puts_the_new_in_place_of_the_old(tmp_path):
    (tmp_path / "file").write_bytes(b"old")
    write_atomically(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"new"


def test_reading_a_run_imports_no_torch(python, trained):
    said = python(f"""
import sys
from mnist_core import load_run
run = load_run({str(trained.folder)!r})
run.result, run.history, run.predictions, run.status
print("torch" in sys.modules)
""")
    assert said == "False\n"


SHIPPED_RUNS = sorted(place.parent.name for place in SHIPPED_FOLDER.glob(f"*/{CONFIG}") if "@" not in place.parent.name)


@pytest.mark.parametrize("name", SHIPPED_RUNS)
def test_a_shipped_run_is_whole_and_follows_its_recipe(name):
    run = load_run(name)
    assert errors(run.folder) == []
    assert run.shipped
    assert run.status == "finished"
    followed = load_run(run.members[0]).recipe if run.members else name  # a vote has its first member's settings
    assert changed(run.config, seed=0, threads=1, device="auto") == RECIPES[followed].config


@pytest.mark.parametrize("name", SHIPPED_RUNS)
def test_a_shipped_vote_is_one_of_shipped_runs(name):
    assert set(load_run(name).members) <= set(SHIPPED_RUNS) - {name}


@pytest.mark.parametrize("name", SHIPPED_RUNS)
def test_a_shipped_run_answers_as_it_did_when_it_was_tested(name, mnist, monkeypatch):
    monkeypatch.setenv("MNIST_DATA_DIR", str(mnist))
    run = load_run(name)
    test = load_digits(run.config.dataset, "test").take(np.arange(50))
    np.testing.assert_array_equal(run.predictions.labels[:50], test.labels)
    np.testing.assert_allclose(run.predict(test.images), np.exp(run.predictions.log_probabilities[:50]), atol=1e-3)

"""A run folder is complete or recognised as incomplete, and every kind of damage is reported in a sentence."""

import json
import pickle
import shutil
from contextlib import nullcontext, suppress
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

from mnist_core import runs
from mnist_core.__main__ import summary
from mnist_core.config import FORMER_ARCHITECTURES, EnsembleConfig, TrainConfig
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
    SNAPSHOTS,
    TITLE,
    Run,
    RunError,
    RunIndex,
    create_run,
    latest_progress,
    list_runs,
    load_run,
    read_run,
    write_atomically,
)

FILES = [CONFIG, HISTORY, SNAPSHOTS, MODEL, PREDICTIONS, RESULT]  # of a finished run
BLANK = np.zeros((1, 28, 28), np.uint8)
READERS = [
    lambda run: run.status,
    lambda run: run.error,
    lambda run: run.result,
    lambda run: [row["step"] for row in run.history],
    lambda run: run.snapshots and [snapshot.step for snapshot in run.snapshots.snapshots],
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


def edit_config(folder, **changes):
    """Change values at the top of a run's config.json."""
    content = json.loads((folder / CONFIG).read_text())
    (folder / CONFIG).write_text(json.dumps(content | changes))


def errors(folder):
    """The messages of all RunErrors raised while everything in this folder is read; other exceptions propagate."""
    try:
        run = Run(folder)
    except RunError as error:
        return [str(error)]
    messages = []
    for reader in READERS:
        try:
            reader(run)
        except RunError as error:
            messages.append(str(error))
    return messages


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
def runs_and_others(trained, tmp_path, monkeypatch):
    """Shipped runs mlp, softmax and zebra, two runs of a visitor, one in each folder, and files that are not runs."""
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
        edit_config(parent / name, created=created)
    for parent in (shipped, visitors):
        (parent / "empty").mkdir()
        (parent / "README.md").write_text("not a run")
        (parent / "damaged").mkdir()
        (parent / "damaged" / CONFIG).write_text("{")
    return tmp_path


def test_a_finished_run_has_exactly_its_six_files(trained):
    assert sorted(file.name for file in trained.folder.iterdir()) == sorted(FILES)


def test_a_run_is_read_as_it_was_written(runs_folder):
    config = TrainConfig(dataset="sample", architecture="mlp", seed=5, epochs=0.5)
    written = create_run(config, recipe="mlp")
    run = load_run(written.name)
    assert (run.config, run.recipe, run.created) == (config, "mlp", written.created)
    assert run.name.startswith("mlp@")
    assert (run.status, run.result, run.history) == ("unfinished", None, [])


def test_two_runs_created_in_the_same_second_have_different_folders(runs_folder):
    assert create_run(TrainConfig()).folder != create_run(TrainConfig()).folder


def test_history_is_read_as_it_was_written(runs_folder):
    run = create_run(TrainConfig())
    rows = [
        {"step": step, "epoch": step / 10, "seconds": 0.5, "validation_loss": 1 / step, "validation_accuracy": 0.5}
        for step in (1, 2, 3)
    ]
    for row in rows:
        run.log(row)
    assert run.history == rows


def test_the_latest_progress_is_the_last_row_with_a_loss():
    batch_row, epoch_row = {"step": 40, "loss": 0.1, "accuracy": 0.9}, {"step": 40, "validation_loss": 0.2}
    assert latest_progress([{"step": 1, "loss": 2.3}, batch_row, epoch_row]) == batch_row
    assert latest_progress([epoch_row]) == latest_progress([]) == {}


def test_a_half_written_last_row_is_ignored(copy):
    rows = Run(copy).history
    with open(copy / HISTORY, "a") as file:
        file.write('{"step": 41, "lo')
    assert Run(copy).history == rows


def test_a_run_opened_before_its_end_sees_the_result(runs_folder, trained):
    run = create_run(trained.config)
    assert run.result is None
    Run(run.folder).finish(trained.result, trained.predictions)
    assert run.result == trained.result
    assert run.status == "finished"


def test_weights_come_back_exactly(runs_folder):
    network, run = build("lenet-5", seed=4), create_run(TrainConfig(architecture="lenet-5"))
    run.save_model(network)
    loaded = run.model().state_dict()
    assert all(torch.equal(loaded[name], value) for name, value in network.state_dict().items())


def test_predict_returns_the_networks_probabilities(trained):
    images = load_digits("sample", "test").images
    probabilities = trained.predict(images)
    assert (probabilities.shape, probabilities.dtype) == ((360, 10), np.float32)
    np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-5)
    np.testing.assert_allclose(probabilities, np.exp(log_probabilities(trained.model(), images)), atol=1e-6)
    np.testing.assert_allclose(probabilities, np.exp(trained.predictions.log_probabilities), atol=1e-5)


def test_predict_accepts_an_empty_batch(trained):
    assert trained.predict(np.empty((0, 28, 28), np.uint8)).shape == (0, 10)


@pytest.mark.parametrize("shape", [(28, 28), (1, 1, 28, 28), (1, 27, 28), (0,)])
def test_predict_rejects_another_shape(trained, shape):
    with pytest.raises(ValueError, match="images must be uint8 of shape"):
        trained.predict(np.zeros(shape, np.uint8))


@pytest.mark.parametrize("dtype", [np.float32, np.int64, bool])
def test_predict_rejects_another_dtype(trained, dtype):
    with pytest.raises(ValueError, match=f"got {np.dtype(dtype)}"):
        trained.predict(np.zeros((1, 28, 28), dtype))


def test_a_complete_run_has_no_errors(copy, other):
    assert errors(copy) == errors(other.folder) == []


@pytest.mark.parametrize("file", FILES)
def test_a_missing_file_is_reported_in_a_sentence(copy, file):
    (copy / file).unlink()
    messages = errors(copy)
    assert all(message.endswith(".") and "\n" not in message for message in messages)
    if file == RESULT:
        assert Run(copy).status == "unfinished"
    elif file == HISTORY:
        assert Run(copy).history == []
    elif file == SNAPSHOTS:
        assert Run(copy).snapshots is None
    else:
        assert file in messages[0]


@pytest.mark.parametrize("file", FILES)
def test_half_a_file_is_reported_in_a_sentence(copy, file):
    content = (copy / file).read_bytes()
    (copy / file).write_bytes(content[: len(content) // 2])
    messages = errors(copy)
    assert all(message.endswith(".") and "\n" not in message for message in messages)
    if file not in (HISTORY, SNAPSHOTS):  # their first halves can still be used
        assert file in messages[0]


@pytest.mark.parametrize("content", FOREIGN)
@pytest.mark.parametrize("file", FILES)
def test_a_foreign_file_is_reported_in_a_sentence(copy, file, content):
    (copy / file).write_bytes(FOREIGN[content])
    messages = errors(copy)
    assert all(message.endswith(".") and "\n" not in message for message in messages)
    if (file, content) not in ((HISTORY, "nothing"), (SNAPSHOTS, "nothing")):
        assert messages


@pytest.mark.parametrize("file", FILES)
def test_a_file_of_another_network_is_reported_in_a_sentence(copy, other, file):
    shutil.copy(other.folder / file, copy / file)
    messages = errors(copy)
    assert all(message.endswith(".") and "\n" not in message for message in messages)
    if file in (CONFIG, MODEL):
        assert MODEL in messages[0]


@pytest.mark.parametrize("file", FILES)
def test_a_folder_in_place_of_a_file_is_reported_in_a_sentence(copy, file):
    (copy / file).unlink()
    (copy / file).mkdir()
    assert all(message.endswith(".") for message in errors(copy))


def test_an_architecture_that_no_longer_exists_is_reported_in_a_sentence(copy, trained):
    edit_config(copy, config=asdict(trained.config) | {"architecture": "nonsense"})
    assert any("nonsense" in message for message in errors(copy))


@pytest.mark.parametrize("former", FORMER_ARCHITECTURES)
def test_a_run_with_the_former_name_of_its_architecture_loads(runs_folder, former):
    name = FORMER_ARCHITECTURES[former]
    network, run = build(name, seed=4), create_run(TrainConfig(dataset="sample", architecture=name))
    run.save_model(network)
    edit_config(run.folder, config=asdict(run.config) | {"architecture": former})
    loaded = load_run(run.name)
    assert loaded.config == run.config
    np.testing.assert_array_equal(loaded.predict(BLANK), np.exp(log_probabilities(network, BLANK)))


@pytest.mark.parametrize("file", [MODEL, PREDICTIONS])
def test_a_pickle_is_never_loaded(copy, file, tmp_path):
    class Trap:
        def __reduce__(self):
            return Path.touch, (tmp_path / "sprung",)

    for content in (pickle.dumps(Trap()), pickle.dumps(build("softmax").state_dict())):
        (copy / file).write_bytes(content)
        assert any(file in message for message in errors(copy))
    torch.save({"trap": Trap()}, copy / file)
    assert any(file in message for message in errors(copy))
    assert not (tmp_path / "sprung").exists()


def test_a_failed_run_has_its_reason(runs_folder):
    run = create_run(TrainConfig())
    run.fail("The loss was nan.")
    assert (load_run(run.name).status, load_run(run.name).error) == ("failed", "The loss was nan.")


@pytest.mark.parametrize("content", FOREIGN)
def test_a_foreign_error_file_is_text_or_reported(runs_folder, content):
    run = create_run(TrainConfig())
    (run.folder / ERROR).write_bytes(FOREIGN[content])
    with suppress(RunError):
        assert isinstance(run.error, str)


def test_a_run_is_found_by_name_and_by_folder(copy):
    assert load_run(copy.name).folder == load_run(copy).folder == load_run(str(copy)).folder == copy


def test_an_unknown_name_is_rejected_with_all_names(runs_and_others):
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
def test_text_that_is_not_a_name_of_a_run_raises_run_error(runs_and_others, name, monkeypatch):
    monkeypatch.chdir(runs_and_others / "shipped" / "empty")
    with pytest.raises(RunError):
        load_run(name)


def test_runs_are_listed_with_the_shipped_ones_first_and_then_the_newest(runs_and_others):
    assert [run.name for run in list_runs()] == ["mlp", "softmax", "zebra", "b@2", "a@1"]
    assert [run.shipped for run in list_runs()] == [True, True, True, False, False]


def test_shipped_runs_are_listed_in_the_order_of_their_recipes(trained, tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "SHIPPED_FOLDER", tmp_path)
    monkeypatch.delenv("MNIST_RUNS_DIR", raising=False)
    for name in sorted(RECIPES):
        shutil.copytree(trained.folder, tmp_path / name)
    assert [run.name for run in list_runs()] == list(RECIPES)


def test_without_a_folder_there_are_no_runs(tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "SHIPPED_FOLDER", tmp_path / "nowhere")
    monkeypatch.setenv("MNIST_RUNS_DIR", str(tmp_path / "nowhere either"))
    assert list_runs() == []
    with pytest.raises(RunError, match="none yet"):
        load_run("nonsense")


def test_a_folder_that_is_not_empty_is_not_overwritten(copy):
    before = (copy / CONFIG).read_bytes()
    with pytest.raises(RunError, match="is not empty"):
        create_run(TrainConfig(), out=copy)
    assert (copy / CONFIG).read_bytes() == before


@pytest.mark.parametrize("path", ["file", "file/below"])
def test_the_error_for_a_run_that_cannot_be_written_names_its_folder(tmp_path, path):
    (tmp_path / "file").write_text("a file where a folder should be")
    with pytest.raises(RunError, match="cannot be written to") as caught:
        create_run(TrainConfig(), out=tmp_path / path)
    assert str(tmp_path / path) in str(caught.value)


@pytest.fixture
def on_a_full_disk(python):
    """Run code in a process that cannot write a byte to any file; returns what it printed."""
    pytest.importorskip("resource")
    return lambda code: python("import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n" + code)


def test_a_full_disk_is_reported_in_a_sentence(on_a_full_disk, tmp_path):
    output = on_a_full_disk(f"""
from pathlib import Path
from mnist_core.config import TrainConfig
from mnist_core.runs import RunError, create_run
try:
    create_run(TrainConfig(), out=Path({str(tmp_path / "run")!r}))
except RunError as error:
    print(error)
""")
    assert output.startswith(f"The run cannot be written to {tmp_path / 'run'} (")
    assert output.count("\n") == 1


def test_a_full_disk_keeps_the_old_content(on_a_full_disk, tmp_path):
    (tmp_path / "file").write_bytes(b"old")
    on_a_full_disk(f"""
from pathlib import Path
from mnist_core.runs import write_atomically
try:
    write_atomically(Path({str(tmp_path / "file")!r}), b"new" * 100_000)
except OSError:
    pass
""")
    assert (tmp_path / "file").read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["file"]


def test_write_atomically_keeps_the_old_content_when_renaming_fails(tmp_path, monkeypatch):
    def fail(*_):
        raise OSError("no")

    (tmp_path / "file").write_bytes(b"old")
    monkeypatch.setattr(runs.os, "replace", fail)
    with pytest.raises(OSError, match="no"):
        write_atomically(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["file"]


def test_write_atomically_replaces_the_old_content(tmp_path):
    (tmp_path / "file").write_bytes(b"old")
    write_atomically(tmp_path / "file", b"new")
    assert (tmp_path / "file").read_bytes() == b"new"


def test_reading_a_run_imports_no_torch(python, trained):
    output = python(f"""
import sys
from mnist_core import load_run
run = load_run({str(trained.folder)!r})
run.result, run.history, run.snapshots, run.predictions, run.status
print("torch" in sys.modules)
""")
    assert output == "False\n"


def test_an_index_lists_what_list_runs_does_and_finds_it_by_name(runs_and_others):
    index = RunIndex()
    assert [run.name for run in index.runs()] == [run.name for run in list_runs()]
    assert index.get("a@1").folder == runs_and_others / "visitors" / "a@1"
    assert index.get("nonsense") is index.get(None) is index.get("../visitors/a@1") is None


def test_an_index_reads_a_run_once_and_again_when_it_changes(copy, eventually):
    index = RunIndex()
    run = index.get(copy.name)
    assert index.get(copy.name) is run
    edit_config(copy, created="2030-01-01")
    eventually(lambda: index.get(copy.name).created == "2030-01-01", 5)
    assert index.get(copy.name) is not run


def test_an_index_notices_new_finished_and_deleted_runs_at_once(runs_folder, trained):
    index = RunIndex()
    assert not [run for run in index.runs() if not run.shipped]
    run = create_run(trained.config)
    assert index.get(run.name).status == "unfinished"
    run.finish(trained.result, trained.predictions)
    assert index.get(run.name).status == "finished"
    shutil.rmtree(run.folder)
    assert index.get(run.name) is None


def test_the_result_of_a_trained_network_says_its_steps(copy):
    content = json.loads((copy / RESULT).read_text())
    (copy / RESULT).write_text(json.dumps(content | {"steps": 0}))  # as an ensemble's
    assert "how many steps" in read_run(copy).reason


@pytest.mark.parametrize("value", [np.nan, np.inf, 3e38])
def test_weights_with_which_a_network_computes_nothing_are_rejected(copy, value):
    weights = load_file(copy / MODEL)
    weights["output.bias"][0] = value
    save_file(weights, copy / MODEL)
    with pytest.raises(RunError, match="weights that no network learns"):
        Run(copy).model()


def test_an_ensemble_in_the_former_format_loads(runs_folder, trained):
    """As written before 2026-11-25: members beside the config of a network, zeros for what was not trained."""
    member = Path(shutil.copytree(trained.folder, runs_folder / "member"))
    folder = Path(shutil.copytree(trained.folder, runs_folder / "ensemble@1"))
    config = asdict(trained.config) | {"architecture": "accurate"}
    about = {"recipe": "ensemble", "created": "2026-11-21", "config": config, "members": ["member", "member"]}
    (folder / CONFIG).write_text(json.dumps(about))
    result = asdict(trained.result) | {"best_epoch": 0.0, "epochs": 0.0, "steps": 0}
    (folder / RESULT).write_text(json.dumps(result))
    run = load_run("ensemble@1")
    assert run.config == EnsembleConfig("sample", ("member", "member"))
    assert (run.members, run.recipe) == (("member", "member"), None)
    assert run.result == replace(trained.result, best_epoch=None, epochs=None, steps=None)
    assert errors(folder) == []
    assert "ensemble of member, member" in summary(run)
    np.testing.assert_allclose(run.predict(BLANK), Run(member).predict(BLANK), atol=1e-6)


SHIPPED_RUNS = sorted(file.parent.name for file in SHIPPED_FOLDER.glob(f"*/{CONFIG}") if "@" not in file.parent.name)


SHIPPED_NETWORKS = [name for name in SHIPPED_RUNS if not load_run(name).members]


@pytest.mark.parametrize("name", SHIPPED_RUNS)
def test_a_shipped_run_is_complete(name):
    run = load_run(name)
    assert errors(run.folder) == []
    assert run.shipped
    assert run.status == "finished"


@pytest.mark.parametrize("name", SHIPPED_NETWORKS)
def test_a_shipped_network_follows_its_recipe(name):
    run = load_run(name)
    assert run.recipe == name
    assert replace(run.config, seed=0, threads=1, device="auto") == RECIPES[name].config


@pytest.mark.parametrize("name", SHIPPED_RUNS)
def test_the_members_of_a_shipped_ensemble_are_shipped_networks(name):
    assert set(load_run(name).members) <= set(SHIPPED_NETWORKS) - {name}


@pytest.mark.parametrize("name", SHIPPED_RUNS)
def test_a_shipped_run_predicts_what_it_predicted_when_it_was_tested(name, mnist, monkeypatch):
    monkeypatch.setenv("MNIST_DATA_DIR", str(mnist))
    run = load_run(name)
    test = load_digits(run.config.dataset, "test").take(np.arange(50))
    np.testing.assert_array_equal(run.predictions.labels[:50], test.labels)
    np.testing.assert_allclose(run.predict(test.images), np.exp(run.predictions.log_probabilities[:50]), atol=1e-3)


# Names that people give their runs


def test_a_run_is_renamed_and_named_again(copy):
    run = Run(copy)
    assert run.title == ""
    run.rename("  With a large\tlearning rate\n")
    assert run.title == Run(copy).title == "With a large learning rate"
    run.rename("")
    assert run.title == Run(copy).title == ""
    assert not (copy / TITLE).exists()


def test_what_cannot_be_printed_is_not_part_of_a_title(copy):
    run = Run(copy)
    run.rename("a\0b\x1b[31mc\u202ed\u2028e")
    assert run.title == "a b [31mc d e"


@pytest.mark.parametrize(("length", "allowed"), [(40, True), (41, False)])
def test_a_title_has_at_most_forty_characters(copy, length, allowed):
    run = Run(copy)
    with nullcontext() if allowed else pytest.raises(RunError, match=f"at most 40 characters; this one has {length}"):
        run.rename("é" * length)
    assert len(run.title) == (length if allowed else 0)


def test_a_shipped_run_keeps_its_name():
    run = load_run("fast")
    with pytest.raises(RunError, match="comes with the app"):
        run.rename("mine")
    assert not (run.folder / TITLE).exists()


@pytest.mark.parametrize("content", [*FOREIGN.values(), b'{"title": 5}', b'{"title": null}'])
def test_a_damaged_title_is_no_title(copy, content):
    (copy / TITLE).write_bytes(content)
    assert Run(copy).title == ""
    assert errors(copy) == []


def test_a_title_written_by_hand_is_cut_and_cleaned(copy):
    (copy / TITLE).write_text(json.dumps({"title": "x\n" * 100}))
    assert Run(copy).title == ("x " * 20).strip()


def test_every_index_notices_a_new_title_at_once(copy):
    first, second = RunIndex(), RunIndex()
    assert first.get(copy.name).title == second.get(copy.name).title == ""
    for title in ("one", "two", ""):
        Run(copy).rename(title)
        assert first.get(copy.name).title == second.get(copy.name).title == title


def test_a_run_whose_folder_cannot_be_written_to_is_not_renamed(copy, monkeypatch):
    def full(file, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(runs, "write_atomically", full)
    with pytest.raises(RunError, match="cannot be renamed"):
        Run(copy).rename("x")

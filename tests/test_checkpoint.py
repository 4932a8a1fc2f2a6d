"""A training run goes on from its checkpoint as if it had never been interrupted; a damaged checkpoint is refused."""

import json
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from mnist_core import checkpoint, training
from mnist_core.config import AUGMENTATIONS, OPTIMIZERS, ConfigError, TrainConfig
from mnist_core.runs import CHECKPOINT, HISTORY, MODEL, PAUSED, SNAPSHOTS, Run, RunError, create_run
from mnist_core.training import Diverged, train

TOY = TrainConfig(
    dataset="sample", architecture="lenet-5", validation_size=50, learning_rate=0.01, batch_size=50,
    epochs=2.4, dropout=0.3, device="cpu",
)  # fmt: skip
STEPS_PER_EPOCH, STEPS = 5, 12  # on the toy digits


@pytest.fixture
def toy_run(runs_folder, toy_digits, monkeypatch):
    """Create a run that will be trained and tested on the toy digits."""
    monkeypatch.setattr(training, "load_digits", lambda dataset, part: toy_digits)
    return lambda **changes: create_run(replace(TOY, **changes))


@pytest.fixture
def often(monkeypatch):
    """Let a checkpoint be written after every step."""
    monkeypatch.setattr(checkpoint, "MIN_INTERVAL", 0)
    monkeypatch.setattr(checkpoint, "INTERVAL", 0)
    monkeypatch.setattr(checkpoint, "MAX_SHARE", 1e9)


def train_in_parts(run, *pauses):
    """Train a run that is paused after these steps, each time read anew from its folder."""
    for pause in pauses:
        made = []
        for step in train(Run(run.folder), pause=lambda made=made, pause=pause: made[-1].step == pause):
            made.append(step)
        assert made[-1].step == pause
        assert Run(run.folder).status == "paused"
        torch.manual_seed(pause)  # whatever happens in between does not matter
    return list(train(Run(run.folder)))


def without_times(lines):
    """Rows of a history or snapshots without what differs from one training run to the next."""
    return [{name: value for name, value in row.items() if "second" not in name} for row in lines]


def snapshot_rows(run):
    return [json.loads(line) for line in (run.folder / SNAPSHOTS).read_text().splitlines()]


def assert_same(run, other):
    """Assert that two runs have the same weights, bit by bit, and the same history, snapshots and result."""
    run, other = Run(run.folder), Run(other.folder)
    weights, others = run.model_as_trained().state_dict(), other.model_as_trained().state_dict()
    assert all(torch.equal(value, others[name]) for name, value in weights.items())
    assert without_times(run.history) == without_times(other.history)
    assert without_times(snapshot_rows(run)) == without_times(snapshot_rows(other))
    for name in ("status", "test", "validation", "best_epoch", "epochs", "steps", "temperature"):
        assert getattr(run.result, name) == getattr(other.result, name)
    np.testing.assert_array_equal(run.predictions.log_probabilities, other.predictions.log_probabilities)


CASES = {
    **{f"{name}, {ema}": {"optimizer": name, "ema": ema} for name in OPTIMIZERS for ema in (0.0, 0.9)},
    **{f"{name} images": {"augmentation": name} for name in AUGMENTATIONS},
    "sgd without momentum": {"optimizer": "sgd", "momentum": 0.0},
    "the last epoch": {"keep": "last", "schedule": "one-cycle"},
    "label smoothing": {"label_smoothing": 0.1, "schedule": "cosine"},
    "batch normalisation": {"architecture": "space-to-depth-cnn", "optimizer": "muon", "ema": 0.9},
    "weight decay": {"optimizer": "adamw", "weight_decay": 0.1, "schedule": "step"},
}


@pytest.mark.parametrize("changes", CASES.values(), ids=CASES)
def test_a_run_that_was_paused_ends_as_one_that_was_not(toy_run, changes):
    whole, paused = toy_run(**changes), toy_run(**changes)
    list(train(whole))
    last = train_in_parts(paused, 3, STEPS_PER_EPOCH, 8)
    assert [step.step for step in last] == [9, 10, 11, 12]
    assert_same(whole, paused)


def test_a_run_in_bfloat16_ends_as_one_that_was_not_paused(toy_run, monkeypatch):
    monkeypatch.setattr(training, "bf16_is_faster", lambda *_: True)
    whole, paused = toy_run(ema=0.9), toy_run(ema=0.9)
    list(train(whole))
    train_in_parts(paused, 7)
    assert_same(whole, paused)


@pytest.mark.parametrize("killed_after", [1, 4, 5, 6, 11])
def test_a_killed_run_goes_on_from_its_last_checkpoint(toy_run, often, monkeypatch, killed_after):
    monkeypatch.setattr(training, "MAX_HISTORY_ROWS", 4)  # so that some steps are not in the history yet
    whole, killed = toy_run(), toy_run()
    list(train(whole))
    steps = train(killed)
    list(islice(steps, killed_after))
    stored = (killed.folder / CHECKPOINT).read_bytes() if killed_after > 1 else None
    steps.close()  # writes a checkpoint, which a killed process does not
    if stored:
        (killed.folder / CHECKPOINT).write_bytes(stored)
    else:
        (killed.folder / CHECKPOINT).unlink()
    with open(killed.folder / HISTORY, "a") as stream:
        stream.write('{"step": ')  # half a row
    assert Run(killed.folder).status == "unfinished"
    assert [step.step for step in train(Run(killed.folder))] == list(range(max(1, killed_after), STEPS + 1))
    assert_same(whole, killed)


def test_seconds_and_images_go_on_from_where_they_were(toy_run):
    run = toy_run()
    before = next(iter(islice(train(run, pause=lambda: True), 1)))
    after = next(iter(train(Run(run.folder))))
    assert after.seconds > before.seconds
    assert after.cpu_seconds > before.cpu_seconds
    assert after.images_per_second * after.seconds == pytest.approx(50 * after.step)
    seconds = [row["seconds"] for row in Run(run.folder).history]
    assert seconds == sorted(seconds)


def test_leaving_the_loop_stores_a_checkpoint_and_the_run_is_not_paused(toy_run):
    run = toy_run()
    for step in train(run):
        if step.step == 4:
            break
    run = Run(run.folder)
    assert (run.status, run.resumable, run.paused) == ("unfinished", True, False)
    assert run.checkpoint_position()["step"] == 4
    assert next(iter(train(run))).step == 5


def test_a_finished_run_has_no_checkpoint_and_is_not_trained_again(toy_run, often):
    run = toy_run()
    train_in_parts(run, 2)
    run = Run(run.folder)
    assert run.status == "finished"
    assert not run.resumable
    assert not {CHECKPOINT, PAUSED} & {file.name for file in run.folder.iterdir()}
    with pytest.raises(RunError, match="has its result already"):
        next(train(run))


def test_a_run_without_a_checkpoint_begins_at_its_start(toy_run):
    whole, killed = toy_run(), toy_run()
    list(train(whole))
    for step in train(killed):
        if step.step == 6:
            break
    (killed.folder / CHECKPOINT).unlink()
    assert len(list(train(Run(killed.folder)))) == STEPS
    assert_same(whole, killed)


def test_a_checkpoint_is_not_written_when_training_begins_nor_at_its_last_step(toy_run, monkeypatch):
    written = []
    monkeypatch.setattr(Run, "save_checkpoint", lambda run, content: written.append(run))
    list(train(toy_run()))
    assert written == []
    monkeypatch.setattr(checkpoint, "MIN_INTERVAL", 0)
    monkeypatch.setattr(checkpoint, "MAX_SHARE", 1e9)
    list(train(toy_run()))
    assert len(written) == 2  # at the ends of two epochs


def test_the_best_weights_are_those_of_the_checkpoint(toy_run):
    run = paused_run(toy_run, step=5, keep="last")
    kept = (run.folder / MODEL).read_bytes()
    (run.folder / MODEL).unlink()  # or of a later epoch, of a run that was killed
    next(iter(train(Run(run.folder))))
    assert (run.folder / MODEL).read_bytes() == kept


def paused_run(toy_run, step=3, **changes):
    """A run that was paused after this step."""
    run, made = toy_run(**changes), []
    for each in train(run, pause=lambda: made[-1].step == step):
        made.append(each)
    return Run(run.folder)


def rewrite(run, change_tensors=lambda tensors: None, change_content=lambda content: None):
    """Change what a checkpoint holds."""
    with safe_open(run.folder / CHECKPOINT, "pt") as stored:
        metadata, tensors = stored.metadata(), {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118
    content = json.loads(metadata["content"])
    change_tensors(tensors)
    change_content(content)
    save_file(tensors, run.folder / CHECKPOINT, metadata | {"content": json.dumps(content)})


def nan(tensors):
    tensors[first(tensors)].view(-1)[0] = torch.nan


def first(tensors):
    return next(name for name, value in sorted(tensors.items()) if name.startswith("weights.") and value.numel() > 1)


DAMAGED_TENSORS = {
    "not finite": nan,
    "missing": lambda tensors: tensors.pop(first(tensors)),
    "one too many": lambda tensors: tensors.update(other=torch.zeros(1)),
    "another shape": lambda tensors: tensors.update({first(tensors): torch.zeros(3)}),
    "another type": lambda tensors: tensors.update({first(tensors): tensors[first(tensors)].half()}),
    "a digit twice": lambda tensors: tensors["permutation"].__setitem__(0, tensors["permutation"][1]),
    "no random state": lambda tensors: tensors["random.cpu"].fill_(255),
}
DAMAGED_CONTENT = {
    "settings": lambda content: content["config"].update(seed=7),
    "no settings": lambda content: content.pop("config"),
    "settings that are none": lambda content: content["config"].update(nonsense=1),
    "beyond the end": lambda content: content["state"].update(step=10**6),
    "at no step": lambda content: content["state"].update(step=0),
    "a step that is text": lambda content: content["state"].update(step="3"),
    "no seconds": lambda content: content["state"].pop("seconds"),
    "endless": lambda content: content["state"].update(seconds=float("inf")),
    "kept": lambda content: content.update(kept=[]),
    "snapshot": lambda content: content.update(last_snapshot=99),
    "nothing": lambda content: content.clear(),
}


@pytest.fixture(scope="module")
def damaged_run(tmp_path_factory):
    """A run that was paused after its first step, for tests that damage its checkpoint."""
    run = create_run(replace(TOY, validation_size=None), out=tmp_path_factory.mktemp("damaged") / "run")
    list(train(run, pause=lambda: True))
    return run


def assert_refused(run):
    """Assert that the run does not go on, that a sentence says why, and that its folder is untouched."""
    files = {file.name: file.read_bytes() for file in run.folder.iterdir()}
    with pytest.raises(RunError, match=r"cannot be used: .+; delete this file to train the run from its start\.$"):
        next(train(run))
    assert {file.name: file.read_bytes() for file in run.folder.iterdir()} == files


def test_whatever_is_wrong_with_a_checkpoint_is_said_in_a_sentence(damaged_run):
    file = damaged_run.folder / CHECKPOINT
    good = file.read_bytes()
    for change in DAMAGED_TENSORS.values():
        rewrite(damaged_run, change_tensors=change)
        assert_refused(damaged_run)
        file.write_bytes(good)
    for change in DAMAGED_CONTENT.values():
        rewrite(damaged_run, change_content=change)
        assert_refused(damaged_run)
        file.write_bytes(good)
    for size in (0, 5, 100, len(good) - 1):
        file.write_bytes(good[:size])
        assert_refused(damaged_run)
        with pytest.raises(RunError, match=r"cannot be used: .+; delete this file"):
            damaged_run.change_learning_rate(0.1)
    file.write_bytes(good)
    assert next(iter(train(damaged_run))).step == 2


def test_a_checkpoint_of_another_architecture_is_refused_and_without_it_the_run_begins_again(toy_run):
    run, other = paused_run(toy_run), paused_run(toy_run, architecture="softmax")
    (run.folder / CHECKPOINT).write_bytes((other.folder / CHECKPOINT).read_bytes())
    assert_refused(run)
    (run.folder / CHECKPOINT).unlink()
    assert next(iter(train(Run(run.folder)))).step == 1


def test_a_checkpoint_with_weights_that_are_not_finite_is_not_written(toy_run):
    run = toy_run(optimizer="sgd", learning_rate=100, epochs=10, dropout=0)
    with pytest.raises(Diverged):
        list(train(run, pause=lambda: (run.folder / CHECKPOINT).exists()))  # a pause that never comes


def test_the_learning_rate_changes_from_the_checkpoint_on(toy_run):
    run = paused_run(toy_run, schedule="cosine")
    run.change_learning_rate(0.5)
    run.change_learning_rate(0.03)  # the last one counts
    assert [row["new_learning_rate"] for row in run.history if "new_learning_rate" in row] == [0.03]
    assert Run(run.folder).config.learning_rate == 0.01
    before = {row["step"]: row["learning_rate"] for row in run.history if "learning_rate" in row}
    list(train(Run(run.folder)))
    rates = {row["step"]: row["learning_rate"] for row in Run(run.folder).history if "learning_rate" in row}
    unchanged = toy_run(schedule="cosine")
    plain = {step.step: step.learning_rate for step in train(unchanged)}
    assert {step: rates[step] for step in before} == before
    assert {step: rate / plain[step] for step, rate in rates.items() if step > 3} == pytest.approx(
        dict.fromkeys(range(4, STEPS + 1), 3.0)
    )


def test_a_learning_rate_that_was_changed_stays_when_the_run_is_killed(toy_run):
    run = paused_run(toy_run)
    run.change_learning_rate(0.03)
    stored = (run.folder / CHECKPOINT).read_bytes()
    for step in train(Run(run.folder)):
        if step.step == 6:
            break
    (run.folder / CHECKPOINT).write_bytes(stored)
    step = next(iter(train(Run(run.folder))))
    assert (step.step, step.learning_rate) == (4, 0.03)


def test_a_learning_rate_that_is_changed_back_leaves_no_trace(toy_run):
    whole, run = toy_run(), paused_run(toy_run)
    list(train(whole))
    run.change_learning_rate(0.5)
    run.change_learning_rate(0.01)
    list(train(Run(run.folder)))
    assert_same(whole, run)


def test_an_impossible_learning_rate_and_a_run_without_a_checkpoint_are_refused(toy_run):
    with pytest.raises(ConfigError, match="learning_rate must be a number, above 0"):
        paused_run(toy_run).change_learning_rate(0)
    with pytest.raises(RunError, match="has no checkpoint to go on from"):
        toy_run().change_learning_rate(0.1)


def test_a_run_that_diverged_can_go_on_with_a_smaller_learning_rate(toy_run):
    run = paused_run(toy_run, optimizer="sgd")
    run.change_learning_rate(100)
    with pytest.raises(Diverged, match="learning rate of 100 ") as error:
        list(train(Run(run.folder)))
    run.fail(str(error.value))
    assert (Run(run.folder).status, run.resumable) == ("failed", True)
    run.change_learning_rate(0.01)
    assert next(iter(train(Run(run.folder)))).step == 4
    assert Run(run.folder).error is None


def test_training_ends_at_the_accuracy_it_was_to_reach(toy_run):
    run = toy_run(architecture="softmax", epochs=100, stop_at=0.9, dropout=0)
    steps = list(train(run))
    result = Run(run.folder).result
    assert result.status == "finished"
    assert len(steps) == result.steps < 500
    assert result.validation.accuracy >= 0.9
    assert result.best_epoch == result.epochs
    full = [row for row in run.history if "validation_accuracy" in row and "validation_images" not in row]
    assert [row["validation_accuracy"] >= 0.9 for row in full] == [False] * (len(full) - 1) + [True]


def test_an_accuracy_within_an_epoch_counts_once_all_digits_confirm_it(tmp_path):
    config = replace(TOY, validation_size=200, epochs=3, stop_at=0.6, batch_size=64)
    run = create_run(config, out=tmp_path / "run")
    steps = list(train(run))
    *_, measured, confirmed = [row for row in run.history if "validation_accuracy" in row]
    assert steps[-1].validation is None
    assert "validation_images" in measured
    assert "validation_images" not in confirmed
    assert confirmed["validation_accuracy"] >= 0.6
    assert run.result.steps == confirmed["step"] == len(steps)

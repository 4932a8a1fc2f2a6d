"""What is said about a run is right for runs whose outcome is known, and honest about noise."""

import re
from dataclasses import replace

import numpy as np
import pytest

from mnist_core.analysis.diagnosis import Diagnosis, diagnose, more_epochs, number
from mnist_core.config import EnsembleConfig, TrainConfig
from mnist_core.errors import MnistLabError
from mnist_core.runs import SHIPPED_FOLDER, Run, create_run
from mnist_core.training import train

CONFIG = TrainConfig(epochs=6)
SAMPLE = TrainConfig(dataset="sample", architecture="mlp", device="cpu", epochs=3)
KINDS = {"not learning", "diverged", "memorising", "still improving", "done"}
NOISE = 0.01


def batches(accuracy, loss, steps=100, epochs=1.0):
    """Rows of batches whose accuracy and loss are these functions of the share of the run that is over, and noise."""
    rng = np.random.default_rng(0)
    return [
        {
            "step": step,
            "epoch": epochs * step / steps,
            "seconds": step / 10,
            "loss": max(0.0, loss(step / steps) + NOISE * rng.normal()),
            "accuracy": min(1.0, max(0.0, accuracy(step / steps) + NOISE * rng.normal())),
        }
        for step in range(1, steps + 1)
    ]


def learned(validations, train_losses, validation_losses, train_accuracies=None):
    """The history of a run that learned, with these values at the ends of its epochs."""
    count = len(validations)
    rows = batches(lambda t: min(0.99, 0.1 + 9 * t), lambda t: 2.3 * (1 - min(0.98, 9 * t)), 20 * count, count)
    for index in range(count):
        rows.append(
            {"step": 20 * (index + 1), "epoch": index + 1.0, "seconds": 2.0 * (index + 1)}
            | {"validation_accuracy": validations[index], "validation_loss": validation_losses[index]}
            | {"train_accuracy": (train_accuracies or [0.99] * count)[index], "train_loss": train_losses[index]}
        )
    return sorted(rows, key=lambda row: row["step"])


def kind(history, config=CONFIG, error=None):
    """The kind of the diagnosis."""
    diagnosis = diagnose(config, history, None, error)
    return diagnosis.kind if diagnosis else None


def chance(t):
    return 0.1


def check(diagnosis: Diagnosis):
    """Every text is a sentence with numbers, and what to try is concrete."""
    assert diagnosis.kind in KINDS
    for text in (diagnosis.sentence, diagnosis.advice):
        assert re.fullmatch(r"[A-Z].*\.", text)
        assert "e-" not in re.sub("[a-z]{2,}", "", text)
        assert "nan" not in text
    assert re.search(r"\d", diagnosis.sentence)
    assert diagnosis.advice.startswith(("Try", "Let it", "More epochs"))


def test_a_loss_that_stays_at_guessing_is_not_learning():
    diagnosis = diagnose(replace(CONFIG, learning_rate=1e-7), batches(chance, lambda t: 2.303), None, None)
    check(diagnosis)
    assert diagnosis.kind == "not learning"
    assert "after 100 steps" in diagnosis.sentence
    assert "guessing has 10 % and 2.30" in diagnosis.sentence
    assert diagnosis.advice == "Try a learning rate of 0.001: with 0.0000001 the weights hardly change."


def test_a_rate_that_is_too_high_is_made_smaller():
    diagnosis = diagnose(replace(CONFIG, learning_rate=0.006), batches(chance, lambda t: 2.4), None, None)
    assert diagnosis.kind == "not learning"
    assert diagnosis.advice == "Try a learning rate of 0.002 instead of 0.006."


@pytest.mark.parametrize(
    ("changes", "advice"),
    [
        ({"weight_decay": 0.5}, "Try a weight decay of 0"),
        ({"dropout": 0.9}, "Try a dropout of 0.5"),
        ({}, "Try more epochs, 20, or a learning rate of 0.003"),
    ],
)
def test_a_run_at_chance_with_a_usual_rate_gets_other_advice(changes, advice):
    diagnosis = diagnose(replace(CONFIG, **changes), batches(chance, lambda t: 2.303), None, None)
    assert diagnosis.kind == "not learning"
    assert diagnosis.advice.startswith(advice)


def test_a_slow_beginning_is_not_a_failure():
    slow = batches(lambda t: 0.1 + 0.04 * t, lambda t: 2.31 - 0.2 * t, steps=40)
    assert kind(slow) == "still improving"


def test_a_loss_that_is_no_longer_finite_has_diverged():
    rows = batches(chance, lambda t: 2.3 * 10 ** (20 * t), steps=30)
    error = "The loss was nan after 31 steps: with a learning rate of 3 the training diverged; try a smaller one."
    diagnosis = diagnose(replace(CONFIG, learning_rate=0.003), rows, None, error)
    check(diagnosis)
    assert diagnosis.kind == "diverged"
    assert "2.3 × 10²⁰ within 30 steps" in diagnosis.sentence
    assert diagnosis.advice == "Try a learning rate of 0.001 instead of 0.003."


@pytest.mark.parametrize(
    ("accuracy", "loss"),
    [
        (chance, lambda t: 1e6 if t > 0.5 else 2.3),  # finite, but it has exploded
        (lambda t: 0.6 if 0.2 < t < 0.5 else 0.1, lambda t: 1.0 if 0.2 < t < 0.5 else 2.31),  # collapsed
        (chance, lambda t: 500.0 if 0.04 < t < 0.06 else 2.31),  # shot up once, and guesses since
    ],
)
def test_a_run_that_exploded_or_collapsed_has_diverged(accuracy, loss):
    diagnosis = diagnose(CONFIG, batches(accuracy, loss), None, None)
    check(diagnosis)
    assert diagnosis.kind == "diverged"


def test_training_far_above_a_validation_that_gets_worse_is_memorising():
    accuracies, losses = [0.97, 0.98, 0.98, 0.979, 0.979, 0.978], [0.08, 0.06, 0.065, 0.07, 0.08, 0.09]
    history = learned(accuracies, [0.2, 0.05, 0.03, 0.02, 0.01, 0.005], losses, [0.95, 0.98, 0.99, 0.995, 0.998, 0.999])
    diagnosis = diagnose(CONFIG, history, None, None)
    check(diagnosis)
    assert diagnosis.kind == "memorising"
    for value in ("99.90 %", "97.80 %", "0.06 after epoch 2", "0.09"):
        assert value in diagnosis.sentence
    assert "affine" in diagnosis.advice
    augmented = diagnose(replace(CONFIG, augmentation="affine", dropout=0.5), history, None, None)
    assert augmented.advice == "Try fewer epochs: 2 epochs were enough."


def test_one_bad_epoch_is_not_memorising():
    accuracies, losses = [0.935, 0.965, 0.974, 0.975, 0.967], [0.23, 0.12, 0.095, 0.087, 0.118]
    assert kind(learned(accuracies, [0.4, 0.16, 0.1, 0.08, 0.078], losses)) == "done"
    assert kind(learned(accuracies, [0.4, 0.16, 0.1, 0.08, 0.06], losses, [0.88, 0.95, 0.97, 0.977, 0.981])) == (
        "still improving"
    )


def test_a_validation_that_rises_more_than_chance_is_still_improving():
    diagnosis = diagnose(CONFIG, learned([0.9, 0.92, 0.94, 0.95, 0.96, 0.97], [0.1] * 6, [0.1] * 6), None, None)
    check(diagnosis)
    assert diagnosis.kind == "still improving"
    assert "rose from 94.50 % to 96.50 % over the last 4 epochs" in diagnosis.sentence
    assert diagnosis.advice == "Try more epochs: 20 instead of 6."


def test_a_validation_that_changes_by_chance_is_done():
    diagnosis = diagnose(CONFIG, learned([0.97, 0.98, 0.985, 0.986, 0.985, 0.987], [0.05] * 6, [0.06] * 6), None, None)
    check(diagnosis)
    assert diagnosis.kind == "done"
    assert "98.60 %, +0.05 percentage points over the last 4 epochs" in diagnosis.sentence


def test_how_large_chance_is_depends_on_the_number_of_digits():
    history = learned([0.97, 0.98, 0.98, 0.98, 0.983, 0.985], [0.05] * 6, [0.06] * 6)
    assert kind(history) == "still improving"
    assert kind(history, replace(CONFIG, dataset="sample", validation_size=200)) == "done"


def test_a_run_that_is_past_its_best_says_so():
    diagnosis = diagnose(CONFIG, learned([0.97, 0.98, 0.985, 0.986, 0.95, 0.94], [0.05] * 6, [0.06] * 6), None, None)
    check(diagnosis)
    assert diagnosis.kind == "done"
    assert "fell from 98.55 % to 94.50 %" in diagnosis.sentence
    assert "cosine" in diagnosis.advice


@pytest.mark.parametrize(
    ("changes", "advice"),
    [
        ({"architecture": "softmax"}, "a network with convolutions"),
        ({}, "the schedule “cosine”"),
        ({"schedule": "one-cycle"}, "the augmentation “affine”"),
        ({"schedule": "cosine", "augmentation": "pen"}, "Look at its mistakes"),
    ],
)
def test_what_to_try_after_a_run_that_is_done_depends_on_its_settings(changes, advice):
    history = learned([0.98] * 6, [0.05] * 6, [0.06] * 6)
    assert advice in diagnose(replace(CONFIG, **changes), history, None, None).advice


def test_a_short_run_is_judged_by_its_batches():
    rising = batches(lambda t: 0.5 + 0.45 * t, lambda t: 1.5 - 1.2 * t)
    flat = batches(lambda t: 0.95, lambda t: 0.2)
    assert kind(rising, replace(CONFIG, epochs=0.5)) == "still improving"
    assert kind(flat, replace(CONFIG, epochs=0.5)) == "done"


def test_interim_validations_do_not_count_as_epochs():
    rows = batches(lambda t: 0.5 + 0.45 * t, lambda t: 1.5 - 1.2 * t)
    interim = [
        {"step": s, "epoch": s / 200, "seconds": 1, "validation_loss": 1, "validation_accuracy": 0.9 - s / 1000}
        | {"validation_images": 400}
        for s in (10, 20, 40, 60, 80)
    ]
    assert diagnose(CONFIG, rows + interim, None, None) == diagnose(CONFIG, rows, None, None)


def test_very_few_steps_are_too_early_to_tell():
    diagnosis = diagnose(replace(CONFIG, epochs=0.01), batches(chance, lambda t: 2.3, steps=5), None, None)
    check(diagnosis)
    assert "only 5 steps" in diagnosis.sentence
    assert diagnosis.kind == "still improving"


def test_a_stopped_run_should_be_trained_to_its_end(trained):
    stopped = replace(trained.result, status="stopped")
    diagnosis = diagnose(CONFIG, batches(lambda t: 0.5 + 0.45 * t, lambda t: 1.5 - 1.2 * t), stopped, None)
    check(diagnosis)
    assert "was stopped after 1 epoch while" in diagnosis.sentence
    assert diagnosis.advice == "Let it train to the end: 6 epochs."


def test_a_run_that_stopped_where_it_was_to_stop_says_so(tmp_path):
    run = create_run(replace(SAMPLE, epochs=20, stop_at=0.8), out=tmp_path / "run")
    list(train(run))
    diagnosis = diagnose(run.config, run.history, run.result, None)
    check(diagnosis)
    assert diagnosis.kind == "done"
    assert re.match(r"It reached 80.0 %, where it was to stop, after \d+(\.\d+)? epochs?: ", diagnosis.sentence)
    assert "to see how far it gets in 20 epochs" in diagnosis.advice
    missed = diagnose(replace(run.config, stop_at=0.999), run.history, run.result, None)
    assert "where it was to stop" not in missed.sentence


def test_there_is_nothing_to_say_without_training():
    assert diagnose(EnsembleConfig("mnist", ("a",)), [], None, None) is None
    assert diagnose(CONFIG, [], None, None) is None
    assert diagnose(CONFIG, [], None, "The run could not be written; free some space.") is None
    assert diagnose(CONFIG, batches(chance, lambda t: 2.3, steps=5), None, "The run could not be written.") is None


def test_slow_motion_at_the_beginning_does_not_count_more():
    quick = batches(lambda t: 0.9, lambda t: 0.3, steps=200)[3::4]
    assert kind(batches(lambda t: 0.9, lambda t: 0.3, steps=200)[:20] + quick[5:]) == kind(quick) == "done"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "still improving"),
        ({"epochs": 0.1}, "still improving"),
        ({"epochs": 0.8}, "still improving"),
        ({"epochs": 40}, "memorising"),
        ({"optimizer": "sgd", "learning_rate": 1e-6}, "not learning"),
        ({"learning_rate": 1.0}, "diverged"),
        ({"architecture": "softmax", "optimizer": "sgd", "learning_rate": 100, "weight_decay": 1}, "diverged"),
    ],
)
def test_real_trainings_get_a_sensible_diagnosis(tmp_path, changes, expected):
    run = create_run(replace(SAMPLE, **changes), out=tmp_path / "run")
    try:
        list(train(run))
    except MnistLabError as error:
        run.fail(str(error))
    run = Run(run.folder)
    diagnosis = diagnose(run.config, run.history, run.result, run.error)
    check(diagnosis)
    assert diagnosis.kind == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("fast", "still improving"),
        ("accurate", "done"),
        ("mnist-cnn-adam", "memorising"),
        ("conv-block-sgd", "still improving"),
        ("dropout-cnn", "done"),
        ("sample-digits", "memorising"),
    ],
)
def test_shipped_runs_get_a_sensible_diagnosis(name, expected):
    run = Run(SHIPPED_FOLDER / name)
    diagnosis = diagnose(run.config, run.history, run.result, run.error)
    check(diagnosis)
    assert diagnosis.kind == expected


def test_numbers_can_be_read_aloud():
    assert [number(value) for value in (0.03641, 2.3, 450_316.6, 2.4e35)] == ["0.0364", "2.30", "450,317", "2.4 × 10³⁵"]
    assert [more_epochs(value) for value in (0.05, 0.5, 1.5, 5, 12, 300, 500)] == [
        "0.1",
        "1",
        "5",
        "10",
        "30",
        *["500"] * 2,
    ]

"""Training learns, is reproducible, stops when asked, and keeps the best weights."""

import math
from collections import Counter
from contextlib import nullcontext
from copy import deepcopy
from dataclasses import asdict, replace
from itertools import islice

import numpy as np
import pytest
import torch

from mnist_core import training
from mnist_core.config import OPTIMIZERS, SCHEDULES, ConfigError, EnsembleConfig, TrainConfig
from mnist_core.data import split
from mnist_core.metrics import Score, score, score_with_interval, wilson_interval
from mnist_core.models import build
from mnist_core.optim import learning_rate_at
from mnist_core.runs import RunError, create_run, load_run
from mnist_core.training import Diverged, fit, train

TOY = TrainConfig(
    dataset="sample", architecture="softmax", validation_size=50, learning_rate=0.01, batch_size=50, epochs=2,
    device="cpu",
)  # fmt: skip
STEPS_PER_EPOCH = 5  # on the toy digits


def start_fit(digits, config=TOY):
    """The generator of a training run on toy digits, and the model it trains."""
    model = build(config.architecture, config.dropout, config.seed)
    return fit(model, *split(digits, config.validation_size, config.seed), config), model


def weights(model):
    return deepcopy(model.state_dict())


def equal_weights(first, second):
    return all(torch.equal(first[name], second[name]) for name in first)


@pytest.fixture
def toy_run(runs_folder, toy_digits, monkeypatch):
    """Create a run that will be trained and tested on the toy digits."""
    monkeypatch.setattr(training, "load_digits", lambda dataset, part: toy_digits)
    return lambda **changes: create_run(replace(TOY, **changes))


@pytest.mark.parametrize("augmentation", ["none", "elastic"])
def test_the_same_seed_produces_the_same_steps(toy_digits, augmentation):
    config = replace(TOY, architecture="lenet-5", dropout=0.5, augmentation=augmentation, seed=3)
    repeats = []
    for seed in range(2):
        steps, _ = start_fit(toy_digits, config)
        torch.manual_seed(seed)  # the caller's random state does not matter
        repeats.append([replace(step, seconds=0, cpu_seconds=0, images_per_second=0) for step in steps])
    assert repeats[0] == repeats[1]


def test_another_seed_produces_other_steps(toy_digits):
    first, other = (next(start_fit(toy_digits, replace(TOY, seed=seed))[0]) for seed in (0, 1))
    assert first.loss != other.loss


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_learns(toy_digits, optimizer):
    steps = list(start_fit(toy_digits, replace(TOY, optimizer=optimizer, epochs=4))[0])
    assert steps[-1].loss < steps[0].loss / 4
    assert steps[-1].validation.accuracy > 0.9


def test_ema_keeps_the_moving_average_and_trains_as_without_it(toy_digits):
    steps, plain = start_fit(toy_digits, replace(TOY, epochs=4))
    averaged_steps, averaged = start_fit(toy_digits, replace(TOY, epochs=4, ema=0.9))
    assert [step.loss for step in steps] == [step.loss for step in averaged_steps]
    assert not equal_weights(weights(plain), weights(averaged))


def test_leaving_the_loop_stops_training(toy_digits):
    steps, model = start_fit(toy_digits)
    for step in steps:
        if step.step == 3:
            break
    weights_then = weights(model)
    steps.close()
    assert equal_weights(weights_then, model.state_dict())
    assert list(steps) == []


@pytest.mark.parametrize("leave", ["exhausted", "closed", "diverged"])
def test_fit_restores_the_number_of_threads_and_the_random_state(toy_digits, two_threads, leave):
    config = TOY if leave != "diverged" else replace(TOY, architecture="lenet-5", optimizer="sgd", learning_rate=100)
    steps, _ = start_fit(toy_digits, config)
    before = torch.get_rng_state()
    next(steps)
    assert torch.get_num_threads() == config.threads == 1
    assert torch.initial_seed() == config.seed
    if leave == "closed":
        steps.close()
    else:
        with pytest.raises(Diverged) if leave == "diverged" else nullcontext():
            list(steps)
    assert torch.get_num_threads() == 2
    assert torch.equal(torch.get_rng_state(), before)


def test_train_tests_with_the_configs_number_of_threads_and_restores_the_callers(toy_run, two_threads, monkeypatch):
    counts = []
    predict = training.log_probabilities
    monkeypatch.setattr(
        training, "log_probabilities", lambda *arguments: counts.append(torch.get_num_threads()) or predict(*arguments)
    )
    list(train(toy_run(epochs=1)))
    assert counts == [1, 1, 1]  # validation, the same digits for the temperature, and test
    assert torch.get_num_threads() == 2


def test_steps_are_counted_from_1_to_the_total_that_each_names(toy_digits):
    steps = list(start_fit(toy_digits)[0])
    assert [step.step for step in steps] == list(range(1, 2 * STEPS_PER_EPOCH + 1))
    assert {step.steps for step in steps} == {2 * STEPS_PER_EPOCH}
    assert [step.epoch for step in steps] == pytest.approx([step.step / STEPS_PER_EPOCH for step in steps])


def test_the_speed_is_the_number_of_images_divided_by_the_time(toy_digits):
    for step in start_fit(toy_digits)[0]:
        assert step.images_per_second * step.seconds == pytest.approx(50 * step.step)


def test_the_model_is_in_training_mode_for_steps_and_in_evaluation_mode_for_validation(toy_digits):
    steps, model = start_fit(toy_digits)
    modes = []
    model.register_forward_hook(lambda network, *_: modes.append(network.training))
    list(steps)
    assert modes == ([True] * STEPS_PER_EPOCH + [False]) * 2


@pytest.mark.parametrize(("epochs", "steps"), [(0.4, 2), (1, 5), (1.6, 8), (0.0001, 1)])
def test_a_part_of_an_epoch_is_a_part_of_its_steps(toy_digits, epochs, steps):
    assert len(list(start_fit(toy_digits, replace(TOY, epochs=epochs))[0])) == steps


def test_scores_come_at_the_end_of_each_epoch_and_at_the_last_step(toy_digits):
    steps = list(start_fit(toy_digits, replace(TOY, epochs=2.4))[0])
    assert [step.step for step in steps if step.validation] == [5, 10, 12]
    assert [step.step for step in steps if step.train] == [5, 10, 12]


def test_the_training_score_is_the_mean_over_the_digits_of_the_epoch(toy_digits):
    steps = list(start_fit(toy_digits, replace(TOY, batch_size=100, epochs=1))[0])
    sizes = [100, 100, 50]
    assert steps[-1].train.loss == pytest.approx(np.average([step.loss for step in steps], weights=sizes))
    assert steps[-1].train.accuracy == pytest.approx(np.average([step.accuracy for step in steps], weights=sizes))


def test_the_validation_score_is_the_models_on_the_held_out_digits(toy_digits):
    steps, model = start_fit(toy_digits)
    _, held_out = split(toy_digits, 50, 0)
    for step in steps:
        if step.validation:
            assert step.validation == score(training.log_probabilities(model, held_out.images), held_out.labels)


def test_an_epoch_shows_every_digit_once_in_a_new_order(toy_digits, monkeypatch):
    shown = []
    monkeypatch.setattr(training, "augment", lambda images, *_: shown.extend(images.numpy().copy()) or images)
    list(start_fit(toy_digits)[0])
    orders = [[image.tobytes() for image in part] for part in (shown[:250], shown[250:])]
    expected = Counter(image.tobytes() for image in split(toy_digits, 50, 0)[0].images)
    assert [Counter(order) for order in orders] == [expected, expected]
    assert orders[0] != orders[1]


def test_the_digits_are_augmented_as_the_config_says(toy_digits, monkeypatch):
    calls = []
    monkeypatch.setattr(training, "augment", lambda images, *arguments: calls.append(arguments) or images)
    next(start_fit(toy_digits, replace(TOY, augmentation="affine", augmentation_strength=0.5))[0])
    assert [arguments[1:] for arguments in calls] == [("affine", 0.5)]


def test_the_loss_of_a_step_is_without_label_smoothing(toy_digits):
    plain, smooth = (
        list(islice(start_fit(toy_digits, replace(TOY, label_smoothing=smoothing))[0], 2)) for smoothing in (0.0, 0.3)
    )
    assert smooth[0].loss == pytest.approx(plain[0].loss, rel=1e-6)
    assert smooth[1].loss != pytest.approx(plain[1].loss, rel=1e-6)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_every_step_has_the_learning_rate_it_was_made_with(toy_digits, schedule):
    config = replace(TOY, schedule=schedule)
    steps = list(start_fit(toy_digits, config)[0])
    assert [step.learning_rate for step in steps] == [
        learning_rate_at(index, len(steps), config) for index in range(len(steps))
    ]


def test_a_learning_rate_far_too_high_raises_diverged_with_a_sentence(toy_digits):
    wild = replace(TOY, architecture="lenet-5", optimizer="sgd", learning_rate=100, epochs=10)
    with pytest.raises(Diverged, match=r"^The loss was (nan|inf) after \d+ steps: .* rate of 100 .* smaller one\.$"):
        list(start_fit(toy_digits, wild)[0])


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 5])
def test_a_model_that_diverged_in_its_last_step_has_no_result(toy_run, steps):
    run = toy_run(architecture="lenet-5", optimizer="sgd", learning_rate=100, epochs=steps / STEPS_PER_EPOCH)
    try:
        list(train(run))
    except Diverged:
        assert run.result is None
    else:
        assert math.isfinite(run.result.test.loss)
        assert math.isfinite(run.result.validation.loss)


def test_the_best_epoch_is_kept_and_tested_not_the_last(toy_run, toy_digits, monkeypatch):
    scores = [(1.0, 0.2), (1.0, 0.9), (0.9, 0.9), (0.9, 0.9), (0.1, 0.4)]  # loss, accuracy of each validation
    monkeypatch.setattr(training, "score", lambda *_: Score(*scores.pop(0)))
    model = build(TOY.architecture)
    monkeypatch.setattr(training, "build", lambda *_: model)
    run = toy_run(epochs=5)
    after = {step.epoch: weights(model) for step in train(run) if step.validation}
    assert run.result.best_epoch == 3
    assert scores == []
    _, held_out = split(toy_digits, TOY.validation_size, TOY.seed)
    expected = score(np.log(run.predict(held_out.images)), held_out.labels)
    assert run.result.validation.loss == pytest.approx(expected.loss, rel=1e-3)
    assert equal_weights(after[3], run.model_as_trained().state_dict())
    assert run.result.test == score_with_interval(run.predictions.log_probabilities, toy_digits.labels)
    np.testing.assert_allclose(
        np.exp(run.predictions.log_probabilities), run.predict(toy_digits.images), rtol=1e-4, atol=1e-6
    )


def test_the_best_epoch_is_the_best_of_the_history(trained):
    epochs = [row for row in trained.history if "train_accuracy" in row]
    best = max(epochs, key=lambda row: (row["validation_accuracy"], -row["validation_loss"]))
    assert trained.result.best_epoch == best["epoch"]
    assert trained.result.validation.accuracy == pytest.approx(best["validation_accuracy"], abs=1e-6)


def test_the_test_digits_are_loaded_after_the_last_step(toy_run, toy_digits, monkeypatch):
    loaded = []
    monkeypatch.setattr(training, "load_digits", lambda dataset, part: loaded.append(part) or toy_digits)
    for _ in train(toy_run()):
        assert loaded == ["train"]
    assert loaded == ["train", "test"]


def test_no_digit_is_used_for_both_training_and_validation(toy_run, toy_digits, monkeypatch):
    parts = []
    monkeypatch.setattr(
        training, "fit", lambda model, *arguments: parts.extend(arguments[:2]) or fit(model, *arguments)
    )
    list(train(toy_run(epochs=1)))
    learned, held_out = ({image.tobytes() for image in part.images} for part in parts)
    assert not learned & held_out
    assert len(learned | held_out) == len(toy_digits)


def test_the_result_is_the_score_of_the_stored_predictions(trained):
    predictions, test = trained.predictions, trained.result.test
    expected = score(predictions.log_probabilities, predictions.labels)
    assert (test.accuracy, test.loss) == (expected.accuracy, expected.loss)
    assert test.images == len(predictions.labels) == 360
    assert test.interval == wilson_interval(round(test.accuracy * 360), 360)


def test_a_result_has_the_cost_and_the_machine_of_its_training(trained):
    result = trained.result
    assert result.status == "finished"
    assert (result.epochs, result.steps, result.parameters) == (2, 40, 7850)
    assert result.seconds > 0
    assert result.cpu_seconds > 0
    assert (result.device, result.precision) == ("cpu", "float32")
    assert result.machine


def test_a_trained_network_beats_guessing(trained):
    assert trained.result.test.accuracy > 0.7


@pytest.mark.parametrize("after", [1, 3, STEPS_PER_EPOCH, 7])
def test_a_stopped_run_is_tested_and_loads(toy_run, toy_digits, after):
    run, steps = toy_run(), []
    for step in train(run, stop=lambda: len(steps) >= after):
        steps.append(step)
    stopped = load_run(run.name)
    assert len(steps) == stopped.result.steps == after
    assert stopped.status == "stopped"
    np.testing.assert_allclose(
        stopped.predict(toy_digits.images), np.exp(stopped.predictions.log_probabilities), atol=1e-6
    )


def test_a_stop_after_the_last_step_changes_nothing(toy_run):
    run = toy_run(epochs=0.2)
    list(train(run, stop=lambda: True))
    assert run.status == "finished"


def test_a_run_left_in_the_middle_is_unfinished(toy_run):
    run = toy_run()
    for _ in train(run):
        break
    assert load_run(run.name).status == "unfinished"


def test_every_row_of_history_has_its_step_epoch_and_time(trained):
    assert trained.history
    for row in trained.history:
        assert {"step", "epoch", "seconds"} < set(row)
        assert row["epoch"] == pytest.approx(row["step"] / 20, abs=1e-4)


def test_history_has_rows_of_batches_and_of_epochs(toy_run):
    run = toy_run()
    steps = list(train(run))
    batches = [row for row in run.history if "loss" in row]
    epochs = [row for row in run.history if "validation_loss" in row]
    assert [row["loss"] for row in batches] == pytest.approx([step.loss for step in steps], abs=1e-6)
    assert all({"accuracy", "learning_rate", "images_per_second", "steps"} < set(row) for row in batches)
    assert [row["step"] for row in epochs] == [STEPS_PER_EPOCH, 2 * STEPS_PER_EPOCH]
    for row, step in zip(epochs, [step for step in steps if step.validation], strict=True):
        expected = {f"validation_{k}": v for k, v in asdict(step.validation).items()}
        expected |= {f"train_{k}": v for k, v in asdict(step.train).items()}
        assert {name: row[name] for name in expected} == pytest.approx(expected, abs=1e-6)


def test_a_long_training_run_has_a_short_history(toy_run, monkeypatch):
    monkeypatch.setattr(training, "MAX_HISTORY_ROWS", 4)
    run = toy_run(epochs=4)
    steps = list(train(run))
    rows = [row for row in run.history if "loss" in row]
    assert [row["step"] for row in rows] == [1, 6, 11, 16]
    assert rows[1]["loss"] == pytest.approx(np.mean([step.loss for step in steps[1:6]]), abs=1e-6)


def test_an_unknown_architecture_creates_no_run(runs_folder):
    with pytest.raises(ConfigError, match="architecture must be one of"):
        create_run(replace(TOY, architecture="nonsense"))
    assert not list(runs_folder.iterdir())


def test_history_and_model_can_be_read_during_training(toy_run):
    run = toy_run()
    for step in islice(train(run), STEPS_PER_EPOCH):
        assert run.history[-1]["step"] == step.step
    assert run.model()


def test_an_ensemble_cannot_be_trained(runs_folder):
    run = create_run(EnsembleConfig("sample", ("a", "b")))
    with pytest.raises(RunError, match="is an ensemble, which is not trained"):
        next(train(run))


def test_a_device_that_this_machine_lacks_is_a_config_error(toy_digits):
    missing = "mps" if torch.cuda.is_available() else "cuda"  # no machine has both
    with pytest.raises(ConfigError, match=f"got '{missing}'; use cpu here"):
        next(start_fit(toy_digits, replace(TOY, device=missing))[0])


class SlowReader:
    """Lets a run be watched: a pace that holds no step back but has each recorded."""

    slow = True

    def wait(self):
        pass

    def records(self, step):
        return True


def test_the_time_between_steps_does_not_count(toy_digits, monkeypatch):
    ticks = iter(range(10_000))
    monkeypatch.setattr(training.time, "perf_counter", lambda: float(next(ticks)))
    monkeypatch.setattr(training.time, "process_time", lambda: float(next(ticks)))
    for step in start_fit(toy_digits)[0]:
        assert (step.seconds, step.cpu_seconds) == (2 * step.step, 2 * step.step)
        for _ in range(100):  # the caller takes its time
            next(ticks)


def test_in_slow_motion_every_step_is_recorded_and_nothing_else_changes(toy_run, monkeypatch):
    monkeypatch.setattr(training, "MAX_HISTORY_ROWS", 4)
    monkeypatch.setattr("mnist_core.snapshots.STEPS_PER_SNAPSHOT", 5)
    quick, slow = toy_run(epochs=8), toy_run(epochs=8)
    list(train(quick))
    list(train(slow, pace=SlowReader()))
    steps = list(range(1, 8 * STEPS_PER_EPOCH + 1))
    assert [row["step"] for row in slow.history if "loss" in row] == steps
    assert [snapshot.step for snapshot in slow.snapshots.snapshots] == [0, *steps]
    assert len([row for row in quick.history if "loss" in row]) < 6
    assert len(quick.snapshots.snapshots) < 25
    assert equal_weights(quick.model().state_dict(), slow.model().state_dict())
    assert quick.result.test == slow.result.test


def test_a_pace_holds_back_every_step_but_the_last(toy_run):
    run, waits = toy_run(epochs=1), []
    pace = SlowReader()
    pace.wait = lambda: waits.append(len([row for row in run.history if "loss" in row]))
    list(train(run, pace=pace))
    assert waits == [0, 1, 2, 3, 4]  # each after the step before has been recorded


def test_a_run_that_is_stopped_while_it_is_held_back_makes_no_further_step(toy_run):
    run, stopped = toy_run(), []
    pace = SlowReader()
    pace.wait = lambda: stopped.append(True) if len(run.history) == 3 else None
    steps = list(train(run, lambda: bool(stopped), pace))
    assert len(steps) == run.result.steps == 3
    assert run.status == "stopped"


def test_losses_that_explode_are_in_the_history(toy_run, monkeypatch):
    monkeypatch.setattr(training, "MAX_HISTORY_ROWS", 1)  # so that a row comes only at the very end
    run, losses = toy_run(optimizer="sgd", learning_rate=100, weight_decay=1, epochs=20), []
    with pytest.raises(Diverged):
        losses.extend(step.loss for step in train(run))
    rows = [row for row in run.history if "loss" in row]
    assert max(losses) > 1e6
    assert [row["loss"] for row in rows[1:]] == pytest.approx(losses[1:], rel=1e-6)
    assert all(math.isfinite(row["loss"]) for row in rows)

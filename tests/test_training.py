"""The loop learns, repeats itself from its seed, stops when told, and keeps what was best."""

import math
from collections import Counter
from copy import deepcopy
from dataclasses import asdict, replace
from itertools import islice

import numpy as np
import pytest
import torch

from mnist_core import training
from mnist_core.config import DEVICES, OPTIMIZERS, SCHEDULES, TrainConfig
from mnist_core.data import split
from mnist_core.hardware import choose_device
from mnist_core.metrics import Score, score, wilson_interval
from mnist_core.models import build
from mnist_core.optim import Muon, ema_update, learning_rate_at, make_optimizers, orthogonalise
from mnist_core.runs import create_run, load_run
from mnist_core.training import Diverged, fit, train

TOY = TrainConfig(
    dataset="sample", architecture="softmax", validation_size=50, learning_rate=0.01, batch_size=50, epochs=2,
    device="cpu",
)  # fmt: skip
PER_EPOCH = 5  # steps on the toy digits


def fitting(digits, config=TOY, model=None):
    """The steps of a training on toy digits, and the network that learns."""
    model = model or build(config.architecture, config.dropout, config.seed)
    return fit(model, *split(digits, config.validation_size, config.seed), config), model


def weights(model):
    return deepcopy(model.state_dict())


def same(first, second):
    return all(torch.equal(first[name], second[name]) for name in first)


@pytest.fixture
def toy_run(runs_folder, toy_digits, monkeypatch):
    """Make a run that will be trained and tested on the toy digits."""
    monkeypatch.setattr(training, "load_digits", lambda dataset, part: toy_digits)
    return lambda **changes: create_run(replace(TOY, **changes))


@pytest.mark.parametrize("augmentation", ["none", "elastic"])
def test_the_same_seed_gives_the_same_training(toy_digits, augmentation):
    config = replace(TOY, architecture="lenet-5", dropout=0.5, augmentation=augmentation, seed=3)
    seen = []
    for elsewhere in range(2):
        steps, _ = fitting(toy_digits, config)
        torch.manual_seed(elsewhere)  # whatever the dice did before
        seen.append([replace(step, seconds=0, images_per_second=0) for step in steps])
    assert seen[0] == seen[1]


def test_another_seed_gives_another_training(toy_digits):
    first, other = (next(fitting(toy_digits, replace(TOY, seed=seed))[0]) for seed in (0, 1))
    assert first.loss != other.loss


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_learns(toy_digits, optimizer):
    steps = list(fitting(toy_digits, replace(TOY, optimizer=optimizer, epochs=4))[0])
    assert steps[-1].loss < steps[0].loss / 4
    assert steps[-1].validation.accuracy > 0.9


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_has_the_configs_numbers_and_all_weights(optimizer):
    model = build("lenet-5")
    made = make_optimizers(model, replace(TOY, optimizer=optimizer, weight_decay=0.25, momentum=0.5))
    held = [id(weight) for part in made for group in part.param_groups for weight in group["params"]]
    assert sorted(held) == sorted(id(weight) for weight in model.parameters())
    assert type(made[0]).__name__.lower() == optimizer
    assert made[-1].defaults["weight_decay"] == 0.25
    assert made[-1].defaults.get("momentum", 0.5) == 0.5


@pytest.mark.parametrize("shape", [(4, 9), (9, 4), (64, 36)])
def test_orthogonal_is_the_plain_newton_schulz_iteration(shape):
    x = matrix = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    x = x / x.norm()
    for _ in range(3):
        gram = x @ x.T
        x = 2.0315 * x + (-4.7750 * gram + 3.4445 * gram @ gram) @ x
    torch.testing.assert_close(orthogonalise(matrix), x, atol=1e-5, rtol=1e-3)


def test_orthogonal_evens_out_the_directions_of_a_step():
    matrix = torch.randn(8, 20, generator=torch.Generator().manual_seed(0))
    before, after = torch.linalg.svdvals(matrix), torch.linalg.svdvals(orthogonalise(matrix, steps=8))
    assert before.max() / before.min() > 2
    assert after.max() / after.min() < 1.6


def test_muon_scales_a_kernel_and_takes_an_orthogonal_step():
    kernel = torch.nn.Parameter(torch.randn(4, 2, 3, 3, generator=torch.Generator().manual_seed(0)))
    kernel.grad = torch.ones_like(kernel) + kernel.detach()
    scaled = kernel.detach() * 2 / kernel.detach().norm()  # a norm of sqrt(4 output channels)
    step = orthogonalise((kernel.grad * 1.6).flatten(1)).view_as(kernel)  # Nesterov's momentum of 0.6, the first time
    Muon([kernel]).step()
    torch.testing.assert_close(kernel.detach(), scaled - 0.01 * step)


def test_weights_are_averaged_by_the_formula():
    kept, new = build("softmax", seed=0), build("softmax", seed=1)
    expected = {name: 0.75 * value + 0.25 * new.state_dict()[name] for name, value in weights(kept).items()}
    ema_update(kept, new, 0.25)
    for name, value in kept.state_dict().items():
        torch.testing.assert_close(value, expected[name])


def test_averaging_gives_the_mean_and_not_the_last_weights(toy_digits):
    steps, plain = fitting(toy_digits, replace(TOY, epochs=4))
    averaged_steps, averaged = fitting(toy_digits, replace(TOY, epochs=4, ema=0.9))
    assert [step.loss for step in steps] == [step.loss for step in averaged_steps]  # the learner is the same
    assert not same(weights(plain), weights(averaged))


def test_leaving_the_loop_stops_the_training(toy_digits):
    steps, model = fitting(toy_digits)
    for step in steps:
        if step.step == 3:
            break
    left = weights(model)
    steps.close()
    assert same(left, model.state_dict())
    assert list(steps) == []


def test_steps_are_counted_from_1_to_what_was_promised(toy_digits):
    steps = list(fitting(toy_digits)[0])
    assert [step.step for step in steps] == list(range(1, 2 * PER_EPOCH + 1))
    assert {step.steps for step in steps} == {2 * PER_EPOCH}
    assert [step.epoch for step in steps] == pytest.approx([step.step / PER_EPOCH for step in steps])


def test_the_speed_is_the_digits_seen_in_the_time(toy_digits):
    for step in fitting(toy_digits)[0]:
        assert step.images_per_second * step.seconds == pytest.approx(50 * step.step)


def test_the_network_knows_whether_it_is_taught_or_tested(toy_digits):
    steps, model = fitting(toy_digits)
    taught = []
    model.register_forward_hook(lambda network, *_: taught.append(network.training))
    list(steps)
    assert taught == ([True] * PER_EPOCH + [False]) * 2


@pytest.mark.parametrize(("epochs", "steps"), [(0.4, 2), (1, 5), (1.6, 8), (0.0001, 1)])
def test_a_part_of_an_epoch_is_a_part_of_its_steps(toy_digits, epochs, steps):
    assert len(list(fitting(toy_digits, replace(TOY, epochs=epochs))[0])) == steps


def test_validation_comes_at_the_end_of_epochs_and_of_the_training(toy_digits):
    steps = list(fitting(toy_digits, replace(TOY, epochs=2.4))[0])
    assert [step.step for step in steps if step.validation] == [5, 10, 12]
    assert [step.step for step in steps if step.train] == [5, 10, 12]


def test_the_training_score_is_the_mean_over_the_epochs_digits(toy_digits):
    steps = list(fitting(toy_digits, replace(TOY, batch_size=100, epochs=1))[0])
    sizes = [100, 100, 50]
    assert steps[-1].train.loss == pytest.approx(np.average([step.loss for step in steps], weights=sizes))
    assert steps[-1].train.accuracy == pytest.approx(np.average([step.accuracy for step in steps], weights=sizes))


def test_the_validation_score_is_the_networks_on_the_held_out_digits(toy_digits):
    steps, model = fitting(toy_digits)
    _, held_out = split(toy_digits, 50, 0)
    for step in steps:
        if step.validation:
            assert step.validation == score(training.log_probabilities(model, held_out.images), held_out.labels)


def test_an_epoch_shows_every_digit_once_in_a_new_order(toy_digits, monkeypatch):
    shown = []
    monkeypatch.setattr(training, "augment", lambda images, *_: shown.extend(images.numpy().copy()) or images)
    list(fitting(toy_digits)[0])
    orders = [[image.tobytes() for image in part] for part in (shown[:250], shown[250:])]
    expected = Counter(image.tobytes() for image in split(toy_digits, 50, 0)[0].images)
    assert [Counter(order) for order in orders] == [expected, expected]
    assert orders[0] != orders[1]


def test_the_digits_are_changed_as_the_config_says(toy_digits, monkeypatch):
    asked = []
    monkeypatch.setattr(training, "augment", lambda images, *how: asked.append(how) or images)
    next(fitting(toy_digits, replace(TOY, augmentation="affine", augmentation_strength=0.5))[0])
    assert [how[1:] for how in asked] == [("affine", 0.5)]


def test_the_logged_loss_leaves_label_smoothing_out(toy_digits):
    plain, smooth = (
        list(islice(fitting(toy_digits, replace(TOY, label_smoothing=smoothing))[0], 2)) for smoothing in (0.0, 0.3)
    )
    assert smooth[0].loss == pytest.approx(plain[0].loss, rel=1e-6)
    assert smooth[1].loss != pytest.approx(plain[1].loss, rel=1e-6)


SHAPES = {  # share of the peak at t of 0..1
    "constant": lambda t: 1.0,
    "step": lambda t: 1.0 if t < 0.6 else 0.1 if t < 0.85 else 0.01,
    "cosine": lambda t: (1 + math.cos(math.pi * t)) / 2,
    "one-cycle": lambda t: np.interp(t, [0, 0.2, 1], [0.1, 1, 0]),
}


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_the_rate_follows_its_schedules_formula(schedule):
    config = replace(TOY, schedule=schedule)
    rates = [learning_rate_at(step, 200, config) for step in range(200)]
    assert rates == pytest.approx([0.01 * SHAPES[schedule](step / 200) for step in range(200)])


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("steps", [1, 2, 7, 1000])
def test_the_rate_never_exceeds_its_peak(schedule, steps):
    rates = [learning_rate_at(step, steps, replace(TOY, schedule=schedule)) for step in range(steps)]
    assert all(0 < rate <= 0.01 * (1 + 1e-9) for rate in rates)


@pytest.mark.parametrize("schedule", [name for name in SCHEDULES if name != "constant"])
def test_the_rate_ends_low(schedule):
    assert learning_rate_at(999, 1000, replace(TOY, schedule=schedule)) < 0.02 * 0.01


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_every_step_tells_the_rate_it_was_made_with(toy_digits, schedule):
    config = replace(TOY, schedule=schedule)
    steps = list(fitting(toy_digits, config)[0])
    assert [step.learning_rate for step in steps] == [
        learning_rate_at(at, len(steps), config) for at in range(len(steps))
    ]


def test_a_rate_far_too_high_ends_in_a_sentence(toy_digits):
    wild = replace(TOY, architecture="lenet-5", optimizer="sgd", learning_rate=100, epochs=10)
    with pytest.raises(Diverged, match=r"^The loss was (nan|inf) after \d+ steps: .* rate of 100 .* smaller one\.$"):
        list(fitting(toy_digits, wild)[0])


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 5])
def test_a_network_that_diverged_in_its_last_step_is_no_result(toy_run, steps):
    run = toy_run(architecture="lenet-5", optimizer="sgd", learning_rate=100, epochs=steps / PER_EPOCH)
    try:
        list(train(run))
    except Diverged:
        assert run.result == {}
    else:
        assert math.isfinite(run.result.test.loss)
        assert math.isfinite(run.result.validation.loss)


def test_a_device_that_is_not_here_is_refused_in_a_sentence(toy_digits):
    there = {"auto": True, "cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    assert set(there) == set(DEVICES)
    for name in [name for name, available in there.items() if not available]:
        with pytest.raises(ValueError, match=f"device must be .*, got '{name}'; use cpu here"):
            next(fitting(toy_digits, replace(TOY, device=name))[0])


def test_auto_is_a_device_that_is_here():
    assert torch.zeros(1, device=choose_device("auto")).item() == 0


def test_the_best_epoch_is_kept_and_tested_not_the_last(toy_run, toy_digits, monkeypatch):
    scores = [(1.0, 0.2), (1.0, 0.9), (0.9, 0.9), (0.9, 0.9), (0.1, 0.4), (0.5, 0.6)]  # loss, accuracy; the last: test
    monkeypatch.setattr(training, "score", lambda *_: Score(*scores.pop(0)))
    model = build(TOY.architecture)
    monkeypatch.setattr(training, "build", lambda *_: model)
    run = toy_run(epochs=5)
    after = {step.epoch: weights(model) for step in train(run) if step.validation}
    assert run.result.best_epoch == 3
    assert run.result.validation == {"accuracy": 0.9, "loss": 0.9}
    assert run.result.test.accuracy == 0.6
    assert same(after[3], run.model().state_dict())
    np.testing.assert_allclose(
        np.exp(run.predictions.log_probabilities), run.predict(toy_digits.images), rtol=1e-4, atol=1e-6
    )


def test_the_best_epoch_is_the_histories_best(trained):
    ends = [row for row in trained.history if "validation_accuracy" in row]
    best = max(ends, key=lambda row: (row["validation_accuracy"], -row["validation_loss"]))
    assert trained.result.best_epoch == best["epoch"]
    assert trained.result.validation.accuracy == pytest.approx(best["validation_accuracy"], abs=1e-6)


def test_the_test_digits_are_looked_at_after_the_last_step(toy_run, toy_digits, monkeypatch):
    asked = []
    monkeypatch.setattr(training, "load_digits", lambda dataset, part: asked.append(part) or toy_digits)
    for _ in train(toy_run()):
        assert asked == ["train"]
    assert asked == ["train", "test"]


def test_no_digit_both_teaches_and_validates(toy_run, toy_digits, monkeypatch):
    given = []
    monkeypatch.setattr(training, "fit", lambda model, *digits: given.extend(digits[:2]) or fit(model, *digits))
    list(train(toy_run(epochs=1)))
    taught, held_out = ({image.tobytes() for image in digits.images} for digits in given)
    assert not taught & held_out
    assert len(taught | held_out) == len(toy_digits)


def test_training_ends_with_the_score_of_the_stored_network(trained):
    answers = trained.predictions
    found = score(answers.log_probabilities, answers.labels)
    test = trained.result.test
    assert (found.accuracy, found.loss) == (test["accuracy"], test["loss"])
    assert test["images"] == len(answers.labels) == 360
    assert tuple(test["interval"]) == wilson_interval(test["accuracy"], 360)


def test_a_result_tells_what_it_cost_and_where(trained):
    result = trained.result
    assert result["status"] == "finished"
    assert (result["epochs"], result["steps"], result["parameters"]) == (2, 40, 7850)
    assert result["seconds"] > 0
    assert result["cpu_seconds"] > 0
    assert (result["device"], result["precision"]) == ("cpu", "float32")
    assert result["machine"]


def test_a_trained_network_beats_guessing(trained):
    assert trained.result.test.accuracy > 0.7


@pytest.mark.parametrize("after", [1, 3, PER_EPOCH, 7])
def test_a_stopped_run_is_tested_and_loads(toy_run, toy_digits, after):
    run, taken = toy_run(), []
    for step in train(run, stop=lambda: len(taken) + 1 >= after):
        taken.append(step)
    stopped = load_run(run.name)
    assert len(taken) == stopped.result.steps == after
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


def test_every_row_of_history_tells_where_it_belongs(trained):
    assert trained.history
    for row in trained.history:
        assert {"step", "epoch", "seconds"} < set(row)
        assert row["epoch"] == pytest.approx(row["step"] / 20, abs=1e-4)


def test_history_holds_batches_and_epochs(toy_run):
    run = toy_run()
    steps = list(train(run))
    batches = [row for row in run.history if "loss" in row]
    epochs = [row for row in run.history if "validation_loss" in row]
    assert [row["loss"] for row in batches] == pytest.approx([step.loss for step in steps], abs=1e-6)
    assert all({"accuracy", "learning_rate", "images_per_second", "steps"} < set(row) for row in batches)
    assert [row["step"] for row in epochs] == [PER_EPOCH, 2 * PER_EPOCH]
    for row, step in zip(epochs, [step for step in steps if step.validation], strict=True):
        expected = {f"validation_{k}": v for k, v in asdict(step.validation).items()}
        expected |= {f"train_{k}": v for k, v in asdict(step.train).items()}
        assert {name: row[name] for name in expected} == pytest.approx(expected, abs=1e-6)


def test_a_long_training_has_a_short_history(toy_run, monkeypatch):
    monkeypatch.setattr(training, "MAX_HISTORY_ROWS", 4)
    run = toy_run(epochs=4)
    steps = list(train(run))
    rows = [row for row in run.history if "loss" in row]
    assert [row["step"] for row in rows] == [1, 6, 11, 16]
    assert rows[1]["loss"] == pytest.approx(np.mean([step.loss for step in steps[1:6]]), abs=1e-6)


def test_a_network_that_does_not_exist_trains_nothing(runs_folder):
    with pytest.raises(ValueError, match="architecture must be one of"):
        create_run(replace(TOY, architecture="nonsense"))
    assert not list(runs_folder.iterdir())


def test_history_and_model_are_there_while_it_learns(toy_run):
    run = toy_run()
    for step in islice(train(run), PER_EPOCH):
        assert run.history[-1]["step"] == step.step
    assert run.model()

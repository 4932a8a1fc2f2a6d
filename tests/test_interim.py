"""Validation within an epoch: enough points for a line, cheap, always the same ones, no influence on the result."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from mnist_core import interim
from mnist_core.config import TrainConfig
from mnist_core.data import Digits
from mnist_core.interim import InterimValidation, plan_interim, stratified_part
from mnist_core.recipes import RECIPES
from mnist_core.runs import Run, create_run
from mnist_core.training import train

CONFIG = TrainConfig(dataset="sample", architecture="space-to-depth-cnn", dropout=0.5, epochs=3, device="cpu")


def held_out(size):
    """So many blank digits, a tenth of each class."""
    return Digits(np.zeros((size, 28, 28), np.uint8), np.arange(size) % 10)


def plan(name, **changes):
    """The plan of a recipe on MNIST, its steps and the steps at which its epochs end."""
    config = replace(RECIPES[name].config, **changes)
    steps, per_epoch = config.total_steps(55_000), config.steps_per_epoch(55_000)
    return plan_interim(config, 55_000, held_out(5_000)), steps, [*range(per_epoch, steps, per_epoch), steps]


@pytest.mark.parametrize("name", ["fast", "fast-long", "softmax", "mlp", "mnist-cnn-adam"])
def test_a_short_run_has_about_twelve_validations(name):
    planned, _, epoch_ends = plan(name)
    assert 11 <= len(planned.steps) + len(epoch_ends) <= 13


@pytest.mark.parametrize("name", [name for name, recipe in RECIPES.items() if recipe.config.epochs >= 12])
def test_a_run_of_many_epochs_has_validations_at_their_ends_only(name):
    if RECIPES[name].config.dataset == "mnist":
        assert plan(name)[0].steps == frozenset()


@pytest.mark.parametrize("name", [name for name, recipe in RECIPES.items() if recipe.config.dataset == "mnist"])
@pytest.mark.parametrize("epochs", [0.001, 0.02, 0.1, 0.5, 1, 2.5, 5, 11.5])
def test_no_plan_measures_more_than_its_share_of_the_images(name, epochs):
    planned, steps, epoch_ends = plan(name, epochs=epochs)
    images = steps * RECIPES[name].config.batch_size
    assert len(planned.steps) * len(planned.digits) <= interim.SHARE * images
    assert planned.steps.isdisjoint([0, *epoch_ends])
    assert all(0 < step < steps for step in planned.steps)


def test_the_digits_are_a_stratified_part_of_those_held_out():
    planned, *_ = plan("fast")
    assert len(planned.digits) == 300 or len(planned.digits) == 400
    np.testing.assert_array_equal(np.bincount(planned.digits.labels), [len(planned.digits) // 10] * 10)
    part = stratified_part(held_out(237), 100)
    assert set(np.bincount(part.labels)) <= {9, 10, 11}
    assert len(part) == 100


def test_the_first_validation_comes_early():
    planned, steps, _ = plan("fast")
    assert min(planned.steps) <= 6
    assert max(planned.steps) > steps * 0.8


def test_too_few_held_out_digits_are_not_measured_within_an_epoch():
    assert plan_interim(CONFIG, 1_000, held_out(90)).steps == frozenset()


@pytest.mark.parametrize("changes", [{}, {"ema": 0.9}, {"optimizer": "muon"}])
def test_it_does_not_change_what_is_learned_nor_which_epoch_is_kept(tmp_path, monkeypatch, changes):
    config = replace(CONFIG, **changes)
    results = []
    for folder in (tmp_path / "with", tmp_path / "without"):
        run = create_run(config, out=folder)
        list(train(run))
        results.append(run)
        monkeypatch.setattr("mnist_core.training.plan_interim", lambda *_: InterimValidation(frozenset(), held_out(0)))
    with_interim, without = results
    assert any("validation_images" in row for row in with_interim.history)
    assert not any("validation_images" in row for row in without.history)
    weights = without.model().state_dict()
    assert all(torch.equal(value, weights[name]) for name, value in with_interim.model().state_dict().items())
    for name in ("test", "validation", "best_epoch", "steps"):
        assert getattr(with_interim.result, name) == getattr(without.result, name)


def test_its_rows_say_how_many_digits_were_measured(tmp_path):
    run = create_run(CONFIG, out=tmp_path / "run")
    list(train(run))
    history = Run(run.folder).history
    rows = [row for row in history if "validation_accuracy" in row]
    full = [row for row in rows if "validation_images" not in row]
    assert [row["epoch"] for row in full] == [1, 2, 3]
    assert all("train_loss" in row for row in full)
    measured = [row for row in rows if "validation_images" in row]
    assert {row["validation_images"] for row in measured} <= {100, 200}
    assert not any("train_loss" in row for row in measured)
    assert [row["step"] for row in rows] == sorted(row["step"] for row in rows)
    assert len(measured) >= 5


def test_measuring_leaves_the_network_in_the_mode_it_was_in():
    from mnist_core.models import build

    network, planned = build("space-to-depth-cnn").train(), InterimValidation(frozenset(), held_out(20))
    planned.measure(network)
    assert all(layer.training for layer in network.modules())

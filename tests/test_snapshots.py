"""Snapshots show what the network takes ten digits for while it learns, and change nothing about its learning."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from mnist_core import snapshots, training
from mnist_core.config import TrainConfig
from mnist_core.data import load_digits, split_indices
from mnist_core.inference import log_probabilities
from mnist_core.models import build, describe
from mnist_core.runs import SNAPSHOTS, Run, RunError, create_run, list_runs, load_run
from mnist_core.snapshots import (
    Snapshot,
    first_filters,
    first_line,
    one_of_each,
    parse_snapshots,
    snapshot_steps,
    snapshot_to_json,
    take_snapshot,
    untrained_snapshots,
)
from mnist_core.training import train

CONFIG = TrainConfig(dataset="sample", architecture="space-to-depth-cnn", dropout=0.5, epochs=1, device="cpu")


def trained_weights(config, folder):
    """The weights that `train` stores for this config."""
    run = create_run(config, out=folder)
    list(train(run))
    return run.model_as_trained().state_dict()


@pytest.mark.parametrize("changes", [{}, {"ema": 0.9}, {"augmentation": "shift", "optimizer": "muon"}])
def test_snapshots_do_not_change_what_is_learned(tmp_path, monkeypatch, changes):
    config = replace(CONFIG, **changes)
    with_snapshots = trained_weights(config, tmp_path / "with")
    monkeypatch.setattr(snapshots, "take_snapshot", lambda *_: None)
    without = trained_weights(config, tmp_path / "without")
    assert all(torch.equal(with_snapshots[name], value) for name, value in without.items())
    assert len(Run(tmp_path / "with").snapshots.snapshots) > 10
    assert Run(tmp_path / "without").snapshots.snapshots == []


@pytest.mark.parametrize("mode", [True, False])
def test_a_snapshot_leaves_the_network_as_it_was(mode, toy_digits):
    network = build("space-to-depth-cnn", dropout=0.5)
    network.train(mode)
    before, state = {name: value.clone() for name, value in network.state_dict().items()}, torch.get_rng_state()
    take_snapshot(network, toy_digits.images[:10], 3, 0.5, 1.5)
    assert all(layer.training == mode for layer in network.modules())
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert torch.equal(torch.get_rng_state(), state)


def test_a_run_has_a_snapshot_before_its_first_step_and_after_its_last(trained):
    taken = trained.snapshots
    steps = [snapshot.step for snapshot in taken.snapshots]
    assert steps == snapshot_steps(40)
    assert steps[:5] == [0, 1, 2, 3, 4]
    assert steps == sorted(set(steps))
    assert (steps[-1], taken.snapshots[-1].epoch) == (40, 2.0)
    np.testing.assert_array_equal(taken.labels, np.arange(10))


def test_the_digits_of_the_snapshots_are_held_out(trained):
    digits, taken = load_digits("sample", "train"), trained.snapshots
    learned, held_out = split_indices(digits.labels, 200, 0)
    assert set(taken.indices) <= set(held_out)
    assert not set(taken.indices) & set(learned)
    np.testing.assert_array_equal(digits.images[taken.indices], taken.images)
    np.testing.assert_array_equal(digits.labels[taken.indices], taken.labels)


def test_the_last_snapshot_is_what_the_trained_network_predicts(trained):
    taken = trained.snapshots
    last = taken.snapshots[-1]
    assert trained.result.best_epoch == 2  # so that the weights stored are those of the last step
    network = trained.model_as_trained()
    np.testing.assert_allclose(last.probabilities, np.exp(log_probabilities(network, taken.images)), atol=1e-4)
    np.testing.assert_allclose(last.filters * last.scale, first_filters(network), atol=last.scale / 200)


def test_a_stopped_run_ends_with_a_snapshot(runs_folder):
    run, steps = create_run(replace(CONFIG, epochs=50)), []
    for step in train(run, stop=lambda: len(steps) == 120):
        steps.append(step)
    assert run.snapshots.snapshots[-1].step == len(steps) == run.result.steps


def test_untrained_snapshots_are_the_first_of_a_run(runs_folder):
    run = create_run(replace(CONFIG, epochs=0.1, seed=3))
    list(train(run))
    fresh, taken = untrained_snapshots(run.config), run.snapshots
    np.testing.assert_array_equal(fresh.indices, taken.indices)
    np.testing.assert_allclose(fresh.snapshots[0].probabilities, taken.snapshots[0].probabilities, atol=1e-4)
    np.testing.assert_allclose(fresh.snapshots[0].filters, taken.snapshots[0].filters, atol=0.01)
    assert [snapshot.step for snapshot in fresh.snapshots] == [0]


def test_snapshots_are_read_as_they_were_written(toy_digits):
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.full(10, 0.1), 10).astype(np.float32)
    filters = rng.uniform(-1, 1, (6, 5, 5)).astype(np.float32)
    written = Snapshot(7, 0.125, 1.5, probabilities, filters, 0.75)
    ten, layers = one_of_each(toy_digits.labels, np.arange(100, 300)), describe("lenet-5")
    text = f"{first_line(ten, toy_digits.take(ten), layers)}\n{snapshot_to_json(written)}\n"
    read = parse_snapshots(text)
    np.testing.assert_array_equal(read.images, toy_digits.images[ten])
    np.testing.assert_array_equal(read.indices, ten)
    assert read.indices.min() >= 100
    assert read.layers == layers
    (snapshot,) = read.snapshots
    assert (snapshot.step, snapshot.epoch, snapshot.seconds, snapshot.scale) == (7, 0.125, 1.5, 0.75)
    assert snapshot.probabilities.dtype == snapshot.filters.dtype == np.float32
    np.testing.assert_allclose(snapshot.probabilities, probabilities, atol=1e-5)
    np.testing.assert_allclose(snapshot.filters, filters, atol=1 / 250)
    assert parse_snapshots(text[:-3]).snapshots == []  # the last line is half-written
    assert parse_snapshots(text[:100]) is None


def test_every_network_has_first_filters_that_can_be_drawn(network):
    filters = first_filters(network)
    count, height, width = filters.shape
    assert 6 <= count <= snapshots.MAX_FILTERS
    assert height == width
    assert 3 <= width <= 28
    assert filters.dtype == np.float32
    assert np.abs(filters).max() > 0


def test_filters_after_space_to_depth_are_those_of_the_same_convolution_on_the_image(blob):
    network = build("space-to-depth-cnn").eval()
    kernels = torch.tensor(first_filters(network))[:, None]
    assert kernels.shape == (16, 1, 6, 6)
    image = torch.tensor(blob).float()[None, None]
    expected = network.conv1(network.blocks(image))[:, :16]
    got = torch.nn.functional.conv2d(image, kernels, stride=2, padding=2)
    torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("steps", [1, 2, 7, 40, 215, 8_590, 430_000])
def test_snapshots_are_dense_at_first_and_few_in_all(steps):
    taken = snapshot_steps(steps)
    gaps = np.diff(taken[:-1])
    assert len(taken) <= min(steps + 10, 160)
    assert (np.diff(gaps) >= 0).all()
    assert taken[:5] == list(range(len(taken)))[:5]
    assert len([step for step in taken if step <= 50]) >= min(steps, 15)


def test_a_network_whose_values_are_no_longer_finite_has_no_snapshot(toy_digits):
    network = build("softmax")
    with torch.no_grad():
        network.output.weight[0, 0] = torch.inf
    assert take_snapshot(network, toy_digits.images[:10], 1, 0.1, 0.1) is None


@pytest.mark.parametrize(
    ("line", "changes"),
    [
        (0, {"images": "AAAA"}),
        (0, {"images": None}),
        (0, {"labels": [11] * 10}),
        (0, {"indices": [-1] * 10}),
        (0, {"indices": [0] * 9}),
        (1, {"step": -1}),
        (1, {"step": "1"}),
        (1, {"seconds": float("nan")}),
        (1, {"scale": True}),
        (1, {"probabilities": "not base64!"}),
        (1, {"filters": ""}),
        (1, {"shape": [10_000, 10_000, 10_000]}),
        (1, {"shape": 3}),
    ],
)
def test_a_damaged_file_is_reported_in_a_sentence(trained, tmp_path, line, changes):
    lines = (trained.folder / SNAPSHOTS).read_text().splitlines()
    lines[line] = json.dumps(json.loads(lines[line]) | changes)
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "config.json").write_bytes((trained.folder / "config.json").read_bytes())
    (folder / SNAPSHOTS).write_text("\n".join(lines) + "\n")
    with pytest.raises(RunError, match=r"^snapshots\.jsonl of run run cannot be used: .*[^.]\.$"):
        _ = load_run(folder).snapshots


def test_an_ensemble_has_no_snapshots():
    assert load_run("ensemble").snapshots is None


@pytest.mark.parametrize(
    "run", [run for run in list_runs() if run.shipped and not run.members], ids=lambda run: run.name
)
def test_a_shipped_run_has_a_snapshot_before_its_training_and_one_as_it_was_tested(run):
    taken = run.snapshots
    first, *_, last = taken.snapshots
    assert (first.step, last.step) == (0, run.result.steps)
    assert taken.layers == describe(run.config.architecture, run.config.dropout)
    as_trained = np.exp(log_probabilities(run.model_as_trained(), taken.images))
    np.testing.assert_allclose(last.probabilities, as_trained, atol=1e-3)
    fresh = take_snapshot(
        build(run.config.architecture, run.config.dropout, run.config.seed), taken.images, 0, 0.0, 0.0
    )
    np.testing.assert_allclose(first.probabilities, fresh.probabilities, atol=1e-3)


def test_the_page_reads_snapshots_again_only_when_there_are_more(app, run):
    from ui import caches

    first = caches.snapshots(run)
    assert caches.snapshots(run) is first
    with open(run.folder / SNAPSHOTS, "a") as file:
        file.write(snapshot_to_json(replace(first.snapshots[-1], step=41)) + "\n")
    assert [snapshot.step for snapshot in caches.snapshots(run).snapshots][-2:] == [40, 41]
    (run.folder / SNAPSHOTS).unlink()
    assert caches.snapshots(run) is None


def test_the_page_keeps_untrained_networks_by_what_their_weights_depend_on(app):
    from ui import caches

    first = caches.untrained_snapshots(CONFIG, timeout=60)
    assert first is not None
    assert caches.untrained_snapshots(replace(CONFIG, learning_rate=0.5), timeout=60) is first
    assert caches.untrained_snapshots(replace(CONFIG, seed=1), timeout=60) is not first


def test_the_time_of_a_snapshot_is_that_of_training(toy_digits, monkeypatch, runs_folder):
    monkeypatch.setattr(training, "load_digits", lambda *_: toy_digits)
    run = create_run(replace(CONFIG, architecture="softmax", validation_size=50))
    steps = {step.step: step for step in train(run)}
    for snapshot in run.snapshots.snapshots[1:]:
        assert snapshot.seconds == pytest.approx(steps[snapshot.step].seconds, abs=1e-3)

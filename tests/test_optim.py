"""Optimizers, schedules and the moving average follow their formulas."""

import math
from copy import deepcopy

import numpy as np
import pytest
import torch

from mnist_core.config import OPTIMIZERS, SCHEDULES, TrainConfig
from mnist_core.models import build
from mnist_core.optim import Muon, ema_update, learning_rate_at, make_optimizers, orthogonalise


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_every_optimizer_has_the_configs_numbers_and_all_parameters(optimizer):
    model = build("lenet-5")
    optimizers = make_optimizers(model, TrainConfig(optimizer=optimizer, weight_decay=0.25, momentum=0.5))
    groups = [group for part in optimizers for group in part.param_groups]
    updated = [id(parameter) for group in groups for parameter in group["params"]]
    assert sorted(updated) == sorted(id(parameter) for parameter in model.parameters())
    assert type(optimizers[0]).__name__.lower() == optimizer
    assert optimizers[-1].defaults["weight_decay"] == 0.25
    assert optimizers[-1].defaults.get("momentum", 0.5) == 0.5


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_only_muons_kernels_have_a_scaled_learning_rate(optimizer):
    optimizers = make_optimizers(build("lenet-5"), TrainConfig(optimizer=optimizer))
    scales = [group["lr_scale"] for part in optimizers for group in part.param_groups]
    assert scales == ([10.0, 1.0] if optimizer == "muon" else [1.0])


@pytest.mark.parametrize("shape", [(4, 9), (9, 4), (64, 36)])
def test_orthogonalise_is_the_plain_newton_schulz_iteration(shape):
    x = matrix = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    x = x / x.norm()
    for _ in range(3):
        gram = x @ x.T
        x = 2.0315 * x + (-4.7750 * gram + 3.4445 * gram @ gram) @ x
    torch.testing.assert_close(orthogonalise(matrix), x, atol=1e-5, rtol=1e-3)


def test_orthogonalise_makes_the_singular_values_nearly_equal():
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


def test_ema_update_follows_its_formula():
    ema_model, model = build("space-to-depth-cnn", seed=0), build("space-to-depth-cnn", seed=1)
    model.norm1.num_batches_tracked += 7
    before = deepcopy(ema_model.state_dict())
    ema_update(ema_model, model, decay=0.75)
    for name, value in ema_model.state_dict().items():
        new = model.state_dict()[name]
        expected = 0.75 * before[name] + 0.25 * new if value.is_floating_point() else new  # counters are copied
        torch.testing.assert_close(value, expected)


SHAPES = {  # fraction of the peak at t of 0..1
    "constant": lambda t: 1.0,
    "step": lambda t: 1.0 if t < 0.6 else 0.1 if t < 0.85 else 0.01,
    "cosine": lambda t: (1 + math.cos(math.pi * t)) / 2,
    "one-cycle": lambda t: np.interp(t, [0, 0.2, 1], [0.1, 1, 0]),
}


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_the_learning_rate_follows_its_schedules_formula(schedule):
    config = TrainConfig(schedule=schedule, learning_rate=0.01)
    rates = [learning_rate_at(step, 200, config) for step in range(200)]
    assert rates == pytest.approx([0.01 * SHAPES[schedule](step / 200) for step in range(200)])


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("steps", [1, 2, 7, 1000])
def test_the_learning_rate_never_exceeds_its_peak(schedule, steps):
    config = TrainConfig(schedule=schedule, learning_rate=0.01)
    assert all(0 < learning_rate_at(step, steps, config) <= 0.01 * (1 + 1e-9) for step in range(steps))


@pytest.mark.parametrize("schedule", [name for name in SCHEDULES if name != "constant"])
def test_the_learning_rate_ends_low(schedule):
    assert learning_rate_at(999, 1000, TrainConfig(schedule=schedule, learning_rate=0.01)) < 0.02 * 0.01

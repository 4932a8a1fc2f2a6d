"""Optimizers, learning-rate schedules and the moving average of weights."""

import math
from typing import Any

import torch
from torch import nn

from mnist_core.config import TrainConfig


def learning_rate_at(step: int, steps: int, config: TrainConfig) -> float:
    """The rate for step 0..steps-1; `config.learning_rate` is the peak. `config.SCHEDULES` describes the shapes."""
    peak, done = config.learning_rate, step / steps
    if config.schedule == "step":
        return peak * (1.0 if done < 0.6 else 0.1 if done < 0.85 else 0.01)
    if config.schedule == "cosine":
        return peak * 0.5 * (1 + math.cos(math.pi * done))
    if config.schedule == "one-cycle":
        return peak * (0.1 + 0.9 * done / 0.2 if done < 0.2 else (1 - done) / 0.8)
    return peak


def make_optimizers(model: nn.Module, config: TrainConfig) -> list[torch.optim.Optimizer]:
    """The optimizers of the config, each for its share of the weights; their groups say how many `times` the rate.

    Muon takes the convolution kernels, at ten times the rate and without weight decay, and AdamW the rest.
    """
    weights = list(model.parameters())
    decay = config.weight_decay
    if config.optimizer == "sgd":
        groups = [{"params": weights, "times": 1.0}]
        return [torch.optim.SGD(groups, momentum=config.momentum, weight_decay=decay, fused=True)]
    if config.optimizer == "adam":
        return [torch.optim.Adam([{"params": weights, "times": 1.0}], weight_decay=decay, fused=True)]
    if config.optimizer == "adamw":
        return [torch.optim.AdamW([{"params": weights, "times": 1.0}], weight_decay=decay, fused=True)]
    kernels = [weight for weight in weights if weight.ndim == 4]
    rest = [weight for weight in weights if weight.ndim != 4]
    adamw = torch.optim.AdamW([{"params": rest, "times": 1.0}], betas=(0.9, 0.99), weight_decay=decay, fused=True)
    return [Muon([{"params": kernels, "times": 10.0}]), adamw]


class Muon(torch.optim.Optimizer):
    """Momentum whose steps are made orthogonal, for convolution kernels (Jordan et al., 2024, kellerjordan/Muon).

    Before each step a kernel is scaled to a norm of sqrt(its output channels), as in the same author's airbench.
    """

    def __init__(self, groups: Any, momentum: float = 0.6) -> None:
        super().__init__(groups, {"lr": 0.01, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """One step for every kernel that has a gradient."""
        for group in self.param_groups:
            for kernel in group["params"]:
                gradient = kernel.grad
                if gradient is None:
                    continue
                kept = self.state[kernel].setdefault("momentum", torch.zeros_like(gradient))
                kept.mul_(group["momentum"]).add_(gradient)
                nesterov = gradient.add(kept, alpha=group["momentum"])
                kernel.mul_(math.sqrt(len(kernel)) / kernel.norm())
                kernel.add_(orthogonalise(nesterov.flatten(1)).view_as(kernel), alpha=-group["lr"])


def orthogonalise(matrix: torch.Tensor, steps: int = 3) -> torch.Tensor:
    """Nearly U V^T of the matrix's singular value decomposition U S V^T, by Newton-Schulz steps (Bernstein, 2024).

    Each step multiplies by a polynomial of the Gram matrix X X^T, which is small and changes by the same polynomial:
    so all steps happen on it, and the matrix itself is multiplied once, at the end.
    """
    x = matrix / (matrix.norm() + 1e-7)
    tall = x.shape[0] > x.shape[1]
    gram = x.T @ x if tall else x @ x.T
    product = factor = newton_schulz_polynomial(gram)
    for _ in range(steps - 1):
        gram = factor @ gram @ factor
        factor = newton_schulz_polynomial(gram)
        product = factor @ product
    turned: torch.Tensor = x @ product if tall else product @ x
    return turned


def newton_schulz_polynomial(gram: torch.Tensor) -> torch.Tensor:
    """2.0315 I - 4.7750 G + 3.4445 G^2: what brings singular values between 0 and 1 nearer to 1."""
    values = torch.addmm(gram, gram, gram, beta=-4.7750, alpha=3.4445)
    values.diagonal().add_(2.0315)
    return values


@torch.no_grad()
def ema_update(model: nn.Module, learner: nn.Module, share: float) -> None:
    """Move every weight and every running statistic of the model this share of the way to the learner's."""
    for kept, new in zip(model.state_dict().values(), learner.state_dict().values(), strict=True):
        if kept.is_floating_point():
            kept.lerp_(new, share)
        else:
            kept.copy_(new)

"""Optimizers, learning-rate schedules and the exponential moving average (EMA) of weights."""

import math
from typing import Any

import torch
from torch import nn

from mnist_core.config import TrainConfig


def learning_rate_at(step: int, steps: int, config: TrainConfig) -> float:
    """Return the learning rate of step 0..steps-1: at most `config.learning_rate`, and shaped by `config.schedule`."""
    peak, progress = config.learning_rate, step / steps
    if config.schedule == "step":
        return peak * (1.0 if progress < 0.6 else 0.1 if progress < 0.85 else 0.01)
    if config.schedule == "cosine":
        return peak * 0.5 * (1 + math.cos(math.pi * progress))
    if config.schedule == "one-cycle":
        return peak * (0.1 + 0.9 * progress / 0.2 if progress < 0.2 else (1 - progress) / 0.8)
    return peak


def make_optimizers(model: nn.Module, config: TrainConfig) -> list[torch.optim.Optimizer]:
    """Return the optimizers that together update all parameters of the model.

    The learning rate of a parameter group is the schedule's times its `lr_scale`. With "muon", Muon updates the
    convolution kernels, at ten times the rate and without weight decay, and AdamW all other parameters.
    """
    parameters = list(model.parameters())
    decay = config.weight_decay
    if config.optimizer == "sgd":
        groups = [{"params": parameters, "lr_scale": 1.0}]
        return [torch.optim.SGD(groups, momentum=config.momentum, weight_decay=decay, fused=True)]
    if config.optimizer == "adam":
        return [torch.optim.Adam([{"params": parameters, "lr_scale": 1.0}], weight_decay=decay, fused=True)]
    if config.optimizer == "adamw":
        return [torch.optim.AdamW([{"params": parameters, "lr_scale": 1.0}], weight_decay=decay, fused=True)]
    kernels = [parameter for parameter in parameters if parameter.ndim == 4]
    others = [parameter for parameter in parameters if parameter.ndim != 4]
    adamw = torch.optim.AdamW([{"params": others, "lr_scale": 1.0}], betas=(0.9, 0.99), weight_decay=decay, fused=True)
    return [Muon([{"params": kernels, "lr_scale": 10.0}]), adamw]


class Muon(torch.optim.Optimizer):
    """SGD with Nesterov momentum and orthogonalised updates, for convolution kernels (Jordan et al., 2024).

    Before each step a kernel is scaled to a norm of sqrt(its output channels), as in the same author's airbench.
    """

    def __init__(self, params: Any, lr: float = 0.01, momentum: float = 0.6) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        """Update every kernel that has a gradient."""
        for group in self.param_groups:
            for kernel in group["params"]:
                gradient = kernel.grad
                if gradient is None:
                    continue
                momentum_buffer = self.state[kernel].setdefault("momentum_buffer", torch.zeros_like(gradient))
                momentum_buffer.mul_(group["momentum"]).add_(gradient)
                update = gradient.add(momentum_buffer, alpha=group["momentum"])
                kernel.mul_(math.sqrt(len(kernel)) / kernel.norm())
                kernel.add_(orthogonalise(update.flatten(1)).view_as(kernel), alpha=-group["lr"])


def orthogonalise(matrix: torch.Tensor, steps: int = 3) -> torch.Tensor:
    """Return approximately U V^T, where U S V^T is the singular value decomposition of the matrix.

    Uses Newton-Schulz iterations (Bernstein & Newhouse, 2024). Each multiplies by a polynomial of the Gram matrix
    X X^T. As the Gram matrix is small and changes by the same polynomial, all iterations are done on it, and the matrix
    itself is multiplied only once, at the end.
    """
    x = matrix / (matrix.norm() + 1e-7)
    tall = x.shape[0] > x.shape[1]
    gram = x.T @ x if tall else x @ x.T
    product = factor = newton_schulz_polynomial(gram)
    for _ in range(steps - 1):
        gram = factor @ gram @ factor
        factor = newton_schulz_polynomial(gram)
        product = factor @ product
    orthogonal: torch.Tensor = x @ product if tall else product @ x
    return orthogonal


def newton_schulz_polynomial(gram: torch.Tensor) -> torch.Tensor:
    """Return 2.0315 I - 4.7750 G + 3.4445 G^2, which moves singular values between 0 and 1 towards 1 (Jordan, 2024)."""
    result = torch.addmm(gram, gram, gram, beta=-4.7750, alpha=3.4445)
    result.diagonal().add_(2.0315)
    return result


@torch.no_grad()
def ema_update(ema_model: nn.Module, model: nn.Module, decay: float) -> None:
    """Set every parameter and buffer of `ema_model` to decay * its value + (1 - decay) * the value in `model`."""
    for average, value in zip(ema_model.state_dict().values(), model.state_dict().values(), strict=True):
        if average.is_floating_point():
            average.lerp_(value, 1 - decay)
        else:
            average.copy_(value)  # a counter

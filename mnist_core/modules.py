"""PyTorch modules that torch.nn does not have."""

import torch
from torch import nn


class Ensemble(nn.Module):
    """An ensemble: the mean of the members' log-probabilities, normalised; (N, 1, 28, 28) to (N, 10)."""

    def __init__(self, members: list[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the log-probabilities (N, 10) of the ensemble."""
        total: torch.Tensor = sum(member(x).log_softmax(1) for member in self.members)
        return (total / len(self.members)).log_softmax(1)

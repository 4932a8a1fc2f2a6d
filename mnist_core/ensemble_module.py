"""An ensemble of networks as one PyTorch module."""

import torch
from torch import nn


class Ensemble(nn.Module):
    """The mean of the members' log-probabilities, normalised: images (N, 1, 28, 28) to log-probabilities (N, 10)."""

    def __init__(self, members: list[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the log-probabilities (N, 10) of the ensemble."""
        total: torch.Tensor = sum(member(x).log_softmax(1) for member in self.members)
        return (total / len(self.members)).log_softmax(1)

"""An ensemble of networks as one PyTorch module."""

import torch
from torch import nn


class Ensemble(nn.Module):
    """The mean of the members' log-probabilities, divided by the temperature and normalised.

    Images (N, 1, 28, 28) to log-probabilities (N, 10).
    """

    def __init__(self, members: list[nn.Module], temperature: float = 1.0) -> None:
        super().__init__()
        self.temperature = temperature
        self.members = nn.ModuleList(members)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the log-probabilities (N, 10) of the ensemble."""
        total: torch.Tensor = sum(member(x).log_softmax(1) for member in self.members)
        return (total / (len(self.members) * self.temperature)).log_softmax(1)

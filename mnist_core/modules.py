"""PyTorch modules that torch.nn does not have."""

import torch
from torch import nn


class Ensemble(nn.Module):
    """The members' mean log-probabilities, made to sum to 1 again: (N, 1, 28, 28) to (N, 10)."""

    def __init__(self, members: list[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """What the members believe together."""
        answers: torch.Tensor = sum(member(x).log_softmax(1) for member in self.members)
        return (answers / len(self.members)).log_softmax(1)

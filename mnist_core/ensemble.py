"""Several networks voting as one: a run whose answers are the mean of its members' log-probabilities.

The geometric mean of what they believe (Hansen & Salamon, 1990, introduced voting networks): one that is certain and
wrong is outvoted, for networks trained apart seldom make the same mistake.
"""

from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from torch import nn

from mnist_core.data import load_digits, split_places
from mnist_core.metrics import log_probabilities, score, with_interval
from mnist_core.runs import Predictions, Run, create


class Vote(nn.Module):
    """The members' mean log-probabilities, made to sum to 1 again: (N, 1, 28, 28) to (N, 10)."""

    def __init__(self, members: list[nn.Module]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """What the members believe together."""
        answers: torch.Tensor = sum(member(x).log_softmax(1) for member in self.members)
        return (answers / len(self.members)).log_softmax(1)


def vote(members: list[Run], out: Path | None = None) -> Run:
    """A new run whose network is these runs' vote, tested on the digits they were all tested on.

    Its validation score is that on the digits none of them learned from. Raises ValueError when there are fewer than
    two members, when one is a vote itself, or when they have no such digits in common.
    """
    if len(members) < 2:
        raise ValueError(f"a vote needs at least two runs, got {len(members)}")
    for run in members:
        if run.members or not run.result:
            raise ValueError(f"{run.name} cannot vote: it must be a single network that was tested; leave it out")
    dataset = members[0].config.dataset
    if {run.config.dataset for run in members} != {dataset}:
        raise ValueError("the runs were trained on different data sets; let only those vote that know the same digits")
    network = Vote([run.model() for run in members])
    unseen = digits_unseen_by_all(members)
    if not len(unseen[0]):
        raise ValueError("every validation digit of one run taught another; train them with the same seed")
    validation = score(log_probabilities(network, unseen[0]), unseen[1])
    test = load_digits(dataset, "test")
    answers = log_probabilities(network, test.images)
    run = create(members[0].config, "ensemble", out, members=[member.name for member in members])
    first = members[0].result
    run.finish(
        {
            "status": "finished",
            "test": with_interval(score(answers, test.labels), len(test)),
            "validation": asdict(validation),
            "best_epoch": 0.0,
            "epochs": 0.0,
            "steps": 0,
            "parameters": sum(run.result["parameters"] for run in members),
            "seconds": sum(run.result["seconds"] for run in members),
            "cpu_seconds": sum(run.result["cpu_seconds"] for run in members),
            "device": first["device"],
            "precision": first["precision"],
            "machine": first["machine"],
        },
        Predictions(answers, test.labels),
    )
    return run


def digits_unseen_by_all(members: list[Run]) -> tuple[np.ndarray, np.ndarray]:
    """Images and labels of the training digits that every one of the runs held out."""
    digits = load_digits(members[0].config.dataset, "train")
    places = np.arange(len(digits))
    for run in members:
        _, held_out = split_places(digits.labels, run.config.validation_size or 0, run.config.seed)
        places = np.intersect1d(places, held_out)
    return digits.images[places], digits.labels[places]

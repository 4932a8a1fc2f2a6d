"""Validation within an epoch, on a part of the digits held out, so that the validation curve of a short run is a line.

When it is measured and on how many digits follows from the config alone, so the same run has the same points.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mnist_core.config import TrainConfig
from mnist_core.data import Digits
from mnist_core.inference import log_probabilities
from mnist_core.metrics import Score, score

if TYPE_CHECKING:
    from torch import nn

POINTS = 12  # about as many validations a run of fewer epochs has, the full ones included
SHARE = 0.15  # images measured per image trained on: a forward pass costs up to a third of a step, so below 5 % of it
MIN_IMAGES = 100  # fewer would be mostly noise; also what their number is rounded down to a multiple of
CLOSE = 0.02  # of the run: no interim validation is as close as this to the end of an epoch


@dataclass(frozen=True)
class InterimValidation:
    """After which steps the network is measured within its epochs, and on which digits."""

    steps: frozenset[int]
    digits: Digits  # of those held out, as many of each class in proportion

    def measure(self, model: "nn.Module") -> Score:
        """Return the network's score on these digits. Draws no random numbers, leaves it in the mode it was in."""
        training = model.training
        result = score(log_probabilities(model, self.digits.images), self.digits.labels)
        model.train(training)
        return result


def plan_interim(config: TrainConfig, training_size: int, held_out: Digits) -> InterimValidation:
    """Return when a run on so many training digits is measured between the ends of its epochs, dense at first."""
    steps, steps_per_epoch = config.total_steps(training_size), config.steps_per_epoch(training_size)
    epoch_ends = [*range(steps_per_epoch, steps, steps_per_epoch), steps]
    budget = int(SHARE * steps * config.batch_size)  # images
    count = min(POINTS - len(epoch_ends), budget // MIN_IMAGES)
    if count < 1 or len(held_out) < MIN_IMAGES:
        return InterimValidation(frozenset(), held_out.take(np.arange(0)))
    size = min(len(held_out), budget // count // MIN_IMAGES * MIN_IMAGES)
    positions = [round(steps * (index / POINTS) ** 1.5) for index in range(1, POINTS)]
    free = [step for step in positions if all(abs(step - end) > CLOSE * steps for end in epoch_ends)]
    return InterimValidation(frozenset(free[:count]) - {0}, stratified_part(held_out, size))


def stratified_part(digits: Digits, size: int) -> Digits:
    """Return so many of the digits, as many of each class in proportion, always the same ones."""
    by_class = np.argsort(digits.labels, kind="stable")
    return digits.take(by_class[np.arange(size) * len(digits) // size])

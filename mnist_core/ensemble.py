"""Ensembles: runs that average the log-probabilities of other runs.

That is the normalised geometric mean of the members' probabilities. Networks trained independently seldom make the same
mistakes, so the ensemble makes fewer than its members (Hansen & Salamon, 1990).
"""

from pathlib import Path

import numpy as np

from mnist_core.config import EnsembleConfig, TrainConfig
from mnist_core.data import Digits, load_digits, split_indices
from mnist_core.ensemble_module import Ensemble
from mnist_core.inference import log_probabilities
from mnist_core.result import Result
from mnist_core.runs import Predictions, Run, RunError, create_run
from mnist_core.temperature import calibrate


def create_ensemble(members: list[Run], out: Path | None = None) -> Run:
    """Create a run that combines these runs, and test it on their test digits.

    The members vote as they were trained; the ensemble has a temperature of its own. It is fitted, and the validation
    score computed, on the digits that all members held out. Raises RunError when there are fewer than
    two members, when one is an ensemble or has no result, when they were trained on different data sets or held out no
    digit in common, or when the new run cannot be written. Raises DataError when the digits are not on this machine.
    """
    if len(members) < 2:
        raise RunError(f"an ensemble needs at least two runs, got {len(members)}")
    for run in members:
        if run.members or run.result is None:
            raise RunError(f"{run.name} cannot be a member: it must be a single network that was tested; leave it out")
    dataset = members[0].config.dataset
    if {run.config.dataset for run in members} != {dataset}:
        raise RunError("the runs were trained on different data sets; combine only runs trained on the same digits")
    network = Ensemble([run.model_as_trained() for run in members])
    held_out = shared_validation(members)
    if not len(held_out):
        raise RunError("the runs held out no digit in common; combine runs trained with the same seed")
    test = load_digits(dataset, "test")
    calibrated = calibrate(
        log_probabilities(network, held_out.images),
        held_out.labels,
        log_probabilities(network, test.images),
        test.labels,
    )
    run = create_run(EnsembleConfig(dataset, tuple(member.name for member in members)), out=out)
    outcomes = [member.outcome for member in members]
    run.finish(
        Result(
            status="finished",
            test=calibrated.test,
            validation=calibrated.validation,
            parameters=sum(outcome.parameters for outcome in outcomes),
            seconds=sum(outcome.seconds for outcome in outcomes),
            cpu_seconds=sum(outcome.cpu_seconds for outcome in outcomes),
            device=outcomes[0].device,
            precision=outcomes[0].precision,
            machine=outcomes[0].machine,
            temperature=calibrated.temperature,
        ),
        Predictions(calibrated.log_probabilities, test.labels),
    )
    return run


def shared_validation(members: list[Run]) -> Digits:
    """Return the training digits that every one of the runs held out for validation."""
    digits = load_digits(members[0].config.dataset, "train")
    indices = np.arange(len(digits))
    for run in members:
        if isinstance(run.config, TrainConfig):
            _, held_out = split_indices(digits.labels, run.config.validation_size or 0, run.config.seed)
            indices = np.intersect1d(indices, held_out)
    return digits.take(indices)

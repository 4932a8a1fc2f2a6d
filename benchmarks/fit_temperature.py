"""Fit the temperature of runs from before there was one, on the digits they held out, as training does at its end.

python -m benchmarks.fit_temperature RUN...
"""

import argparse
from dataclasses import replace

from mnist_core.config import TrainConfig
from mnist_core.data import load_digits, split_indices
from mnist_core.ensemble import shared_validation
from mnist_core.inference import log_probabilities
from mnist_core.metrics import score_with_interval
from mnist_core.runs import Predictions, Run, load_run
from mnist_core.temperature import calibrate, with_temperature


def main() -> None:
    """Fit, store and print the temperature of each run, with its test loss before and after."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", metavar="RUN", help="name or folder of a tested run")
    for name in parser.parse_args().runs:
        fit(load_run(name))


def fit(run: Run) -> None:
    """Store the temperature of a run, and its predictions and scores with it. Its answers stay as they are."""
    if isinstance(run.config, TrainConfig):
        digits = load_digits(run.config.dataset, "train")
        _, indices = split_indices(digits.labels, run.config.validation_size or 0, run.config.seed)
        held_out = digits.take(indices)
    else:
        held_out = shared_validation([load_run(name) for name in run.members])
    validation = log_probabilities(run.model_as_trained(), held_out.images)
    labels = run.predictions.labels
    as_trained = with_temperature(run.predictions.log_probabilities, 1 / run.temperature)
    before, after = score_with_interval(as_trained, labels), calibrate(validation, held_out.labels, as_trained, labels)
    assert before.accuracy == after.test.accuracy
    result = replace(run.outcome, temperature=after.temperature, test=after.test, validation=after.validation)
    run.finish(result, Predictions(after.log_probabilities, labels))
    print(f"{run.name}: temperature {after.temperature:.3f}, test loss {before.loss:.4f} -> {after.test.loss:.4f}")


if __name__ == "__main__":
    main()

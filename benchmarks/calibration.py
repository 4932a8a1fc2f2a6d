"""Print how well the confidence of runs is calibrated on their test set, as trained and with their temperature.

python -m benchmarks.calibration [RUN ...]

Without names, all shipped runs. ECE is the expected calibration error in 15 bins, the loss is cross-entropy in nats.
"""

import argparse

import numpy as np

from mnist_core import load_run
from mnist_core.analysis.calibration import expected_calibration_error, reliability_bins
from mnist_core.analysis.evaluation import Evaluation, as_trained, evaluate
from mnist_core.runs import list_runs


def cells(evaluation: Evaluation) -> tuple[str, str, str]:
    """Return mean confidence in %, ECE in % and loss."""
    error = expected_calibration_error(reliability_bins(evaluation.confidence, evaluation.correct))
    return f"{100 * evaluation.confidence.mean():.2f}", f"{100 * error:.2f}", f"{np.mean(evaluation.loss):.4f}"


def main() -> None:
    """Print a table with a row for each run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="*", metavar="RUN")
    names = parser.parse_args().runs
    runs = [load_run(name) for name in names] or [run for run in list_runs() if run.shipped]
    print("| run | temperature | accuracy, % | confidence, % | ECE, % | loss |\n|---|---|---|---|---|---|")
    for run in runs:
        after = evaluate(run, run.predictions)
        pairs = [f"{before} → {now}" for before, now in zip(cells(as_trained(after)), cells(after), strict=True)]
        accuracy = f"{100 * after.correct.mean():.2f}"
        print(f"| `{run.name}` | {run.temperature:.2f} | {accuracy} | {' | '.join(pairs)} |")


if __name__ == "__main__":
    main()

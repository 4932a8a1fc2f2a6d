"""The table of results: every recipe's test accuracy over its seeds, read from run folders.

    python -m benchmarks.results FOLDER [FOLDER ...]

Each FOLDER holds run folders, such as those of
    for seed in 0 1 2; do python -m mnist_core train --recipe NAME --seed $seed --out FOLDER/NAME-$seed; done
Prints Markdown: mean and spread (standard deviation) over the seeds, all single values, and the per-class figures of
the seed that the validation digits prefer.
"""

import argparse
from pathlib import Path
from statistics import mean, stdev

from mnist_core.metrics import per_class
from mnist_core.recipes import RECIPES
from mnist_core.runs import Run, RunError


def finished(folders: list[Path]) -> dict[str, list[Run]]:
    """The finished runs below the folders that keep to their recipe in all but the seed, by recipe."""
    runs: dict[str, list[Run]] = {name: [] for name in RECIPES}
    for place in sorted(place for folder in folders for place in folder.iterdir()):
        try:
            run = Run(place)
        except RunError:
            continue
        if run.status == "finished" and run.recipe in RECIPES:
            runs[run.recipe].append(run)
    return {name: found for name, found in runs.items() if found}


def spread(values: list[float], form: str) -> str:
    """Mean and standard deviation, as text."""
    return format(mean(values), form) + (f" ± {format(stdev(values), form)}" if len(values) > 1 else "")


def row(name: str, runs: list[Run]) -> str:
    """One recipe's line of the table."""
    accuracies = [100 * run.outcome.test.accuracy for run in runs]
    losses = [run.outcome.test.loss for run in runs]
    scores = [macro(run)["f1"] for run in runs]
    seconds = [run.outcome.cpu_seconds for run in runs]
    single = ", ".join(f"{value:.2f}" for value in accuracies)
    reported = RECIPES[name].reported or "–"
    return (
        f"| `{name}` | {reported} | {spread(accuracies, '.2f')} | {single} | {spread(losses, '.4f')} | "
        f"{spread(scores, '.4f')} | {mean(seconds):,.0f} |"
    )


def macro(run: Run) -> dict[str, float]:
    """Precision, recall and F1 of a run, each the mean over the ten digits."""
    table = per_class(run.predictions.log_probabilities.argmax(1), run.predictions.labels)
    return {key: float(table[key].mean()) for key in ("precision", "recall", "f1")}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    recipes = finished(parser.parse_args().folders)
    print("| recipe | reported | test accuracy, % | single seeds | test loss | macro F1 | CPU s |")
    print("|---|---|---|---|---|---|---|")
    for name, runs in recipes.items():
        print(row(name, runs))
    print("\n| recipe | accuracy of each digit 0 to 9, % (recall) | precision, % | F1 |\n|---|---|---|---|")
    for name, runs in recipes.items():
        best = max(runs, key=lambda run: run.outcome.validation.accuracy)
        table = per_class(best.predictions.log_probabilities.argmax(1), best.predictions.labels)
        lines = [" ".join(f"{100 * value:.1f}" for value in table[key]) for key in ("recall", "precision")]
        print(f"| `{name}` | {lines[0]} | {lines[1]} | {' '.join(f'{value:.3f}' for value in table['f1'])} |")
    print("\nMeasured on:", "; ".join(sorted({run.outcome.machine for runs in recipes.values() for run in runs})))


if __name__ == "__main__":
    main()

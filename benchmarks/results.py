"""The table of results: every recipe's test accuracy over its seeds, read from run folders.

    python -m benchmarks.results FOLDER [FOLDER ...]

Each FOLDER holds run folders, such as those of
    for seed in 0 1 2; do python -m mnist_core train --recipe NAME --seed $seed --out FOLDER/NAME-$seed; done
Runs that are not finished, or whose settings differ from their recipe in more than the seed, are left out; stderr says
which. Prints Markdown: mean and standard deviation over the seeds, the single values, and the per-class metrics of the
seed with the highest validation accuracy.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from statistics import mean, stdev

from mnist_core.config import TrainConfig
from mnist_core.metrics import per_class
from mnist_core.recipes import RECIPES
from mnist_core.runs import Run, RunError


def finished(folders: list[Path]) -> dict[str, list[Run]]:
    """Return the finished runs in these folders that follow their recipe in all but the seed, by recipe.

    What is left out is named on stderr, with the reason. A recipe without such runs has no entry.
    """
    runs: dict[str, list[Run]] = {name: [] for name in RECIPES}
    for path in sorted(path for folder in folders for path in folder.iterdir()):
        try:
            run = Run(path)
            reason = reason_to_leave_out(run)
        except RunError as error:
            reason = str(error)
        if reason:
            print(f"{path} is left out: {reason}", file=sys.stderr)
        elif run.recipe:
            runs[run.recipe].append(run)
    return {name: of_recipe for name, of_recipe in runs.items() if of_recipe}


def reason_to_leave_out(run: Run) -> str | None:
    """Return why a run does not count as a result of its recipe, or None if it does. Raises RunError as `Run` does."""
    if run.status != "finished":
        return f"it is {run.status}"
    if not isinstance(run.config, TrainConfig) or run.recipe not in RECIPES:
        return "it has no recipe"
    if replace(run.config, seed=0) != replace(RECIPES[run.recipe].config, seed=0):
        return f"its settings differ from the recipe {run.recipe} in more than the seed"
    return None


def mean_and_deviation(values: list[float], format_spec: str) -> str:
    """Return mean and standard deviation as text; of a single value no deviation."""
    deviation = f" ± {format(stdev(values), format_spec)}" if len(values) > 1 else ""
    return format(mean(values), format_spec) + deviation


def row(name: str, runs: list[Run]) -> str:
    """Return one recipe's line of the table."""
    accuracies = [100 * run.outcome.test.accuracy for run in runs]
    losses = [run.outcome.test.loss for run in runs]
    f1_scores = [macro_average(run)["f1"] for run in runs]
    seconds = [run.outcome.cpu_seconds for run in runs]
    single_values = ", ".join(f"{value:.2f}" for value in accuracies)
    reported = RECIPES[name].reported or "–"
    return (
        f"| `{name}` | {reported} | {mean_and_deviation(accuracies, '.2f')} | {single_values} | "
        f"{mean_and_deviation(losses, '.4f')} | {mean_and_deviation(f1_scores, '.4f')} | {mean(seconds):,.0f} |"
    )


def macro_average(run: Run) -> dict[str, float]:
    """Return precision, recall and F1 of a run, each the mean over the ten digits."""
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

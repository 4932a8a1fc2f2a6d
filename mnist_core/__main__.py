"""The command line: python -m mnist_core train | vote | evaluate | robustness | classify | list | download."""

import argparse
import json
import shlex
import signal
import sys
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, NoReturn, cast

from mnist_core import image_file
from mnist_core.analysis.corruptions import CORRUPTIONS
from mnist_core.analysis.robustness import DEFAULT_DIGITS, Robustness, measure, measure_and_save
from mnist_core.config import TrainConfig, current_architecture, setting_of, type_of
from mnist_core.data import load_digits
from mnist_core.drawing import to_digit
from mnist_core.errors import MnistLabError
from mnist_core.inference import log_probabilities
from mnist_core.metrics import per_class, score_with_interval
from mnist_core.models import ARCHITECTURES
from mnist_core.recipes import RECIPES
from mnist_core.run_files import read_bytes
from mnist_core.runs import Run, RunError, create_run, find_run, list_damaged, list_runs, load_run
from mnist_core.text import plain_line

DIGITS_HELP = f"how many test digits, or all (default: {DEFAULT_DIGITS})"
ALL_DIGITS = sys.maxsize


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are one sentence."""

    def error(self, message: str) -> NoReturn:
        """Print the message without the usage and exit with code 2."""
        self.exit(2, f"{self.prog}: {message}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0, or 2 after one sentence on stderr."""
    parser = Parser(prog="python -m mnist_core", description="Train, test and use digit classifiers.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    add_train(commands.add_parser("train", help="train a network and store it as a run"))

    vote = commands.add_parser("vote", help="combine several runs into an ensemble, which is a run too")
    vote.add_argument("runs", metavar="RUN", nargs="+", help="a run's name")
    vote.add_argument("--out", type=Path, metavar="DIR", help="the new run's folder (default: a new one)")
    vote.set_defaults(command=vote_command)

    evaluate = commands.add_parser("evaluate", help="test a run again, digit by digit")
    evaluate.add_argument("run", metavar="RUN", help="a run's name or folder")
    evaluate.set_defaults(command=evaluate_command)

    robustness = commands.add_parser("robustness", help="test runs on corrupted digits, and store the result with them")
    robustness.add_argument("runs", metavar="RUN", nargs="+", help="a run's name or folder")
    robustness.add_argument("--digits", type=digit_count, default=DEFAULT_DIGITS, metavar="N", help=DIGITS_HELP)
    robustness.add_argument("--seed", type=int, default=0, metavar="N", help="of the corruptions (default: 0)")
    robustness.add_argument(
        "--shipped", action="store_true", help="store the result of runs that come with the app too"
    )
    robustness.set_defaults(command=robustness_command)

    classify = commands.add_parser("classify", help="classify the digit in each image, one JSON line an image")
    classify.add_argument("run", metavar="RUN", help="a run's name or folder")
    classify.add_argument("images", metavar="IMAGE", nargs="+", type=Path, help="an image file of one digit")
    classify.set_defaults(command=classify_command)

    listing = commands.add_parser("list", help="list the runs, the recipes or the networks")
    listing.add_argument("what", nargs="?", choices=["runs", "recipes", "networks"], default="runs")
    listing.set_defaults(command=list_command)

    download = commands.add_parser("download", help="download MNIST into the user's cache folder")
    download.set_defaults(command=download_command)

    options = parser.parse_args(arguments)
    try:
        return int(options.command(options))
    except (MnistLabError, OSError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2


def add_train(parser: argparse.ArgumentParser) -> None:
    """Add an option for every field of `TrainConfig`; a field whose option is not given keeps the recipe's value."""
    origin = parser.add_mutually_exclusive_group(required=True)
    origin.add_argument("--recipe", choices=RECIPES, metavar="NAME", help=", ".join(RECIPES))
    origin.add_argument(
        "--resume", metavar="RUN",
        help="go on with a run that was paused with Ctrl-C or interrupted: its folder or its name. The only setting "
        "that can be given with it is --learning-rate.",
    )  # fmt: skip
    parser.add_argument(
        "--stop", action="store_true",
        help="with --resume: end the run after one more step, and test its best weights so far",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, metavar="DIR", help="the run's folder (default: a new one)")
    for field in fields(TrainConfig):
        setting = setting_of(field.name)
        names = [f"--{field.name.replace('_', '-')}"] + (["--lr"] if field.name == "learning_rate" else [])
        options: dict[str, Any] = {"type": type_of(field.name), "default": None, "dest": field.name}
        choices = list(setting.choices or [])
        if field.name == "architecture":
            choices, options["type"] = list(ARCHITECTURES), current_architecture
        if choices:
            options |= {"choices": choices, "metavar": "NAME"}
        else:
            options |= {"metavar": type_of(field.name).__name__.upper()}
        text = setting.help + (f" One of {', '.join(choices)}." if choices else "")
        parser.add_argument(*names, help=text.replace("%", "%%"), **options)
    parser.set_defaults(command=train_command)


def train_command(options: argparse.Namespace) -> int:
    """Train a new run, or go on with one. Ctrl-C or SIGTERM pauses it; a second one exits at once."""
    given = {f.name: getattr(options, f.name) for f in fields(TrainConfig) if getattr(options, f.name) is not None}
    run = resumed_run(options, given) if options.resume else new_run(options, given)
    train_until_paused(run, options.stop)
    if run.paused:
        position = run.checkpoint_position()
        print(
            f"{run.folder}\npaused at epoch {position['epoch']:.3g} of {cast(TrainConfig, run.config).epochs:g}; go on "
            f"with: python -m mnist_core train --resume {shlex.quote(str(run.folder))}"
        )
    else:
        print(f"{run.folder}\n{summary(run)}")
    return 0


def new_run(options: argparse.Namespace, given: dict[str, Any]) -> Run:
    """Create a run of the recipe with the given settings, once MNIST is here and the machine has its device."""
    config = RECIPES[options.recipe].config
    if options.stop:
        raise RunError("--stop ends a run that goes on with --resume; a new run has nothing to keep yet")
    if "dataset" in given:
        given = {"validation_size": None} | given  # the default of the other data set
    config = replace(config, **given)
    check_data_and_device(config)
    return create_run(config, options.recipe, options.out)


def resumed_run(options: argparse.Namespace, given: dict[str, Any]) -> Run:
    """Return the run to go on with, its learning rate changed if one is given.

    Raises RunError when it has a result or is an ensemble, or for other settings.
    """
    run = load_run(options.resume)
    others = [f"--{name.replace('_', '-')}" for name in given if name != "learning_rate"]
    others += ["--out"] if options.out else []
    if others:
        raise RunError(
            f"{run.name} keeps its settings; only --learning-rate can be given with --resume, not {others[0]}"
        )
    check_data_and_device(run.config_to_train())
    if "learning_rate" in given:
        run.change_learning_rate(given["learning_rate"])
    return run


def check_data_and_device(config: TrainConfig) -> None:
    """Download MNIST if the config needs it and it is not here. Raises ConfigError without the config's device."""
    if config.dataset == "mnist":
        from mnist_core.download import find_or_download

        find_or_download()
    from mnist_core.hardware import choose_device

    choose_device(config.device)


def train_until_paused(run: Run, stop: bool) -> None:
    """Train with a progress bar to the end of the run or, with `stop`, of its next step; Ctrl-C pauses."""
    from tqdm import tqdm

    from mnist_core.execution.run_lock import RunLock
    from mnist_core.training import train

    lock = RunLock(run)
    if not lock.acquire():
        raise RunError(f"{run.name} is being trained, or waits to be, by another process; pause or cancel it there.")
    interrupted = False

    def on_interrupt(number: int, frame: object) -> None:
        nonlocal interrupted
        if interrupted:
            raise KeyboardInterrupt
        interrupted = True

    previous_handlers = {number: signal.signal(number, on_interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with tqdm(unit="step", desc=run.name, dynamic_ncols=True, delay=0.5) as bar:
            for step in train(run, stop=lambda: stop, pause=lambda: interrupted):
                bar.total = step.steps
                bar.update(step.step - bar.n)
                if step.validation:
                    bar.set_postfix_str(f"validation {step.validation.accuracy:.2%}, loss {step.validation.loss:.4f}")
    except (MnistLabError, OSError) as error:
        run.fail(str(error))
        raise
    finally:
        for number, handler in previous_handlers.items():
            signal.signal(number, handler)
        lock.release()


def vote_command(options: argparse.Namespace) -> int:
    """Create and test an ensemble of runs, which are given by name."""
    from mnist_core.ensemble import create_ensemble

    members = []
    for name in options.runs:
        run = find_run(name)
        if run is None:
            raise RunError(f"only runs that `list` names can be members, got {name!r}")
        members.append(run)
    run = create_ensemble(members, options.out)
    print(f"{run.folder}\n{summary(run)}")
    return 0


def evaluate_command(options: argparse.Namespace) -> int:
    """Test a run on the test digits of its data set and print loss, accuracy and the metrics of each digit."""
    run = load_run(options.run)
    test = load_digits(run.config.dataset, "test")
    log_probs = log_probabilities(run.model(), test.images)
    result = score_with_interval(log_probs, test.labels)
    low, high = result.interval
    print(f"{run.name} on the {len(test):,} test digits of {run.config.dataset}")
    print(f"accuracy {result.accuracy:.2%} (95 % interval {low:.2%} to {high:.2%}), loss {result.loss:.4f}")
    table = per_class(log_probs.argmax(1), test.labels)
    print("digit  precision  recall      F1  support")
    for digit in range(10):
        precision, recall, f1, support = (table[key][digit] for key in ("precision", "recall", "f1", "support"))
        print(f"{digit:5}  {precision:9.2%} {recall:7.2%} {f1:7.4f}  {support:7}")
    return 0


def digit_count(text: str) -> int:
    """Return the number of test digits that an option asks for. Raises ArgumentTypeError when it is not one."""
    if text == "all":
        return ALL_DIGITS
    if not (text.isascii() and text.isdecimal() and 0 < int(text) <= ALL_DIGITS):
        raise argparse.ArgumentTypeError(f"the number of digits must be a whole number of at least 1, or all: {text!r}")
    return int(text)


def robustness_command(options: argparse.Namespace) -> int:
    """Measure the error of runs on corrupted test digits, print it as a table and store it with each run.

    What comes with the app is stored only with --shipped.
    """
    from tqdm import tqdm

    if options.seed < 0:
        raise RunError(f"the seed must be at least 0, got {options.seed}")
    runs = [load_run(name) for name in dict.fromkeys(options.runs)]
    stored = [run for run in runs if options.shipped or not run.shipped]
    results: dict[str, Robustness] = {}
    for dataset in dict.fromkeys(run.config.dataset for run in runs):
        for group in (stored, [run for run in runs if run not in stored]):
            chosen = [run for run in group if run.config.dataset == dataset]
            if not chosen:
                continue
            measuring = (measure_and_save if group is stored else measure)(chosen, options.digits, options.seed)
            with tqdm(desc=dataset, unit="part", dynamic_ncols=True, delay=0.5) as bar:
                for progress in measuring:
                    bar.total = progress.total
                    bar.update(progress.done - bar.n)
                    results |= progress.results
    print(robustness_table({run.name: results[run.name] for run in runs}))
    return 0


def robustness_table(results: dict[str, Robustness]) -> str:
    """Return the errors in percent as a table: a row for each corruption, a column for each run.

    Each has its 95 % interval behind it, the mean of the 15 has none.
    """

    def cell(result: Robustness, name: str) -> str:
        low, high = result.interval(name)
        return f"{100 * result.error(name):.1f} ({100 * low:.1f}-{100 * high:.1f})"

    rows = [["error in %", *results]]
    rows.append(["As they are", *(f"{100 * result.clean_error:.1f}" for result in results.values())])
    for corruption in CORRUPTIONS.values():
        rows.append([corruption.title, *(cell(result, corruption.name) for result in results.values())])
    rows.append(["Mean of the 15", *(f"{100 * result.mean_error():.2f}" for result in results.values())])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def classify_command(options: argparse.Namespace) -> int:
    """Classify the digit in each image file; for a file that cannot be read, print a sentence on stderr and go on."""
    run, code = load_run(options.run), 0
    run.model()
    for file in options.images:
        try:
            image = image_file.read_image(read_bytes(file, image_file.MAX_BYTES), image_file.ALL_FORMATS)
            probabilities = run.predict(to_digit(image.pixels)[None])[0]
        except (MnistLabError, OSError, ValueError) as error:
            print(f"{plain_line(str(file))}: {error}", file=sys.stderr)
            code = 2
            continue
        line = {"file": str(file), "digit": int(probabilities.argmax()), "probabilities": probabilities.tolist()}
        print(json.dumps(line))
    return code


def list_command(options: argparse.Namespace) -> int:
    """Print a line for each run, recipe or architecture; damaged runs come last, each with the reason."""
    if options.what == "recipes":
        for name, recipe in RECIPES.items():
            print(f"{name:16} {recipe.description}")
    elif options.what == "networks":
        for name, network in ARCHITECTURES.items():
            print(f"{name:16} {network.description}")
    else:
        for run in list_runs():
            print(f"{run.name:40} {summary(run)}")
        for damaged in list_damaged():
            print(f"{damaged.name:40} damaged: {damaged.reason}")
    return 0


def summary(run: Run) -> str:
    """Return the status and, if there is one, the result of a run in a line; what is wrong if it is damaged."""
    try:
        result = run.result
        if result is None:
            return run.error or run.status
        test = result.test
        low, high = test.interval
        if result.best_epoch is None or result.epochs is None:
            origin = f"ensemble of {', '.join(run.members)}"
        else:
            origin = f"epoch {result.best_epoch:g} of {result.epochs:g}"
        return (
            f"{run.status}, {run.config.dataset}: test accuracy {test.accuracy:.2%} ({low:.2%} to {high:.2%}), "
            f"loss {test.loss:.4f}, {origin}, {result.cpu_seconds:.1f} CPU s"
        )
    except RunError as error:
        return str(error)


def download_command(options: argparse.Namespace) -> int:
    """Download MNIST unless it is on this machine already."""
    from mnist_core.download import find_or_download

    print(f"MNIST is in {find_or_download()}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""How many corrupted test digits a run misreads: measured, stored in its folder as robustness.json, and read back."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

import numpy as np

from mnist_core.analysis.corruptions import CORRUPTIONS, SEVERITIES, VERSION, corrupt
from mnist_core.config import TEST_SIZES
from mnist_core.data import load_digits
from mnist_core.metrics import wilson_interval
from mnist_core.run_files import parse_object, read_bytes
from mnist_core.runs import Run, RunError, to_json, write_atomically
from mnist_core.text import quoted

ROBUSTNESS = "robustness.json"  # in the folder of a run
MAX_BYTES = 1_000_000  # of that file: measured on all 10,000 digits it has 470 kB
DEFAULT_DIGITS = 2_000  # of the 10,000: an error of 20 % is then known to about 2 points
PUBLISHED = SEVERITIES.index(1.0)
MAX_PERCENT = 99  # the highest confidence that is stored; it means 99 % or more


@dataclass(frozen=True)
class Robustness:
    """What a run misreads of N test digits under each corruption."""

    dataset: str
    digits: int  # N
    seed: int  # of the corruptions
    clean: int  # how many of the N are misread as they are
    misread: dict[str, tuple[int, ...]]  # by corruption: how many are misread at each of `SEVERITIES`
    predicted: dict[str, np.ndarray]  # by corruption: uint8 (N,), the answers at severity 1
    confidence: dict[str, np.ndarray]  # by corruption: uint8 (N,), the probabilities of these answers in whole percent

    @property
    def clean_error(self) -> float:
        """The share of the digits that are misread as they are, 0..1."""
        return self.clean / self.digits

    def error(self, name: str, severity: float = 1.0) -> float:
        """Return the share of the digits that are misread, 0..1; `severity` is 0 or one of `SEVERITIES`."""
        return self.misread[name][SEVERITIES.index(severity)] / self.digits if severity else self.clean_error

    def mean_error(self, severity: float = 1.0) -> float:
        """Return the mean of `error` over all corruptions: the mean corruption error."""
        return fmean(self.error(name, severity) for name in self.misread)

    def interval(self, name: str) -> tuple[float, float]:
        """Return the 95 % confidence interval of the error at severity 1."""
        return wilson_interval(self.misread[name][PUBLISHED], self.digits)


@dataclass(frozen=True)
class Progress:
    """How far a measurement is; the last one has the results."""

    done: int
    total: int
    results: dict[str, Robustness] = field(default_factory=dict)  # by the name of the run


def measured_indices(test_digits: int, count: int) -> np.ndarray:
    """Return the indices of `count` of the test digits, evenly spread; of all of them if there are no more."""
    count = min(count, test_digits)
    return np.arange(count) * test_digits // count


def measure(runs: Sequence[Run], count: int = DEFAULT_DIGITS, seed: int = 0) -> Iterator[Progress]:
    """Measure runs of one data set on `count` of its test digits, or on all if there are no more.

    Several runs at once are faster than one after the other: each picture is made only once. Leaving the loop ends it.
    Raises RunError when a network cannot be loaded or the runs are not of one data set, DataError when the digits are
    not on this machine.
    """
    (dataset, *others) = {run.config.dataset for run in runs}
    if others:
        raise RunError("these runs read different data sets; measure those of each data set by themselves.")
    test = load_digits(dataset, "test")
    indices = measured_indices(len(test), count)
    digits, done, total = test.take(indices), 1, 1 + len(CORRUPTIONS) * len(SEVERITIES)
    clean = [int((run.predict(digits.images).argmax(1) != digits.labels).sum()) for run in runs]
    yield Progress(done, total)
    misread: list[dict[str, tuple[int, ...]]] = [dict.fromkeys(CORRUPTIONS, ()) for _ in runs]
    predicted: list[dict[str, np.ndarray]] = [{} for _ in runs]
    confidence: list[dict[str, np.ndarray]] = [{} for _ in runs]
    for name in CORRUPTIONS:
        for severity in SEVERITIES:
            images = corrupt(digits.images, name, severity, seed, indices)
            for number, run in enumerate(runs):
                probabilities = run.predict(images)
                answers = probabilities.argmax(1)
                misread[number][name] += (int((answers != digits.labels).sum()),)
                if severity == SEVERITIES[PUBLISHED]:
                    predicted[number][name] = answers.astype(np.uint8)
                    percents = (100 * probabilities.max(1)).clip(0, MAX_PERCENT)
                    confidence[number][name] = percents.astype(np.uint8)
            done += 1
            if done < total:
                yield Progress(done, total)
    results = {
        run.name: Robustness(
            dataset, len(digits), seed, clean[number], misread[number], predicted[number], confidence[number]
        )
        for number, run in enumerate(runs)
    }
    yield Progress(total, total, results)


def measure_and_save(runs: Sequence[Run], count: int = DEFAULT_DIGITS, seed: int = 0) -> Iterator[Progress]:
    """Measure tested runs and store each result in the run's folder; a loop that is left early stores nothing.

    Raises what `measure` does, RunError for a run without a result, OSError when a folder cannot be written.
    """
    for run in runs:
        _ = run.outcome
    for progress in measure(runs, count, seed):
        for run in runs:
            if run.name in progress.results:
                write_atomically(run.folder / ROBUSTNESS, to_json(to_dict(progress.results[run.name])))
        yield progress


def stored_robustness(run: Run) -> Robustness | None:
    """Return what was measured of a run; None if nothing was, or with another version of the corruptions.

    Raises RunError when the file is damaged.
    """
    file = run.folder / ROBUSTNESS
    try:
        content = parse_object(read_bytes(file, MAX_BYTES))
        if type(content.get("version")) is int and content["version"] != VERSION:
            return None
        robustness = robustness_from_dict(content)
        if robustness.dataset != run.config.dataset:
            raise ValueError(
                f"it was measured on {robustness.dataset}, and the run was trained on {run.config.dataset}"
            )
        return robustness
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        reason = str(error).partition("\n")[0].rstrip(".: ")
        raise RunError(f"{ROBUSTNESS} of run {run.name} cannot be used: {reason}; measure it again.") from None


def to_dict(robustness: Robustness) -> dict[str, Any]:
    """Return a result as what JSON can hold; the answers of each corruption are one string."""
    return {
        "version": VERSION,
        "dataset": robustness.dataset,
        "digits": robustness.digits,
        "seed": robustness.seed,
        "severities": list(SEVERITIES),
        "clean": robustness.clean,
        "misread": {name: list(counts) for name, counts in robustness.misread.items()},
        "predicted": {name: "".join(f"{digit}" for digit in values) for name, values in robustness.predicted.items()},
        "confidence": {
            name: "".join(f"{percent:02}" for percent in values) for name, values in robustness.confidence.items()
        },
    }


def robustness_from_dict(values: object) -> Robustness:
    """Return the result that `to_dict` turned into a dict and JSON stored.

    Raises ValueError when a value is missing or has a type or a range that no result has.
    """
    if not isinstance(values, dict):
        raise ValueError("it is not a JSON object")
    dataset = values.get("dataset")
    if not isinstance(dataset, str) or dataset not in TEST_SIZES:
        raise ValueError(f"its dataset is unknown: {quoted(dataset)}")
    if values.get("severities") != list(SEVERITIES):
        raise ValueError("its severities are not those of this program")
    digits = _whole_number(values.get("digits"), "digits", 1, TEST_SIZES[dataset])
    misread = {}
    for name, counts in _by_corruption(values, "misread").items():
        if not isinstance(counts, list) or len(counts) != len(SEVERITIES):
            raise ValueError(f"its misread digits under {name} are not one number for each severity")
        misread[name] = tuple(_whole_number(count, f"misread digits under {name}", 0, digits) for count in counts)
    return Robustness(
        dataset=dataset,
        digits=digits,
        seed=_whole_number(values.get("seed"), "seed", 0, 2**63),
        clean=_whole_number(values.get("clean"), "clean", 0, digits),
        misread=misread,
        predicted={name: _numbers(text, digits, 1) for name, text in _by_corruption(values, "predicted").items()},
        confidence={name: _numbers(text, digits, 2) for name, text in _by_corruption(values, "confidence").items()},
    )


def _by_corruption(values: Mapping[str, Any], key: str) -> dict[str, Any]:
    part = values.get(key)
    if not isinstance(part, dict) or part.keys() != CORRUPTIONS.keys():
        raise ValueError(f"its {key} is not one value for each corruption")
    return {name: part[name] for name in CORRUPTIONS}


def _whole_number(value: object, name: str, low: int, high: int) -> int:
    if type(value) is not int or not low <= value <= high:
        raise ValueError(f"its {name} is out of range or not a whole number: {quoted(value)}")
    return value


def _numbers(text: object, count: int, width: int) -> np.ndarray:
    """Return the numbers uint8 (count,) that a string of so many decimals each holds."""
    if not isinstance(text, str) or len(text) != count * width or not (text.isascii() and text.isdecimal()):
        raise ValueError("its answers are not one number for each digit")
    decimals = np.frombuffer(text.encode(), np.uint8).reshape(count, width) - ord("0")
    numbers: np.ndarray = (decimals @ (10 ** np.arange(width - 1, -1, -1))).astype(np.uint8)
    return numbers

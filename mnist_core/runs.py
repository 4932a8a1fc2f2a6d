"""Run folders: the config, history, weights, test predictions, result and, if it was given one, name of a training run.

`config.json` is written first and `result.json` last, and each file is written under a temporary name and then renamed.
A process killed at any moment therefore leaves either a run that loads or one that is recognised as unfinished. An
unfinished run with a `checkpoint.safetensors` can go on from there (`mnist_core.checkpoint`).
Whatever is read is checked here, once, so that nothing that uses a run has to: see `run_files` for how. Nothing is ever
unpickled.
"""

import json
import os
import secrets
import shutil
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mnist_core import models
from mnist_core.config import (
    TEST_SIZES,
    EnsembleConfig,
    TrainConfig,
    config_from_dict,
    ensemble_from_dict,
    is_name,
    is_run_name,
    validated,
)
from mnist_core.errors import MnistLabError
from mnist_core.inference import log_probabilities
from mnist_core.recipes import RECIPES
from mnist_core.request import Request, request_from_dict
from mnist_core.result import Result, result_from_dict
from mnist_core.run_files import (
    MAX_HEADER_BYTES,
    Header,
    check_kind,
    check_shapes,
    is_number,
    parse_header,
    parse_history,
    parse_object,
    read_beginning,
    read_bytes,
)
from mnist_core.snapshots import Snapshots, parse_snapshots
from mnist_core.text import plain_line, quoted

if TYPE_CHECKING:
    import torch
    from torch import nn

SHIPPED_FOLDER = Path(__file__).resolve().parent.parent / "checkpoints"
CONFIG, HISTORY, SNAPSHOTS, MODEL, PREDICTIONS, RESULT, ERROR = (
    "config.json", "history.jsonl", "snapshots.jsonl", "model.safetensors", "predictions.safetensors", "result.json",
    "error.json",
)  # fmt: skip
REQUEST = "request.json"  # only in the folder of a run that was asked for on a page
CHECKPOINT = "checkpoint.safetensors"  # while a run is unfinished: everything needed to go on from one of its steps
PAUSED = "paused.json"  # beside the checkpoint of a run that was paused, until it goes on
NEW_LEARNING_RATE = "new_learning_rate"  # in a row of the history: the peak of the schedule from the step after it on
TITLE = "title.json"  # only in the folder of a run that was given a name by hand
MAX_TITLE_LENGTH = 40  # characters
MAX_ERROR_LENGTH = 500
MAX_BYTES = {  # of each file: a larger one was written by no training run, and is not read
    CONFIG: 20_000,
    RESULT: 20_000,
    ERROR: 20_000,
    TITLE: 20_000,
    REQUEST: 20_000,
    HISTORY: 4_000_000,
    SNAPSHOTS: 40_000_000,
    MODEL: 60_000_000,  # the largest network has 13 MB
    CHECKPOINT: 200_000_000,  # the weights up to five times, and the order of the digits
    PREDICTIONS: 1_000_000,  # of 10,000 digits 410 kB
}
MAX_WEIGHT = 1e6  # of a network that still computes numbers
EXTREMES = np.array([0, 255], np.uint8).repeat(28 * 28).reshape(2, 28, 28)  # a black and a white image
SUM_TOLERANCE = 0.01  # how far ten stored probabilities may be from 1 together, after rounding

HistoryRow = dict[str, float]  # see `Run.history`


class RunError(MnistLabError, ValueError):
    """A run that cannot be found, read or written."""


@dataclass(frozen=True)
class Predictions:
    """What a run predicted on its whole test set, with its temperature."""

    log_probabilities: np.ndarray  # float32 (N, 10)
    labels: np.ndarray  # int64 (N,)


class Run:
    """One run folder. Does not import torch until `model` or `predict` is called."""

    def __init__(self, folder: Path | str) -> None:
        """Read config.json. Raises RunError when it is missing or damaged."""
        self.folder = Path(folder)
        self.name = self.folder.name
        self._result: Result | None = None
        content = self._json(CONFIG)
        try:
            self.config: TrainConfig | EnsembleConfig = (
                ensemble_from_dict(content) if is_ensemble(content) else config_from_dict(content["config"])
            )
            recipe = content.get("recipe")
            if recipe is not None and not is_name(recipe):
                raise ValueError(f"its recipe must be a name, got {quoted(recipe)}")
            self.recipe: str | None = None if self.members else recipe
            self.created: str = time_or_nothing(content.get("created"))
        except KeyError:
            raise self._broken(CONFIG, "it has no settings") from None
        except ValueError as error:
            raise self._broken(CONFIG, error) from None

    @property
    def members(self) -> tuple[str, ...]:
        """The names of an ensemble's members; empty for a single network."""
        return self.config.members if isinstance(self.config, EnsembleConfig) else ()

    @property
    def shipped(self) -> bool:
        """Whether the run is one of those that come with the app."""
        return self.folder.parent == SHIPPED_FOLDER and "@" not in self.name

    @property
    def status(self) -> str:
        """One of "finished", "stopped" (early, but tested), "failed", "paused" and "unfinished".

        An unfinished run is still training or was interrupted. Raises RunError when the result is damaged.
        """
        if self.result:
            return self.result.status
        if os.path.lexists(self.folder / ERROR):
            return "failed"
        return "paused" if self.paused else "unfinished"

    @property
    def paused(self) -> bool:
        """Whether the run was paused and nobody has let it go on since."""
        return (self.folder / PAUSED).exists() and self.resumable

    @property
    def resumable(self) -> bool:
        """Whether the run has a checkpoint to go on from: it was paused or interrupted, or failed after a while."""
        return (self.folder / CHECKPOINT).exists() and not (self.folder / RESULT).exists()

    @property
    def error(self) -> str | None:
        """Why the run failed, in one sentence; None for a run that did not. Raises RunError when a file is damaged."""
        return (
            plain_line(str(self._json(ERROR).get("error", "")))[:MAX_ERROR_LENGTH] if self.status == "failed" else None
        )

    @property
    def result(self) -> Result | None:
        """The result, None until there is one. Raises RunError when the file is damaged."""
        if self._result is None and os.path.lexists(self.folder / RESULT):
            try:
                result = result_from_dict(self._json(RESULT), self.config.dataset)
                if result.steps is None and not self.members:
                    raise ValueError("it does not say how many steps were made")
                self._result = result
            except RunError:
                raise
            except ValueError as error:
                raise self._broken(RESULT, error) from None
        return self._result

    @property
    def tested(self) -> bool:
        """Whether the run has a result, and one that can be read."""
        try:
            return self.result is not None
        except RunError:
            return False

    @property
    def outcome(self) -> Result:
        """The result of a run that is known to have one. Raises RunError when it has none or it is damaged."""
        if self.result is None:
            raise RunError(f"{self.name} has no result: it is still training, or was interrupted; choose another run.")
        return self.result

    @property
    def history(self) -> list[HistoryRow]:
        """The rows written so far, read from the file each time.

        Each has "step", "epoch" and "seconds", and either "loss" and "accuracy" of the latest batches or, at the end of
        an epoch, "validation_" and mostly "train_" loss and accuracy. A row with "validation_images" was measured
        within an epoch, on so many of the held-out digits; all others on all of them. A row with "new_learning_rate"
        says that the learning rate was changed while the run was paused. Raises RunError when the file is damaged.
        """
        text = self._text(HISTORY)
        try:
            return parse_history(text)
        except ValueError as error:
            raise self._broken(HISTORY, error) from None

    @property
    def snapshots(self) -> Snapshots | None:
        """The snapshots taken so far, read from the file each time; None for a run that has none, as older ones.

        Raises RunError when the file is damaged.
        """
        text = self._text(SNAPSHOTS)
        try:
            return parse_snapshots(text)
        except ValueError as error:
            raise self._broken(SNAPSHOTS, error) from None

    @cached_property
    def title(self) -> str:
        """What its owner calls the run, as plain text; empty for a run that was not named.

        A file that cannot be read counts as no name: a run is never lost because of it.
        """
        try:
            stored = self._json(TITLE).get("title")
        except RunError:
            return ""
        return plain_line(stored)[:MAX_TITLE_LENGTH].strip() if isinstance(stored, str) and not self.shipped else ""

    def rename(self, title: str) -> None:
        """Name the run; an empty title takes its name away. Line breaks and control characters become spaces.

        Raises RunError for a shipped run, a title that is too long, or a folder that cannot be written to.
        """
        title = plain_line(title)
        if self.shipped:
            raise RunError(f"{self.name} comes with the app and keeps its name; only your own runs can be renamed.")
        if len(title) > MAX_TITLE_LENGTH:
            raise RunError(f"A name has at most {MAX_TITLE_LENGTH} characters; this one has {len(title)}.")
        try:
            if title:
                write_atomically(self.folder / TITLE, to_json({"title": title}))
            else:
                (self.folder / TITLE).unlink(missing_ok=True)
        except OSError as error:
            raise RunError(f"{self.name} cannot be renamed ({error.strerror or error}).") from None
        self.__dict__.pop("title", None)
        self._tell_indexes()

    @cached_property
    def request(self) -> Request | None:
        """Who asked for the run on a page, and what is to become of it; None for a run that was made otherwise.

        A file that cannot be read counts as no request: a run is never lost because of it.
        """
        try:
            return request_from_dict(self._json(REQUEST))
        except (RunError, ValueError):
            return None

    @property
    def owner(self) -> str | None:
        """The SHA-256 of the token of the visitor who asked for the run; None if nobody is known."""
        return self.request.owner if self.request is not None else None

    @property
    def pinned(self) -> bool:
        """Whether the run is kept when older ones are removed to make room."""
        return self.request is not None and self.request.pinned

    def save_request(self, **changes: Any) -> Request:
        """Store the request with these changes, or a new one, and return it. Raises OSError."""
        self.__dict__.pop("request", None)
        request = replace(self.request or Request(), **changes)
        write_atomically(self.folder / REQUEST, to_json(asdict(request)))
        self.__dict__["request"] = request
        self._tell_indexes()
        return request

    def _tell_indexes(self) -> None:
        """Let every index of runs look at all of them again; without it they notice a change within a second."""
        with suppress(OSError):
            os.utime(self.folder.parent)

    def look_at(self) -> None:
        """Remember that somebody looks at the run now, as the time of access of its request."""
        with suppress(OSError):
            file = self.folder / REQUEST
            os.utime(file, ns=(time.time_ns(), file.stat().st_mtime_ns))

    @property
    def last_used(self) -> float:
        """When its request was changed or somebody looked at the run, in seconds since 1970; 0 without a request."""
        try:
            status = (self.folder / REQUEST).stat()
        except OSError:
            return 0.0
        return max(status.st_atime, status.st_mtime)

    @property
    def size(self) -> int:
        """The bytes in its folder."""
        try:
            return sum(entry.stat().st_size for entry in os.scandir(self.folder) if entry.is_file())
        except OSError:
            return 0

    def delete(self) -> None:
        """Remove the folder. Raises RunError for a shipped run, and when the folder cannot be removed."""
        if self.shipped:
            raise RunError(f"{self.name} comes with the app and cannot be deleted.")
        try:
            (self.folder / CONFIG).unlink(missing_ok=True)  # from here on it is no run, also if what follows fails
            shutil.rmtree(self.folder)
        except FileNotFoundError:
            return
        except OSError as error:
            raise RunError(f"{self.name} cannot be deleted ({error.strerror or error}).") from None

    def check(self) -> None:
        """Raise RunError when the result, the error or, of a tested run, the header of a file of arrays is damaged.

        The rest is checked when it is read.
        """
        if self.status in ("finished", "stopped"):
            for file in (PREDICTIONS, MODEL):
                if os.path.lexists(self.folder / file):
                    self._header(file)
        _ = self.error

    @cached_property
    def predictions(self) -> Predictions:
        """The predictions on the test set. Raises RunError when there are none or they are damaged."""
        from safetensors.numpy import load

        self._header(PREDICTIONS)
        count = self.result.test.images if self.result else TEST_SIZES[self.config.dataset]
        try:
            return checked_predictions(load(self.content(PREDICTIONS)), count)
        except RunError:
            raise
        except Exception as error:  # safetensors has an error class for each kind of damage
            raise self._broken(PREDICTIONS, error) from None

    @property
    def temperature(self) -> float:
        """What the scores are divided by before the softmax; 1 without a result that can be read."""
        return self.outcome.temperature if self.tested else 1.0

    def model(self) -> "nn.Module":
        """Return the network in evaluation mode: an `nn.Sequential` of named layers, or an `Ensemble` of such networks.

        Its last layer includes the temperature: weights and biases are divided by it. It is loaded once. Raises
        RunError when its file is missing or damaged, or when a member is missing.
        """
        return self._model

    @cached_property
    def _model(self) -> "nn.Module":
        network = self.model_as_trained()
        if isinstance(self.config, TrainConfig):
            divide_scores(network, self.temperature)
        else:
            network.temperature = self.temperature  # type: ignore[assignment]  # of an Ensemble
        return network

    def model_as_trained(self) -> "nn.Module":
        """Return a network of its own, as `model` does, but without the temperature. Raises RunError as it does."""
        if isinstance(self.config, EnsembleConfig):
            return self._ensemble(self.config.members)
        from safetensors.torch import load

        header = self._header(MODEL)
        try:
            check_shapes(header, models.parameter_shapes(self.config.architecture))
            stored = load(self.content(MODEL))
            if not all(
                bool((value.abs() <= MAX_WEIGHT).all()) for value in stored.values() if value.is_floating_point()
            ):
                raise ValueError("it holds weights that no network learns")  # such as NaN, which is not below anything
            network = models.build(self.config.architecture, self.config.dropout)
            network.load_state_dict({name: value.float() for name, value in stored.items()})
            if not np.isfinite(log_probabilities(network.eval(), EXTREMES)).all():
                raise ValueError("its network does not compute numbers")
        except RunError:
            raise
        except Exception as error:  # each kind of damage has its own error class
            raise self._broken(MODEL, error) from None
        return network.eval()

    def _ensemble(self, names: tuple[str, ...]) -> "nn.Module":
        from mnist_core.ensemble_module import Ensemble

        members = [find_run(name) for name in names]
        missing = [name for name, run in zip(names, members, strict=True) if run is None or run.members]
        if missing:
            raise self._broken(CONFIG, f"its member {missing[0]!r} is not a single network on this machine")
        return Ensemble([run.model_as_trained() for run in members if run is not None]).eval()

    def predict(self, images: np.ndarray) -> np.ndarray:
        """Return the probabilities, float32 (N, 10), of uint8 images (N, 28, 28) with bright ink on black.

        Raises ValueError for images of another type or shape, RunError when the network cannot be loaded.
        """
        images = np.asarray(images)
        if images.dtype != np.uint8 or images.ndim != 3 or images.shape[1:] != (28, 28):
            raise ValueError(f"images must be uint8 of shape (N, 28, 28), got {images.dtype} of shape {images.shape}")
        probabilities: np.ndarray = np.exp(log_probabilities(self.model(), images))
        return probabilities

    def config_to_train(self) -> TrainConfig:
        """Return the config of a run that can be trained or go on.

        Raises RunError when it has a result, is an ensemble or comes with the app.
        """
        if isinstance(self.config, EnsembleConfig) or self.shipped or self.result is not None:
            raise RunError(f"{self.name} cannot be trained further: it is finished; start a new run instead.")
        return self.config

    def change_learning_rate(self, learning_rate: float) -> None:
        """Let the run go on with another learning rate: the schedule keeps its shape, its peak becomes this one.

        It takes effect with the first step after the checkpoint, which a row of the history says; config.json stays as
        it was. Only for a run that nobody trains at the moment. Raises RunError when the run has no checkpoint, or one
        that is damaged, ConfigError for an impossible learning rate, OSError when the folder cannot be written.
        """
        rate = validated("learning_rate", learning_rate)
        if not self.resumable or isinstance(self.config, EnsembleConfig):
            raise RunError(f"{self.name} has no checkpoint to go on from, so its learning rate cannot be changed.")
        position = self.checkpoint_position()
        rows = [
            row
            for row in self._rows_until(int(position["step"]))
            if not (row["step"] == position["step"] and NEW_LEARNING_RATE in row)
        ]
        if rate != latest_learning_rate(rows, self.config):
            rows.append(position | {NEW_LEARNING_RATE: rate})
        self._rewrite(HISTORY, [json.dumps(row) for row in rows])

    def checkpoint_position(self) -> HistoryRow:
        """Return "step", "epoch" and "seconds" of the checkpoint. Raises RunError when there is none or it is damaged.

        Only the head of the file is read.
        """
        from safetensors import safe_open

        try:
            with safe_open(self.checkpoint_file(), "np") as stored:
                position = json.loads(stored.metadata()["position"])
            if set(position) != {"step", "epoch", "seconds"} or not all(
                is_number(value) for value in position.values()
            ):
                raise ValueError("its position is not that of a training run")
        except RunError:
            raise
        except Exception as error:  # each kind of damage has its own error class
            raise broken_checkpoint(self, error) from None
        return dict(position)

    def checkpoint_file(self) -> Path:
        """Return the path of the checkpoint. Raises RunError when there is none, or it is too large or not a file."""
        try:
            check_kind(os.lstat(self.folder / CHECKPOINT), MAX_BYTES[CHECKPOINT])
        except FileNotFoundError:
            raise RunError(f"{self.name} has no {CHECKPOINT} to go on from; train it again.") from None
        except (OSError, ValueError) as error:
            raise broken_checkpoint(self, error) from None
        return self.folder / CHECKPOINT

    # Written during training, in this order. These methods raise OSError when the folder cannot be written.

    def begin(self, step: int = 0) -> None:
        """Prepare the folder for training to go on after this step, or to begin: forget all that came later.

        Raises RunError when the history is damaged.
        """
        self._rewrite(HISTORY, [json.dumps(row) for row in self._rows_until(step)] if step else [])
        self._rewrite(SNAPSHOTS, self._snapshots_until(step) if step else [])
        stale = [ERROR, PAUSED] if step else [ERROR, PAUSED, MODEL, CHECKPOINT]
        for file in [*(self.folder / name for name in stale), *self.folder.glob(f".{CHECKPOINT}.*")]:
            file.unlink(missing_ok=True)

    def save_checkpoint(self, content: bytes) -> None:
        """Store what `mnist_core.checkpoint` needs to go on, replacing what was stored before."""
        write_atomically(self.folder / CHECKPOINT, content)

    def pause(self) -> None:
        """Mark the run as paused. Its checkpoint must have been stored."""
        write_atomically(self.folder / PAUSED, to_json({}))

    def log(self, row: dict[str, float]) -> None:
        """Append one row to the history."""
        self._append(HISTORY, json.dumps(row))

    def log_snapshot(self, line: str) -> None:
        """Append one line to the snapshots: the digits first, see `mnist_core.snapshots`."""
        self._append(SNAPSHOTS, line)

    def save_model(self, model: "nn.Module") -> None:
        """Store the weights of a model, replacing those stored before."""
        self.save_weights(model.state_dict())

    def save_weights(self, weights: "dict[str, torch.Tensor]") -> None:
        """Store weights, replacing those stored before."""
        from safetensors.torch import save

        write_atomically(self.folder / MODEL, save({name: value.cpu().contiguous() for name, value in weights.items()}))

    def finish(self, result: Result, predictions: Predictions) -> None:
        """Store the test predictions, then the result, which marks the run as complete; it needs no checkpoint then."""
        from safetensors.numpy import save

        tensors = {
            "log_probabilities": predictions.log_probabilities,
            "labels": predictions.labels.astype(np.uint8),
        }
        write_atomically(self.folder / PREDICTIONS, save(tensors))
        write_atomically(self.folder / RESULT, to_json(asdict(result)))
        for name in (CHECKPOINT, PAUSED):
            (self.folder / name).unlink(missing_ok=True)

    def fail(self, sentence: str) -> None:
        """Mark the run as failed, with the reason."""
        write_atomically(self.folder / ERROR, to_json({"error": sentence}))

    def _append(self, file: str, line: str) -> None:
        with open(self.folder / file, "a", encoding="utf-8") as stream:
            stream.write(line + "\n")

    def _rewrite(self, file: str, lines: list[str]) -> None:
        if lines:
            write_atomically(self.folder / file, "".join(f"{line}\n" for line in lines).encode())
        else:
            (self.folder / file).unlink(missing_ok=True)

    def _rows_until(self, step: int) -> list[HistoryRow]:
        return [row for row in self.history if row["step"] <= step]

    def _snapshots_until(self, step: int) -> list[str]:
        """Return the first line of the snapshots and those of steps up to this one."""
        lines = self._text(SNAPSHOTS).split("\n")[:-1]  # the last line may be half-written
        try:
            return lines[:1] + [line for line in lines[1:] if json.loads(line)["step"] <= step]
        except (ValueError, KeyError, TypeError, RecursionError):
            raise self._broken(SNAPSHOTS, "its lines are not those of snapshots") from None

    def _text(self, file: str) -> str:
        try:
            return read_bytes(self.folder / file, MAX_BYTES[file]).decode("utf-8")
        except FileNotFoundError:
            return ""
        except (OSError, ValueError) as error:
            raise self._broken(file, error) from None

    def content(self, file: str) -> bytes:
        """Return the content of a file. Raises RunError when there is none or it cannot be read."""
        try:
            return read_bytes(self.folder / file, MAX_BYTES[file])
        except FileNotFoundError:
            raise RunError(f"{self.name} has no {file}: training did not get that far; train it again.") from None
        except (OSError, ValueError) as error:
            raise self._broken(file, error) from None

    def _header(self, file: str) -> Header:
        """Return what a file of arrays says of them; nothing else is read. Raises RunError as `_content` does."""
        try:
            return parse_header(*read_beginning(self.folder / file, MAX_HEADER_BYTES, MAX_BYTES[file]))
        except FileNotFoundError:
            raise RunError(f"{self.name} has no {file}: training did not get that far; train it again.") from None
        except (OSError, ValueError) as error:
            raise self._broken(file, error) from None

    def _json(self, file: str) -> dict[str, Any]:
        try:
            return parse_object(read_bytes(self.folder / file, MAX_BYTES[file]))
        except FileNotFoundError:
            raise RunError(f"{self.folder} is not a run: it has no {file}.") from None
        except (OSError, ValueError) as error:
            raise self._broken(file, error) from None

    def _broken(self, file: str, why: Exception | str) -> RunError:
        reason = (why.strerror or "it cannot be read") if isinstance(why, OSError) else str(why)
        first_line = plain_line(reason.partition("\n")[0])[:500].rstrip(".: ")
        name = plain_line(self.name)[:100]
        return RunError(f"{file} of run {name} cannot be used: {first_line}; delete the run or train it again.")


def checked_predictions(stored: dict[str, np.ndarray], count: int) -> Predictions:
    """Return the predictions on `count` digits from the arrays of a file. Raises ValueError when they are none."""
    if stored.keys() != {"log_probabilities", "labels"}:
        raise ValueError("it does not hold the predictions of a run")
    log_probs, labels = stored["log_probabilities"], stored["labels"]
    if log_probs.shape != (len(labels), 10) or log_probs.dtype != np.float32 or labels.shape != (len(labels),):
        raise ValueError(f"it holds {log_probs.dtype} of shape {log_probs.shape}, not (N, 10)")
    if len(labels) != count:
        raise ValueError(f"it holds the predictions of {len(labels):,} digits, and the run was tested on {count:,}")
    if labels.dtype.kind not in "iu" or labels.min() < 0 or labels.max() > 9:
        raise ValueError("its labels are not digits")
    if not np.isfinite(log_probs).all() or np.abs(np.exp(log_probs).sum(1) - 1).max() > SUM_TOLERANCE:
        raise ValueError("its probabilities do not add up to 1")
    return Predictions(log_probs, labels.astype(np.int64))


def time_or_nothing(value: object) -> str:
    """Return a time in ISO 8601 as it is; an empty string for anything else, and for years without any run."""
    try:
        return value if isinstance(value, str) and 1970 <= datetime.fromisoformat(value).year < 3000 else ""
    except ValueError:
        return ""


def divide_scores(network: "nn.Module", temperature: float) -> None:
    """Divide the scores that the network computes, those of its last layer, by a temperature, in place."""
    *_, last = network.modules()
    for weight in last.parameters():
        weight.data /= temperature


def latest_progress(history: list[HistoryRow]) -> HistoryRow:
    """Return the last row that has the loss and accuracy of batches; an empty dict if there is none."""
    return next((row for row in reversed(history) if "loss" in row), {})


def learning_rate_changes(history: Sequence[HistoryRow]) -> list[HistoryRow]:
    """Return the rows that say when the learning rate was changed, and to what."""
    return [row for row in history if NEW_LEARNING_RATE in row]


def latest_learning_rate(history: Sequence[HistoryRow], config: TrainConfig) -> float:
    """Return the peak of the learning rate with which a run goes on: that of its config unless it was changed."""
    return ([config.learning_rate] + [row[NEW_LEARNING_RATE] for row in learning_rate_changes(history)])[-1]


def broken_checkpoint(run: Run, why: Exception | str) -> RunError:
    """Return the error for a checkpoint that cannot be used."""
    first_line = str(why).partition("\n")[0].rstrip(".: ")
    return RunError(
        f"{CHECKPOINT} of run {run.name} cannot be used: {first_line}; "
        "delete this file to train the run from its start."
    )


def is_ensemble(content: dict[str, Any]) -> bool:
    """Return whether this content of a config.json is that of an ensemble, also of one made before 2026-11-25."""
    return content.get("kind") == "ensemble" or bool(content.get("members"))


def runs_folder() -> Path:
    """Return the folder of new runs: `MNIST_RUNS_DIR` if that is set, else the folder of the shipped runs."""
    return Path(os.environ.get("MNIST_RUNS_DIR") or SHIPPED_FOLDER)


def create_run(
    config: TrainConfig | EnsembleConfig,
    recipe: str | None = None,
    out: Path | None = None,
    request: Request | None = None,
) -> Run:
    """Create a run folder that holds config.json and, if there is one, the request for the run.

    It is at `out`, or has a new name with the time in it.

    Raises ConfigError for an unknown architecture, RunError when the folder cannot be written or is not empty.
    """
    if isinstance(config, EnsembleConfig):
        kind, label = "ensemble", "ensemble"
    else:
        models.get_architecture(config.architecture)
        kind, label = "training", recipe or config.architecture
    now = datetime.now(UTC)
    folder = out if out is not None else runs_folder() / f"{label}@{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    content = {
        "kind": kind, "recipe": recipe, "created": now.isoformat(timespec="seconds"), "config": asdict(config),
    }  # fmt: skip
    try:
        if folder.exists() and any(folder.iterdir()):
            raise RunError(f"{folder} is not empty; choose another folder for the run, or empty it.")
        folder.mkdir(parents=True, exist_ok=True)
        if request is not None:
            write_atomically(folder / REQUEST, to_json(asdict(request)))
        write_atomically(folder / CONFIG, to_json(content))
    except OSError as error:
        raise RunError(
            f"The run cannot be written to {folder} ({error.strerror or error}); "
            "free some space or set MNIST_RUNS_DIR to a folder that can be written to."
        ) from None
    return Run(folder)


FileStamp = tuple[int, int, int] | None  # inode, modification time in ns and size; None where there is no file
RESCAN_INTERVAL = 1_000_000_000  # ns between two looks at the files of finished runs
TIMESTAMP_RESOLUTION = 20_000_000  # ns: two changes within it may have the same modification time


@dataclass(frozen=True)
class DamagedRun:
    """A folder among the runs that cannot be used."""

    name: str  # of the folder, on one line
    reason: str  # in one sentence


def read_run(folder: Path) -> Run | DamagedRun | None:
    """Return the checked run in a folder among the runs; None for a file, or a folder that holds nothing of a run."""
    name = plain_line(folder.name)[:100]
    if not folder.is_dir() or not any(os.path.lexists(folder / file) for file in MAX_BYTES):
        return None
    if not is_run_name(folder.name):
        return DamagedRun(name, "The name of this folder is not that of a run; use letters, digits, _, @, - and dots.")
    if folder.is_symlink():
        return DamagedRun(name, f"{name} is a link to another place, and links are not followed; move the folder here.")
    try:
        run = Run(folder)
        run.check()
        return run
    except RunError as error:
        return DamagedRun(name, str(error))


class RunIndex:
    """All runs on this machine. Each is read once, and again only when its config, title, request, result or error
    changes.

    New, renamed, deleted and unfinished runs are noticed at once, changes inside a finished run within a second. Safe
    to use from any thread.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: dict[Path, tuple[tuple[FileStamp, ...], Run | DamagedRun | None]] = {}
        self._runs: dict[str, Run] = {}  # in the order in which they are listed
        self._owners: frozenset[str] = frozenset()
        self._parents: dict[Path, FileStamp] = {}
        self._scanned = 0  # when all folders were last looked at, in ns since 1970

    def runs(self) -> list[Run]:
        """Return the shipped runs in the order of their recipes, then all others, the newest first.

        A folder that is not a run is left out, and so is a damaged one.
        """
        with self._lock:
            self._refresh()
            return list(self._runs.values())

    def owners(self) -> frozenset[str]:
        """Return whose runs these are; nobody's are left out."""
        with self._lock:
            self._refresh()
            return self._owners

    def damaged(self) -> list[DamagedRun]:
        """Return what else looks like a run and cannot be used, by name."""
        with self._lock:
            self._refresh()
            found = [run for _, run in self._entries.values() if isinstance(run, DamagedRun)]
        return sorted(found, key=lambda run: run.name)

    def get(self, name: str | None) -> Run | None:
        """Return the run of this name, or None. The name is only compared with existing names, never used as a path."""
        with self._lock:
            self._refresh()
            return self._runs.get(name) if name is not None else None

    def _refresh(self) -> None:
        now = time.time_ns()
        parents = {parent: _stamp(parent) for parent in (SHIPPED_FOLDER, runs_folder())}
        settled = all(stamp is None or stamp[1] < self._scanned - TIMESTAMP_RESOLUTION for stamp in parents.values())
        if settled and parents == self._parents and 0 <= now - self._scanned < RESCAN_INTERVAL:
            folders = {
                folder for folder, (_, run) in self._entries.items() if not isinstance(run, Run) or not run.tested
            }
            entries = self._entries | {folder: self._entry(folder) for folder in folders}
        else:
            entries = {folder: self._entry(folder) for parent in parents for folder in _subfolders(parent)}
            self._parents, self._scanned = parents, now
        if entries != self._entries:
            self._entries = entries
            self._runs = _in_order([run for _, run in entries.values() if isinstance(run, Run)])
            self._owners = frozenset(run.owner for run in self._runs.values() if run.owner is not None)

    def _entry(self, folder: Path) -> tuple[tuple[FileStamp, ...], Run | DamagedRun | None]:
        entry = self._entries.get(folder)
        damaged = entry is not None and isinstance(entry[1], DamagedRun)
        watched = MAX_BYTES if damaged else (CONFIG, TITLE, RESULT, ERROR, REQUEST)
        stamps = tuple(_stamp(folder / file) for file in watched)
        if entry is not None and entry[0] == stamps:
            return entry
        run = read_run(folder)
        if isinstance(run, DamagedRun) and not damaged:
            stamps = tuple(_stamp(folder / file) for file in MAX_BYTES)  # a repair of any file is noticed
        return stamps, run


def _in_order(runs: list[Run]) -> dict[str, Run]:
    order = {name: index for index, name in enumerate(RECIPES)}
    shipped = [run for run in runs if run.shipped]
    shipped.sort(key=lambda run: (order.get(run.name, len(order)), run.name))
    others = [run for run in runs if not run.shipped]
    others.sort(key=lambda run: run.created, reverse=True)
    by_name: dict[str, Run] = {}
    for run in shipped + others:
        by_name.setdefault(run.name, run)
    return by_name


def _subfolders(parent: Path) -> list[Path]:
    try:
        return [parent / entry.name for entry in os.scandir(parent)]
    except OSError:  # it does not exist, or may not be read
        return []


def _stamp(file: Path) -> FileStamp:
    try:
        status = file.lstat()
    except (OSError, ValueError):
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


def list_runs() -> list[Run]:
    """Return the shipped runs in the order of their recipes, then all others, the newest first."""
    return RunIndex().runs()


def list_damaged() -> list[DamagedRun]:
    """Return what looks like a run and cannot be used, by name."""
    return RunIndex().damaged()


def load_run(name_or_path: str | Path) -> Run:
    """Return the run of this name, shipped or trained here, or the run in this folder.

    Raises RunError when there is none or its config.json is damaged.
    """
    text = str(name_or_path)
    run = find_run(text)
    if run is None and is_run_name(text) and not os.path.isdir(text):
        names = ", ".join(run.name for run in list_runs()) or "none yet"
        raise RunError(f"there is no run {quoted(text)}; the runs are {names}.")
    return run or Run(name_or_path)


def find_run(name: str) -> Run | None:
    """Return the run of this name, or None. Raises RunError when it is damaged."""
    for parent in (SHIPPED_FOLDER, runs_folder()):
        if is_run_name(name) and parent.is_dir() and name in os.listdir(parent):
            run = read_run(parent / name)
            if isinstance(run, DamagedRun):
                raise RunError(run.reason)
            return run
    return None


def write_atomically(file: Path, content: bytes) -> None:
    """Write a temporary file and rename it: readers see either the old content or the new. Raises OSError."""
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with open(temporary, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, file)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def to_json(content: dict[str, Any]) -> bytes:
    """Return indented JSON, which people can read too."""
    return (json.dumps(content, indent=1) + "\n").encode()

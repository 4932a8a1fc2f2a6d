"""A run is a folder: the recipe, the history, the best model, its answers on the test set, the result.

`config.json` comes first and `result.json` last, everything is written beside and renamed into place, so a process
killed at any moment leaves either a run that loads or one that is seen to be unfinished. Nothing is ever unpickled.
"""

import json
import os
import re
import secrets
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mnist_core import models
from mnist_core.config import TrainConfig, from_dict
from mnist_core.metrics import log_probabilities
from mnist_core.recipes import RECIPES

if TYPE_CHECKING:
    from torch import nn

SHIPPED = Path(__file__).resolve().parent.parent / "checkpoints"
CONFIG, HISTORY, MODEL, PREDICTIONS, RESULT, ERROR = (
    "config.json", "history.jsonl", "model.safetensors", "predictions.safetensors", "result.json", "error.json",
)  # fmt: skip

RESULT_KEYS = {
    "status", "test", "validation", "best_epoch", "epochs", "steps", "parameters", "seconds", "cpu_seconds", "device",
    "precision", "machine",
}  # fmt: skip
SCORES = {"test": {"accuracy", "loss", "images", "interval"}, "validation": {"accuracy", "loss"}}


class RunError(ValueError):
    """A run that cannot be found, read or written; the message says which, why and what to do."""


@dataclass(frozen=True)
class Predictions:
    """What a run answered on its whole test set."""

    log_probabilities: np.ndarray  # float32 (N, 10)
    labels: np.ndarray  # int64 (N,)


class Run:
    """One run folder. Reading it needs no torch, until `model` or `predict` is asked for."""

    def __init__(self, folder: Path | str) -> None:
        """Raises RunError when the folder holds no readable config.json."""
        self.folder = Path(folder)
        self.name = self.folder.name
        self._result: dict[str, Any] = {}
        about = self._json(CONFIG)
        try:
            self.config: TrainConfig = from_dict(about["config"])
            self.recipe: str | None = about.get("recipe")
            if not isinstance(self.recipe, str | None):
                raise ValueError(f"its recipe is no name but {self.recipe!r}")
            self.created: str = str(about.get("created", ""))
            self.members: list[str] = about.get("members", [])  # of a vote: the names of the runs that vote
            if not isinstance(self.members, list) or not all(isinstance(name, str) for name in self.members):
                raise ValueError(f"its members are no names but {self.members!r}")
        except (KeyError, TypeError, ValueError) as error:
            raise self._broken(CONFIG, error) from None

    @property
    def shipped(self) -> bool:
        """Does it come with the app, rather than from somebody's training?"""
        return self.folder.parent == SHIPPED and "@" not in self.name

    @property
    def status(self) -> str:
        """finished, stopped (early, but tested), failed, or unfinished: still training, or killed while it was."""
        if self.result:
            return str(self.result["status"])
        return "failed" if (self.folder / ERROR).exists() else "unfinished"

    @property
    def error(self) -> str | None:
        """Why a failed run failed, in one sentence."""
        return str(self._json(ERROR).get("error", "")) if self.status == "failed" else None

    @property
    def result(self) -> dict[str, Any]:
        """What came out, as `training.train` wrote it; empty until then. Raises RunError when it is damaged."""
        if not self._result and (self.folder / RESULT).exists():
            result = self._json(RESULT)
            if result.get("status") not in ("finished", "stopped") or not whole(result):
                raise self._broken(RESULT, "it is not the result of a training")
            self._result = result
        return self._result

    @property
    def history(self) -> list[dict[str, float]]:
        """The rows written so far, read anew: some hold loss and accuracy of the latest batches, those at an epoch's
        end hold train_ and validation_ loss and accuracy; all hold step, epoch and seconds."""
        try:
            lines = (self.folder / HISTORY).read_text("utf-8").split("\n")
        except FileNotFoundError:
            return []
        except (OSError, UnicodeDecodeError) as error:
            raise self._broken(HISTORY, error) from None
        try:
            rows = [json.loads(line) for line in lines[:-1]]  # the last one may be half-written
        except (ValueError, RecursionError) as error:
            raise self._broken(HISTORY, error) from None
        if not all(isinstance(row, dict) and {"step", "epoch", "seconds"} <= row.keys() for row in rows):
            raise self._broken(HISTORY, "its rows are not those of a training")
        return rows

    def check(self) -> None:
        """Raises RunError if its result, history or error is damaged."""
        _ = self.result, self.error, self.history

    @cached_property
    def predictions(self) -> Predictions:
        """Its answers on the test set. Raises RunError when there are none or they are damaged."""
        from safetensors.numpy import load_file

        try:
            stored = load_file(self._existing(PREDICTIONS))
            answers, labels = stored["log_probabilities"], stored["labels"].astype(np.int64)
        except RunError:
            raise
        except Exception as error:  # safetensors raises an error of its own for each way to be damaged
            raise self._broken(PREDICTIONS, error) from None
        if answers.shape != (len(labels), 10) or answers.dtype != np.float32:
            raise self._broken(PREDICTIONS, f"it holds {answers.dtype} of shape {answers.shape}, not (N, 10)")
        return Predictions(answers, labels)

    def model(self) -> "nn.Module":
        """The network of the run, ready to answer: a chain of named layers, or a vote of such.

        Raises RunError when its file is missing or does not fit.
        """
        return self._model

    @cached_property
    def _model(self) -> "nn.Module":
        if self.members:
            return self._vote()
        from safetensors.torch import load_file

        try:
            network = models.build(self.config.architecture, self.config.dropout)
            network.load_state_dict({k: v.float() for k, v in load_file(self._existing(MODEL)).items()})
        except RunError:
            raise
        except Exception as error:  # one error of its own for each way to be damaged or foreign
            raise self._broken(MODEL, error) from None
        return network.eval()

    def _vote(self) -> "nn.Module":
        from mnist_core.ensemble import Vote

        members = [named(name) for name in self.members]
        missing = [name for name, run in zip(self.members, members, strict=True) if run is None or run.members]
        if missing:
            raise self._broken(CONFIG, f"there is no single network {missing[0]!r} to vote")
        return Vote([run.model() for run in members if run is not None]).eval()

    def predict(self, images: np.ndarray) -> np.ndarray:
        """uint8 (N, 28, 28), ink bright on black, to float32 (N, 10) probabilities; each row sums to 1."""
        images = np.asarray(images)
        if images.dtype != np.uint8 or images.ndim != 3 or images.shape[1:] != (28, 28):
            raise ValueError(f"images must be uint8 of shape (N, 28, 28), got {images.dtype} of shape {images.shape}")
        probabilities: np.ndarray = np.exp(log_probabilities(self.model(), images))
        return probabilities

    # What training writes, in this order.

    def log(self, row: dict[str, float]) -> None:
        """Append one row to the history."""
        with open(self.folder / HISTORY, "a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")

    def save_model(self, model: "nn.Module") -> None:
        """Store the weights in place of those stored before."""
        from safetensors.torch import save

        weights = {name: value.cpu().contiguous() for name, value in model.state_dict().items()}
        replace(self.folder / MODEL, save(weights))

    def finish(self, result: dict[str, Any], predictions: Predictions) -> None:
        """Store the answers on the test set, then the result, which marks the run as done."""
        from safetensors.numpy import save

        tensors = {
            "log_probabilities": predictions.log_probabilities,
            "labels": predictions.labels.astype(np.uint8),
        }
        replace(self.folder / PREDICTIONS, save(tensors))
        replace(self.folder / RESULT, dump(result))

    def fail(self, sentence: str) -> None:
        """Mark the run as failed, with the reason."""
        replace(self.folder / ERROR, dump({"error": sentence}))

    def _existing(self, file: str) -> Path:
        if not (self.folder / file).is_file():
            raise RunError(f"{self.name} has no {file}: its training did not get that far; train it again.")
        return self.folder / file

    def _json(self, file: str) -> dict[str, Any]:
        try:
            content = json.loads((self.folder / file).read_text("utf-8"))
        except FileNotFoundError:
            raise RunError(f"{self.folder} is not a run: it has no {file}.") from None
        except (OSError, ValueError, RecursionError) as error:
            raise self._broken(file, error) from None
        if not isinstance(content, dict):
            raise self._broken(file, "it is not a JSON object")
        return content

    def _broken(self, file: str, why: Exception | str) -> RunError:
        first_line = str(why).partition("\n")[0].rstrip(".: ")
        return RunError(f"{file} of run {self.name} cannot be used: {first_line}; delete the run or train it again.")


def latest(history: list[dict[str, float]]) -> dict[str, float]:
    """The last row with loss and accuracy of batches; empty before the first."""
    return next((row for row in reversed(history) if "loss" in row), {})


def whole(result: dict[str, Any]) -> bool:
    """Is every part of a training's result there?"""
    return result.keys() >= RESULT_KEYS and all(
        isinstance(result[part], dict) and result[part].keys() >= keys for part, keys in SCORES.items()
    )


def folder() -> Path:
    """Where new runs go: `MNIST_RUNS_DIR` if that is set, else beside the shipped ones in checkpoints/."""
    return Path(os.environ.get("MNIST_RUNS_DIR") or SHIPPED)


def create(
    config: TrainConfig, recipe: str | None = None, out: Path | None = None, members: list[str] | None = None
) -> Run:
    """A new run folder with nothing but its config.json, at `out` or under a name with the time in it.

    Raises ValueError for a network that does not exist, RunError when the folder cannot be written or is not empty.
    """
    models.known(config.architecture)
    now = datetime.now(UTC)
    name = f"{recipe or config.architecture}@{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    place = out if out is not None else folder() / name
    about: dict[str, Any] = {"recipe": recipe, "created": now.isoformat(timespec="seconds"), "config": asdict(config)}
    about |= {"members": members} if members else {}
    try:
        if place.exists() and any(place.iterdir()):
            raise RunError(f"{place} is not empty; choose another folder for the run, or empty it.")
        place.mkdir(parents=True, exist_ok=True)
        replace(place / CONFIG, dump(about))
    except OSError as error:
        raise RunError(
            f"The run cannot be written to {place} ({error.strerror or error}); "
            "free some space or let MNIST_RUNS_DIR name a folder that can be written to."
        ) from None
    return Run(place)


def list_runs() -> list[Run]:
    """The shipped runs in the order of their recipes, then all others, the newest first; what is no run is left out."""
    runs: dict[str, Run] = {}
    for parent in (SHIPPED, folder()):
        for place in parent.iterdir() if parent.is_dir() else []:
            try:
                runs.setdefault(place.name, Run(place))
            except RunError:
                continue
    places = {name: place for place, name in enumerate(RECIPES)}
    shipped = sorted((r for r in runs.values() if r.shipped), key=lambda r: (places.get(r.name, len(places)), r.name))
    others = sorted((r for r in runs.values() if not r.shipped), key=lambda run: run.created, reverse=True)
    return shipped + others


def load_run(name_or_path: str | Path) -> Run:
    """The run of this name among the shipped and the visitors', or in this folder. Raises RunError.

    A bare name is only ever compared with the names there are; it never becomes a path.
    """
    text = str(name_or_path)
    run = named(text)
    if run is None and is_name(text) and not os.path.isdir(text):
        names = ", ".join(run.name for run in list_runs()) or "none yet"
        raise RunError(f"there is no run {text!r}; the runs are {names}.")
    return run or Run(name_or_path)


def is_name(text: str) -> bool:
    """Is it a bare name, that leads nowhere as a path?"""
    return bool(re.fullmatch(r"[\w@.-]+", text) and text.strip("."))


def named(name: str) -> Run | None:
    """The run of this bare name among the shipped and the visitors'. Raises RunError when its config is damaged."""
    for parent in (SHIPPED, folder()):
        if is_name(name) and parent.is_dir() and name in os.listdir(parent):
            return Run(parent / name)
    return None


def replace(file: Path, content: bytes) -> None:
    """Write beside and rename into place: readers see the old content or the new, never half of it."""
    beside = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with open(beside, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(beside, file)
    except OSError:
        beside.unlink(missing_ok=True)
        raise


def dump(content: dict[str, Any]) -> bytes:
    """JSON for people to read too."""
    return (json.dumps(content, indent=1) + "\n").encode()

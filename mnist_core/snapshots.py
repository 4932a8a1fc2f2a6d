"""Snapshots of a network while it learns: what it takes ten digits for, and its first filters, after some steps.

`snapshots.jsonl` in a run folder holds one JSON object a line: first the ten digits and the layers, then one for each
snapshot, with the arrays quantised and in base64. Reading it needs no torch.
"""

import base64
import json
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mnist_core._lazy import LazyModule
from mnist_core.config import TrainConfig
from mnist_core.data import Digits, load_digits, split_indices
from mnist_core.inference import log_probabilities
from mnist_core.models import LayerSummary, build, summarise
from mnist_core.result import MAX_NUMBER, Result
from mnist_core.run_files import is_number, parse_object

if TYPE_CHECKING:
    import torch
    from torch import nn
else:
    torch, nn = LazyModule("torch"), LazyModule("torch.nn")

MAX_FILTERS = 16  # of the first layer
N_SNAPSHOTS = 120  # about as many are evenly spaced over a long run
STEPS_PER_SNAPSHOT = 16  # at least, later in a run: one costs 3 % to 10 % of a step, together below 1 % of the time
GROWTH = 0.3  # of the gaps between the first snapshots: the climb from 10 % happens within 50 steps
LAYER_TEXT = re.compile(r"[\w .,%-]{0,200}")  # what a layer is called and does: no markup
PROBABILITY_SCALE = 65_535  # probabilities are stored as uint16
MAX_SNAPSHOTS = 5_000  # that are read: a run in slow motion for a day has 3,000
MAX_LAYERS, MAX_SIDE = 100, 10_000  # of a network; units or pixels of a layer
FILTER_SCALE = 127  # filters are stored as int8


@dataclass(frozen=True)
class Snapshot:
    """What a network takes the ten digits for, and its first filters, after one step."""

    step: int  # 0: before training
    epoch: float
    seconds: float  # of training
    probabilities: np.ndarray  # float32 (10, 10): one row per digit of `Snapshots.images`
    filters: np.ndarray  # float32 (N, k, k): at most 16 filters of the first layer; the largest absolute value is 1
    scale: float  # what the filters are multiplied by to get the weights: it shows how they grow


@dataclass(frozen=True)
class Snapshots:
    """The snapshots of one run, and the digits they are of."""

    indices: np.ndarray  # int64 (10,): the places of the digits in the training part of the data set
    images: np.ndarray  # uint8 (10, 28, 28): one held-out digit of each class 0..9, never learned from
    labels: np.ndarray  # int64 (10,)
    layers: list[LayerSummary]  # of the network, so that it can be drawn without torch
    snapshots: list[Snapshot]


class SnapshotLog:
    """Writes the snapshots of a network while it trains, a line each, beginning with the one before the first step."""

    def __init__(
        self,
        write: Callable[[str], None],
        model: "nn.Module",
        digits: Digits,
        indices: np.ndarray,
        last: int | None = None,
    ) -> None:
        """Write the digits of these indices and the first snapshot. `write` appends a line to the file.

        `last` is the step of the last snapshot of a run that goes on, whose file begins already; None for a new run.
        """
        self._write, self._model, self._images = write, model, digits.images[indices]
        self.last = last or 0
        if last is None:
            write(first_line(indices, digits.take(indices), summarise(model)))
            self.add(0, 0.0, 0.0)

    def due(self, step: int, steps: int) -> bool:
        """Return whether a snapshot should be taken after this one of so many steps."""
        return step == steps or step - self.last >= gap_after(self.last, steps)

    def add(self, step: int, epoch: float, seconds: float) -> None:
        """Take a snapshot after this step, unless there is one already."""
        if step == self.last > 0:
            return
        self.last = step
        snapshot = take_snapshot(self._model, self._images, step, epoch, seconds)
        if snapshot:
            self._write(snapshot_to_json(snapshot))


def snapshot_steps(steps: int) -> list[int]:
    """Return the steps of a run of so many steps after which a snapshot is taken, unless it is in slow motion."""
    taken = [0]
    while taken[-1] < steps:
        taken.append(min(steps, taken[-1] + gap_after(taken[-1], steps)))
    return taken


def gap_after(step: int, steps: int) -> int:
    """Return how many steps lie between a snapshot at this step and the next: few at first, later always as many."""
    widest = max(STEPS_PER_SNAPSHOT, steps / N_SNAPSHOTS)
    return max(1, int(min(GROWTH * step, widest)))


def one_of_each(labels: np.ndarray, indices: np.ndarray) -> np.ndarray:
    """Return ten of these indices into `labels`: of each class 0..9 the first. Every class must occur among them."""
    return np.array([indices[np.argmax(labels[indices] == digit)] for digit in range(10)])


def take_snapshot(model: "nn.Module", images: np.ndarray, step: int, epoch: float, seconds: float) -> Snapshot | None:
    """Return a snapshot of the network as it is for images (10, 28, 28); None if its values are no longer finite.

    Draws no random numbers and leaves the network unchanged, in the mode it was in.
    """
    training = model.training
    probabilities = np.exp(log_probabilities(model, images))
    model.train(training)
    weights = first_filters(model)
    if not (np.isfinite(probabilities).all() and np.isfinite(weights).all()):
        return None
    scale = float(np.abs(weights).max(initial=0.0)) or 1.0
    return Snapshot(step, epoch, seconds, probabilities, weights / np.float32(scale), scale)


def first_filters(model: "nn.Module") -> np.ndarray:
    """Return at most 16 filters of the first layer with weights, float32 (N, k, k), as they lie on the 28x28 image.

    Those of a dense layer are its rows, as images of 28x28 pixels. A convolution after space to depth has an equivalent
    one on the image, with larger kernels, which are returned. Kernels over several other channels are averaged.
    """
    block = 1
    for layer in model.modules():
        if isinstance(layer, nn.PixelUnshuffle):
            block = layer.downscale_factor
        if isinstance(layer, nn.Conv2d | nn.Linear):
            weight = layer.weight.detach()[:MAX_FILTERS].float().cpu()
            if isinstance(layer, nn.Linear):
                side = math.isqrt(weight.shape[1])
                filters = weight[:, : side * side].reshape(-1, side, side)
            else:
                filters = torch.pixel_shuffle(weight, block).mean(1)
            return np.ascontiguousarray(filters.numpy())
    return np.zeros((0, 1, 1), np.float32)


def untrained_snapshots(config: TrainConfig) -> Snapshots:
    """Return the one snapshot of a network with fresh weights, as a run with this config would begin with it.

    Raises DataError when the digits are not on this machine, ConfigError when there is no such architecture or the
    validation part is too small or too large.
    """
    digits = load_digits(config.dataset, "train")
    _, held_out = split_indices(digits.labels, config.validation_size or 0, config.seed)
    indices = one_of_each(digits.labels, held_out)
    model = build(config.architecture, config.dropout, config.seed)
    snapshot = take_snapshot(model, digits.images[indices], 0, 0.0, 0.0)
    ten = digits.take(indices)
    return Snapshots(indices, ten.images, ten.labels, summarise(model), [snapshot] if snapshot else [])


def first_and_last(config: TrainConfig, model: "nn.Module", result: Result) -> list[str]:
    """Return the lines of a file with two snapshots: of the network before its training, and as it was tested.

    For runs that were trained before there were snapshots.
    """
    fresh = untrained_snapshots(config)
    last = take_snapshot(model, fresh.images, result.steps or 0, result.epochs or 0.0, result.seconds)
    lines = [first_line(fresh.indices, Digits(fresh.images, fresh.labels), fresh.layers)]
    return lines + [snapshot_to_json(snapshot) for snapshot in (*fresh.snapshots, last) if snapshot is not None]


def first_line(indices: np.ndarray, digits: Digits, layers: Sequence[LayerSummary]) -> str:
    """Return the first line of the file: the places of the ten digits, their images and labels, and the layers."""
    return json.dumps(
        {
            "indices": [int(index) for index in indices],
            "labels": [int(label) for label in digits.labels],
            "images": to_base64(digits.images),
            "layers": [asdict(layer) for layer in layers],
        }
    )


def snapshot_to_json(snapshot: Snapshot) -> str:
    """Return the line of one snapshot: probabilities in steps of 1/65,535, filters in steps of 1/127."""
    return json.dumps(
        {
            "step": snapshot.step,
            "epoch": round(snapshot.epoch, 4),
            "seconds": round(snapshot.seconds, 3),
            "probabilities": to_base64(np.rint(snapshot.probabilities * PROBABILITY_SCALE).astype("<u2")),
            "filters": to_base64(np.rint(snapshot.filters * FILTER_SCALE).astype(np.int8)),
            "shape": list(snapshot.filters.shape),
            "scale": float(f"{snapshot.scale:.6g}"),
        }
    )


def parse_snapshots(text: str) -> Snapshots | None:
    """Return the snapshots in the content of a file, None if not even the digits are in it yet.

    The last line may be half-written and is then ignored. Raises ValueError when a value is missing or none that
    training writes.
    """
    lines = text.split("\n")[:-1]
    if not lines:
        return None
    try:
        if len(lines) > MAX_SNAPSHOTS:
            raise ValueError(f"it has {len(lines):,} snapshots, and at most {MAX_SNAPSHOTS:,} are read")
        first = parse_object(lines[0])
        images = from_base64(first["images"], np.uint8, (10, 28, 28))
        indices, labels = (whole_numbers(first[name]) for name in ("indices", "labels"))
        if not (labels < 10).all():
            raise ValueError("its labels are not digits")
        layers = [parse_layer(row) for row in first["layers"]]
        if not 0 < len(layers) <= MAX_LAYERS:
            raise ValueError("its layers are not those of a network")
        return Snapshots(indices, images, labels, layers, [parse_snapshot(parse_object(line)) for line in lines[1:]])
    except KeyError as error:
        raise ValueError(f"a line has no {error.args[0]}") from None
    except TypeError:
        raise ValueError("its layers are not those of a network") from None


def parse_snapshot(row: dict[str, Any]) -> Snapshot:
    """Return the snapshot of one line. Raises KeyError or ValueError when a value is missing or impossible."""
    numbers = [row[name] for name in ("step", "epoch", "seconds", "scale")]
    if not all(is_number(number, high=MAX_NUMBER) for number in numbers):
        raise ValueError("a line has a number that no training run has")
    shape = row["shape"]
    if not isinstance(shape, list) or len(shape) != 3 or not all(type(n) is int and 0 <= n <= 28 for n in shape):
        raise ValueError("the shape of its filters is not that of filters")
    probabilities = from_base64(row["probabilities"], np.dtype("<u2"), (10, 10))
    filters = from_base64(row["filters"], np.int8, tuple(shape))
    return Snapshot(
        step=int(row["step"]),
        epoch=float(row["epoch"]),
        seconds=float(row["seconds"]),
        probabilities=probabilities.astype(np.float32) / PROBABILITY_SCALE,
        filters=filters.astype(np.float32) / FILTER_SCALE,
        scale=float(row["scale"]),
    )


def parse_layer(row: Any) -> LayerSummary:
    """Return the summary of a layer. Raises KeyError, TypeError or ValueError when a value is missing or impossible."""
    texts = [row[name] for name in ("name", "kind", "description")]
    shape, parameters = row["shape"], row["parameters"]
    if (
        not all(isinstance(text, str) and LAYER_TEXT.fullmatch(text) for text in texts)
        or not isinstance(shape, list)
        or len(shape) not in (1, 3)
    ):
        raise ValueError("its layers are not those of a network")
    if not all(type(side) is int and 0 < side <= MAX_SIDE for side in shape):
        raise ValueError("its layers have impossible shapes")
    if type(parameters) is not int or not 0 <= parameters <= MAX_NUMBER:
        raise ValueError("its layers have impossible numbers")
    return LayerSummary(texts[0], texts[1], tuple(shape), parameters, texts[2])


def whole_numbers(values: Any) -> np.ndarray:
    """Return ten whole numbers of at least 0 as int64 (10,). Raises ValueError when they are anything else."""
    if not isinstance(values, list) or len(values) != 10:
        raise ValueError("it does not name ten digits")
    if not all(type(value) is int and 0 <= value < 2**31 for value in values):
        raise ValueError("its digits have impossible numbers")
    return np.array(values, np.int64)


def to_base64(array: np.ndarray) -> str:
    """Return the bytes of an array as text."""
    return base64.b64encode(array.tobytes()).decode("ascii")


def from_base64(text: Any, dtype: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Return the array that `to_base64` turned into text. Raises ValueError when it is not of this size."""
    try:
        content = base64.b64decode(text, validate=True)
    except (TypeError, ValueError):
        raise ValueError("an array in it is damaged") from None
    if len(content) != math.prod(shape) * np.dtype(dtype).itemsize:
        raise ValueError("an array in it has another size than it should have")
    return np.frombuffer(content, dtype).reshape(shape)

"""What a network does with one digit: every layer's output, one value by hand, what it looked at, what it resembles."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mnist_core._lazy import LazyModule
from mnist_core.data import normalise
from mnist_core.metrics import BATCH
from mnist_core.models import explain

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn
else:
    torch, nn = LazyModule("torch"), LazyModule("torch.nn")

PATH = 100  # points between black and the digit at which integrated gradients look
SIDE, STRIDE = 4, 2  # pixels: of the black square of occlusion, and how far it moves at a time


@dataclass(frozen=True)
class Step:
    """A digit on its way through one layer: float32 (C, H, W) or (N,) before and after it."""

    name: str
    kind: str
    about: str
    before: np.ndarray
    after: np.ndarray


def steps(network: "nn.Sequential", digit: np.ndarray) -> list[Step]:
    """A digit (28, 28) of 0..255 through every layer in turn; the last step ends in the ten scores."""
    passed = []
    with torch.inference_mode():
        x = normalise(torch.tensor(digit)[None])
        for name, layer in network.eval().named_children():
            before, x = x, layer(x)
            passed.append(Step(name, type(layer).__name__, explain(layer), before[0].numpy(), x[0].numpy()))
    return passed


def probabilities(scores: np.ndarray) -> np.ndarray:
    """The ten scores (10,) as shares of 1: the softmax at the end of every network."""
    powers = np.exp(scores.astype(np.float64) - scores.max())
    shares: np.ndarray = powers / powers.sum()
    return shares


# One value by hand.


@dataclass(frozen=True)
class Sum:
    """One value of a layer as a sum: a patch of what comes in times the filter, and the bias; float64."""

    channels: list[int]  # of the layer's input: those the filter looks at
    patch: np.ndarray  # (C, h, w), 0 beyond the edge where the layer pads with zeros
    filter: np.ndarray  # (C, h, w); 1 x 1 for a dense layer, whose inputs are C single numbers
    bias: float  # 0 where the layer has none

    @property
    def products(self) -> np.ndarray:
        """(C, h, w): patch times filter, number by number."""
        products: np.ndarray = self.patch * self.filter
        return products

    @property
    def value(self) -> float:
        """What the layer gives at that place, before it is rounded to 32 bits."""
        return float(self.products.sum() + self.bias)


def exact(layer: "nn.Module", before: np.ndarray) -> np.ndarray:
    """A layer's output for one digit in float64, so that it agrees with sums by hand to the last digit shown."""
    with torch.inference_mode():
        doubled: Tensor = copy.deepcopy(layer).double()(torch.tensor(before[None]).double())
    return doubled[0].numpy()


def by_hand(layer: "nn.Module", before: np.ndarray, place: int, row: int = 0, column: int = 0) -> Sum | None:
    """How a layer comes to its value in map `place` at a pixel, or in unit `place`; None if it makes no such sum."""
    if isinstance(layer, nn.Conv2d):
        return convolved(layer, before, place, row, column)
    if isinstance(layer, nn.Linear) and before.ndim == 1:
        bias = 0.0 if layer.bias is None else float(layer.bias[place].detach())
        inputs, weights = before.astype(np.float64), layer.weight[place].detach().double().numpy()
        return Sum(list(range(len(inputs))), inputs[:, None, None], weights[:, None, None], bias)
    return None


def convolved(layer: "nn.Conv2d", before: np.ndarray, place: int, row: int, column: int) -> Sum:
    """The sum behind one pixel of a convolution's map, whatever its stride, padding, dilation and groups."""
    mode = "constant" if layer.padding_mode == "zeros" else layer.padding_mode
    x = torch.nn.functional.pad(torch.tensor(before[None]).double(), margins(layer), mode=mode)[0].numpy()
    (height, width), (down, right), (apart, aside) = layer.kernel_size, layer.stride, layer.dilation
    seen = layer.in_channels // layer.groups
    first = place // (layer.out_channels // layer.groups) * seen
    rows, columns = row * down + apart * np.arange(height), column * right + aside * np.arange(width)
    patch = x[first : first + seen, rows[:, None], columns]
    bias = 0.0 if layer.bias is None else float(layer.bias[place].detach())
    return Sum(list(range(first, first + seen)), patch, layer.weight[place].detach().double().numpy(), bias)


def margins(layer: "nn.Conv2d") -> list[int]:
    """How far a convolution's input is padded: left, right, top, bottom."""
    if isinstance(layer.padding, str):
        reach = [d * (k - 1) if layer.padding == "same" else 0 for d, k in zip(layer.dilation, layer.kernel_size)]  # noqa: B905
        (top, bottom), (left, right) = ((whole // 2, whole - whole // 2) for whole in reach)
        return [left, right, top, bottom]
    down, aside = layer.padding
    return [aside, aside, down, down]


# What it looked at: maps (28, 28) of what each pixel did for the score of one answer, before the softmax.


def pixels_of(digit: np.ndarray) -> "Tensor":
    """A digit (28, 28) of 0..255 as the float (1, 28, 28) of 0..1 in which attributions and attacks count."""
    return torch.tensor(digit)[None].float() / 255


def scores(network: "nn.Module", pixels: "Tensor") -> "Tensor":
    """(N, 28, 28) of 0..1 to the ten scores (N, 10): what the network gives before the softmax."""
    logits: Tensor = network(normalise(255 * pixels))
    return logits


def gradients(network: "nn.Module", pixels: "Tensor", label: int) -> "Tensor":
    """(N, 28, 28): how much the score of `label` would rise for each pixel (0..1) made brighter."""
    with torch.enable_grad():
        pixels = pixels.detach().requires_grad_()
        slopes: Tensor = torch.autograd.grad(scores(network, pixels)[:, label].sum(), pixels)[0]
    return slopes


def gradient(network: "nn.Module", digit: np.ndarray, label: int) -> np.ndarray:
    """The slope of the score with each pixel (Simonyan, Vedaldi & Zisserman, 2013)."""
    return gradients(network, pixels_of(digit), label)[0].numpy()


def integrated_gradients(network: "nn.Module", digit: np.ndarray, label: int, points: int = PATH) -> np.ndarray:
    """The slope averaged on the way from black to the digit, times the ink (Sundararajan, Taly & Yan, 2017).

    Its sum is the score of the digit less that of a black picture, but for the error of a sum over `points` middles.
    """
    pixels = pixels_of(digit)
    along = (torch.arange(points) + 0.5).view(-1, 1, 1) / points
    return (pixels * gradients(network, along * pixels, label).mean(0))[0].numpy()


def occlusion(
    network: "nn.Module", digit: np.ndarray, label: int, side: int = SIDE, stride: int = STRIDE
) -> np.ndarray:
    """How far the score falls with a black square over the pixel (Zeiler & Fergus, 2014).

    A pixel's value is the mean over all the squares that cover it, in steps of `stride` pixels.
    """
    pixels = pixels_of(digit)
    places = [*range(0, 28 - side, stride), 28 - side]
    squares = torch.zeros(len(places) ** 2, 28, 28)
    for number, square in enumerate(squares):
        top, left = places[number // len(places)], places[number % len(places)]
        square[top : top + side, left : left + side] = 1
    with torch.inference_mode():
        whole = scores(network, pixels)[0, label]
        covered = torch.cat([scores(network, part)[:, label] for part in torch.split(pixels * (1 - squares), BATCH)])
        return (((whole - covered).view(-1, 1, 1) * squares).sum(0) / squares.sum(0)).numpy()


ATTRIBUTIONS = {"gradient": gradient, "integrated gradients": integrated_gradients, "occlusion": occlusion}


# What it resembles: digits as the last hidden layer sees them.


def embeddings(network: "nn.Sequential", images: np.ndarray) -> np.ndarray:
    """uint8 (N, 28, 28) to the float32 (N, D) that goes into the last dense layer."""
    return np.concatenate(list(embedded(network, images)))


def embedded(network: "nn.Sequential", images: np.ndarray) -> Iterator[np.ndarray]:
    """The same, batch by batch."""
    body = up_to_the_last_hidden(network.eval())
    for start in range(0, len(images), BATCH):
        with torch.inference_mode():
            x = normalise(torch.tensor(images[start : start + BATCH]))
            yield body(x.to(memory_format=torch.channels_last)).flatten(1).numpy()


def up_to_the_last_hidden(network: "nn.Sequential") -> "nn.Sequential":
    """The layers before the last dense one; without a dense layer, all but the last."""
    dense = [place for place, layer in enumerate(network) if isinstance(layer, nn.Linear)]
    return network[: dense[-1] if dense else -1]


def some_of_each(labels: np.ndarray, count: int, seed: int = 0) -> np.ndarray:
    """The places of `count` digits chosen by chance, each digit with the share it has among the labels; in order."""
    count = min(count, len(labels))
    shuffled = np.random.default_rng(seed).permutation(len(labels))
    sorted_by_class = shuffled[np.argsort(labels[shuffled], kind="stable")]
    return np.sort(sorted_by_class[np.arange(count) * len(labels) // count])


def nearest(one: np.ndarray, many: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Which of the (N, D) embeddings lie closest to the one (D,), the closest first, and how far away they are."""
    distances = np.linalg.norm(many - one, axis=1)
    order = np.argsort(distances, kind="stable")[:count]
    return order, distances[order]


@dataclass(frozen=True)
class Plane:
    """The flat sheet through many dimensions on which the embeddings spread most (Pearson, 1901)."""

    middle: np.ndarray  # (D,)
    axes: np.ndarray  # (2, D)
    shares: np.ndarray  # (2,): of the spread that each axis shows, 0..1

    def place(self, embeddings: np.ndarray) -> np.ndarray:
        """(N, D) to (N, 2)."""
        placed: np.ndarray = (embeddings - self.middle) @ self.axes.T
        return placed


def plane(embeddings: np.ndarray) -> Plane:
    """The two principal components of (N, D) embeddings."""
    from sklearn.decomposition import PCA  # takes a second to import

    found = PCA(2, random_state=0).fit(embeddings)
    return Plane(found.mean_, found.components_, found.explained_variance_ratio_)

"""A digit on its way through a network: the output of every layer, and one value as the weighted sum it is."""

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mnist_core._lazy import LazyModule
from mnist_core.data import normalise
from mnist_core.models import layer_description

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn
else:
    torch, nn = LazyModule("torch"), LazyModule("torch.nn")


@dataclass(frozen=True)
class LayerActivation:
    """A digit on its way through one layer: float32 (C, H, W) or (N,) before and after it."""

    name: str
    kind: str
    about: str
    before: np.ndarray
    after: np.ndarray


def layer_activations(network: "nn.Sequential", digit: np.ndarray) -> list[LayerActivation]:
    """A digit (28, 28) of 0..255 through every layer in turn; the last step ends in the ten scores."""
    passed = []
    with torch.inference_mode():
        x = normalise(torch.tensor(digit)[None])
        for name, layer in network.eval().named_children():
            before, x = x, layer(x)
            passed.append(
                LayerActivation(name, type(layer).__name__, layer_description(layer), before[0].numpy(), x[0].numpy())
            )
    return passed


def softmax(scores: np.ndarray) -> np.ndarray:
    """The ten scores (10,) as shares of 1: the softmax at the end of every network."""
    powers = np.exp(scores.astype(np.float64) - scores.max())
    shares: np.ndarray = powers / powers.sum()
    return shares


# One value by hand.


@dataclass(frozen=True)
class WeightedSum:
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


def exact_output(layer: "nn.Module", before: np.ndarray) -> np.ndarray:
    """A layer's output for one digit in float64, so that it agrees with sums by hand to the last digit shown."""
    with torch.inference_mode():
        doubled: Tensor = copy.deepcopy(layer).double()(torch.tensor(before[None]).double())
    return doubled[0].numpy()


def weighted_sum(
    layer: "nn.Module", before: np.ndarray, place: int, row: int = 0, column: int = 0
) -> WeightedSum | None:
    """How a layer comes to its value in map `place` at a pixel, or in unit `place`; None if it makes no such sum."""
    if isinstance(layer, nn.Conv2d):
        return convolution_sum(layer, before, place, row, column)
    if isinstance(layer, nn.Linear) and before.ndim == 1:
        bias = 0.0 if layer.bias is None else float(layer.bias[place].detach())
        inputs, weights = before.astype(np.float64), layer.weight[place].detach().double().numpy()
        return WeightedSum(list(range(len(inputs))), inputs[:, None, None], weights[:, None, None], bias)
    return None


def convolution_sum(layer: "nn.Conv2d", before: np.ndarray, place: int, row: int, column: int) -> WeightedSum:
    """The sum behind one pixel of a convolution's map, whatever its stride, padding, dilation and groups."""
    mode = "constant" if layer.padding_mode == "zeros" else layer.padding_mode
    x = torch.nn.functional.pad(torch.tensor(before[None]).double(), padding(layer), mode=mode)[0].numpy()
    (height, width), (down, right), (apart, aside) = layer.kernel_size, layer.stride, layer.dilation
    seen = layer.in_channels // layer.groups
    first = place // (layer.out_channels // layer.groups) * seen
    rows, columns = row * down + apart * np.arange(height), column * right + aside * np.arange(width)
    patch = x[first : first + seen, rows[:, None], columns]
    bias = 0.0 if layer.bias is None else float(layer.bias[place].detach())
    return WeightedSum(list(range(first, first + seen)), patch, layer.weight[place].detach().double().numpy(), bias)


def padding(layer: "nn.Conv2d") -> list[int]:
    """How far a convolution's input is padded: left, right, top, bottom."""
    if isinstance(layer.padding, str):
        reach = [d * (k - 1) if layer.padding == "same" else 0 for d, k in zip(layer.dilation, layer.kernel_size)]  # noqa: B905
        (top, bottom), (left, right) = ((whole // 2, whole - whole // 2) for whole in reach)
        return [left, right, top, bottom]
    down, aside = layer.padding
    return [aside, aside, down, down]

"""The output of every layer for one digit, and single values of it as weighted sums."""

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
    """The input and output of one layer for one digit: float32, (C, H, W) or (N,)."""

    name: str  # in the network, such as "conv1"
    kind: str  # the class of the layer, such as "Conv2d"
    description: str  # what such a layer does, for the learner
    input: np.ndarray
    output: np.ndarray


def layer_activations(network: "nn.Sequential", digit: np.ndarray) -> list[LayerActivation]:
    """Return the activations of every layer, in order, for a uint8 (28, 28) digit; the last output is the ten logits.

    The network is left in evaluation mode.
    """
    activations = []
    with torch.inference_mode():
        x = normalise(torch.tensor(digit)[None])
        for name, layer in network.eval().named_children():
            y = layer(x)
            activations.append(
                LayerActivation(name, type(layer).__name__, layer_description(layer), x[0].numpy(), y[0].numpy())
            )
            x = y
    return activations


@dataclass(frozen=True)
class WeightedSum:
    """One value of a layer's output as a sum, in float64: an input patch times the kernel, plus the bias."""

    channels: list[int]  # of the layer's input, those that the kernel covers
    patch: np.ndarray  # (C, h, w), 0 beyond the edge where the layer pads with zeros
    kernel: np.ndarray  # (C, h, w); (C, 1, 1) for a dense layer with C inputs
    bias: float  # 0 where the layer has none

    @property
    def products(self) -> np.ndarray:
        """The (C, h, w) elementwise products of patch and kernel."""
        products: np.ndarray = self.patch * self.kernel
        return products

    @property
    def value(self) -> float:
        """The sum of the products and the bias."""
        return float(self.products.sum() + self.bias)


def exact_output(layer: "nn.Module", input: np.ndarray) -> np.ndarray:
    """Compute a layer's output for one digit in float64, so that it equals `WeightedSum.value` in every digit shown."""
    with torch.inference_mode():
        output: Tensor = copy.deepcopy(layer).double()(torch.tensor(input[None]).double())
    return output[0].numpy()


def weighted_sum(
    layer: "nn.Module", input: np.ndarray, index: int, row: int = 0, column: int = 0
) -> WeightedSum | None:
    """Return the sum behind one output value: of feature map `index` at (row, column), or of unit `index`.

    None for a layer that is neither a convolution nor dense. `input` is a `LayerActivation.input` of the layer.
    """
    if isinstance(layer, nn.Conv2d):
        return convolution_sum(layer, input, index, row, column)
    if isinstance(layer, nn.Linear) and input.ndim == 1:
        bias = 0.0 if layer.bias is None else float(layer.bias[index].detach())
        x, weight = input.astype(np.float64), layer.weight[index].detach().double().numpy()
        return WeightedSum(list(range(len(x))), x[:, None, None], weight[:, None, None], bias)
    return None


def convolution_sum(layer: "nn.Conv2d", input: np.ndarray, index: int, row: int, column: int) -> WeightedSum:
    """Return the sum behind one pixel of feature map `index`, for any stride, padding, dilation and groups."""
    mode = "constant" if layer.padding_mode == "zeros" else layer.padding_mode
    padded = torch.nn.functional.pad(torch.tensor(input[None]).double(), pad_widths(layer), mode=mode)[0].numpy()
    rows, columns = (
        stride * position + dilation * np.arange(size)
        for stride, position, dilation, size in zip(
            layer.stride, (row, column), layer.dilation, layer.kernel_size, strict=True
        )
    )
    channels_per_group = layer.in_channels // layer.groups
    first = index // (layer.out_channels // layer.groups) * channels_per_group
    channels = list(range(first, first + channels_per_group))
    patch = padded[first : first + channels_per_group, rows[:, None], columns]
    bias = 0.0 if layer.bias is None else float(layer.bias[index].detach())
    return WeightedSum(channels, patch, layer.weight[index].detach().double().numpy(), bias)


def pad_widths(layer: "nn.Conv2d") -> list[int]:
    """Return the padding of a convolution in pixels: left, right, top, bottom, as in `torch.nn.functional.pad`."""
    if isinstance(layer.padding, str):
        totals = [
            dilation * (size - 1) if layer.padding == "same" else 0
            for dilation, size in zip(layer.dilation, layer.kernel_size, strict=True)
        ]
        (top, bottom), (left, right) = ((total // 2, total - total // 2) for total in totals)
        return [left, right, top, bottom]
    vertical, horizontal = layer.padding
    return [horizontal, horizontal, vertical, vertical]

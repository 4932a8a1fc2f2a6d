"""The architectures: each a sequence of named layers, built by one decorated function.

To add one, write such a function: the form, the texts, the tests and the command line find it here. The first
paragraph of its docstring is its description for the learner.
"""

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mnist_core._lazy import LazyModule
from mnist_core.config import ConfigError
from mnist_core.text import quoted

if TYPE_CHECKING:
    import torch
    from torch import nn
else:
    torch, nn = LazyModule("torch"), LazyModule("torch.nn")


Builder = Callable[[float], "nn.Sequential"]  # dropout rate -> network with fresh weights


@dataclass(frozen=True)
class Architecture:
    """An entry of the registry: `make(dropout)` builds the network with fresh weights."""

    name: str
    title: str
    source: str  # who had the idea
    description: str  # one sentence for the learner
    make: Builder


ARCHITECTURES: dict[str, Architecture] = {}


def architecture(title: str, source: str) -> Callable[[Builder], Builder]:
    """Register the decorated function in `ARCHITECTURES`, under its name with hyphens for underscores."""

    def register(make: Builder) -> Builder:
        name = make.__name__.replace("_", "-")
        description = (inspect.getdoc(make) or "").partition("\n\n")[0].replace("\n", " ")
        ARCHITECTURES[name] = Architecture(name, title, source, description, make)
        return make

    return register


def sequential(**layers: "nn.Module") -> "nn.Sequential":
    """Return an `nn.Sequential` of these layers, each under its own name."""
    network = nn.Sequential()
    for name, layer in layers.items():
        network.add_module(name, layer)
    return network


@architecture("Softmax regression", source="Cox, 1958, as a network without hidden layers")
def softmax(dropout: float) -> "nn.Sequential":
    """Each of the ten scores is a weighted sum of all 784 pixels, and the largest wins: no hidden layers, no shapes."""
    return sequential(  #                        (N,  1, 28, 28)
        flatten=nn.Flatten(),  #                 (N, 784)
        dropout=nn.Dropout(dropout),
        output=nn.Linear(784, 10),  #            (N, 10)
    )


@architecture("Multilayer perceptron", source="Rumelhart, Hinton & Williams, 1986 (here with ReLU)")
def mlp(dropout: float) -> "nn.Sequential":
    """Two dense layers see all pixels at once, and must learn every stroke again at every position."""
    return sequential(  #                        (N,  1, 28, 28)
        flatten=nn.Flatten(),  #                 (N, 784)
        dense1=nn.Linear(784, 256),  #           (N, 256)
        relu1=nn.ReLU(),
        dense2=nn.Linear(256, 128),  #           (N, 128)
        relu2=nn.ReLU(),
        dropout=nn.Dropout(dropout),
        output=nn.Linear(128, 10),  #            (N, 10)
    )


@architecture("LeNet-5", source="LeCun et al., 1998 (here with ReLU and max-pooling)")
def lenet_5(dropout: float) -> "nn.Sequential":
    """Two convolutions find strokes and corners, three dense layers combine them."""
    return sequential(  #                        (N,  1, 28, 28)
        conv1=nn.Conv2d(1, 6, 5, padding=2),  #  (N,  6, 28, 28)
        relu1=nn.ReLU(),
        pool1=nn.MaxPool2d(2),  #                (N,  6, 14, 14)
        conv2=nn.Conv2d(6, 16, 5),  #            (N, 16, 10, 10)
        relu2=nn.ReLU(),
        pool2=nn.MaxPool2d(2),  #                (N, 16,  5,  5)
        flatten=nn.Flatten(),  #                 (N, 400)
        dense1=nn.Linear(400, 120),  #           (N, 120)
        relu3=nn.ReLU(),
        dense2=nn.Linear(120, 84),  #            (N, 84)
        relu4=nn.ReLU(),
        dropout=nn.Dropout(dropout),
        output=nn.Linear(84, 10),  #             (N, 10)
    )


@architecture(
    "CNN with three conv blocks", source="Reference A: conv-ReLU-pool blocks and a dense head; the sizes are ours"
)
def three_block_cnn(dropout: float) -> "nn.Sequential":
    """Three conv-ReLU-pool blocks see ever larger parts of the digit, and a dense head decides."""
    return sequential(  #                        (N,  1, 28, 28)
        conv1=nn.Conv2d(1, 32, 3, padding=1),  # (N, 32, 28, 28)
        relu1=nn.ReLU(),
        pool1=nn.MaxPool2d(2),  #                (N, 32, 14, 14)
        conv2=nn.Conv2d(32, 64, 3, padding=1),  # (N, 64, 14, 14)
        relu2=nn.ReLU(),
        pool2=nn.MaxPool2d(2),  #                (N, 64,  7,  7)
        conv3=nn.Conv2d(64, 64, 3, padding=1),  # (N, 64,  7,  7)
        relu3=nn.ReLU(),
        pool3=nn.MaxPool2d(2),  #                (N, 64,  3,  3)
        flatten=nn.Flatten(),  #                 (N, 576)
        dense=nn.Linear(576, 128),  #            (N, 128)
        relu4=nn.ReLU(),
        dropout=nn.Dropout(dropout),
        output=nn.Linear(128, 10),  #            (N, 10)
    )


@architecture("CNN with a single pooling", source="Reference B; the channels are ours")
def single_pool_cnn(dropout: float) -> "nn.Sequential":
    """Two convolutions before a single pooling, then one linear layer on the 6,272 values that are left."""
    return sequential(  #                        (N,  1, 28, 28)
        conv1=nn.Conv2d(1, 16, 3, padding=1),  # (N, 16, 28, 28)
        relu1=nn.ReLU(),
        conv2=nn.Conv2d(16, 32, 3, padding=1),  # (N, 32, 28, 28)
        relu2=nn.ReLU(),
        pool2=nn.MaxPool2d(2),  #                (N, 32, 14, 14)
        flatten=nn.Flatten(),  #                 (N, 6272)
        dropout=nn.Dropout(dropout),
        output=nn.Linear(6272, 10),  #           (N, 10)
    )


@architecture("CNN with two conv blocks", source="Reference C, layer for layer")
def two_block_cnn(dropout: float) -> "nn.Sequential":
    """Two convolutions with pooling find strokes and how they meet, and a dense layer of 128 combines them."""
    return sequential(  #                        (N,  1, 28, 28)
        conv1=nn.Conv2d(1, 32, 3, padding=1),  # (N, 32, 28, 28)
        relu1=nn.ReLU(),
        pool1=nn.MaxPool2d(2),  #                (N, 32, 14, 14)
        conv2=nn.Conv2d(32, 64, 3, padding=1),  # (N, 64, 14, 14)
        relu2=nn.ReLU(),
        pool2=nn.MaxPool2d(2),  #                (N, 64,  7,  7)
        flatten=nn.Flatten(),  #                 (N, 3136)
        dense=nn.Linear(3136, 128),  #           (N, 128)
        relu3=nn.ReLU(),
        dropout=nn.Dropout(dropout),
        output=nn.Linear(128, 10),  #            (N, 10)
    )


@architecture("CNN with a wide head", source="Reference D, layer for layer (ReLU between its dense layers is ours)")
def wide_head_cnn(dropout: float) -> "nn.Sequential":
    """The same two convolutions before a far larger head: 3.2 million of its 3.3 million weights are dense."""
    return sequential(  #                        (N,  1, 28, 28)
        conv1=nn.Conv2d(1, 32, 3, padding=1),  # (N, 32, 28, 28)
        relu1=nn.ReLU(),
        pool1=nn.MaxPool2d(2),  #                (N, 32, 14, 14)
        conv2=nn.Conv2d(32, 64, 3, padding=1),  # (N, 64, 14, 14)
        relu2=nn.ReLU(),
        pool2=nn.MaxPool2d(2),  #                (N, 64,  7,  7)
        flatten=nn.Flatten(),  #                 (N, 3136)
        dense1=nn.Linear(3136, 1000),  #         (N, 1000)
        relu3=nn.ReLU(),
        dense2=nn.Linear(1000, 100),  #          (N, 100)
        relu4=nn.ReLU(),
        dropout=nn.Dropout(dropout),
        output=nn.Linear(100, 10),  #            (N, 10)
    )


@architecture(
    "CNN with dropout",
    source="Reference E: two conv-ReLU-pool blocks, a dense layer and dropout; the sizes are ours",
)
def dropout_cnn(dropout: float) -> "nn.Sequential":
    """Values are switched off at random on both sides of the dense layer, so that none is relied on alone."""
    return sequential(  #                        (N,  1, 28, 28)
        conv1=nn.Conv2d(1, 32, 3, padding=1),  # (N, 32, 28, 28)
        relu1=nn.ReLU(),
        pool1=nn.MaxPool2d(2),  #                (N, 32, 14, 14)
        conv2=nn.Conv2d(32, 64, 3, padding=1),  # (N, 64, 14, 14)
        relu2=nn.ReLU(),
        pool2=nn.MaxPool2d(2),  #                (N, 64,  7,  7)
        flatten=nn.Flatten(),  #                 (N, 3136)
        dropout1=nn.Dropout(dropout),
        dense=nn.Linear(3136, 128),  #           (N, 128)
        relu3=nn.ReLU(),
        dropout2=nn.Dropout(dropout),
        output=nn.Linear(128, 10),  #            (N, 10)
    )


@architecture("Space-to-depth CNN", source="space to depth, then three 3x3 convolutions with batch normalisation")
def space_to_depth_cnn(dropout: float) -> "nn.Sequential":
    """Each 2x2 block of pixels becomes four channels, so that everything costly happens on maps of 14x14 and less."""
    return sequential(  #                        (N,  1, 28, 28)
        blocks=nn.PixelUnshuffle(2),  #          (N,  4, 14, 14)
        conv1=nn.Conv2d(4, 32, 3, padding=1, bias=False),  # (N, 32, 14, 14)
        pool1=nn.MaxPool2d(2),  #                (N, 32,  7,  7)
        norm1=nn.BatchNorm2d(32, momentum=0.3),
        relu1=nn.ReLU(),
        conv2=nn.Conv2d(32, 64, 3, bias=False),  # (N, 64,  5,  5)
        norm2=nn.BatchNorm2d(64, momentum=0.3),
        relu2=nn.ReLU(),
        conv3=nn.Conv2d(64, 64, 3, bias=False),  # (N, 64,  3,  3)
        norm3=nn.BatchNorm2d(64, momentum=0.3),
        relu3=nn.ReLU(),
        flatten=nn.Flatten(),  #                 (N, 576)
        dropout=nn.Dropout(dropout),
        output=nn.Linear(576, 10),  #            (N, 10)
    )


@architecture(
    "Wide space-to-depth CNN",
    source="the space-to-depth CNN, twice as wide and with two convolutions before the pooling",
)
def wide_space_to_depth_cnn(dropout: float) -> "nn.Sequential":
    """Blocks of pixels become channels, then come five wide, batch-normalised convolutions and a single pooling."""
    return sequential(  #                        (N,   1, 28, 28)
        blocks=nn.PixelUnshuffle(2),  #          (N,   4, 14, 14)
        **conv_block(1, 4, 64),  #              (N,  64, 14, 14)
        **conv_block(2, 64, 64),  #             (N,  64, 14, 14)
        pool2=nn.MaxPool2d(2),  #                (N,  64,  7,  7)
        **conv_block(3, 64, 128),  #            (N, 128,  7,  7)
        **conv_block(4, 128, 128),  #           (N, 128,  7,  7)
        **conv_block(5, 128, 128, padding=0),  # (N, 128,  5,  5)
        flatten=nn.Flatten(),  #                 (N, 3200)
        dropout=nn.Dropout(dropout),
        output=nn.Linear(3200, 10),  #           (N, 10)
    )


@architecture(
    "Early-pooling space-to-depth CNN",
    source="the wide space-to-depth CNN, pooled after its first convolution",
)
def early_pooling_cnn(dropout: float) -> "nn.Sequential":
    """One convolution before the pooling, two wide ones after it: two thirds of the wide network's work are saved."""
    return sequential(  #                        (N,   1, 28, 28)
        blocks=nn.PixelUnshuffle(2),  #          (N,   4, 14, 14)
        **conv_block(1, 4, 64),  #              (N,  64, 14, 14)
        pool1=nn.MaxPool2d(2),  #                (N,  64,  7,  7)
        **conv_block(2, 64, 128),  #            (N, 128,  7,  7)
        **conv_block(3, 128, 128, padding=0),  # (N, 128,  5,  5)
        flatten=nn.Flatten(),  #                 (N, 3200)
        dropout=nn.Dropout(dropout),
        output=nn.Linear(3200, 10),  #           (N, 10)
    )


def conv_block(number: int, in_channels: int, out_channels: int, padding: int = 1) -> dict[str, "nn.Module"]:
    """Return a 3x3 convolution without bias, batch normalisation and ReLU, by name."""
    return {
        f"conv{number}": nn.Conv2d(in_channels, out_channels, 3, padding=padding, bias=False),
        f"norm{number}": nn.BatchNorm2d(out_channels),
        f"relu{number}": nn.ReLU(),
    }


def get_architecture(name: str) -> Architecture:
    """Return the architecture of this name. Raises ConfigError, which lists all names, when there is none.

    Does not import torch.
    """
    if name not in ARCHITECTURES:
        raise ConfigError(f"architecture must be one of {', '.join(ARCHITECTURES)}, got {quoted(name)}")
    return ARCHITECTURES[name]


def build(name: str, dropout: float = 0.0, seed: int = 0) -> "nn.Sequential":
    """Return the network with fresh weights, the same ones for the same seed.

    Sets torch's random state. Raises ConfigError when there is no such architecture.
    """
    torch.manual_seed(seed)
    return get_architecture(name).make(dropout)


@functools.cache
def parameter_shapes(name: str) -> dict[str, tuple[int, ...]]:
    """Return the shape of each array of a network's state by its name, without allocating any of them.

    Raises ConfigError when there is no such architecture.
    """
    with torch.device("meta"):
        network = get_architecture(name).make(0.0)
    return {key: tuple(value.shape) for key, value in network.state_dict().items()}


@dataclass(frozen=True)
class LayerSummary:
    """One layer of a network."""

    name: str
    kind: str  # the name of its class
    shape: tuple[int, ...]  # of its output for one digit
    parameters: int
    description: str  # see `layer_description`


def describe(name: str, dropout: float = 0.0) -> list[LayerSummary]:
    """Return every layer of a network with its output shape and number of parameters, without initialising weights.

    Raises ConfigError when there is no such architecture.
    """
    with torch.device("meta"):
        network = get_architecture(name).make(dropout)
    return summarise(network.to_empty(device="cpu"))  # a forward pass on "meta" would import torch's compiler


def summarise(network: "nn.Module") -> list[LayerSummary]:
    """Return every layer of a network with its output shape and number of parameters.

    Draws no random numbers and leaves the network in the mode it was in.
    """
    device, training = next(network.parameters()).device, network.training
    x, layers = torch.zeros(1, 1, 28, 28, device=device), []
    network.eval()
    with torch.inference_mode():
        for layer_name, layer in network.named_children():
            x = layer(x)
            parameters = sum(weight.numel() for weight in layer.parameters())
            layers.append(
                LayerSummary(layer_name, type(layer).__name__, tuple(x.shape[1:]), parameters, layer_description(layer))
            )
    network.train(training)
    return layers


def layer_description(layer: "nn.Module") -> str:
    """Return what such a layer does, in a few words for the learner; empty for an unknown kind."""
    if isinstance(layer, nn.Conv2d):
        height, width = layer.kernel_size
        stride = f", {layer.stride[0]} pixels at a time" if layer.stride[0] > 1 else ""
        return f"slides {layer.out_channels} filters of {height}x{width} over the picture{stride}"
    if isinstance(layer, nn.MaxPool2d):
        return f"keeps the largest of every {layer.kernel_size}x{layer.kernel_size} values"
    if isinstance(layer, nn.Linear):
        return f"{layer.out_features} weighted sums of all {layer.in_features:,} values"
    if isinstance(layer, nn.Dropout):
        return f"switches off {layer.p:.0%} of the values while training" if layer.p else "switched off"
    if isinstance(layer, nn.ReLU):
        return "turns everything negative into 0"
    if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
        return "shifts and scales each map to mean 0 and standard deviation 1, as measured over the batches"
    if isinstance(layer, nn.PixelUnshuffle):
        return (
            f"makes {layer.downscale_factor**2} maps of every {layer.downscale_factor}x{layer.downscale_factor} block"
        )
    if isinstance(layer, nn.Flatten):
        return "puts all values into one row"
    return ""

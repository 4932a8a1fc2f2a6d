"""The networks: each a chain of named layers, made by one decorated function.

To add one, write such a function: the form, the texts, the tests and the command line find it here. Its first
docstring line is what the learner reads about it.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mnist_core._lazy import LazyModule
from mnist_core.config import ConfigError

if TYPE_CHECKING:
    import torch
    from torch import nn
else:
    torch, nn = LazyModule("torch"), LazyModule("torch.nn")


Builder = Callable[[float], "nn.Sequential"]  # of the dropout


@dataclass(frozen=True)
class Architecture:
    """A network as the registry knows it: `make(dropout)` builds it with fresh weights."""

    name: str
    title: str
    source: str  # who had the idea
    about: str  # one sentence for the learner
    make: Builder


ARCHITECTURES: dict[str, Architecture] = {}


def architecture(title: str, source: str) -> Callable[[Builder], Builder]:
    """Enter the decorated function into `ARCHITECTURES`, under its name with dashes for underscores."""

    def enter(make: Builder) -> Builder:
        name = make.__name__.replace("_", "-")
        about = (inspect.getdoc(make) or "").partition("\n\n")[0].replace("\n", " ")
        ARCHITECTURES[name] = Architecture(name, title, source, about, make)
        return make

    return enter


def sequential(**named: "nn.Module") -> "nn.Sequential":
    """The layers one after the other, each under its own name."""
    chain = nn.Sequential()
    for name, layer in named.items():
        chain.add_module(name, layer)
    return chain


@architecture("Softmax regression", source="Cox, 1958, as a network without hidden layers")
def softmax(dropout: float) -> "nn.Sequential":
    """Each digit weighs all 784 pixels once and the heaviest wins: no layers in between, so no shapes either."""
    return sequential(  #                            (N,  1, 28, 28)
        flatten=nn.Flatten(),  #                 (N, 784)
        dropout=nn.Dropout(dropout),
        output=nn.Linear(784, 10),  #            (N, 10)
    )


@architecture("Multilayer perceptron", source="Rumelhart, Hinton & Williams, 1986 (here with ReLU)")
def mlp(dropout: float) -> "nn.Sequential":
    """Two dense layers see all pixels at once, and must learn every stroke anew at every place."""
    return sequential(  #                            (N,  1, 28, 28)
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
    """Two convolutions find strokes and corners, three dense layers weigh them."""
    return sequential(  #                            (N,  1, 28, 28)
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


@architecture("Classic CNN", source="seed 000: conv-ReLU-pool blocks and a dense head; the sizes are ours")
def three_block_cnn(dropout: float) -> "nn.Sequential":
    """Three conv-ReLU-pool blocks see ever larger parts of the digit, a dense head decides."""
    return sequential(  #                            (N,  1, 28, 28)
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


@architecture("Two conv blocks, one linear layer", source="seed 001; the channels are ours")
def single_pool_cnn(dropout: float) -> "nn.Sequential":
    """Two convolutions before a single pooling, then every digit weighs the 6,272 values that are left."""
    return sequential(  #                            (N,  1, 28, 28)
        conv1=nn.Conv2d(1, 16, 3, padding=1),  # (N, 16, 28, 28)
        relu1=nn.ReLU(),
        conv2=nn.Conv2d(16, 32, 3, padding=1),  # (N, 32, 28, 28)
        relu2=nn.ReLU(),
        pool2=nn.MaxPool2d(2),  #                (N, 32, 14, 14)
        flatten=nn.Flatten(),  #                 (N, 6272)
        dropout=nn.Dropout(dropout),
        output=nn.Linear(6272, 10),  #           (N, 10)
    )


@architecture("MNIST CNN", source="seed 002, layer for layer")
def two_block_cnn(dropout: float) -> "nn.Sequential":
    """Two convolutions with pooling find strokes and how they meet, a dense layer of 128 weighs them."""
    return sequential(  #                            (N,  1, 28, 28)
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


@architecture("Wide head", source="seed 003, layer for layer (ReLU between its dense layers is ours)")
def wide_head_cnn(dropout: float) -> "nn.Sequential":
    """The same two convolutions before a far larger head: 3.2 million of its 3.3 million weights are dense."""
    return sequential(  #                            (N,  1, 28, 28)
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
    "Dropout CNN", source="seed 004: two conv-ReLU-pool blocks, a dense layer and dropout; the sizes are ours"
)
def dropout_cnn(dropout: float) -> "nn.Sequential":
    """Values are switched off at random on both sides of the dense layer, so that none is relied on alone."""
    return sequential(  #                            (N,  1, 28, 28)
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


@architecture("Fast", source="space to depth, then three 3x3 convolutions with batch normalisation")
def space_to_depth_cnn(dropout: float) -> "nn.Sequential":
    """Each 2x2 block of pixels becomes four channels, so that everything costly happens on maps of 14x14 and less."""
    return sequential(  #                            (N,  1, 28, 28)
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


@architecture("Accurate", source="the fast network's idea, twice as wide and deeper before each pooling")
def wide_space_to_depth_cnn(dropout: float) -> "nn.Sequential":
    """Blocks of pixels become channels, then five wide convolutions, each normalised, with a single pooling between."""
    return sequential(  #                            (N,   1, 28, 28)
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


def conv_block(number: int, before: int, after: int, padding: int = 1) -> dict[str, "nn.Module"]:
    """A 3x3 convolution, batch normalisation in place of its bias, and ReLU; named."""
    return {
        f"conv{number}": nn.Conv2d(before, after, 3, padding=padding, bias=False),
        f"norm{number}": nn.BatchNorm2d(after),
        f"relu{number}": nn.ReLU(),
    }


def get_architecture(name: str) -> Architecture:
    """The registered network of this name; raises ValueError naming those there are. Needs no torch."""
    if name not in ARCHITECTURES:
        raise ConfigError(f"architecture must be one of {', '.join(ARCHITECTURES)}, got {name!r}")
    return ARCHITECTURES[name]


def build(name: str, dropout: float = 0.0, seed: int = 0) -> "nn.Sequential":
    """The network with fresh weights, the same ones for the same seed; sets torch's random state."""
    torch.manual_seed(seed)
    return get_architecture(name).make(dropout)


@dataclass(frozen=True)
class LayerSummary:
    """One row of the table that describes a network."""

    name: str
    kind: str
    shape: tuple[int, ...]  # of what comes out of it, for one digit
    parameters: int
    about: str


def describe(name: str, dropout: float = 0.0) -> list[LayerSummary]:
    """Every layer with its output shape and number of parameters, without drawing a weight."""
    with torch.device("meta"):
        chain = get_architecture(name).make(dropout).eval()
    chain.to_empty(device="cpu")  # to compute on "meta" brings torch's compiler, 1,200 modules; any weights do here
    x, table = torch.zeros(1, 1, 28, 28, device="cpu"), []
    with torch.inference_mode():
        for layer_name, layer in chain.named_children():
            x = layer(x)
            parameters = sum(weights.numel() for weights in layer.parameters())
            table.append(
                LayerSummary(layer_name, type(layer).__name__, tuple(x.shape[1:]), parameters, layer_description(layer))
            )
    return table


def layer_description(layer: "nn.Module") -> str:
    """What a layer of this kind does, in a few words for the learner."""
    if isinstance(layer, nn.Conv2d):
        height, width = layer.kernel_size
        pace = f", {layer.stride[0]} pixels at a time" if layer.stride[0] > 1 else ""
        return f"slides {layer.out_channels} filters of {height}x{width} over the picture{pace}"
    if isinstance(layer, nn.MaxPool2d):
        return f"keeps the largest of every {layer.kernel_size}x{layer.kernel_size} values"
    if isinstance(layer, nn.Linear):
        return f"{layer.out_features} weighted sums of all {layer.in_features:,} values"
    if isinstance(layer, nn.Dropout):
        return f"switches off {layer.p:.0%} of the values while training" if layer.p else "switched off"
    if isinstance(layer, nn.ReLU):
        return "turns everything negative into 0"
    if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
        return "shifts and scales each map to mean 0 and spread 1, as seen over the batches"
    if isinstance(layer, nn.PixelUnshuffle):
        return (
            f"makes {layer.downscale_factor**2} maps of every {layer.downscale_factor}x{layer.downscale_factor} block"
        )
    if isinstance(layer, nn.Flatten):
        return "writes the maps into one row"
    return ""

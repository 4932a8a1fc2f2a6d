"""A network drawn from left to right: its layers as connected blocks, from the digit to the answer.

Plain data in, HTML out. The HTML needs `STYLESHEET` once on the page, or in the component that shows it.
"""

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import numpy as np

from mnist_core.models import LayerSummary
from ui import images
from ui.labels import article, probability_text
from ui.palette import GRID

STYLESHEET = Path(__file__).with_name("network_diagram.css").read_text("utf-8")
MAX_MAPS, MAX_UNITS = 5, 10  # feature maps, and units of a dense layer, that are drawn of one layer
BEFORE_DENSE = ("Flatten", "Dropout")  # drawn with the dense layer that follows; other small layers with the one before
MAIN_KINDS = {  # layers that get a block of their own: class -> what it is called
    "Conv2d": "Convolution",
    "MaxPool2d": "Pooling",
    "Linear": "Dense",
    "PixelUnshuffle": "Space to depth",
}
CONVOLUTION_ROLES = ("finds strokes", "finds corners and curves", "finds parts of digits", "combines the parts")
ONE_TO_ONE = ("MaxPool2d",)  # each of its maps depends on one map of the layer before


@dataclass
class Block:
    """A layer that is drawn, with the small layers that belong to it."""

    main: LayerSummary
    title: str
    role: str  # what it does for the digit, in a few words
    others: list[LayerSummary] = field(default_factory=list)  # in the order of the network, without the main one

    @property
    def n_tiles(self) -> int:
        """How many of its maps or units are drawn."""
        return min(self.main.shape[0], MAX_MAPS if len(self.main.shape) == 3 else MAX_UNITS)


def blocks(layers: Sequence[LayerSummary]) -> list[Block]:
    """Group the layers of a network into the blocks that are drawn, in order."""
    grouped: list[Block] = []
    waiting: list[LayerSummary] = []  # for the dense layer that they prepare
    for layer in layers:
        if layer.kind in BEFORE_DENSE:
            waiting.append(layer)
        elif layer.kind in MAIN_KINDS or not grouped:
            role = layer_role(layer, [block.main for block in grouped], is_last=layer is layers[-1])
            grouped.append(Block(layer, MAIN_KINDS.get(layer.kind, layer.kind), role, waiting))
            waiting = []
        else:
            grouped[-1].others.append(layer)
    return grouped


def layer_role(layer: LayerSummary, before: Sequence[LayerSummary], is_last: bool) -> str:
    """Return what a layer is there for, in a few words for the learner; `before` are the main layers before it."""
    of_its_kind = sum(other.kind == layer.kind for other in before)
    if layer.kind == "Conv2d":
        return CONVOLUTION_ROLES[min(of_its_kind, len(CONVOLUTION_ROLES) - 1)]
    if layer.kind == "MaxPool2d":
        return "keeps the strongest"
    if layer.kind == "PixelUnshuffle":
        return f"splits it into {layer.shape[0]} small pictures"
    if layer.kind == "Linear" and is_last:
        return "gives each digit a score"
    if layer.kind == "Linear":
        return "weighs all of it" if before else "weighs all pixels"
    return layer.description


def shape_text(shape: tuple[int, ...]) -> str:
    """Describe the shape (32, 28, 28) as "32 maps of 28 × 28", (128,) as "128 units"."""
    return f"{shape[0]:,} units" if len(shape) == 1 else f"{shape[0]} maps of {shape[1]} × {shape[2]}"


def network_diagram(
    layers: Sequence[LayerSummary],
    *,
    digit: np.ndarray | None = None,
    pictures: Mapping[str, Sequence[str]] | None = None,
    probabilities: np.ndarray | None = None,
    label: int | None = None,
    selected: str | None = None,
    clickable: bool = False,
) -> str:
    """Return HTML of a network as connected blocks.

    `digit` is uint8 (28, 28), what goes in; `pictures` has, by the name of the layer, a data URI for each of its
    tiles, such as filters or feature maps (`Block.n_tiles` of them; without, they are empty); `probabilities` (10,)
    give the answer at the end, which is compared with the digit's `label` if that is known. With `clickable`, each
    layer is a button with its name as `data-layer`, of which the one of `selected` is pressed.
    """
    pictures = pictures or {}
    drawn = blocks(layers)
    parts = [input_html(digit)]
    n_before, kind_before = 1, ""
    for block in drawn:
        straight = block.main.kind in ONE_TO_ONE and n_before == block.n_tiles and kind_before != ""
        parts.append(lines_html(n_before, block.n_tiles, straight))
        parts.append(block_html(block, pictures.get(block.main.name, ()), selected, clickable))
        n_before, kind_before = block.n_tiles, block.main.kind
    parts += [
        lines_html(n_before, 10, straight=n_before == 10, css_class="net-last-lines"),
        answer_html(probabilities, label),
    ]
    scrollable = "" if clickable else ' tabindex="0"'  # so that the arrow keys scroll it on a phone
    title = "The network, from the digit to the answer"
    return f'<div class="network" role="group" aria-label="{title}"{scrollable}>{"".join(parts)}</div>'


def input_html(digit: np.ndarray | None) -> str:
    """Return HTML of the first column: the digit that goes in, or an empty square for None."""
    picture = tile_html("net-digit", None if digit is None else images.data_uri(digit))
    words = words_html("Digit", "goes in", "28 × 28 pixels", "28 × 28 pixels")
    return (
        f'<div class="net-stage"><div class="net-block"><div class="net-tiles">{picture}</div>'
        f'<span class="net-more"></span>{words}</div></div>'
    )


def block_html(block: Block, pictures: Sequence[str], selected: str | None, clickable: bool) -> str:
    """Return HTML of one block: its tiles with names below, and the small layers that belong to it."""
    main, is_map = block.main, len(block.main.shape) == 3
    size = f"net-map net-{map_size(main.shape[-1])}" if is_map else "net-unit"
    tiles = [tile_html(size, pictures[i] if i < len(pictures) else None) for i in range(block.n_tiles)]
    more = main.shape[0] - block.n_tiles
    rest = f'<span class="net-more">and {more:,} more</span>' if more else '<span class="net-more"></span>'
    words = words_html(block.title, block.role, main.name, shape_text(main.shape))
    content = f'<span class="net-tiles">{"".join(tiles)}</span>{rest}{words}'
    others = "".join(
        layer_element(other, "net-chip", f"+ {html.escape(other.name)}", selected, clickable) for other in block.others
    )
    return f'<div class="net-stage">{layer_element(main, "net-block", content, selected, clickable)}{others}</div>'


def layer_element(layer: LayerSummary, css_class: str, content: str, selected: str | None, clickable: bool) -> str:
    """Return `content` in the element that stands for a layer: a button to select it, or a plain box."""
    explanation = html.escape(f"{layer.name}: {layer.description}; {shape_text(layer.shape)}")
    attributes = f'class="{css_class}" data-layer="{html.escape(layer.name)}" title="{explanation}"'
    if not clickable:
        return f"<div {attributes}>{content}</div>"
    pressed = str(layer.name == selected).lower()
    return f'<button type="button" {attributes} aria-label="{explanation}" aria-pressed="{pressed}">{content}</button>'


def words_html(title: str, role: str, name: str, size: str) -> str:
    """Return HTML of a block's title, its role and, in small, its name in the code.

    Its size in words is there for a stylesheet that shows it instead of role and name.
    """
    unbroken = size.replace(" × ", "\N{NO-BREAK SPACE}×\N{NO-BREAK SPACE}")
    return (
        f'<span class="net-words"><b>{html.escape(title)}</b><span>{html.escape(role)}</span>'
        f'<small>{html.escape(name)}</small><small class="net-size">{html.escape(unbroken)}</small></span>'
    )


def tile_html(css_class: str, picture: str | None) -> str:
    """Return HTML of one tile: a picture given as a data URI, or an empty one."""
    if picture is None:
        return f'<span class="{css_class}"></span>'
    return f'<img class="{css_class}" src="{picture}" alt="">'


def map_size(side: int) -> str:
    """Return the size in which a map of this many pixels a side is drawn: large, medium or small."""
    return "large" if side >= 20 else "medium" if side >= 10 else "small"


def lines_html(n_left: int, n_right: int, straight: bool, css_class: str = "") -> str:
    """Return HTML of the lines between two columns of tiles: from each to each, or straight across."""
    pairs = [(i, i) for i in range(n_right)] if straight else [(i, j) for i in range(n_left) for j in range(n_right)]
    lines = "".join(f"M0 {100 * (i + 0.5) / n_left:.4g}L100 {100 * (j + 0.5) / n_right:.4g}" for i, j in pairs)
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100" preserveAspectRatio="none" width="100" '
        f'height="100"><path d="{lines}" stroke="{GRID}" vector-effect="non-scaling-stroke"/></svg>'
    )
    return f'<img class="net-lines {css_class}" src="data:image/svg+xml,{quote(svg)}" alt="">'


def answer_html(probabilities: np.ndarray | None, label: int | None = None) -> str:
    """Return HTML of the last two columns: the ten probabilities (10,) as bars, and the answer in large.

    The answer is correct if it is the `label`; without a label, nobody knows.
    """
    values = np.zeros(10) if probabilities is None else probabilities
    answer = None if probabilities is None else int(values.argmax())
    rows = "".join(
        f'<span class="net-row{" net-answer" if digit == answer else ""}"><b>{digit}</b>'
        f'<span class="net-bar"><span style="width: {100 * value:.1f}%"></span></span></span>'
        for digit, value in enumerate(values)
    )
    shown, percent = ("?", "") if answer is None else (str(answer), probability_text(values[answer]))
    described = "no answer yet" if answer is None else f"{answer} with {percent}"
    verdict, css_class = "the most probable digit", "net-result"
    if answer is not None and label is not None:
        verdict = "✓ correct" if answer == label else f"✗ wrong: it is {article(label)}"
        css_class += "" if answer == label else " net-wrong"
    softmax = words_html("Softmax", "scores become probabilities", "they add up to 100 %", "10 probabilities")
    return (
        f'<div class="net-stage"><div class="net-block" role="img" aria-label="The ten probabilities: {described}">'
        f'<div class="net-tiles">{rows}</div><span class="net-more"></span>{softmax}</div></div>'
        f'<div class="net-stage"><div class="net-block"><div class="net-tiles"><span class="{css_class}">{shown}</span>'
        f'</div><span class="net-more"></span>{words_html("Answer", verdict, percent, "")}</div></div>'
    )

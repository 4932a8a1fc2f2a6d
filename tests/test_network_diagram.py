"""A network drawn as connected blocks: which layers are blocks, and what the HTML says."""

import re

import numpy as np
import pytest

from mnist_core.models import ARCHITECTURES, describe
from ui import network_diagram
from ui.network_diagram import MAX_MAPS, blocks

PICTURE = "data:image/png;base64,AAAA"


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_every_layer_is_drawn_once_and_the_last_block_is_the_scores(architecture):
    layers = describe(architecture)
    html = network_diagram.network_diagram(layers, clickable=True, selected=layers[-1].name)
    assert sorted(re.findall(r'data-layer="(\w+)"', html)) == sorted(layer.name for layer in layers)
    assert re.findall(r'data-layer="(\w+)"[^>]*aria-pressed="true"', html) == [layers[-1].name]
    assert blocks(layers)[-1].role == "gives each digit a score"


def test_small_layers_belong_to_the_block_that_they_serve():
    drawn = [(block.main.name, [other.name for other in block.others]) for block in blocks(describe("dropout-cnn"))]
    assert drawn[0] == ("conv1", ["relu1"])
    assert drawn[1] == ("pool1", [])
    assert drawn[-2:] == [("dense", ["flatten", "dropout1", "relu3"]), ("output", ["dropout2"])]


def test_the_convolutions_are_named_by_what_they_find():
    roles = [block.role for block in blocks(describe("three-block-cnn")) if block.title == "Convolution"]
    assert roles == ["finds strokes", "finds corners and curves", "finds parts of digits"]


def test_a_layer_shows_the_pictures_it_is_given_and_how_many_more_there_are():
    html = network_diagram.network_diagram(describe("lenet-5"), pictures={"conv2": [PICTURE] * MAX_MAPS})
    assert html.count(f'src="{PICTURE}"') == MAX_MAPS
    assert "and 11 more" in html  # of 16 maps


def test_a_pooling_is_connected_map_by_map_and_a_convolution_with_all():
    assert network_diagram.lines_html(5, 5, straight=True).count("L100") == 5
    assert network_diagram.lines_html(5, 5, straight=False).count("L100") == 25


def test_the_answer_stands_at_the_end_once_there_is_one():
    probabilities = np.full(10, 0.01)
    probabilities[4] = 0.91
    html = network_diagram.network_diagram(describe("softmax"), probabilities=probabilities)
    assert '<span class="net-result">4</span>' in html
    assert "91.0 %" in html
    assert '<span class="net-result">?</span>' in network_diagram.network_diagram(describe("softmax"))


def test_every_block_has_its_size_in_words():
    html = network_diagram.network_diagram(describe("two-block-cnn"))
    sizes = re.findall(r'class="net-size">([^<]+)<', html)
    assert sizes[:2] == ["28\xa0×\xa028 pixels", "32 maps of 28\xa0×\xa028"]
    assert sizes[-2:] == ["10 units", "10 probabilities"]

"""The colours of runs can be seen on light and dark pages and distinguished from each other."""

from itertools import combinations

import pytest
from colour_contrast import contrast, linear

from ui import palette


@pytest.mark.parametrize("page", ["#FFFFFF", "#10141C"])
@pytest.mark.parametrize("colour", [*palette.RUNS, palette.SELECTED])
def test_a_runs_colour_has_contrast_on_light_and_dark_pages(colour, page):
    assert contrast(colour, page) >= 3  # WCAG 2, for graphics


@pytest.mark.parametrize("grey", range(0, 256, 5))
def test_text_has_contrast_on_every_colour(grey):
    for background in ((grey, grey, grey), (grey, 128, 255 - grey)):
        colour = "#" + bytes(background).hex()
        assert contrast(colour, palette.text_colour(background)) >= 4.5  # WCAG 2, for text


def test_a_colour_between_two_others_is_mixed_of_both():
    assert palette.between("#000000", "#FF8000", 0.5) == "#804000"
    assert [palette.between("#102030", "#FFFFFF", end) for end in (0, 1)] == ["#102030", "#FFFFFF"]


@pytest.mark.parametrize(("one", "another"), [*combinations(palette.RUNS, 2)])
def test_the_colours_of_runs_differ(one, another):
    assert max(abs(a - b) for a, b in zip(linear(one), linear(another), strict=True)) > 0.05


def test_evidence_wears_neither_the_colour_of_correct_nor_that_of_incorrect():
    for _, colour in palette.EVIDENCE:
        for verdict in (palette.CORRECT, palette.INCORRECT):
            assert max(abs(a - b) for a, b in zip(linear(colour), linear(verdict), strict=True)) > 0.1

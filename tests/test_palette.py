"""The colours of runs can be seen on light and dark pages and distinguished from each other."""

from itertools import combinations

import pytest

from ui import palette


def linear(colour):
    """#RRGGBB as linear light, 0..1 (sRGB)."""
    parts = [part / 255 for part in bytes.fromhex(colour.removeprefix("#"))]
    return [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]


def luminance(colour):
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear(colour), strict=True))


@pytest.mark.parametrize("page", ["#FFFFFF", "#10141C"])
@pytest.mark.parametrize("colour", [*palette.RUNS, palette.SELECTED])
def test_a_runs_colour_has_contrast_on_light_and_dark_pages(colour, page):
    low, high = sorted((luminance(colour), luminance(page)))
    assert (high + 0.05) / (low + 0.05) >= 3  # WCAG 2, for graphics


@pytest.mark.parametrize(("one", "another"), [*combinations(palette.RUNS, 2)])
def test_the_colours_of_runs_differ(one, another):
    assert max(abs(a - b) for a, b in zip(linear(one), linear(another), strict=True)) > 0.05

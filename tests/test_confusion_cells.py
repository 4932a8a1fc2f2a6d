"""The cells of the confusion matrix, on a few digits counted by hand, and what the browser may report as clicked."""

import numpy as np
import pytest
from colour_contrast import contrast, luminance

from ui.components.matrix.matrix import parse_cell
from ui.confusion import cells
from ui.palette import MATRIX

COUNTS = np.diag([5] * 10)
COUNTS[4] = [0, 0, 0, 0, 7, 0, 0, 0, 0, 3]
OTHER = np.diag([5] * 10)
OTHER[4] = [0, 0, 0, 0, 9, 0, 0, 0, 0, 1]


def texts(shown):
    """(true label, prediction) -> the text of the cell."""
    return {(i, j): text for i, row in enumerate(shown.texts) for j, text in enumerate(row) if text}


def coloured(shown):
    """(true label, prediction) -> the CSS custom properties of the cell."""
    return {(i, j): colours for i, row in enumerate(shown.colours) for j, colours in enumerate(row) if colours}


def test_each_count_is_the_text_of_its_cell_and_zero_is_empty():
    expected = {(d, d): "5" for d in range(10)} | {(4, 4): "7", (4, 9): "3"}
    shown = cells.confusion_cells(COUNTS)
    assert texts(shown) == expected
    assert coloured(shown).keys() == expected.keys()


def test_normalised_cells_are_percentages_of_their_row():
    shown = texts(cells.confusion_cells(COUNTS, normalise=True))
    assert (shown[4, 4], shown[4, 9], shown[0, 0]) == ("70", "30", "100")


@pytest.mark.parametrize(("share", "text"), [(0.0004, "0.0"), (0.006, "0.6"), (0.0994, "9.9"), (0.999, "99.9")])
def test_percentages_have_a_decimal_where_it_says_something(share, text):
    counts = np.diag([10_000] * 10)
    counts[4, [4, 9]] = round(10_000 * (1 - share)), round(10_000 * share)
    assert texts(cells.confusion_cells(counts, normalise=True))[4, 9] == text


def test_mistakes_have_a_scale_of_their_own():
    shown = coloured(cells.confusion_cells(COUNTS))
    assert shown[4, 9]["--light"] == MATRIX["light"]["misread"][1]  # the most frequent mistake, though only 3 digits
    assert shown[4, 4]["--light"] == MATRIX["light"]["correct"][1]


def test_without_the_diagonal_only_mistakes_are_shown():
    shown = cells.confusion_cells(COUNTS, diagonal=False)
    assert texts(shown) == {(4, 9): "3"}
    assert coloured(shown).keys() == {(4, 9)}


def test_the_logarithm_makes_rare_mistakes_stronger():
    counts = COUNTS.copy()
    counts[0, 1] = 1
    linear, log = (coloured(cells.confusion_cells(counts, log=log))[0, 1]["--light"] for log in (False, True))
    assert luminance(log) < luminance(linear)


def test_in_the_dark_mistakes_are_what_glows():
    shown = coloured(cells.confusion_cells(np.full((10, 10), 1) + 1000 * np.eye(10, dtype=int)))
    assert min(luminance(shown[0, j]["--dark"]) for j in range(1, 10)) > 3 * luminance(shown[0, 0]["--dark"])


@pytest.mark.parametrize("log", [True, False])
def test_every_number_has_contrast_with_its_cell_in_light_and_dark(log):
    counts = np.arange(1, 101).reshape(10, 10)
    for shown in (cells.confusion_cells(counts, log=log), cells.difference_cells(counts, counts.T * 2 - 60, log=log)):
        for colours in coloured(shown).values():
            for scheme in ("light", "dark"):
                assert contrast(colours[f"--{scheme}"], colours[f"--{scheme}-text"]) >= 4.5  # WCAG 2 AA


def test_a_difference_is_signed_and_says_which_is_better():
    shown = cells.difference_cells(COUNTS, OTHER)
    assert texts(shown) == {(4, 4): "−2", (4, 9): "+2"}
    assert {colours["--light"] for colours in coloured(shown).values()} == {MATRIX["light"]["worse"][1]}
    reverse = coloured(cells.difference_cells(OTHER, COUNTS))
    assert {colours["--dark"] for colours in reverse.values()} == {MATRIX["dark"]["better"][1]}


def test_a_normalised_difference_is_in_percentage_points():
    assert texts(cells.difference_cells(COUNTS, OTHER, normalise=True)) == {(4, 4): "−20", (4, 9): "+20"}


@pytest.mark.parametrize("log", [True, False])
@pytest.mark.parametrize("diagonal", [True, False])
def test_an_empty_matrix_has_neither_text_nor_colour(log, diagonal):
    for shown in (
        cells.confusion_cells(np.zeros((10, 10), int), log=log, diagonal=diagonal),
        cells.difference_cells(COUNTS, COUNTS, log=log),
    ):
        assert (texts(shown), coloured(shown)) == ({}, {})


def test_each_cell_says_what_is_in_it():
    descriptions = cells.confusion_cells(COUNTS).descriptions
    assert descriptions[4][9] == "Written 4, read as 9: 3 digits, 30.00 % of the 4s"
    assert descriptions[4][0] == "Written 4, read as 0: none"
    difference = cells.difference_cells(OTHER, COUNTS).descriptions
    assert difference[4][9] == "Written 4, read as 9: 1 digit with this model, 3 with the other"


@pytest.mark.parametrize("cell", [(4, 9), (4, None), (None, 0)])
def test_a_cell_a_row_or_a_column_can_be_clicked(cell):
    assert parse_cell(list(cell)) == cell


@pytest.mark.parametrize(
    "value", [None, [], [4], [4, 9, 1], [None, None], [4, 10], [-1, 4], [4, "9"], [True, 4], [4.0, 9], {"0": 4}, "49"]
)
def test_what_is_no_cell_is_ignored(value):
    assert parse_cell(value) is None

"""The matrix figure, on a few digits counted by hand; a click on it means what was clicked."""

import numpy as np
import pytest

from ui.confusion import chart

COUNTS = np.diag([5] * 10)
COUNTS[4] = [0, 0, 0, 0, 7, 0, 0, 0, 0, 3]
OTHER = np.diag([5] * 10)
OTHER[4] = [0, 0, 0, 0, 9, 0, 0, 0, 0, 1]
TARGETS = -1


def texts(figure):
    """(written, read) -> what stands in the cell."""
    return {
        (w, r): text
        for layer in figure.data[2:4]
        for r, w, text in zip(layer.x, layer.y, layer.text, strict=True)
        if text
    }


def colours(figure):
    """(written, read) -> ("right" or "wrong", strength 0..1)."""
    found = {}
    for name, layer in zip(("right", "wrong"), figure.data[:2], strict=True):
        for (w, r), value in np.ndenumerate(layer.z):
            if value > 0:
                found[w, r] = name, float(value)
    return found


def test_counts_stand_where_they_were_counted():
    expected = {(d, d): "5" for d in range(10)} | {(4, 4): "7", (4, 9): "3"}
    assert texts(chart.confusion_chart(COUNTS)) == expected


def test_shares_are_percent_of_the_row():
    found = texts(chart.confusion_chart(COUNTS, shares=True))
    assert (found[4, 4], found[4, 9], found[0, 0]) == ("70.0", "30.0", "100")


def test_without_the_diagonal_the_mistakes_have_the_full_colour():
    figure = chart.confusion_chart(COUNTS, diagonal=False)
    assert texts(figure) == {(4, 9): "3"}
    assert colours(figure) == {(4, 9): ("wrong", 1.0)}


def test_right_and_wrong_have_colours_of_their_own():
    found = colours(chart.confusion_chart(COUNTS))
    assert {name for (w, r), (name, _) in found.items() if w == r} == {"right"}
    assert found[4, 9][0] == "wrong"


def test_the_logarithm_makes_rare_mistakes_stronger():
    plain, log = (colours(chart.confusion_chart(COUNTS, log=log))[4, 9][1] for log in (False, True))
    assert plain == pytest.approx(3 / 7)
    assert log == pytest.approx(np.log(4) / np.log(8))


def test_a_difference_is_signed_and_blue_where_the_first_is_better():
    figure = chart.difference_chart(COUNTS, OTHER)
    assert texts(figure) == {(4, 4): "−2", (4, 9): "+2"}
    assert {name for name, _ in colours(figure).values()} == {"wrong"}
    assert {name for name, _ in colours(chart.difference_chart(OTHER, COUNTS)).values()} == {"right"}


def test_a_difference_of_shares_is_in_points():
    assert texts(chart.difference_chart(COUNTS, OTHER, shares=True)) == {(4, 4): "−20.0", (4, 9): "+20.0"}


@pytest.mark.parametrize("log", [True, False])
@pytest.mark.parametrize("diagonal", [True, False])
def test_an_empty_matrix_is_empty(log, diagonal):
    nothing = np.zeros((10, 10), int)
    for figure in (
        chart.confusion_chart(nothing, log=log, diagonal=diagonal),
        chart.difference_chart(COUNTS, COUNTS, log=log),
    ):
        assert (texts(figure), colours(figure)) == ({}, {})


def test_every_cell_and_every_label_can_be_clicked():
    targets = chart.confusion_chart(COUNTS).data[TARGETS]
    cells = {chart.clicked_cell({"x": x, "y": y}) for x, y in zip(targets.x, targets.y, strict=True)}
    rows, columns = {(d, None) for d in range(10)}, {(None, d) for d in range(10)}
    assert cells == {(w, r) for w in range(10) for r in range(10)} | rows | columns
    assert len(targets.x) == 120


def test_what_is_clicked_says_what_it_is():
    targets = chart.confusion_chart(COUNTS).data[TARGETS]
    said = {(x, y): text for x, y, text in zip(targets.x, targets.y, targets.hovertext, strict=True)}
    assert said[9, 4] == "written 4, read as 9:<br>3 digits, 30.00% of the 4s"


def test_rows_are_what_was_written_and_columns_what_was_read():
    layout = chart.confusion_chart(COUNTS).layout
    assert (layout.xaxis.title.text, layout.yaxis.title.text) == ("read as", "written")
    assert layout.yaxis.range[0] > layout.yaxis.range[1]  # 0 is the top row


@pytest.mark.parametrize("cell", [(4, 9), (4, None), (None, 9)])
def test_what_is_chosen_has_a_frame(cell):
    assert "border" in chart.selection_frame(cell)


def test_where_nothing_is_chosen_is_no_frame():
    assert "border" not in chart.selection_frame((None, None))

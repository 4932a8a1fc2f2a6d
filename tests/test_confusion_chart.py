"""The confusion matrix as a chart, on a few digits counted by hand, and what a click on it selects."""

import numpy as np
import pytest

from ui.confusion import chart

COUNTS = np.diag([5] * 10)
COUNTS[4] = [0, 0, 0, 0, 7, 0, 0, 0, 0, 3]
OTHER = np.diag([5] * 10)
OTHER[4] = [0, 0, 0, 0, 9, 0, 0, 0, 0, 1]
TARGETS = -1  # the index of the click targets among the traces


def texts(figure):
    """(true label, prediction) -> the text of the cell."""
    return {
        (label, predicted): text
        for trace in figure.data[2:4]
        for predicted, label, text in zip(trace.x, trace.y, trace.text, strict=True)
        if text
    }


def colours(figure):
    """(true label, prediction) -> ("blue" or "orange", strength 0..1)."""
    strengths = {}
    for name, trace in zip(("blue", "orange"), figure.data[:2], strict=True):
        for cell, value in np.ndenumerate(trace.z):
            if value > 0:
                strengths[cell] = name, float(value)
    return strengths


def test_each_count_is_the_text_of_its_cell():
    expected = {(d, d): "5" for d in range(10)} | {(4, 4): "7", (4, 9): "3"}
    assert texts(chart.confusion_chart(COUNTS)) == expected


def test_normalised_cells_are_percentages_of_their_row():
    cells = texts(chart.confusion_chart(COUNTS, normalise=True))
    assert (cells[4, 4], cells[4, 9], cells[0, 0]) == ("70.0", "30.0", "100")


def test_without_the_diagonal_mistakes_use_the_full_range_of_colour():
    figure = chart.confusion_chart(COUNTS, diagonal=False)
    assert texts(figure) == {(4, 9): "3"}
    assert colours(figure) == {(4, 9): ("orange", 1.0)}


def test_correct_predictions_are_blue_and_mistakes_orange():
    cells = colours(chart.confusion_chart(COUNTS))
    assert {name for (label, predicted), (name, _) in cells.items() if label == predicted} == {"blue"}
    assert cells[4, 9][0] == "orange"


def test_the_logarithm_makes_rare_mistakes_stronger():
    linear, log = (colours(chart.confusion_chart(COUNTS, log=log))[4, 9][1] for log in (False, True))
    assert linear == pytest.approx(3 / 7)
    assert log == pytest.approx(np.log(4) / np.log(8))


def test_a_difference_is_signed_and_blue_where_the_first_is_better():
    figure = chart.difference_chart(COUNTS, OTHER)
    assert texts(figure) == {(4, 4): "−2", (4, 9): "+2"}
    assert {name for name, _ in colours(figure).values()} == {"orange"}
    assert {name for name, _ in colours(chart.difference_chart(OTHER, COUNTS)).values()} == {"blue"}


def test_a_normalised_difference_is_in_percentage_points():
    assert texts(chart.difference_chart(COUNTS, OTHER, normalise=True)) == {(4, 4): "−20.0", (4, 9): "+20.0"}


@pytest.mark.parametrize("log", [True, False])
@pytest.mark.parametrize("diagonal", [True, False])
def test_an_empty_matrix_has_neither_text_nor_colour(log, diagonal):
    for figure in (
        chart.confusion_chart(np.zeros((10, 10), int), log=log, diagonal=diagonal),
        chart.difference_chart(COUNTS, COUNTS, log=log),
    ):
        assert (texts(figure), colours(figure)) == ({}, {})


def test_every_cell_row_and_column_can_be_clicked():
    targets = chart.confusion_chart(COUNTS).data[TARGETS]
    cells = {chart.clicked_cell({"x": x, "y": y}) for x, y in zip(targets.x, targets.y, strict=True)}
    rows, columns = {(d, None) for d in range(10)}, {(None, d) for d in range(10)}
    assert cells == {(label, predicted) for label in range(10) for predicted in range(10)} | rows | columns
    assert len(targets.x) == 120


def test_each_target_has_a_text_under_the_mouse():
    targets = chart.confusion_chart(COUNTS).data[TARGETS]
    hovers = {(x, y): text for x, y, text in zip(targets.x, targets.y, targets.hovertext, strict=True)}
    assert hovers[9, 4] == "written 4, read as 9:<br>3 digits, 30.00% of the 4s"


def test_rows_are_true_labels_and_columns_predictions():
    layout = chart.confusion_chart(COUNTS).layout
    assert (layout.xaxis.title.text, layout.yaxis.title.text) == ("read as (prediction)", "written (true label)")
    assert layout.yaxis.range[0] > layout.yaxis.range[1]  # 0 is the top row


@pytest.mark.parametrize("cell", [(4, 9), (4, None), (None, 9)])
def test_a_selected_cell_row_or_column_has_a_frame(cell):
    assert "border" in chart.selection_frame(cell)


def test_without_a_selected_cell_there_is_no_frame():
    assert "border" not in chart.selection_frame((None, None))

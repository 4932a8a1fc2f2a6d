"""The figures, on histories of a few rows."""

import math

import numpy as np
import pytest

from ui import charts, images, learning_curves, palette
from ui.train import curves

BATCHES = [
    {"step": 1, "steps": 4, "epoch": 0.5, "seconds": 0.1, "loss": 2.3, "accuracy": 0.1},
    {"step": 2, "steps": 4, "epoch": 1.0, "seconds": 0.2, "loss": 1.1, "accuracy": 0.5},
]
EPOCH = {"step": 2, "epoch": 1.0, "seconds": 0.3, "validation_loss": 0.9, "validation_accuracy": 0.8}
METRICS = ["accuracy", "loss"]


def points(figure):
    """The raw, the smoothed and the validation line, each as its (x, y)."""
    return [(list(line.x), list(line.y)) for line in figure.data]


@pytest.mark.parametrize("metric", METRICS)
def test_an_empty_history_gives_empty_axes(metric):
    figure = curves.learning_curve([], metric, 5)
    assert points(figure) == [([], [])] * 3
    assert figure.layout.xaxis.range == (0, 5.1)


@pytest.mark.parametrize("metric", METRICS)
def test_one_row_is_one_point(metric):
    raw, smoothed, validation = points(curves.learning_curve(BATCHES[:1], metric, 5))
    assert raw == smoothed == ([0.5], [BATCHES[0][metric]])
    assert validation == ([], [])


@pytest.mark.parametrize("metric", METRICS)
def test_training_and_validation_are_drawn_where_they_were_measured(metric):
    raw, smoothed, validation = points(curves.learning_curve([*BATCHES, EPOCH], metric, 5))
    first, second = (row[metric] for row in BATCHES)
    assert raw == ([0.5, 1.0], [first, second])
    assert smoothed == ([0.5, 1.0], [first, pytest.approx((first + second) / 2)])
    assert validation == ([1.0], [EPOCH[f"validation_{metric}"]])


@pytest.mark.parametrize("metric", METRICS)
def test_the_axes_do_not_move_while_a_curve_grows(metric):
    before, after = (curves.learning_curve(history, metric, 5).layout for history in (BATCHES[:1], BATCHES))
    assert before.xaxis.range == after.xaxis.range
    assert before.yaxis.range == after.yaxis.range


@pytest.mark.parametrize("best", [0.1, 0.5, 0.86, 0.97, 0.99, 1.0])
def test_the_best_accuracy_is_on_the_axis(best):
    low, high = curves.learning_curve([EPOCH | {"validation_accuracy": best}], "accuracy", 5).layout.yaxis.range
    assert low < best < high


@pytest.mark.parametrize("loss", [0.002, 0.03, 2.303, 3.9])
def test_usual_losses_are_on_the_axis(loss):
    low, high = curves.learning_curve([], "loss", 5).layout.yaxis.range
    assert low < math.log10(loss) < high


@pytest.mark.parametrize("metric", METRICS)
def test_axes_say_their_unit(metric):
    figure = curves.learning_curve(BATCHES, metric, 5)
    assert figure.layout.xaxis.title.text == "epochs"
    assert metric in figure.layout.yaxis.title.text


def test_training_and_validation_have_colours_of_their_own():
    raw, smoothed, validation = curves.learning_curve([*BATCHES, EPOCH], "loss", 5).data
    assert raw.line.color == smoothed.line.color == palette.TRAINING
    assert validation.line.color == palette.VALIDATION != palette.TRAINING


def test_trailing_mean_by_hand():
    assert learning_curves.trailing_mean([1, 3, 5, 7], 2) == [1, 2, 4, 6]


def test_trailing_mean_of_nothing_is_nothing():
    assert learning_curves.trailing_mean([], 3) == []


def test_trailing_mean_of_one_changes_nothing():
    assert learning_curves.trailing_mean([4.0, 2.0], 1) == [4.0, 2.0]


def test_a_picture_is_crisp_squares():
    digit = np.random.default_rng(0).integers(0, 256, (28, 28), dtype=np.uint8)
    picture = images.enlarge(digit)
    assert picture.dtype == np.uint8
    assert picture.shape == (28 * images.PIXEL_SIZE,) * 2
    for dy in range(images.PIXEL_SIZE):
        assert (picture[dy :: images.PIXEL_SIZE, :: images.PIXEL_SIZE] == digit).all()


def bars(probabilities, label=None):
    """The heights and the colours of the ten bars."""
    bar = charts.probabilities(np.array(probabilities), label).data[0]
    return list(bar.y), list(bar.marker.color)


def test_ten_bars_show_ten_probabilities():
    values = [0.01] * 9 + [0.91]
    assert bars(values)[0] == values


@pytest.mark.parametrize("label", [None, 9])
def test_a_right_answer_is_blue(label):
    colours = bars([0.01] * 9 + [0.91], label)[1]
    assert colours[9] == palette.CORRECT
    assert palette.INCORRECT not in colours


def test_a_wrong_answer_is_orange_and_what_was_written_blue():
    colours = bars([0.01] * 9 + [0.91], 4)[1]
    assert (colours[4], colours[9]) == (palette.CORRECT, palette.INCORRECT)

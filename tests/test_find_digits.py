"""Several digits in one picture are found, one by one, in the order in which they are read."""

import contextlib

import numpy as np
import pytest
from PIL import Image

from mnist_core.drawing import EmptyDrawing, naive_resize, to_digit
from mnist_core.segmentation import MAX_DIGITS, find_digits


def sheet(*strokes, size=(400, 600)):
    """Ink of 255 on black: each stroke is a rectangle (left, top, right, bottom)."""
    image = np.zeros(size, np.uint8)
    for left, top, right, bottom in strokes:
        image[top:bottom, left:right] = 255
    return image


def boxes(image):
    return [found.box for found in find_digits(image)]


STROKES = [(60, 60, 80, 160), (200, 70, 220, 170), (400, 50, 440, 150), (70, 250, 90, 350), (300, 240, 330, 340)]


def test_digits_are_found_where_they_are_line_by_line():
    assert boxes(sheet(*reversed(STROKES))) == STROKES


@pytest.mark.parametrize("change", [lambda image: 255 - image, lambda image: np.dstack([image] * 3)])
def test_polarity_and_colour_change_nothing(change):
    assert boxes(change(sheet(*STROKES))) == STROKES


def test_each_digit_is_what_it_would_be_alone():
    image = sheet((60, 60, 80, 160), (300, 60, 400, 80), (380, 80, 400, 160))  # a 1 and a 7
    one, seven = find_digits(image)
    np.testing.assert_array_equal(one.digit, to_digit(np.pad(image[:, :200], 1)))
    np.testing.assert_array_equal(seven.digit, to_digit(np.pad(image[:, 200:], 1)))


def test_a_line_may_rise_and_its_digits_differ_in_height():
    rising = [(40 + 90 * place, 150 - 20 * place, 70 + 90 * place, 240 - 15 * place) for place in range(6)]
    assert boxes(sheet(*reversed(rising))) == rising


def test_boxes_of_a_large_picture_are_in_its_own_pixels():
    image = sheet((400, 400, 600, 1400), (2000, 500, 2400, 1500), size=(2400, 3200))
    for found, wanted in zip(boxes(image), [(400, 400, 600, 1400), (2000, 500, 2400, 1500)], strict=True):
        np.testing.assert_allclose(found, wanted, atol=8)


FIVE = [(100, 80, 115, 180), (100, 125, 150, 180)]  # its body, with the bar left out
PIECES = {
    "the bar of a 5, apart": [*FIVE, (124, 80, 165, 92)],
    "an open 4": [(100, 80, 115, 134), (100, 122, 150, 134), (162, 70, 176, 190)],
    "a torn stroke": [(100, 60, 120, 110), (100, 114, 120, 164)],
    "a stroke through": [(100, 60, 180, 160), (130, 40, 140, 180)],
}


@pytest.mark.parametrize("name", PIECES)
def test_pieces_of_one_digit_are_one_digit(name):
    neighbours = [(300, 60, 320, 160), (420, 60, 440, 160)]
    left, top, right, bottom = np.array(PIECES[name]).T
    around = left.min(), top.min(), right.max(), bottom.max()
    assert boxes(sheet(*PIECES[name], *neighbours)) == [around, *neighbours]


def test_smudges_are_no_digits():
    assert boxes(sheet(*STROKES, (500, 300, 504, 304), (150, 200, 160, 206))) == STROKES


def test_what_reaches_in_from_the_edge_is_no_digit():
    assert boxes(sheet(*STROKES, (0, 0, 8, 400))) == STROKES


def test_a_digit_that_fills_the_picture_is_found():
    assert boxes(sheet((280, 0, 320, 400))) == [(280, 0, 320, 400)]


def test_lines_that_stand_close_stay_apart():
    lines = [(60, 50, 80, 150), (200, 50, 220, 150), (60, 165, 80, 265), (200, 165, 220, 265)]
    assert boxes(sheet(*lines)) == lines


def test_a_photo_of_digits_is_read_like_the_sheet():
    columns = np.arange(600)
    light = (220 - 0.15 * columns) * np.where(sheet(*STROKES), 0.3, 1.0)
    photo = (light + np.random.default_rng(0).normal(0, 3, light.shape)).clip(0, 255).astype(np.uint8)
    np.testing.assert_allclose(boxes(photo), STROKES, atol=3)


@pytest.mark.parametrize("grey", [0, 200])
@pytest.mark.parametrize("shape", [(50, 50), (50, 50, 3), (0, 0), (1, 900)])
def test_a_blank_picture_has_none(grey, shape):
    with pytest.raises(EmptyDrawing):
        find_digits(np.full(shape, grey, np.uint8))


def test_a_picture_of_nothing_but_grain_is_read_quickly():
    noise = np.random.default_rng(0).integers(0, 256, (600, 600), dtype=np.uint8)
    with contextlib.suppress(EmptyDrawing):
        assert len(find_digits(noise)) <= MAX_DIGITS


def test_mnists_own_digits_on_a_sheet_are_all_found(mnist, monkeypatch):
    from mnist_core.data import load_digits

    monkeypatch.setenv("MNIST_DATA_DIR", str(mnist))
    digits = load_digits("mnist", "test").images[:60]
    page = np.zeros((6 * 40, 10 * 40), np.uint8)
    for place, digit in enumerate(digits):
        row, column = divmod(place, 10)
        page[40 * row + 6 : 40 * row + 34, 40 * column + 6 : 40 * column + 34] = digit
    large = np.asarray(Image.fromarray(page).resize((1600, 960), Image.Resampling.BICUBIC))
    found = find_digits(255 - large)
    assert len(found) == len(digits)
    change = np.abs(np.stack([one.digit for one in found]).astype(int) - digits)
    assert change.mean() < 12  # grey levels of 255: blurred by the enlargement, in the same order


def test_just_resized_leaves_a_digit_where_and_as_small_as_it_is():
    small = naive_resize(sheet((20, 20, 40, 60), size=(280, 280))).copy()
    assert (small.shape, small.dtype) == ((28, 28), np.uint8)
    assert small[2:6, 2:4].min() > 100
    small[1:7, 1:5] = 0
    assert small.max() == 0

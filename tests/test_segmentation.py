"""The digits in a picture are found, in reading order."""

import contextlib

import numpy as np
import pytest
from PIL import Image

from mnist_core.drawing import EmptyDrawing, to_digit
from mnist_core.segmentation import MAX_DIGITS, find_digits, is_ruled_paper


def draw(*strokes, size=(400, 600)):
    """Return a picture with ink of 255 on black: each stroke is a rectangle (left, top, right, bottom)."""
    image = np.zeros(size, np.uint8)
    for left, top, right, bottom in strokes:
        image[top:bottom, left:right] = 255
    return image


def boxes(image):
    return [found.box for found in find_digits(image)]


STROKES = [(60, 60, 80, 160), (200, 70, 220, 170), (400, 50, 440, 150), (70, 250, 90, 350), (300, 240, 330, 340)]


def test_digits_are_found_line_by_line():
    assert boxes(draw(*reversed(STROKES))) == STROKES


@pytest.mark.parametrize("change", [lambda image: 255 - image, lambda image: np.dstack([image] * 3)])
def test_polarity_and_colour_change_nothing(change):
    assert boxes(change(draw(*STROKES))) == STROKES


def test_each_digit_is_the_one_that_to_digit_makes_of_it_alone():
    image = draw((60, 60, 80, 160), (300, 60, 400, 80), (380, 80, 400, 160))  # a 1 and a 7
    one, seven = find_digits(image)
    np.testing.assert_array_equal(one.digit, to_digit(np.pad(image[:, :200], 1)))
    np.testing.assert_array_equal(seven.digit, to_digit(np.pad(image[:, 200:], 1)))


def test_a_line_may_rise_and_its_digits_differ_in_height():
    rising = [(40 + 90 * i, 150 - 20 * i, 70 + 90 * i, 240 - 15 * i) for i in range(6)]
    assert boxes(draw(*reversed(rising))) == rising


def test_boxes_of_a_large_picture_are_in_its_own_pixels():
    image = draw((400, 400, 600, 1400), (2000, 500, 2400, 1500), size=(2400, 3200))
    for box, expected in zip(boxes(image), [(400, 400, 600, 1400), (2000, 500, 2400, 1500)], strict=True):
        np.testing.assert_allclose(box, expected, atol=8)


FIVE = [(100, 80, 115, 180), (100, 125, 150, 180)]  # without its bar
PIECES = {
    "a 5 with a separate bar": [*FIVE, (124, 80, 165, 92)],
    "an open 4": [(100, 80, 115, 134), (100, 122, 150, 134), (162, 70, 176, 190)],
    "a broken stroke": [(100, 60, 120, 110), (100, 114, 120, 164)],
    "a stroke through": [(100, 60, 180, 160), (130, 40, 140, 180)],
}


@pytest.mark.parametrize("name", PIECES)
def test_pieces_of_one_digit_are_one_digit(name):
    neighbours = [(300, 60, 320, 160), (420, 60, 440, 160)]
    left, top, right, bottom = np.array(PIECES[name]).T
    digit = left.min(), top.min(), right.max(), bottom.max()
    assert boxes(draw(*PIECES[name], *neighbours)) == [digit, *neighbours]


def test_smudges_are_not_digits():
    assert boxes(draw(*STROKES, (500, 300, 504, 304), (150, 200, 160, 206))) == STROKES


def test_ink_at_the_border_beside_digits_is_not_a_digit():
    assert boxes(draw(*STROKES, (0, 0, 8, 400))) == STROKES


def test_a_digit_that_fills_the_picture_is_found():
    assert boxes(draw((280, 0, 320, 400))) == [(280, 0, 320, 400)]


def test_digits_of_close_lines_are_not_joined():
    lines = [(60, 50, 80, 150), (200, 50, 220, 150), (60, 165, 80, 265), (200, 165, 220, 265)]
    assert boxes(draw(*lines)) == lines


def test_digits_are_found_in_an_unevenly_lit_photo():
    columns = np.arange(600)
    light = (220 - 0.15 * columns) * np.where(draw(*STROKES), 0.3, 1.0)
    photo = (light + np.random.default_rng(0).normal(0, 3, light.shape)).clip(0, 255).astype(np.uint8)
    np.testing.assert_allclose(boxes(photo), STROKES, atol=3)


@pytest.mark.parametrize("grey", [0, 200])
@pytest.mark.parametrize("shape", [(50, 50), (50, 50, 3), (0, 0), (1, 900)])
def test_a_blank_picture_raises_empty_drawing(grey, shape):
    with pytest.raises(EmptyDrawing):
        find_digits(np.full(shape, grey, np.uint8))


def test_a_picture_of_noise_has_a_bounded_number_of_digits():
    noise = np.random.default_rng(0).integers(0, 256, (600, 600), dtype=np.uint8)
    with contextlib.suppress(EmptyDrawing):
        assert len(find_digits(noise)) <= MAX_DIGITS


def test_mnists_own_digits_on_a_page_are_all_found(mnist, monkeypatch):
    from mnist_core.data import load_digits

    monkeypatch.setenv("MNIST_DATA_DIR", str(mnist))
    digits = load_digits("mnist", "test").images[:60]
    page = np.zeros((6 * 40, 10 * 40), np.uint8)
    for index, digit in enumerate(digits):
        row, column = divmod(index, 10)
        page[40 * row + 6 : 40 * row + 34, 40 * column + 6 : 40 * column + 34] = digit
    large = np.asarray(Image.fromarray(page).resize((1600, 960), Image.Resampling.BICUBIC))
    found = find_digits(255 - large)
    assert len(found) == len(digits)
    change = np.abs(np.stack([one.digit for one in found]).astype(int) - digits)
    assert change.mean() < 12  # grey levels of 255: blurred by the enlargement, in the same order


@pytest.mark.parametrize("vertical", [True, False], ids=["squares", "lines"])
def test_ruled_paper_is_told_from_a_digit(vertical):
    paper = draw((300, 60, 330, 340))
    paper[10::40] = 255
    if vertical:
        paper[:, 10::40] = 255
    assert any(is_ruled_paper(found, paper.shape[1]) for found in find_digits(paper))


def test_digits_are_not_ruled_paper():
    eight = draw((200, 60, 320, 340))
    eight[80:190, 220:300] = eight[210:320, 220:300] = 0
    for picture in (eight, eight[60:340, 200:320], draw(*STROKES)):
        assert not any(is_ruled_paper(found, picture.shape[1]) for found in find_digits(np.pad(picture, 1)))

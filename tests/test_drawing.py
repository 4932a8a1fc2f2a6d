"""An image is converted into a digit like MNIST's."""

import numpy as np
import pytest

from mnist_core.drawing import BOX, MASS_CENTRE, SIZE, EmptyDrawing, naive_resize, preprocess, to_digit


def draw(*strokes, size=(280, 280)):
    """Return a canvas with ink of 255 on black: each stroke is a rectangle (top, left, bottom, right)."""
    image = np.zeros(size, np.uint8)
    for top, left, bottom, right in strokes:
        image[top:bottom, left:right] = 255
    return image


DRAWINGS = {
    "square": draw((100, 100, 180, 180)),
    "square in a corner": draw((0, 0, 40, 40)),
    "upright stroke": draw((20, 130, 260, 160)),
    "lying stroke": draw((130, 20, 160, 260)),
    "seven": draw((30, 60, 60, 200), (60, 170, 250, 200)),
    "equals sign": draw((60, 40, 100, 240), (180, 40, 220, 240)),
    "thin and tall": draw((10, 500, 990, 503), size=(1000, 1000)),
    "small": draw((3, 3, 9, 6), size=(12, 12)),
    "a single dot": draw((5, 250, 13, 258)),
    "a dot in each corner": draw((10, 10, 12, 12), (268, 268, 270, 270)),
    "wide canvas": draw((20, 900, 80, 960), size=(100, 2000)),
}
UPRIGHT = DRAWINGS["upright stroke"]


def extent(digit):
    """Return the height and width of what is not black."""
    rows, columns = np.flatnonzero(digit.any(1)), np.flatnonzero(digit.any(0))
    return np.ptp(rows) + 1, np.ptp(columns) + 1


def centre_of_mass(digit):
    mass, positions = digit.astype(float), np.arange(SIZE)
    return mass.sum(1) @ positions / mass.sum(), mass.sum(0) @ positions / mass.sum()


@pytest.fixture(params=DRAWINGS)
def drawing(request):
    return DRAWINGS[request.param]


def test_a_drawing_becomes_a_digit(drawing):
    digit = to_digit(drawing)
    assert (digit.shape, digit.dtype) == ((SIZE, SIZE), np.uint8)
    assert digit.max() >= 254


def test_a_digit_fits_the_box(drawing):
    assert max(extent(to_digit(drawing))) == BOX


def test_a_digit_has_its_centre_of_mass_in_the_middle(drawing):
    np.testing.assert_allclose(centre_of_mass(to_digit(drawing)), MASS_CENTRE, atol=0.5 + 1e-9)


def test_a_digit_keeps_its_aspect_ratio():
    assert extent(to_digit(draw((20, 130, 260, 190)))) == (20, 5)
    assert extent(to_digit(draw((130, 20, 190, 260)))) == (5, 20)


def test_a_digit_is_the_same_wherever_it_was_drawn():
    near, far = draw((10, 20, 90, 50), (10, 50, 30, 90)), draw((190, 180, 270, 210), (190, 210, 210, 250))
    np.testing.assert_array_equal(to_digit(near), to_digit(far))


def test_a_digit_is_the_same_in_either_polarity(drawing):
    np.testing.assert_array_equal(to_digit(drawing), to_digit(255 - drawing))


def test_a_digit_is_the_same_in_colour(drawing):
    np.testing.assert_array_equal(to_digit(drawing), to_digit(np.dstack([drawing] * 3)))


@pytest.mark.parametrize("colour", [0, 255])
def test_the_ink_of_a_transparent_image_is_its_alpha_channel(drawing, colour):
    paint = np.full_like(drawing, colour)
    np.testing.assert_array_equal(to_digit(np.dstack([paint, paint, paint, drawing])), to_digit(drawing))


def test_the_ink_of_an_opaque_image_is_in_its_colours(drawing):
    paper = 255 - drawing
    opaque = np.full_like(drawing, 255)
    np.testing.assert_array_equal(to_digit(np.dstack([paper, paper, paper, opaque])), to_digit(drawing))


def test_faint_ink_is_brightened():
    np.testing.assert_allclose(to_digit(UPRIGHT // 4), to_digit(UPRIGHT), atol=8)


def test_paper_need_not_be_white():
    scan = np.where(UPRIGHT, 40, 200).astype(np.uint8)
    np.testing.assert_allclose(to_digit(scan), to_digit(UPRIGHT), atol=8)


def test_noise_fainter_than_ink_is_ignored():
    smudged = UPRIGHT.copy()
    smudged[5, 5] = 20
    np.testing.assert_array_equal(to_digit(smudged), to_digit(UPRIGHT))


def test_two_specks_on_a_large_canvas_are_still_ink():
    digit = to_digit(draw((10, 10, 11, 11), (989, 989, 990, 990), size=(1000, 1000)))
    assert extent(digit) == (BOX, BOX)


@pytest.mark.parametrize("size", [1, 2])
def test_a_single_speck_is_an_empty_drawing(size):
    with pytest.raises(EmptyDrawing, match="only a speck"):
        to_digit(draw((100, 100, 100 + size, 100 + size)))


def test_a_small_piece_beside_a_digit_is_removed():
    smudged = UPRIGHT.copy()
    smudged[5:9, 5:9] = 255
    np.testing.assert_array_equal(to_digit(smudged), to_digit(UPRIGHT))


def test_strokes_that_do_not_meet_are_one_digit():
    broken = UPRIGHT.copy()
    broken[120:130] = 0
    assert extent(to_digit(broken)) == extent(to_digit(UPRIGHT))


def photo(shadow: float) -> np.ndarray:
    """Return a dark stroke on noisy paper, lit from one side, its lower half in a shadow that absorbs this share."""
    rows, columns = np.mgrid[0:600, 0:450]
    light = 210.0 - 0.1 * columns - 0.05 * rows
    light[300:] *= 1 - shadow
    light[120:480, 200:240] *= 0.35
    noise = np.random.default_rng(0).normal(0, 3, light.shape)
    return (light + noise).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("shadow", [0.0, 0.2, 0.4])
def test_a_photo_of_a_stroke_on_unevenly_lit_paper_becomes_that_stroke(shadow):
    expected = to_digit(draw((120, 200, 480, 240), size=(600, 450)))
    assert np.abs(to_digit(photo(shadow)).astype(int) - expected).mean() < 3


def test_ink_at_the_border_beside_a_digit_is_removed():
    framed = UPRIGHT.copy()
    framed[:, :6] = 255
    np.testing.assert_array_equal(to_digit(framed), to_digit(UPRIGHT))


def test_the_steps_of_the_preprocessing_end_in_the_digit():
    steps = preprocess(UPRIGHT)
    assert (steps.ink.shape, steps.cropped.shape, max(steps.scaled.shape)) == ((280, 280), (240, 30), BOX)
    np.testing.assert_array_equal(steps.digit, to_digit(UPRIGHT))


def test_the_image_is_not_modified(drawing):
    before = drawing.copy()
    to_digit(drawing)
    np.testing.assert_array_equal(drawing, before)


@pytest.mark.parametrize("shape", [(280, 280), (280, 280, 3), (280, 280, 4), (1, 1), (0, 0), (0, 5), (5, 0, 4)])
@pytest.mark.parametrize("grey", [0, 128, 255])
def test_a_blank_image_is_an_empty_drawing(shape, grey):
    with pytest.raises(EmptyDrawing, match="draw a digit first"):
        to_digit(np.full(shape, grey, np.uint8))


@pytest.mark.parametrize("shape", [(28,), (28, 28, 1), (28, 28, 2), (28, 28, 5), (1, 28, 28, 3), ()])
def test_another_shape_raises_an_error(shape):
    with pytest.raises(ValueError, match="must be uint8 of shape"):
        to_digit(np.zeros(shape, np.uint8))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.uint16, bool])
def test_another_dtype_raises_an_error(dtype):
    with pytest.raises(ValueError, match=f"got {np.dtype(dtype)}"):
        to_digit(np.ones((28, 28), dtype))


def test_mnists_own_digits_hardly_change(mnist, monkeypatch):
    from mnist_core.data import load_digits

    monkeypatch.setenv("MNIST_DATA_DIR", str(mnist))
    images = load_digits("mnist", "test").images[:200]
    change = np.abs(np.stack([to_digit(image) for image in images]).astype(int) - images).mean()
    assert change < 2  # grey levels of 255


def test_naive_resize_changes_neither_position_nor_relative_size():
    small = naive_resize(draw((20, 20, 60, 40))).copy()
    assert (small.shape, small.dtype) == ((28, 28), np.uint8)
    assert small[2:6, 2:4].min() > 100
    small[1:7, 1:5] = 0
    assert small.max() == 0

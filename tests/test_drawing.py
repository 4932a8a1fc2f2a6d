"""A picture becomes the digit that MNIST would have made of it."""

import numpy as np
import pytest

from mnist_core.drawing import BOX, CENTRE, SIZE, EmptyDrawing, prepare, to_digit


def sheet(*strokes, size=(280, 280)):
    """Ink of 255 on black: each stroke is a rectangle (top, left, bottom, right)."""
    image = np.zeros(size, np.uint8)
    for top, left, bottom, right in strokes:
        image[top:bottom, left:right] = 255
    return image


DRAWINGS = {
    "square": sheet((100, 100, 180, 180)),
    "square in a corner": sheet((0, 0, 40, 40)),
    "upright stroke": sheet((20, 130, 260, 160)),
    "lying stroke": sheet((130, 20, 160, 260)),
    "seven": sheet((30, 60, 60, 200), (60, 170, 250, 200)),
    "equals sign": sheet((60, 40, 100, 240), (180, 40, 220, 240)),
    "thin and tall": sheet((10, 500, 990, 503), size=(1000, 1000)),
    "small": sheet((3, 3, 9, 6), size=(12, 12)),
    "a single dot": sheet((5, 250, 13, 258)),
    "a dot in each corner": sheet((10, 10, 12, 12), (268, 268, 270, 270)),
    "wide sheet": sheet((20, 900, 80, 960), size=(100, 2000)),
}
UPRIGHT = DRAWINGS["upright stroke"]


def extent(digit):
    """Height and width of what is not black."""
    rows, columns = np.flatnonzero(digit.any(1)), np.flatnonzero(digit.any(0))
    return np.ptp(rows) + 1, np.ptp(columns) + 1


def centre_of_mass(digit):
    mass, at = digit.astype(float), np.arange(SIZE)
    return mass.sum(1) @ at / mass.sum(), mass.sum(0) @ at / mass.sum()


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
    np.testing.assert_allclose(centre_of_mass(to_digit(drawing)), CENTRE, atol=0.5 + 1e-9)


def test_a_digit_keeps_its_shape():
    assert extent(to_digit(sheet((20, 130, 260, 190)))) == (20, 5)
    assert extent(to_digit(sheet((130, 20, 190, 260)))) == (5, 20)


def test_a_digit_is_the_same_wherever_it_was_drawn():
    near, far = sheet((10, 20, 90, 50), (10, 50, 30, 90)), sheet((190, 180, 270, 210), (190, 210, 210, 250))
    np.testing.assert_array_equal(to_digit(near), to_digit(far))


def test_a_digit_is_the_same_in_either_polarity(drawing):
    np.testing.assert_array_equal(to_digit(drawing), to_digit(255 - drawing))


def test_a_digit_is_the_same_in_colour(drawing):
    np.testing.assert_array_equal(to_digit(drawing), to_digit(np.dstack([drawing] * 3)))


@pytest.mark.parametrize("colour", [0, 255])
def test_ink_on_a_transparent_sheet_is_what_covers_it(drawing, colour):
    paint = np.full_like(drawing, colour)
    np.testing.assert_array_equal(to_digit(np.dstack([paint, paint, paint, drawing])), to_digit(drawing))


def test_an_opaque_sheet_is_read_by_its_colours(drawing):
    paper = 255 - drawing
    opaque = np.full_like(drawing, 255)
    np.testing.assert_array_equal(to_digit(np.dstack([paper, paper, paper, opaque])), to_digit(drawing))


def test_faint_ink_becomes_as_bright_as_any():
    np.testing.assert_allclose(to_digit(UPRIGHT // 4), to_digit(UPRIGHT), atol=8)


def test_paper_need_not_be_white():
    scan = np.where(UPRIGHT, 40, 200).astype(np.uint8)
    np.testing.assert_allclose(to_digit(scan), to_digit(UPRIGHT), atol=8)


def test_specks_fainter_than_ink_are_no_part_of_a_digit():
    smudged = UPRIGHT.copy()
    smudged[5, 5] = 20
    np.testing.assert_array_equal(to_digit(smudged), to_digit(UPRIGHT))


def test_two_specks_on_a_large_sheet_are_still_ink():
    digit = to_digit(sheet((10, 10, 11, 11), (989, 989, 990, 990), size=(1000, 1000)))
    assert extent(digit) == (BOX, BOX)


@pytest.mark.parametrize("size", [1, 2])
def test_a_speck_is_no_drawing(size):
    with pytest.raises(EmptyDrawing, match="only a speck"):
        to_digit(sheet((100, 100, 100 + size, 100 + size)))


def test_a_small_piece_beside_a_digit_is_a_smudge():
    smudged = UPRIGHT.copy()
    smudged[5:9, 5:9] = 255
    np.testing.assert_array_equal(to_digit(smudged), to_digit(UPRIGHT))


def test_strokes_that_do_not_meet_are_one_digit():
    torn = UPRIGHT.copy()
    torn[120:130] = 0
    assert extent(to_digit(torn)) == extent(to_digit(UPRIGHT))


def photo(shadow: float) -> np.ndarray:
    """A dark stroke on grainy paper, lit from one side, the lower half in a shadow that takes this share of light."""
    rows, columns = np.mgrid[0:600, 0:450]
    light = 210.0 - 0.1 * columns - 0.05 * rows
    light[300:] *= 1 - shadow
    light[120:480, 200:240] *= 0.35
    grain = np.random.default_rng(0).normal(0, 3, light.shape)
    return (light + grain).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("shadow", [0.0, 0.2, 0.4])
def test_a_photo_of_a_stroke_on_unevenly_lit_paper_is_that_stroke(shadow):
    drawn = to_digit(sheet((120, 200, 480, 240), size=(600, 450)))
    assert np.abs(to_digit(photo(shadow)).astype(int) - drawn).mean() < 3


def test_what_reaches_in_from_the_edge_of_a_photo_is_no_ink():
    framed = UPRIGHT.copy()
    framed[:, :6] = 255
    np.testing.assert_array_equal(to_digit(framed), to_digit(UPRIGHT))


def test_the_steps_end_in_the_digit():
    shown = prepare(UPRIGHT)
    assert (shown.ink.shape, shown.cut.shape, max(shown.box.shape)) == ((280, 280), (240, 30), BOX)
    np.testing.assert_array_equal(shown.digit, to_digit(UPRIGHT))


def test_a_drawing_is_not_changed(drawing):
    before = drawing.copy()
    to_digit(drawing)
    np.testing.assert_array_equal(drawing, before)


@pytest.mark.parametrize("shape", [(280, 280), (280, 280, 3), (280, 280, 4), (1, 1), (0, 0), (0, 5), (5, 0, 4)])
@pytest.mark.parametrize("grey", [0, 128, 255])
def test_a_blank_sheet_is_empty(shape, grey):
    with pytest.raises(EmptyDrawing, match="draw a digit first"):
        to_digit(np.full(shape, grey, np.uint8))


@pytest.mark.parametrize("shape", [(28,), (28, 28, 1), (28, 28, 2), (28, 28, 5), (1, 28, 28, 3), ()])
def test_another_shape_is_refused_by_name(shape):
    with pytest.raises(ValueError, match="must be uint8 of shape"):
        to_digit(np.zeros(shape, np.uint8))


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.int64, np.uint16, bool])
def test_another_type_is_refused_by_name(kind):
    with pytest.raises(ValueError, match=f"got {np.dtype(kind)}"):
        to_digit(np.ones((28, 28), kind))


def test_mnists_own_digits_hardly_change(mnist, monkeypatch):
    from mnist_core.data import load_digits

    monkeypatch.setenv("MNIST_DATA_DIR", str(mnist))
    images = load_digits("mnist", "test").images[:200]
    change = np.abs(np.stack([to_digit(image) for image in images]).astype(int) - images).mean()
    assert change < 2  # grey levels of 255

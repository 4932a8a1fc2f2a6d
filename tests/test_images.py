"""Digits as pictures: enlarged, as data URIs and on sprite sheets, they keep every pixel."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from ui import images

RNG = np.random.default_rng(0)
DIGIT = RNG.integers(0, 256, (28, 28), dtype=np.uint8)


def decoded(uri):
    """The pixels of a picture in a data URI."""
    start = "data:image/png;base64,"
    assert uri.startswith(start)
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.removeprefix(start)))))


def test_an_enlarged_digit_is_made_of_crisp_squares():
    picture = images.enlarge(DIGIT)
    assert picture.dtype == np.uint8
    assert picture.shape == (28 * images.PIXEL_SIZE,) * 2
    for dy in range(images.PIXEL_SIZE):
        assert (picture[dy :: images.PIXEL_SIZE, :: images.PIXEL_SIZE] == DIGIT).all()


@pytest.mark.parametrize("shape", [(28, 28), (5, 9, 3)])
def test_a_data_uri_holds_the_whole_picture(shape):
    picture = RNG.integers(0, 256, shape, dtype=np.uint8)
    np.testing.assert_array_equal(decoded(images.data_uri(picture)), picture)


@pytest.mark.parametrize("colours", [(), (3,)])
def test_a_sprite_sheet_has_every_image_in_its_place(colours):
    digits = RNG.integers(0, 256, (27, 6, 8, *colours), dtype=np.uint8)
    sheet = decoded(images.sprite_sheet(digits))
    assert sheet.shape == (2 * 6, images.SPRITE_COLUMNS * 8, *colours)
    for index, digit in enumerate(digits):
        row, column = divmod(index, images.SPRITE_COLUMNS)
        np.testing.assert_array_equal(sheet[6 * row : 6 * row + 6, 8 * column : 8 * column + 8], digit)
    assert not sheet[6:, 8 * 2 :].any()


def test_encoded_numbers_are_little_endian_float32():
    values = RNG.random((2, 3))
    encoded = np.frombuffer(base64.b64decode(images.encode_float32(values)), "<f4")
    np.testing.assert_array_equal(encoded, values.ravel().astype(np.float32))

"""An image file is decoded upright and within bounds, or an error says why not."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from mnist_core import image_file
from mnist_core.image_file import ImageFileError, read_image

LEFT_DARK = np.repeat(np.array([[0] * 30 + [255] * 30], np.uint8), 40, axis=0)  # 60 wide, 40 high


def encode(image, format="PNG", **options):
    """Return the image as the bytes of a file."""
    content = io.BytesIO()
    image.save(content, format, **options)
    return content.getvalue()


def only_a_header(width, height):
    """Return a PNG that claims this size and has no pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunk = struct.pack(">I", len(header)) + b"IHDR" + header + struct.pack(">I", zlib.crc32(b"IHDR" + header))
    return b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", 0) + b"IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))


@pytest.mark.parametrize("format", image_file.FORMATS)
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_pixels_are_decoded(format, mode):
    pixels = read_image(encode(Image.fromarray(LEFT_DARK).convert(mode), format)).pixels
    assert (pixels.shape, pixels.dtype) == ((40, 60, 3), np.uint8)
    np.testing.assert_allclose(pixels[..., 0], LEFT_DARK, atol=12)


@pytest.mark.parametrize("mode", ["1", "P", "LA", "RGBA", "I;16", "CMYK"])
def test_every_colour_mode_is_decoded(mode):
    sixteen_bits = Image.fromarray(LEFT_DARK.astype(np.uint16) * 257)
    image = sixteen_bits if mode == "I;16" else Image.fromarray(LEFT_DARK).convert(mode)
    pixels = read_image(encode(image, "JPEG" if mode == "CMYK" else "PNG")).pixels
    np.testing.assert_allclose(pixels[..., 0], LEFT_DARK, atol=12)


def test_transparency_is_kept():
    image = Image.new("RGBA", (60, 40), (0, 0, 0, 0))
    image.paste((9, 9, 9, 255), (0, 0, 30, 40))
    pixels = read_image(encode(image)).pixels
    assert pixels.shape == (40, 60, 4)
    assert (pixels[0, 0, 3], pixels[0, -1, 3]) == (255, 0)


@pytest.mark.parametrize(("orientation", "turn"), [(3, 2), (6, 1), (8, 3)])
@pytest.mark.parametrize("format", image_file.FORMATS)
def test_a_picture_is_upright(format, orientation, turn):
    exif = Image.Exif()
    exif[0x0112] = orientation  # how the camera was held
    stored = Image.fromarray(np.ascontiguousarray(np.rot90(LEFT_DARK, turn)))
    pixels = read_image(encode(stored, format, exif=exif)).pixels
    np.testing.assert_allclose(pixels[..., 0], LEFT_DARK, atol=12)


@pytest.mark.parametrize("format", image_file.FORMATS)
def test_a_large_picture_is_reduced(format):
    pixels = read_image(encode(Image.new("RGB", (4000, 2000), "white"), format)).pixels
    assert pixels.shape == (image_file.MAX_SIDE // 2, image_file.MAX_SIDE, 3)
    assert pixels.min() > 250


@pytest.mark.parametrize("format", ["PNG", "WEBP"])
def test_only_the_first_frame_of_an_animation_is_decoded_and_a_note_says_so(format):
    first = Image.fromarray(LEFT_DARK).convert("RGB")
    picture = read_image(encode(first, format, save_all=True, append_images=[first.rotate(180)], duration=100))
    np.testing.assert_allclose(picture.pixels[..., 0], LEFT_DARK, atol=12)
    assert "first frame" in picture.note
    assert read_image(encode(first, format)).note == ""


def test_too_many_pixels_raise_an_error_before_they_are_decoded(monkeypatch):
    monkeypatch.setattr(image_file, "decode", lambda image: pytest.fail("it was decoded"))
    for size in ((10_000, 5_001), (50_000, 50_000), (2**31 - 1, 1)):
        with pytest.raises(ImageFileError, match="million"):
            read_image(only_a_header(*size))


BAD_FILES = {
    "empty": (b"", "empty"),
    "text": (b"no picture", "not a picture"),
    "a program": (b"\x7fELF" + bytes(100), "not a picture"),
    "svg": (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "not a picture"),
    "gif": (encode(Image.fromarray(LEFT_DARK), "GIF"), "not a picture"),
    "a header only": (only_a_header(60, 40), "damaged"),
    "half a png": (encode(Image.effect_noise((200, 200), 90))[:9000], "damaged"),
    "half a jpeg": (encode(Image.effect_noise((200, 200), 90), "JPEG")[:3000], "damaged"),
    "half a webp": (encode(Image.effect_noise((200, 200), 90), "WEBP")[:3000], "picture"),
    "too many bytes": (bytes(image_file.MAX_BYTES + 1), "at most 10"),
}


@pytest.mark.parametrize("name", BAD_FILES)
@pytest.mark.filterwarnings("error")
def test_a_bad_file_raises_an_error_of_one_line(name):
    content, reason = BAD_FILES[name]
    with pytest.raises(ImageFileError, match=reason) as error:
        read_image(content)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("format", image_file.FORMATS)
def test_a_damaged_file_raises_no_other_error(format):
    intact = encode(Image.effect_noise((60, 40), 90), format)
    rng = np.random.default_rng(0)
    for _ in range(60):
        damaged = bytearray(intact[: rng.integers(1, len(intact) + 1)])
        for position in rng.integers(0, len(damaged), 4):
            damaged[position] = rng.integers(256)
        try:
            assert read_image(bytes(damaged)).pixels.dtype == np.uint8
        except ImageFileError:
            continue

"""A picture file from a stranger becomes an array of bounded size, upright; or one sentence says why not."""

import io
import threading
import warnings
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageOps

from mnist_core.errors import MnistLabError

FORMATS = ("PNG", "JPEG", "WEBP")  # what cameras, scanners and drawing programs write
MAX_BYTES = 10 * 2**20
MAX_PIXELS = 50_000_000  # a larger picture is refused by its header, before it is decoded
MAX_SIDE = 1600  # pixels of the longer side: more is not needed to find a digit
_one_at_a_time = threading.Lock()  # a decoded picture takes up to 200 MB


class ImageFileError(MnistLabError, ValueError):
    """The file is no picture that can be read; the message says why and what to do."""


@dataclass(frozen=True)
class DecodedImage:
    """A picture as it was read."""

    pixels: np.ndarray  # uint8 (H, W, 3), or (H, W, 4) where it has transparency
    note: str = ""  # what the visitor should know about the reading


def read_image(content: bytes, formats: tuple[str, ...] | None = FORMATS) -> DecodedImage:
    """The picture in a file's bytes, turned as its camera says, at most 1600 pixels long; None allows all formats.

    Raises BadPicture when it is empty, too large, or not a whole picture.
    """
    if not content:
        raise ImageFileError("the file is empty; choose a picture")
    if len(content) > MAX_BYTES:
        raise ImageFileError(f"the file has {len(content) / 2**20:.0f} MB; at most {MAX_BYTES // 2**20} are read")
    try:
        with _one_at_a_time, warnings.catch_warnings(action="ignore"), open_image(content, formats) as image:
            if image.width * image.height > MAX_PIXELS:
                raise ImageFileError(
                    f"the picture has {image.width:,} x {image.height:,} pixels; "
                    f"at most {MAX_PIXELS // 10**6} million are read, make it smaller"
                )
            frames = getattr(image, "n_frames", 1)
            pixels = decode(image)
    except ImageFileError:
        raise
    except Image.DecompressionBombError:
        raise ImageFileError(
            f"the picture has more than {MAX_PIXELS // 10**6} million pixels; make it smaller"
        ) from None
    except Exception as error:  # damaged files make Pillow raise nearly anything: OSError, SyntaxError, RuntimeError
        raise ImageFileError(f"the picture is damaged and cannot be read ({first_line(error)}); save it anew") from None
    return DecodedImage(pixels, "It moves; its first frame is read." if frames > 1 else "")


def open_image(content: bytes, formats: tuple[str, ...] | None) -> Image.Image:
    """The picture with nothing but its header read."""
    try:
        return Image.open(io.BytesIO(content), formats=formats)
    except Image.DecompressionBombError:
        raise
    except Exception:
        kinds = "PNG, JPEG or WebP"
        raise ImageFileError(f"the file is not a picture that can be read; use {kinds}") from None


def decode(image: Image.Image) -> np.ndarray:
    """Its first frame as an array, reduced and upright."""
    clear = image.has_transparency_data
    image.draft("RGB", (MAX_SIDE, MAX_SIDE))  # a JPEG is then decoded no larger than needed
    if image.mode.startswith("I;16"):  # Pillow would cut these off at 255
        image = copy_exif(image, Image.fromarray((np.asarray(image) // 257).astype(np.uint8)))
    small = copy_exif(image, image.convert("RGBA" if clear else "RGB"))
    small.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.BOX)
    return np.asarray(ImageOps.exif_transpose(small))


def copy_exif(image: Image.Image, other: Image.Image) -> Image.Image:
    """The other image, knowing which side of the first one was up."""
    other.info["exif"] = image.getexif().tobytes()
    return other


def first_line(error: Exception) -> str:
    """What went wrong, short."""
    return str(error).partition("\n")[0].rstrip(".") or type(error).__name__

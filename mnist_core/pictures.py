"""A picture file from a stranger becomes an array of bounded size, upright; or one sentence says why not."""

import io
import threading
import warnings
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageOps

FORMATS = ("PNG", "JPEG", "WEBP")  # what cameras, scanners and drawing programs write
BYTES = 10 * 2**20
PIXELS = 50_000_000  # a larger picture is refused by its header, before it is decoded
LONGEST = 1600  # pixels of the longer side: more is not needed to find a digit
_one_at_a_time = threading.Lock()  # a decoded picture takes up to 200 MB


class BadPicture(ValueError):
    """The file is no picture that can be read; the message says why and what to do."""


@dataclass(frozen=True)
class Picture:
    """A picture as it was read."""

    pixels: np.ndarray  # uint8 (H, W, 3), or (H, W, 4) where it has transparency
    note: str = ""  # what the visitor should know about the reading


def read(content: bytes, formats: tuple[str, ...] | None = FORMATS) -> Picture:
    """The picture in a file's bytes, turned as its camera says, at most 1600 pixels long; None allows all formats.

    Raises BadPicture when it is empty, too large, or not a whole picture.
    """
    if not content:
        raise BadPicture("the file is empty; choose a picture")
    if len(content) > BYTES:
        raise BadPicture(f"the file has {len(content) / 2**20:.0f} MB; at most {BYTES // 2**20} are read")
    try:
        with _one_at_a_time, warnings.catch_warnings(action="ignore"), opened(content, formats) as image:
            if image.width * image.height > PIXELS:
                raise BadPicture(
                    f"the picture has {image.width:,} x {image.height:,} pixels; "
                    f"at most {PIXELS // 10**6} million are read, make it smaller"
                )
            frames = getattr(image, "n_frames", 1)
            pixels = decoded(image)
    except BadPicture:
        raise
    except Image.DecompressionBombError:
        raise BadPicture(f"the picture has more than {PIXELS // 10**6} million pixels; make it smaller") from None
    except Exception as error:  # damaged files make Pillow raise nearly anything: OSError, SyntaxError, RuntimeError
        raise BadPicture(f"the picture is damaged and cannot be read ({first_line(error)}); save it anew") from None
    return Picture(pixels, "It moves; its first frame is read." if frames > 1 else "")


def opened(content: bytes, formats: tuple[str, ...] | None) -> Image.Image:
    """The picture with nothing but its header read."""
    try:
        return Image.open(io.BytesIO(content), formats=formats)
    except Image.DecompressionBombError:
        raise
    except Exception:
        kinds = "PNG, JPEG or WebP"
        raise BadPicture(f"the file is not a picture that can be read; use {kinds}") from None


def decoded(image: Image.Image) -> np.ndarray:
    """Its first frame as an array, reduced and upright."""
    clear = image.has_transparency_data
    image.draft("RGB", (LONGEST, LONGEST))  # a JPEG is then decoded no larger than needed
    if image.mode.startswith("I;16"):  # Pillow would cut these off at 255
        image = with_exif_of(image, Image.fromarray((np.asarray(image) // 257).astype(np.uint8)))
    small = with_exif_of(image, image.convert("RGBA" if clear else "RGB"))
    small.thumbnail((LONGEST, LONGEST), Image.Resampling.BOX)
    return np.asarray(ImageOps.exif_transpose(small))


def with_exif_of(image: Image.Image, other: Image.Image) -> Image.Image:
    """The other image, knowing which side of the first one was up."""
    other.info["exif"] = image.getexif().tobytes()
    return other


def first_line(error: Exception) -> str:
    """What went wrong, short."""
    return str(error).partition("\n")[0].rstrip(".") or type(error).__name__

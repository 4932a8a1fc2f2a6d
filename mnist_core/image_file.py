"""Decode an untrusted image file into an array of bounded size, upright."""

import io
import threading
import warnings
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageOps

from mnist_core.errors import MnistLabError

FORMATS = ("PNG", "JPEG", "WEBP")  # what cameras, scanners and drawing programs write; these can be uploaded
ALL_FORMATS = (*FORMATS, "BMP", "GIF", "PPM", "TIFF")  # that the command line reads besides
MAX_BYTES = 10 * 2**20
# A larger picture is rejected by its header, before it is decoded: no file may take more than 300 MB of memory or 2 s.
MAX_LENGTH = 20_000  # pixels of width and height
MAX_PIXELS = 20_000_000  # a decoded pixel takes 4 bytes, twice while it is converted
MAX_PIXELS_OF = {"JPEG": 64_000_000, "WEBP": 16_000_000}  # JPEG is decoded reduced, WebP takes 16 bytes a pixel
MAX_SIDE = 1600  # pixels of the longer side: no more are needed to find a digit
_decoding = threading.Lock()  # one at a time: each takes up to 300 MB


class ImageFileError(MnistLabError, ValueError):
    """The file is not a picture that can be decoded; the message says why and what to do."""


@dataclass(frozen=True)
class DecodedImage:
    """A picture decoded from a file."""

    pixels: np.ndarray  # uint8 (H, W, 3), or (H, W, 4) where it has transparency
    note: str = ""  # what the user should know about how it was decoded


def read_image(content: bytes, formats: tuple[str, ...] = FORMATS) -> DecodedImage:
    """Return the picture in the bytes of a file, upright as its EXIF orientation says, at most 1600 pixels long.

    `formats` are the names of Pillow's formats that are accepted. Raises ImageFileError when the file is empty, too
    large, or not a complete picture.
    """
    if not content:
        raise ImageFileError("the file is empty; choose a picture")
    if len(content) > MAX_BYTES:
        raise ImageFileError(f"the file has {len(content) / 2**20:.0f} MB; at most {MAX_BYTES // 2**20} are accepted")
    try:
        with _decoding, warnings.catch_warnings(action="ignore"), open_image(content, formats) as image:
            check_size(image)
            animated = getattr(image, "is_animated", False)  # counting all frames would read the whole file
            pixels = decode(image)
    except ImageFileError:
        raise
    except Image.DecompressionBombError:
        raise ImageFileError(
            f"the picture has more than {MAX_PIXELS // 10**6} million pixels; make it smaller"
        ) from None
    except Exception as error:  # damaged files make Pillow raise nearly anything: OSError, SyntaxError, RuntimeError
        raise ImageFileError(
            f"the picture is damaged and cannot be read ({first_line(error)}); save it again"
        ) from None
    return DecodedImage(pixels, "The picture is animated; only its first frame is read." if animated else "")


def check_size(image: Image.Image) -> None:
    """Raise ImageFileError when the header says that the picture is too large to decode."""
    limit = MAX_PIXELS_OF.get(image.format or "", MAX_PIXELS)
    if image.info.get("progressive"):  # such a JPEG is held in memory whole while it is decoded
        limit = MAX_PIXELS
    if max(image.size) > MAX_LENGTH:
        raise ImageFileError(
            f"the picture has {image.width:,} x {image.height:,} pixels; neither side may have more than "
            f"{MAX_LENGTH:,}, make it smaller"
        )
    if image.width * image.height > limit:
        raise ImageFileError(
            f"the picture has {image.width:,} x {image.height:,} pixels; at most {limit // 10**6} million are accepted "
            f"in a {image.format} file{' of this kind' if image.info.get('progressive') else ''}, make it smaller"
        )


def open_image(content: bytes, formats: tuple[str, ...]) -> Image.Image:
    """Return the picture with only its header read. Raises ImageFileError when it has another format."""
    try:
        return Image.open(io.BytesIO(content), formats=formats)
    except Image.DecompressionBombError:
        raise
    except Exception:
        raise ImageFileError("the file is not a picture that can be read; use PNG, JPEG or WebP") from None


def decode(image: Image.Image) -> np.ndarray:
    """Return the first frame as uint8 (H, W, 3) or (H, W, 4), reduced and upright."""
    transparent = image.has_transparency_data
    image.draft("RGB", (MAX_SIDE, MAX_SIDE))  # a JPEG is then decoded no larger than needed
    if image.mode.startswith("I;16"):  # Pillow would clip 16 bits at 255
        image = copy_exif(image, Image.fromarray((np.asarray(image) // 257).astype(np.uint8)))
    mode = "RGBA" if transparent else "RGB"
    image.load()
    factor = max(image.size) // (2 * MAX_SIDE)  # of whole pixels, so that less has to be converted
    if factor > 1 and image.mode in ("L", "RGB", "RGBA", "CMYK"):
        image = copy_exif(image, image.reduce(factor))
    small = copy_exif(image, image.convert(mode))
    small.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.BOX)
    return np.asarray(ImageOps.exif_transpose(small))


def copy_exif(source: Image.Image, target: Image.Image) -> Image.Image:
    """Return the target with the EXIF data of the source, so that its orientation is kept."""
    target.info["exif"] = source.getexif().tobytes()
    return target


def first_line(error: Exception) -> str:
    """Return the first line of the error's message, or its type if it has none."""
    return str(error).partition("\n")[0].rstrip(".") or type(error).__name__

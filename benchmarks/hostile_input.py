"""What damaged run folders and image files do to the pages and the commands: tracebacks, time and memory.

    python -m benchmarks.hostile_input [--folders 1000] [--images 1000] [--seed 0] [--verbose]

Each folder is a copy of a run on the sample digits in which one file was damaged; the pages that read runs are opened
for it and so is an intact run beside it, and the commands are run on it. Each image is decoded, and its digits are
found and preprocessed. Prints Markdown: the number of tracebacks, and the most CPU seconds and memory that any of them
took beyond what was in use before. Memory is measured on Linux only.
"""

import argparse
import contextlib
import io
import json
import os
import random
import shutil
import struct
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from mnist_core import download, image_file, runs
from mnist_core.drawing import to_digit
from mnist_core.errors import MnistLabError
from mnist_core.segmentation import find_digits

ROOT = Path(__file__).resolve().parent.parent
ORIGINAL = ROOT / "checkpoints" / "sample-digits"
JSON_FILES = ("config.json", "result.json", "robustness.json", "error.json", "title.json")
ROW_FILES = ("history.jsonl", "snapshots.jsonl")
TENSOR_FILES = ("model.safetensors", "predictions.safetensors")
MARKUP = "**b** <b onclick=x>c</b> ![p](http://example.invalid/p.png) [l](http://example.invalid) $x$ :red[r]"
VALUES: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 3, 255, 0.5, -0.0, 1e308, -1e308, 5e-324, 10**18, 10**40, 10**400, float("nan"),
    float("inf"), -float("inf"), "", "x", "9", "nan", MARKUP, "\u202eabc\u0000\n\r\x1b[31m", "../../etc/passwd",
    "x" * 10_000, [], [1], [[1]] * 100, list(range(10_000)), {}, {"a": {"b": [None]}},
    "9999-12-31T23:59:59-23:59", "0001-01-01",
)  # fmt: skip
FOREIGN = (
    b"",
    b"\0" * 100,
    b"null\n",
    b"3\n",
    b"[[1]]\n",
    b"{}\n",
    b'"text"\n',
    b"[" * 100_000 + b"\n",
    b"\xff\xfe{",
    b"\x89PNG\r\n",
)
NAMES = (
    "a\nb",
    "<b>x<b>",
    "**bold** [l](http:x)",
    "\u202egpj.exe",
    "x" * 250,
    "a b",
    "..x",
    "-rf",
    "$HOME",
    "`x`",
    "'\"",
    "ü@é",
)


# Damaged run folders


def damage_folder(folder: Path, rng: random.Random) -> str:
    """Damage one file of the run in the folder, and return what was done."""
    kind = rng.choices(list(DAMAGES), [weight for weight, _ in DAMAGES.values()])[0]
    return f"{kind}: {DAMAGES[kind][1](folder, rng)}"


def change_value(folder: Path, rng: random.Random) -> str:
    """Replace or remove one value of a JSON file."""
    name = rng.choice(JSON_FILES)
    content = (
        json.loads((folder / name).read_text("utf-8")) if (folder / name).exists() else {"error": "x", "title": "x"}
    )
    if name == "error.json":
        (folder / "result.json").unlink()
    change = change_json(content, rng)
    (folder / name).write_text(json.dumps(content), "utf-8")
    return f"{name} {change}"


def change_row(folder: Path, rng: random.Random) -> str:
    """Replace or remove one value in some or all of the rows of a file."""
    name = rng.choice(ROW_FILES)
    rows = [json.loads(line) for line in (folder / name).read_text("utf-8").splitlines()]
    chosen = rows if rng.random() < 0.2 else [rng.choice(rows)]
    seed = rng.random()
    changes = [change_json(row, random.Random(seed)) for row in chosen]  # noqa: S311
    (folder / name).write_text("".join(f"{json.dumps(row)}\n" for row in rows), "utf-8")
    return f"{name}, {len(chosen)} rows: {changes[0]}"


def change_json(content: Any, rng: random.Random) -> str:
    """Replace or remove a random value within a JSON object, in place."""
    places = list(walk(content))
    parent, key = rng.choice(places)
    if rng.random() < 0.15:
        del parent[key]
        return f"without {key!r}"
    value = rng.choice(VALUES)
    parent[key] = value
    return f"{key!r} = {str(value)[:40]!r}"


def walk(content: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every container within a JSON value with each of its keys."""
    items = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    for key, value in list(items):
        yield content, key
        yield from walk(value)


def repeat_rows(folder: Path, rng: random.Random) -> str:
    """Repeat the rows of a file until they are very many."""
    name, times = rng.choice(ROW_FILES), rng.choice([20, 200, 1000])
    content = (folder / name).read_bytes()
    first, _, rest = content.partition(b"\n")
    with open(folder / name, "wb") as stream:
        stream.write(first + b"\n")
        for _ in range(times):
            stream.write(rest)
    return f"{name} {times} times"


def cut(folder: Path, rng: random.Random) -> str:
    """Keep only the beginning of a file."""
    name = rng.choice([file.name for file in folder.iterdir()])
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: rng.randrange(len(content))])
    return name


def flip(folder: Path, rng: random.Random) -> str:
    """Change a few bytes of a file, often near its beginning."""
    name = rng.choice([file.name for file in folder.iterdir()])
    content = bytearray((folder / name).read_bytes())
    for _ in range(rng.choice([1, 3, 30])):
        content[rng.randrange(min(len(content), rng.choice([20, 400, 10**9])))] = rng.randrange(256)
    (folder / name).write_bytes(content)
    return name


def foreign(folder: Path, rng: random.Random) -> str:
    """Replace the content of a file by that of another kind of file."""
    name, content = rng.choice([file.name for file in folder.iterdir()]), rng.choice(FOREIGN)
    (folder / name).write_bytes(content)
    return f"{name} {content[:12]!r}"


def huge(folder: Path, rng: random.Random) -> str:
    """Make a file very large."""
    name = rng.choice((*JSON_FILES, *ROW_FILES, *TENSOR_FILES))
    size = rng.choice([2, 20, 100]) * 2**20
    how = rng.choice(["zeros", "spaces", "text", "list"])
    old = (folder / name).read_bytes() if (folder / name).exists() else b"{}"
    new = {
        "zeros": old + bytes(size),
        "spaces": b" " * size + old,
        "text": b'{"config": "' + b"x" * size + b'"}\n',
        "list": b'{"config": [' + b"0," * (size // 2) + b"0]}\n",
    }[how]
    (folder / name).write_bytes(new)
    return f"{name} {size // 2**20} MB of {how}"


def change_tensors(folder: Path, rng: random.Random) -> str:
    """Store arrays of other values, types or shapes, or lie about them in the header."""
    from safetensors.numpy import load_file, save_file

    name = rng.choice(TENSOR_FILES)
    arrays = load_file(folder / name)
    key = rng.choice(list(arrays))
    how = rng.choice(
        ["nan", "inf", "-inf", "big", "255", "half", "double", "cut", "more", "type", "flat", "gone", "new", "header"]
    )
    array = arrays[key]
    if how in ("nan", "inf", "-inf", "big"):
        value = {"big": 3e38}.get(how) or float(how)
        arrays[key] = np.full_like(array, value, np.float32) if rng.random() < 0.5 else array.astype(np.float32)
        arrays[key].reshape(-1)[:1] = value
    elif how == "255":
        arrays[key] = np.full(array.shape, 255, np.uint8)
    elif how in ("half", "double"):
        arrays[key] = array.astype(np.float16 if how == "half" else np.float64)
    elif how == "cut":
        arrays = {each: np.ascontiguousarray(value[: rng.choice([0, 1, 7])]) for each, value in arrays.items()}
    elif how == "more":
        times = rng.choice([2, 30, 3000])
        arrays = {
            each: np.concatenate([value] * min(times, 2**27 // max(value.nbytes, 1))) for each, value in arrays.items()
        }
    elif how == "type":
        arrays[key] = array.astype(rng.choice([np.int64, np.int8, np.bool_, np.uint64]))
    elif how == "flat":
        arrays[key] = array.reshape(-1) if array.ndim > 1 else array[:, None]
    elif how == "gone":
        del arrays[key]
    elif how == "new":
        arrays["new"] = np.zeros((10, 10), np.float32)
    save_file(arrays, folder / name)
    if how == "header":
        content = (folder / name).read_bytes()
        (size,) = struct.unpack("<Q", content[:8])
        header = json.loads(content[8 : 8 + size])
        change = change_json(header, rng)
        text = json.dumps(header).encode()
        (folder / name).write_bytes(
            struct.pack("<Q", rng.choice([len(text), len(text), 2**62, size])) + text + content[8 + size :]
        )
        return f"{name} header {change}"
    return f"{name} {key} {how}"


def odd_file(folder: Path, rng: random.Random) -> str:
    """Replace a file by something that is no file, or by a link to one outside."""
    name = rng.choice([file.name for file in folder.iterdir()])
    how = rng.choice(["missing", "folder", "pipe", "link", "device", "unreadable", "dangling"])
    file = folder / name
    content = file.read_bytes()
    file.unlink()
    if how == "folder":
        file.mkdir()
    elif how == "pipe":
        os.mkfifo(file)
    elif how == "link":
        outside = folder.parent.parent / f"outside-{name}"
        outside.write_bytes(content)
        file.symlink_to(outside)
    elif how == "device":
        file.symlink_to("/dev/zero")
    elif how == "unreadable":
        file.write_bytes(content)
        file.chmod(0)
    elif how == "dangling":
        file.symlink_to(folder / "nowhere")
    return f"{name} {how}"


DAMAGES: dict[str, tuple[int, Callable[[Path, random.Random], str]]] = {  # with how often each is chosen
    "value": (40, change_value),
    "row": (15, change_row),
    "tensors": (15, change_tensors),
    "flip": (10, flip),
    "cut": (8, cut),
    "foreign": (8, foreign),
    "odd": (8, odd_file),
    "rows": (2, repeat_rows),
    "huge": (3, huge),
}


# Damaged image files


def image_files(rng: random.Random) -> Iterator[tuple[str, bytes]]:
    """Yield image files without end: hostile ones first, then ordinary ones whose bytes were changed."""
    yield from hostile_images()
    ordinary = ordinary_images()
    while True:
        name, content = rng.choice(ordinary)
        damaged = bytearray(content)
        if rng.random() < 0.3:
            del damaged[rng.randrange(1, len(damaged)) :]
        for _ in range(rng.choice([0, 1, 2, 5, 40])):
            damaged[rng.randrange(min(len(damaged), rng.choice([40, 200, 10**9])))] = rng.randrange(256)
        yield name, bytes(damaged)


def encode(image: Image.Image, kind: str, **options: Any) -> bytes:
    """Return an image as the bytes of a file."""
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def ordinary_images() -> list[tuple[str, bytes]]:
    """Return small pictures of digits in every format and colour mode."""
    strokes = np.full((120, 160), 235, np.uint8)
    strokes[20:100, 40:50] = strokes[20:100, 100:112] = strokes[20:30, 60:90] = 20
    grey = Image.fromarray(strokes)
    exif = Image.Exif()
    exif[0x0112] = 6
    files = [(f"PNG {mode}", encode(grey.convert(mode), "PNG")) for mode in ("1", "L", "P", "LA", "RGB", "RGBA")]
    files += [("PNG 16 bits", encode(Image.fromarray(strokes.astype(np.uint16) * 257), "PNG"))]
    files += [(f"JPEG {mode}", encode(grey.convert(mode), "JPEG", exif=exif)) for mode in ("L", "RGB", "CMYK")]
    files += [("JPEG progressive", encode(grey, "JPEG", progressive=True)), ("WebP", encode(grey, "WEBP", exif=exif))]
    frames = [grey.rotate(90 * number) for number in range(3)]
    for kind in ("PNG", "WEBP", "GIF", "TIFF"):
        files.append((f"{kind} frames", encode(frames[0], kind, save_all=True, append_images=frames[1:])))
    files += [(kind, encode(grey.convert("RGB"), kind)) for kind in ("BMP", "TIFF", "PPM", "TGA", "ICO", "PCX", "GIF")]
    return files


def hostile_images() -> Iterator[tuple[str, bytes]]:
    """Yield image files that are far larger decoded than they are on the disk."""
    for width, height in (
        (1, 50_000_000),
        (50_000_000, 1),
        (1, 65_500),
        (4_470, 4_470),
        (7_000, 7_000),
        (10_000, 4_999),
        (2**31 - 1, 2**31 - 1),
    ):
        for depth, colour in ((1, 0), (8, 0), (8, 2), (8, 3), (8, 6), (16, 0), (16, 6)):
            for interlaced in (0, 1):
                name = f"PNG {width}x{height}, {depth} bits, colour type {colour}, interlaced {interlaced}"
                yield name, flat_png(width, height, depth, colour, interlaced)
    for side in (4_400, 7_000):
        for mode in ("L", "RGB", "CMYK"):
            image = Image.new(mode, (side, side), 200 if mode == "L" else tuple([200] * len(mode)))
            for options in ({}, {"progressive": True}):
                yield f"JPEG {mode} {side} {options}", encode(image, "JPEG", **options)
            if mode == "RGB":
                yield f"WebP {side}", encode(image, "WEBP", quality=1, method=0)
                yield f"WebP lossless {side}", encode(image, "WEBP", lossless=True, method=0)
                yield f"TIFF {side}", encode(image, "TIFF", compression="tiff_lzw")
                yield f"GIF {side}", encode(image.convert("L"), "GIF")
    noise = np.random.default_rng(0).integers(0, 256, (1600, 1600), np.uint8)
    for name, array in (("noise", noise), ("specks", ((noise < 8) * 255).astype(np.uint8)), ("grid", grid())):
        yield f"PNG of {name}", encode(Image.fromarray(array), "PNG")
    small = [Image.fromarray(noise[:200, k : 200 + k]) for k in range(200)]
    for kind in ("TIFF", "GIF", "WEBP", "PNG"):
        yield f"{kind} of 200 pages", encode(small[0], kind, save_all=True, append_images=small[1:])
    yield "PNG with a text of 60 MB", flat_png(60, 40, 8, 0, 0, text=60 * 2**20)


def grid() -> np.ndarray:
    """Return squared paper with a line every 5 pixels: tens of thousands of holes."""
    array = np.full((1600, 1600), 240, np.uint8)
    array[::5], array[:, ::5] = 30, 30
    return array


def flat_png(width: int, height: int, depth: int, colour: int, interlaced: int, text: int = 0) -> bytes:
    """Return a PNG of one colour, compressed so well that its bytes say little about its size."""
    channels = {0: 1, 2: 3, 3: 1, 6: 4}[colour]
    row = (width * depth * channels + 7) // 8 + 1
    count = min(row * height, 500_000_000) // 2**20 + 1
    compressor = zlib.compressobj(1, wbits=-15)
    block = compressor.compress(bytes(2**20)) + compressor.flush(zlib.Z_FULL_FLUSH)  # the same as often as it is needed
    checksum = struct.pack(">I", (count * 2**20 % 65521) << 16 | 1)  # Adler-32 of so many zeros
    data = b"\x78\x01" + block * count + b"\x03\x00" + checksum
    parts = [(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced))]
    if colour == 3:
        parts.append((b"PLTE", bytes(range(30))))
    if text:
        parts.append((b"zTXt", b"t\0\0" + zlib.compress(bytes(text), 9)))
    parts += [(b"IDAT", data), (b"IEND", b"")]
    chunks = [
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in parts
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def read_picture(content: bytes, formats: tuple[str, ...]) -> None:
    """Do with an image file what the Draw page and the command `classify` do before the network predicts."""
    with contextlib.suppress(MnistLabError):
        picture = image_file.read_image(content, formats)
        with contextlib.suppress(MnistLabError):
            find_digits(picture.pixels)
        to_digit(picture.pixels)


# Measuring


@dataclass
class Worst:
    """The most that one of many cases took, and the tracebacks of all."""

    cases: int = 0
    tracebacks: list[str] = field(default_factory=list)
    seconds: tuple[float, str] = (0.0, "")
    megabytes: tuple[float, str] = (0.0, "")

    def measure(self, name: str, action: Callable[[], object]) -> None:
        """Run an action and note its CPU seconds, the memory it took, and the exception it raised, if any."""
        self.cases += 1
        before, start = reset_peak(), time.process_time()
        try:
            action()
        except Exception as error:
            self.tracebacks.append(f"{name}: {type(error).__name__}: {str(error)[:200]}")
            print(self.tracebacks[-1], file=sys.stderr, flush=True)
        self.seconds = max(self.seconds, (time.process_time() - start, name))
        self.megabytes = max(self.megabytes, ((peak() - before) / 2**20, name))

    def row(self, title: str) -> str:
        """Return a row of the table."""
        return (
            f"| {title} | {self.cases:,} | {len(self.tracebacks)} | {self.seconds[0]:.2f} s ({self.seconds[1]}) | "
            f"{self.megabytes[0]:.0f} MB ({self.megabytes[1]}) |"
        )


def reset_peak() -> int:
    """Forget the peak of this process's memory; return what is in use, in bytes (0 where that is not known)."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return memory("VmRSS")


def peak() -> int:
    """Return the most bytes of memory that this process had since `reset_peak`."""
    return memory("VmHWM")


def memory(name: str) -> int:
    """Return one of the figures of Linux about this process's memory, in bytes; 0 elsewhere."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * 1024
    return 0


def measure_images(count: int, rng: random.Random) -> Worst:
    """Read `count` damaged image files, as an upload and as the command line does."""
    worst = Worst()
    read_picture(ordinary_images()[0][1], image_file.FORMATS)  # what is imported at first use is not counted
    for number, (name, content) in zip(range(count), image_files(rng), strict=False):
        for formats in (image_file.FORMATS, image_file.ALL_FORMATS):
            worst.measure(f"{number} {name}", partial(read_picture, content, formats))
    return worst


def measure_folders(folder: Path, count: int, rng: random.Random, seed: int) -> tuple[Worst, Worst]:
    """Open all pages and run the commands for `count` damaged run folders; return the worst of both."""
    import streamlit as st
    from streamlit.testing.v1 import AppTest

    from ui.shell import PAGES

    shipped, own = folder / "shipped", folder / "runs"
    runs.SHIPPED_FOLDER = shipped
    download.online = offline  # the sample digits are enough
    shutil.copytree(ORIGINAL, shipped / ORIGINAL.name)
    shutil.copytree(ORIGINAL, own / "intact@20260101-000000-0000")
    app, pages, commands = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=600), Worst(), Worst()

    def visit(file: str, run: str) -> None:
        app.query_params.clear()
        app.query_params["run"] = run
        app.switch_page(file).run()
        if app.exception:
            raise AssertionError("; ".join(element.message for element in app.exception))

    for page in PAGES:
        visit(page.file, ORIGINAL.name)
    for number in range(count):
        case_rng = random.Random(f"{seed} {number}")  # noqa: S311
        name = rng.choice(NAMES) if rng.random() < 0.03 else f"damaged@{number:06}"
        damaged = own / name
        shutil.copytree(ORIGINAL, damaged)
        what = f"{number} {damage_folder(damaged, case_rng)}"
        for page in PAGES:
            for run in (name, "intact@20260101-000000-0000") if number % 10 == 0 else (name,):
                pages.measure(f"{what}, {page.title}", partial(visit, page.file, run))
        for arguments in commands_for(name, number):
            commands.measure(f"{what}, {arguments[0]}", partial(run_command, arguments))
        shutil.rmtree(damaged)
        if number % 100 == 99:  # the caches of the folders that are gone
            st.cache_resource.clear()
            print(
                f"{number + 1} folders, {len(pages.tracebacks)} and {len(commands.tracebacks)} tracebacks",
                file=sys.stderr,
            )
    return pages, commands


def offline(mirrors: list[str] | None = None) -> bool:
    """Stand in for `download.online`."""
    return False


def commands_for(name: str, number: int) -> list[list[str]]:
    """Return the commands to run on the damaged run of this name: all of them for some, else the quick ones."""
    picture = str(ROOT / "docs" / "no-such-picture.png")
    found = [["list"], ["evaluate", "--", name], ["classify", "--", name, picture]]
    return (
        [*found, ["robustness", "--digits", "2", "--", name], ["vote", "--", name, ORIGINAL.name]]
        if number % 20 == 0
        else found
    )


def run_command(arguments: list[str]) -> None:
    """Run a command without its output. Raises AssertionError for an exit code that it should not have."""
    from mnist_core.__main__ import main

    output = io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
        try:
            code = main(arguments)
        except SystemExit as error:
            code = error.code if isinstance(error.code, int) else 1
    if code != 0 and (code != 2 or arguments[0] == "list"):
        raise AssertionError(f"exit code {code}")


def main() -> None:
    """Print the table, and with --verbose every traceback."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folders", type=int, default=1000)
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    rng = random.Random(options.seed)  # noqa: S311 (not for secrets)
    table: dict[str, Worst] = {}
    if options.images:
        table["images"] = measure_images(options.images, rng)
    if options.folders:
        with tempfile.TemporaryDirectory() as folder:
            os.environ |= {
                "MNIST_RUNS_DIR": f"{folder}/runs",
                "MNIST_DATA_DIR": "",
                "XDG_CACHE_HOME": f"{folder}/cache",
            }
            table["pages"], table["commands"] = measure_folders(Path(folder), options.folders, rng, options.seed)
    if options.verbose:
        for worst in table.values():
            for line in worst.tracebacks:
                print(line)
            print(Counter(line.split(": ")[1].split(" ")[0] for line in worst.tracebacks))
    print("| what | cases | tracebacks | most CPU time | most memory |\n|---|---|---|---|---|")
    for title, worst in table.items():
        print(worst.row(title))


if __name__ == "__main__":
    main()

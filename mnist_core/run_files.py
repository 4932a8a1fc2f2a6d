"""Reading the files of a run folder: only ordinary files, none larger than it can honestly be, nothing unpickled.

What they hold is checked where it is turned into values, once, when it is read: whatever passes can be shown.
"""

import json
import math
import os
import stat
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, TypeGuard

from mnist_core.text import quoted

NO_SURPRISE = sum(
    getattr(os, flag, 0) for flag in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY")
)  # not all systems have them
MAX_HEADER_BYTES = 100_000  # of a file of arrays: 20 times what the largest network has
MAX_HISTORY_ROWS = 10_000  # a run of 500 epochs has about 1,000; one in slow motion for a day 3,000
# JSON accepts any number of these; no training run has more of them or longer ones.
HISTORY_LIMITS = {  # by the name of the value: the lowest and the highest
    "step": (0, 1e10),
    "steps": (1, 1e10),
    "epoch": (0, 1e6),
    "seconds": (0, 1e10),
    "images_per_second": (0, 1e10),
    "learning_rate": (0, 1e6),
    "new_learning_rate": (0, 1e6),
    "validation_images": (1, 1e6),
}
DTYPES = {"F16", "BF16", "F32", "F64", "I64", "U8"}  # of the arrays that a run may store, as safetensors names them
DTYPE_BYTES = {"F16": 2, "BF16": 2, "F32": 4, "F64": 8, "I64": 8, "U8": 1}


def read_bytes(file: Path, limit: int) -> bytes:
    """Return the content of a file of at most `limit` bytes.

    Raises FileNotFoundError when there is none, another OSError when it cannot be read, ValueError when it is too large
    or no ordinary file: links are not followed, and a pipe would never end.
    """
    with open_file(file, limit) as stream:
        content = stream.read(limit + 1)  # it may be growing
    if len(content) > limit:
        raise ValueError(f"it is larger than {size_text(limit)}")
    return content


def read_beginning(file: Path, count: int, limit: int) -> tuple[bytes, int]:
    """Return the first `count` bytes of a file of at most `limit` bytes, and its size. Raises as `read_bytes` does."""
    with open_file(file, limit) as stream:
        return stream.read(count), os.fstat(stream.fileno()).st_size


def open_file(file: Path, limit: int) -> BinaryIO:
    """Open a file of at most `limit` bytes for reading. Raises as `read_bytes` does."""
    check_kind(os.lstat(file), limit)
    # Should it be replaced just now: a link is not followed, and a pipe not waited for.
    stream = open(os.open(file, os.O_RDONLY | NO_SURPRISE), "rb")  # noqa: SIM115 (the caller closes it)
    try:
        check_kind(os.fstat(stream.fileno()), limit)
    except ValueError:
        stream.close()
        raise
    return stream


def check_kind(status: os.stat_result, limit: int) -> None:
    """Raise ValueError for anything but an ordinary file of at most `limit` bytes."""
    if stat.S_ISLNK(status.st_mode):
        raise ValueError("it is a link to another place, and links are not followed")
    if not stat.S_ISREG(status.st_mode):
        raise ValueError("it is not a file")
    if status.st_size > limit:
        raise ValueError(f"it has {size_text(status.st_size)}, and at most {size_text(limit)} are read")


def size_text(size: int) -> str:
    """Return a number of bytes as "4 MB" or "100 kB"."""
    return f"{size / 1e6:,.0f} MB" if size >= 1e6 else f"{size / 1e3:,.0f} kB"


def is_number(value: object, low: float = 0.0, high: float = sys.float_info.max) -> TypeGuard[float]:
    """Return whether a value from JSON is a number between two; neither true nor false nor NaN is one."""
    return type(value) in (int, float) and low <= value <= high  # type: ignore[operator]  # mypy does not see it


def parse_object(content: bytes | str) -> dict[str, Any]:
    """Return the JSON object in the content of a file. Raises ValueError when it holds anything else."""
    try:
        value = json.loads(content)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError("it is not a JSON object")
    return value


def parse_history(text: str) -> list[dict[str, float]]:
    """Return the rows of a history; the last line may be half-written and is then ignored.

    Raises ValueError when a row is none that training writes, or when there are too many.
    """
    lines = text.split("\n")[:-1]
    if len(lines) > MAX_HISTORY_ROWS:
        raise ValueError(f"it has {len(lines):,} rows, and at most {MAX_HISTORY_ROWS:,} are read")
    return [history_row(parse_object(line)) for line in lines]


def history_row(row: Mapping[str, Any]) -> dict[str, float]:
    """Return one row of a history. Raises ValueError when a value is missing or none that training writes.

    A loss may be infinite or NaN, as it is when training diverges.
    """
    scores = [(f"{part}loss" in row, f"{part}accuracy" in row) for part in ("", "validation_", "train_")]
    if not {"step", "epoch", "seconds"} <= row.keys() or any(loss != accuracy for loss, accuracy in scores):
        raise ValueError("its rows are not those of a training run")
    if "loss" in row and "steps" not in row:
        raise ValueError("a row does not say how many steps there are")
    for name, value in row.items():
        if type(value) not in (int, float):
            raise ValueError(f"a row has a {quoted(name)} that is not a number: {quoted(value)}")
        low, high = HISTORY_LIMITS.get(name, (0, 1 if name.endswith("accuracy") else math.inf))
        is_score = name.endswith(("loss", "accuracy"))
        if not (low <= value <= high or (is_score and math.isnan(value))):
            raise ValueError(f"a row has a {quoted(name)} that no training run has: {quoted(value)}")
    if row["step"] > row.get("steps", math.inf):
        raise ValueError("a row is of a step after the last")
    return {name: _as_float(value) if name not in HISTORY_LIMITS else value for name, value in row.items()}


def _as_float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:  # a whole number of more than 300 digits
        return math.inf


Header = dict[str, tuple[str, tuple[int, ...]]]  # of a file of arrays: by name the dtype and the shape of each


def parse_header(content: bytes, size: int) -> Header:
    """Return what the beginning of a safetensors file of `size` bytes says of its arrays.

    Nothing is allocated for them: the whole header must lie within `content`. Raises ValueError when it does not, or
    when the arrays do not fill the rest of the file.
    """
    length = int.from_bytes(content[:8], "little")
    if len(content) < 8 or length > MAX_HEADER_BYTES or 8 + length > len(content):
        raise ValueError("it does not begin with a list of arrays")
    header, data = Header(), 0
    for name, entry in parse_object(content[8 : 8 + length]).items():
        if name == "__metadata__":
            continue
        dtype, shape = (entry.get("dtype"), entry.get("shape")) if isinstance(entry, dict) else (None, None)
        if not isinstance(dtype, str) or dtype not in DTYPES or not _is_shape(shape):
            raise ValueError(f"its array {quoted(name)} is none that a run has")
        header[name] = dtype, tuple(shape)  # type: ignore[arg-type]  # checked above
        data += math.prod(header[name][1]) * DTYPE_BYTES[dtype]
    if data != size - 8 - length:
        raise ValueError("its arrays are not as large as it says")
    return header


def _is_shape(shape: object) -> bool:
    return (
        isinstance(shape, list) and len(shape) <= 4 and all(type(side) is int and 0 <= side < 2**31 for side in shape)
    )


def check_shapes(header: Header, expected: Mapping[str, Sequence[int]]) -> None:
    """Raise ValueError unless a file has exactly the arrays with these names and shapes."""
    for name, shape in expected.items():
        if name not in header:
            raise ValueError(f"it has no {name}")
        if header[name][1] != tuple(shape):
            raise ValueError(f"its {name} has the shape {list(header[name][1])}, and not {list(shape)}")
    for name in header:
        if name not in expected:
            raise ValueError(f"the network has no {quoted(name)}")

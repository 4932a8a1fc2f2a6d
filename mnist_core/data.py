"""The digits: where they are found, how they are checked and split, and the one way into a network."""

import gzip
import hashlib
import os
import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mnist_core.config import DATASETS
from mnist_core.drawing import to_digit
from mnist_core.errors import MnistLabError

if TYPE_CHECKING:
    from torch import Tensor

# MD5 of the four unpacked files, as Yann LeCun published them.
MNIST_FILES = {
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}
FILE_PREFIXES = {"train": "train", "test": "t10k"}  # our name -> how MNIST's files begin

MEAN, STD = 0.1307, 0.3081  # of the 60,000 training images, scaled to 0..1


class DataError(MnistLabError):
    """The digits cannot be had; the message says why and what to do."""


@dataclass(frozen=True)
class Digits:
    """Pictures with what was written: images uint8 (N, 28, 28), ink bright on black; labels int64 (N,), 0..9."""

    images: np.ndarray
    labels: np.ndarray

    def __post_init__(self) -> None:
        for array in (self.images, self.labels):
            array.flags.writeable = False  # one copy serves every reader

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, index: np.ndarray) -> "Digits":
        """The digits at these positions, in this order."""
        return Digits(self.images[index], self.labels[index])


def load_digits(dataset: str = "mnist", part: str = "train") -> Digits:
    """The training or the test digits ("train", "test") of "mnist" or "sample", without touching the network.

    Raises DataError when MNIST is not on this machine (`mnist_core.download` fetches it) or is damaged.
    """
    if part not in FILE_PREFIXES:
        raise ValueError(f"part must be 'train' or 'test', got {part!r}")
    if dataset == "sample":
        return sample_digits()[part]
    if dataset != "mnist":
        raise ValueError(f"dataset must be one of {', '.join(DATASETS)}, got {dataset!r}")
    folder = mnist_folder()
    images = np.frombuffer(
        read_file(stored_file(folder, f"{FILE_PREFIXES[part]}-images-idx3-ubyte")), np.uint8, offset=16
    )
    labels = np.frombuffer(
        read_file(stored_file(folder, f"{FILE_PREFIXES[part]}-labels-idx1-ubyte")), np.uint8, offset=8
    )
    return Digits(images.reshape(-1, 28, 28), labels.astype(np.int64))


def cache_folder() -> Path:
    """Where a downloaded MNIST is kept: the user's cache folder, in torchvision's layout below it."""
    if os.name == "nt":
        base = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
    else:
        base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "mnist-lab"


def mnist_folder() -> Path:
    """The first folder that holds MNIST whole: `MNIST_DATA_DIR` if that is set, then the cache folder.

    Raises DataError, with a sentence for each folder that was tried and what is wrong with it.
    """
    complaints = []
    chosen = os.environ.get("MNIST_DATA_DIR")
    if chosen:
        wrong = find_damage(Path(chosen))
        if wrong is None:
            return Path(chosen)
        complaints.append(f"MNIST_DATA_DIR is {chosen}, but {wrong}.")
    wrong = find_damage(cache_folder())
    if wrong is None:
        return cache_folder()
    if "missing" not in wrong:
        complaints.append(f"In the cache folder, {wrong}.")
    complaints.append("MNIST is not on this machine; python -m mnist_core download fetches it (11 MB).")
    raise DataError(" ".join(complaints))


def raw_folder(folder: Path | str) -> Path:
    """Where torchvision keeps the files below a data folder."""
    return Path(folder) / "MNIST" / "raw"


def find_damage(folder: Path) -> str | None:
    """What is wrong with the first bad MNIST file below the folder, or None if all four are the published ones."""
    for name, checksum in MNIST_FILES.items():
        try:
            file = stored_file(folder, name)
            if not file.is_file():
                return f"{raw_folder(folder) / name} is missing"
            stamp = file.stat()
        except OSError as error:  # a folder that may not be entered, a name that is too long
            return f"{raw_folder(folder) / name} cannot be read ({error.strerror})"
        wrong = file_damage(file, checksum, stamp.st_mtime_ns, stamp.st_size)
        if wrong:
            return wrong
    return None


@cache  # reading 55 MB takes a moment; a file that has not changed since is not read for this again
def file_damage(file: Path, checksum: str, changed: int, size: int) -> str | None:
    """What is wrong with this file as it was `changed` last (ns), or None if its content has this MD5."""
    try:
        content = read_file(file)
    except DataError as error:
        return str(error)
    if hashlib.md5(content, usedforsecurity=False).hexdigest() != checksum:
        return f"{file} is damaged: its {len(content):,} bytes are not the ones that were published"
    return None


def stored_file(folder: Path, name: str) -> Path:
    """The file as it lies in the folder: unpacked, or else as it was downloaded."""
    file = raw_folder(folder) / name
    return file if file.is_file() else file.with_name(name + ".gz")


def read_file(file: Path) -> bytes:
    """The unpacked bytes. No torch is needed, so the pages that only show digits open at once."""
    try:
        content = file.read_bytes()
        return gzip.decompress(content) if file.suffix == ".gz" else content
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{file} cannot be read ({error})") from None


@cache
def sample_digits() -> dict[str, Digits]:
    """scikit-learn's 1,797 real 8x8 digits (Alpaydin & Kaynak, 1998) in MNIST's polarity, size and geometry.

    A fifth of each class is the test part. The writers are not known, so the same hand may appear in both parts.
    """
    from sklearn.datasets import load_digits as load_8x8  # takes a second to import
    from sklearn.model_selection import train_test_split

    small = load_8x8()
    enlarged = np.stack([to_digit((image * (255 / 16)).astype(np.uint8)) for image in small.images])
    labels = small.target.astype(np.int64)
    train, test = train_test_split(np.arange(len(labels)), test_size=0.2, stratify=labels, random_state=0)
    digits = Digits(enlarged, labels)
    return {"train": digits.take(np.sort(train)), "test": digits.take(np.sort(test))}


def split(digits: Digits, validation_size: int, seed: int) -> tuple[Digits, Digits]:
    """(training, validation): a seeded split with the same share of every digit in both parts.

    Raises ValueError when either part would be left without one of each digit.
    """
    train, validation = split_indices(digits.labels, validation_size, seed)
    return digits.take(train), digits.take(validation)


def split_indices(labels: np.ndarray, validation_size: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Where, in rising order, the digits stand that `split` teaches with, and those it holds out; raises as it does."""
    classes = len(np.unique(labels))
    if not classes <= validation_size <= len(labels) - classes:
        raise ValueError(
            f"validation_size must be at least {classes} and at most {len(labels) - classes} "
            f"of the {len(labels):,} training digits, got {validation_size}"
        )
    from sklearn.model_selection import train_test_split

    train, validation = train_test_split(
        np.arange(len(labels)), test_size=validation_size, stratify=labels, random_state=seed
    )
    return np.sort(train), np.sort(validation)


def normalise(images: "Tensor") -> "Tensor":
    """uint8 or float (N, 28, 28) of 0..255 to the float (N, 1, 28, 28) that every network expects."""
    return ((images.float() / 255 - MEAN) / STD).unsqueeze(1)

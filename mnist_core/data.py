"""The data sets: where they are found, how they are verified and split, and how images are normalised."""

import gzip
import hashlib
import os
import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mnist_core.config import DATASETS, ConfigError
from mnist_core.drawing import to_digit
from mnist_core.errors import MnistLabError

if TYPE_CHECKING:
    from torch import Tensor

# MD5 of the four uncompressed files, as Yann LeCun published them.
MNIST_FILES = {
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}
FILE_PREFIXES = {"train": "train", "test": "t10k"}  # part of a data set -> how the names of MNIST's files begin

MEAN, STD = 0.1307, 0.3081  # of the 60,000 training images, scaled to 0..1


class DataError(MnistLabError):
    """A data set is not available; the message says why and what to do."""


@dataclass(frozen=True)
class Digits:
    """Images and their labels, as read-only views of the arrays it is made from; nothing is copied."""

    images: np.ndarray  # uint8 (N, 28, 28), ink bright on black
    labels: np.ndarray  # int64 (N,), 0..9

    def __post_init__(self) -> None:
        for name in ("images", "labels"):  # read-only, because one data set is shared by all its readers
            view = getattr(self, name).view()
            view.flags.writeable = False
            object.__setattr__(self, name, view)

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, indices: np.ndarray) -> "Digits":
        """Return a copy of the digits at these indices, in this order."""
        return Digits(self.images[indices], self.labels[indices])


def load_digits(dataset: str = "mnist", part: str = "train") -> Digits:
    """Return the part "train" or "test" of the data set "mnist" or "sample", without using the network.

    Raises DataError when MNIST is not on this machine (`mnist_core.download` fetches it) or is damaged, and
    ConfigError, which is a ValueError, for an unknown data set or part.
    """
    if part not in FILE_PREFIXES:
        raise ConfigError(f"part must be 'train' or 'test', got {part!r}")
    if dataset == "sample":
        return sample_digits()[part]
    if dataset != "mnist":
        raise ConfigError(f"dataset must be one of {', '.join(DATASETS)}, got {dataset!r}")
    folder, prefix = mnist_folder(), FILE_PREFIXES[part]
    images = np.frombuffer(read_file(stored_file(folder, f"{prefix}-images-idx3-ubyte")), np.uint8, offset=16)
    labels = np.frombuffer(read_file(stored_file(folder, f"{prefix}-labels-idx1-ubyte")), np.uint8, offset=8)
    return Digits(images.reshape(-1, 28, 28), labels.astype(np.int64))


def cache_folder() -> Path:
    """Return the folder that MNIST is downloaded to, in the user's cache; torchvision's layout lies below it."""
    if os.name == "nt":
        base = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
    else:
        base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "mnist-lab"


def mnist_folder() -> Path:
    """Return the first folder with a complete MNIST: the one that `MNIST_DATA_DIR` names, then the cache folder.

    Raises DataError, which says for each folder what is wrong with it.
    """
    problems = []
    configured = os.environ.get("MNIST_DATA_DIR")
    if configured:
        damage = find_damage(Path(configured))
        if damage is None:
            return Path(configured)
        problems.append(f"MNIST_DATA_DIR is {configured}, but {damage}.")
    damage = find_damage(cache_folder())
    if damage is None:
        return cache_folder()
    if "missing" not in damage:
        problems.append(f"In the cache folder, {damage}.")
    problems.append("MNIST is not on this machine; python -m mnist_core download fetches it (11 MB).")
    raise DataError(" ".join(problems))


def raw_folder(folder: Path | str) -> Path:
    """Return where torchvision keeps MNIST's files below a data folder."""
    return Path(folder) / "MNIST" / "raw"


def find_damage(folder: Path) -> str | None:
    """Return what is wrong with the first missing or damaged MNIST file below the folder, or None if all are intact."""
    for name, checksum in MNIST_FILES.items():
        try:
            file = stored_file(folder, name)
            if not file.is_file():
                return f"{raw_folder(folder) / name} is missing"
            status = file.stat()
        except OSError as error:  # a folder without permission, a name that is too long
            return f"{raw_folder(folder) / name} cannot be read ({error.strerror})"
        damage = file_damage(file, checksum, status.st_mtime_ns, status.st_size)
        if damage:
            return damage
    return None


@cache  # hashing 55 MB takes a moment; with its time of change and size in the key, a file is hashed once
def file_damage(file: Path, checksum: str, modified_ns: int, size: int) -> str | None:
    """Return what is wrong with the file, or None if its uncompressed content has this MD5."""
    try:
        content = read_file(file)
    except DataError as error:
        return str(error)
    if hashlib.md5(content, usedforsecurity=False).hexdigest() != checksum:
        return f"{file} is damaged: its {len(content):,} bytes are not the ones that were published"
    return None


def stored_file(folder: Path, name: str) -> Path:
    """Return the path of an MNIST file below the folder: uncompressed if it is there, else with the ending .gz."""
    file = raw_folder(folder) / name
    return file if file.is_file() else file.with_name(name + ".gz")


def read_file(file: Path) -> bytes:
    """Return the uncompressed content of a file that may end in .gz; raises DataError when it cannot be read.

    Not by torchvision, whose import takes seconds: pages that only show digits open at once.
    """
    try:
        content = file.read_bytes()
        return gzip.decompress(content) if file.suffix == ".gz" else content
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{file} cannot be read ({error})") from None


@cache
def sample_digits() -> dict[str, Digits]:
    """Return scikit-learn's 1,797 real 8x8 digits (Alpaydin & Kaynak, 1998), converted to MNIST's size and geometry.

    Keys are "train" and "test"; the test part is a stratified fifth. The writers are not known, so digits of one
    writer may be in both parts.
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
    """Return (training, validation): a seeded, stratified split.

    Raises ConfigError when either part would have fewer digits than there are classes.
    """
    train, validation = split_indices(digits.labels, validation_size, seed)
    return digits.take(train), digits.take(validation)


def split_indices(labels: np.ndarray, validation_size: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the indices (training, validation) of the split that `split` makes, both sorted. Raises as it does."""
    classes = len(np.unique(labels))
    if not classes <= validation_size <= len(labels) - classes:
        raise ConfigError(
            f"validation_size must be at least {classes} and at most {len(labels) - classes} "
            f"of the {len(labels):,} training digits, got {validation_size}"
        )
    from sklearn.model_selection import train_test_split

    train, validation = train_test_split(
        np.arange(len(labels)), test_size=validation_size, stratify=labels, random_state=seed
    )
    return np.sort(train), np.sort(validation)


def normalise(images: "Tensor") -> "Tensor":
    """Return uint8 or float images (N, 28, 28) of 0..255 as the float (N, 1, 28, 28) that every network expects."""
    return ((images.float() / 255 - MEAN) / STD).unsqueeze(1)

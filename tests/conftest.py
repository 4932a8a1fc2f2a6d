"""What many tests share: toy digits, folders of their own, the real MNIST, and one small trained run."""

import hashlib
import os
import shutil
import struct
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from mnist_core.config import TrainConfig
from mnist_core.data import MNIST_FILES, DataError, Digits, raw_folder
from mnist_core.runs import Run, create_run

os.environ.setdefault("OMP_NUM_THREADS", "1")  # toy networks are faster so, and the cores may be busy


@pytest.fixture
def toy_digits() -> Digits:
    """300 digits, 30 of each: a bright block whose place tells the label, on a little noise."""
    labels = np.arange(300) % 10
    images = np.random.default_rng(0).integers(0, 60, (300, 28, 28), dtype=np.uint8)
    for image, label in zip(images, labels, strict=True):
        top, left = 4 + 12 * (label // 5), 1 + 5 * (label % 5)
        image[top : top + 8, left : left + 5] = 255
    return Digits(images, labels.astype(np.int64))


@pytest.fixture
def runs_folder(tmp_path, monkeypatch):
    """An empty folder for new runs; the shipped ones stay where they are."""
    monkeypatch.setenv("MNIST_RUNS_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture(scope="session")
def mnist():
    """The folder with the real MNIST, for tests that are about nothing less."""
    from mnist_core.download import find_or_download

    try:
        return find_or_download()
    except DataError as error:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(str(error))


@pytest.fixture
def no_mnist(tmp_path_factory, monkeypatch):
    """A machine without MNIST; gives its empty folder for caches."""
    caches = tmp_path_factory.mktemp("caches")
    monkeypatch.delenv("MNIST_DATA_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(caches))
    monkeypatch.setenv("LOCALAPPDATA", str(caches))
    return caches


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A finished run of two epochs on the sample digits; its parent folder holds nothing else."""
    from mnist_core.training import train

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MNIST_RUNS_DIR", str(tmp_path_factory.mktemp("runs")))
        run = create_run(TrainConfig(dataset="sample", architecture="softmax", epochs=2, device="cpu"))
    for _ in train(run):
        pass
    return run


class StandIn:
    """Looks like the one Worker of the server; trains nothing."""

    def __init__(self) -> None:
        self.run: Run | None = None
        self.stopping = False
        self.failures: dict[str, str] = {}

    def start(self, config: TrainConfig, recipe: str | None = None) -> Run:
        self.run = create_run(config, recipe)
        return self.run

    def stop(self) -> None:
        self.stopping = True

    def failure(self, name: str) -> str | None:
        return self.failures.get(name)


@pytest.fixture
def worker(monkeypatch) -> StandIn:
    from ui import caches

    stand_in = StandIn()
    monkeypatch.setattr(caches, "executor", lambda: stand_in)
    return stand_in


@pytest.fixture
def app(tmp_path, monkeypatch, worker, no_mnist):
    """The app on an offline machine without MNIST and without runs, with nothing training."""
    import streamlit as st
    from streamlit.testing.v1 import AppTest

    from mnist_core import download, runs

    monkeypatch.setattr(runs, "SHIPPED_FOLDER", tmp_path / "shipped")
    monkeypatch.setenv("MNIST_RUNS_DIR", str(tmp_path / "runs"))
    monkeypatch.setattr(download, "online", lambda: False)
    st.cache_resource.clear()
    yield AppTest.from_file(Path(__file__).resolve().parent.parent / "Home.py", default_timeout=60)
    st.cache_resource.clear()


@pytest.fixture
def run(app, trained, tmp_path) -> Run:
    """The only run on the server: two epochs on the sample digits."""
    return Run(shutil.copytree(trained.folder, tmp_path / "runs" / trained.name))


@pytest.fixture
def small_mnist(tmp_path_factory, monkeypatch, toy_digits):
    """A folder in MNIST's layout with 300 and 100 toy digits in it, which count as the published files."""
    folder = tmp_path_factory.mktemp("small")
    raw_folder(folder).mkdir(parents=True)
    for part, digits in (("train", toy_digits), ("t10k", toy_digits.take(np.arange(100)))):
        images = struct.pack(">4I", 2051, len(digits), 28, 28) + digits.images.tobytes()
        labels = struct.pack(">2I", 2049, len(digits)) + digits.labels.astype(np.uint8).tobytes()
        for name, content in ((f"{part}-images-idx3-ubyte", images), (f"{part}-labels-idx1-ubyte", labels)):
            (raw_folder(folder) / name).write_bytes(content)
            monkeypatch.setitem(MNIST_FILES, name, hashlib.md5(content, usedforsecurity=False).hexdigest())
    return folder


@pytest.fixture(scope="session")
def python():
    """Run code in a process of its own; gives what it printed, and fails when it complained."""

    def run(code):
        root = Path(__file__).resolve().parent.parent
        answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, cwd=root)
        assert (answer.returncode, answer.stderr) == (0, "")
        return answer.stdout

    return run


@pytest.fixture(scope="session")
def eventually():
    """Wait until something holds; fail when it does not within the seconds given."""

    def wait(holds, seconds=20.0):
        end = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < end, f"not within {seconds:g} seconds"
            time.sleep(0.05)

    return wait

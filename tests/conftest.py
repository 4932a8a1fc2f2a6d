"""Fixtures that many tests share: toy digits, folders, the real MNIST, one small trained run, the app."""

import hashlib
import json
import os
import shutil
import struct
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
from executor_stand_in import ExecutorStandIn
from filelock import FileLock

from mnist_core.config import TrainConfig
from mnist_core.data import MNIST_FILES, DataError, Digits, raw_folder
from mnist_core.models import ARCHITECTURES, build, sequential
from mnist_core.runs import CONFIG, HISTORY, Predictions, Run, create_run

os.environ.setdefault("OMP_NUM_THREADS", "1")  # faster for toy networks, and the cores may be busy


@pytest.fixture
def toy_digits() -> Digits:
    """300 digits, 30 of each: a bright block whose position depends on the label, on a little noise."""
    labels = np.arange(300) % 10
    images = np.random.default_rng(0).integers(0, 60, (300, 28, 28), dtype=np.uint8)
    for image, label in zip(images, labels, strict=True):
        top, left = 4 + 12 * (label // 5), 1 + 5 * (label % 5)
        image[top : top + 8, left : left + 5] = 255
    return Digits(images, labels.astype(np.int64))


@pytest.fixture(scope="session")
def blob() -> np.ndarray:
    """A smooth spot of ink off the centre, uint8 (28, 28)."""
    rows, columns = np.mgrid[:28, :28]
    return (200 * np.exp(-((rows - 10) ** 2) / 30 - (columns - 15) ** 2 / 8)).astype(np.uint8)


@pytest.fixture(scope="module", params=ARCHITECTURES)
def network(request):
    """Every architecture in turn, with fresh weights and in evaluation mode; not to be changed."""
    return build(request.param, seed=1).eval()


@pytest.fixture
def linear_network():
    """A network whose logits are linear in the pixels, so that gradients have a closed form."""
    from torch import manual_seed, nn

    manual_seed(0)
    return sequential(flatten=nn.Flatten(), output=nn.Linear(784, 10)).eval()


@pytest.fixture
def runs_folder(tmp_path, monkeypatch):
    """An empty folder for new runs; the shipped ones stay where they are."""
    monkeypatch.setenv("MNIST_RUNS_DIR", str(tmp_path))
    return tmp_path


@pytest.fixture(scope="session")
def mnist(tmp_path_factory):
    """The folder with the real MNIST, for tests that are about nothing less."""
    from mnist_core.download import find_or_download

    try:
        with FileLock(tmp_path_factory.getbasetemp().parent / "mnist.lock"):  # one of the parallel workers downloads it
            return find_or_download()
    except DataError as error:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(str(error))


@pytest.fixture
def no_mnist(tmp_path_factory, monkeypatch):
    """A machine without MNIST; the value is its empty cache folder."""
    caches = tmp_path_factory.mktemp("caches")
    monkeypatch.delenv("MNIST_DATA_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(caches))
    monkeypatch.setenv("LOCALAPPDATA", str(caches))
    return caches


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A finished run of two epochs on the sample digits, alone in its folder of runs."""
    from mnist_core.training import train

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MNIST_RUNS_DIR", str(tmp_path_factory.mktemp("runs")))
        run = create_run(TrainConfig(dataset="sample", architecture="softmax", epochs=2, device="cpu"))
    for _ in train(run):
        pass
    return run


@pytest.fixture
def executor() -> ExecutorStandIn:
    """The stand-in for the training process of the app."""
    return ExecutorStandIn()


@pytest.fixture
def queue(monkeypatch, executor):
    """The app's queue, on the stand-in for its training process."""
    from mnist_core.execution.queue import TrainingQueue
    from ui import caches

    queue = TrainingQueue([executor])
    monkeypatch.setattr(caches, "queue", lambda: queue)
    return queue


@pytest.fixture
def app(tmp_path, monkeypatch, queue, no_mnist):
    """The app on an offline machine without MNIST and without runs, with nothing training."""
    import streamlit as st
    from streamlit.testing.v1 import AppTest

    from mnist_core import download, runs
    from ui.train import curve

    monkeypatch.setattr(runs, "SHIPPED_FOLDER", tmp_path / "shipped")
    monkeypatch.setenv("MNIST_RUNS_DIR", str(tmp_path / "runs"))
    monkeypatch.setattr(download, "online", lambda: False)
    monkeypatch.setattr(curve, "FIRST_PAUSE", 0.0)
    st.cache_resource.clear()
    yield AppTest.from_file(Path(__file__).resolve().parent.parent / "Home.py", default_timeout=60)
    st.cache_resource.clear()


@pytest.fixture
def run(app, trained, tmp_path) -> Run:
    """The only run on the server: two epochs on the sample digits."""
    return Run(shutil.copytree(trained.folder, tmp_path / "runs" / trained.name))


@pytest.fixture
def copy_run(run):
    """Make another run beside the only one, with some settings changed and, if given, other predictions."""

    def copy(name: str, log_probabilities: np.ndarray | None = None, recipe: str | None = None, **settings) -> Run:
        other = Run(shutil.copytree(run.folder, run.folder.parent / name))
        content = {"recipe": recipe, "created": "2026-11-21", "config": asdict(replace(run.config, **settings))}
        (other.folder / CONFIG).write_text(json.dumps(content))
        if log_probabilities is not None:
            other.finish(run.result, Predictions(log_probabilities.astype(np.float32), run.predictions.labels))
        return Run(other.folder)

    return copy


@pytest.fixture
def ensemble(copy_run) -> Run:
    """A tested ensemble, beside the run and its copy that it is made of."""
    member, twin = copy_run("member"), copy_run("ensemble")
    content = {"kind": "ensemble", "config": {"dataset": "sample", "members": [member.name, member.name]}}
    (twin.folder / CONFIG).write_text(json.dumps(content | {"created": "2026-11-22"}))
    (twin.folder / HISTORY).unlink()
    return Run(twin.folder)


@pytest.fixture
def without_images(monkeypatch):
    """The digits themselves are not on this machine."""
    from ui import caches

    def no_digits(dataset: str, part: str) -> Digits:
        raise DataError("There are none.")

    monkeypatch.setattr(caches, "digits", no_digits)


@pytest.fixture
def small_mnist(tmp_path_factory, monkeypatch, toy_digits):
    """A folder in MNIST's layout with 300 and 100 toy digits, accepted as if they were the published files."""
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
def tracked() -> list[str]:
    """The files in git that are still in the checkout, as paths from the root."""
    root = Path(__file__).resolve().parent.parent
    if not (root / ".git").exists():
        pytest.skip("this is not a git checkout")
    names = subprocess.check_output(["git", "ls-files", "-z"], cwd=root, text=True).rstrip("\0").split("\0")
    return [name for name in names if (root / name).exists()]


@pytest.fixture
def two_threads():
    """Let torch compute with two threads."""
    from mnist_core.hardware import num_threads

    with num_threads(2):
        yield


@pytest.fixture(scope="session")
def python():
    """A function that runs code in a new process and returns its output; fails on an error or a warning."""

    def run(code):
        root = Path(__file__).resolve().parent.parent
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, cwd=root)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    return run


@pytest.fixture(scope="session")
def eventually():
    """A function that waits until a condition holds; fails when it does not within the timeout in seconds."""

    def wait(condition, timeout=20.0):
        end = time.monotonic() + timeout
        while not condition():
            assert time.monotonic() < end, f"not within {timeout:g} seconds"
            time.sleep(0.05)

    return wait

"""MNIST is fetched once, checked, and moved into place whole: from the shell, or beside the app."""

import contextlib
import http.client
import os
import shutil
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor, as_completed
from concurrent.futures import TimeoutError as NoAnswer
from pathlib import Path
from typing import IO, Any

from mnist_core.data import MNIST_FILES, DataError, cache_folder, find_damage, mnist_folder, raw_folder

# The first two are kept by PyTorch and by Google's CVDF, the third is where MNIST was first published.
MIRRORS = [
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "http://yann.lecun.com/exdb/mnist/",
]
ARCHIVE_BYTES = 9_912_422 + 28_881 + 1_648_877 + 4_542  # bytes of the four .gz files
CONNECT_TIMEOUT = 2.5  # seconds a mirror has to answer before this machine counts as offline
READ_TIMEOUT = 20.0  # seconds without a byte before a download is given up
ALTERNATIVES = "set MNIST_DATA_DIR to a folder that has it, or use the sample digits (dataset sample)"


def online(mirrors: list[str] | None = None) -> bool:
    """Does any mirror answer within 2.5 seconds? Name servers that never answer count as no."""
    pool = ThreadPoolExecutor()
    answers = [pool.submit(responds, mirror) for mirror in mirrors or MIRRORS]
    try:
        return any(answer.result() for answer in as_completed(answers, timeout=CONNECT_TIMEOUT))
    except NoAnswer:
        return False
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def responds(mirror: str) -> bool:
    """Is there a server behind this address?"""
    try:
        with urllib.request.urlopen(mirror, timeout=CONNECT_TIMEOUT):  # noqa: S310, the addresses stand above
            return True
    except urllib.error.HTTPError:
        return True  # it answered, if only to say that it lists no folders
    except (OSError, ValueError, http.client.HTTPException):
        return False


def download(folder: Path | None = None) -> Path:
    """MNIST in the folder (default: the user's cache), through torchvision, trying each mirror twice; the folder.

    An interrupted download is taken up again file by file; nothing half-written is ever moved into place. Progress
    goes to stderr. Raises DataError with one sentence when no mirror serves it or the disk refuses it.
    """
    from torchvision import datasets

    folder = folder or cache_folder()
    part = folder / ".download"
    socket.setdefaulttimeout(READ_TIMEOUT)
    why: object = "no mirror answered"
    for mirror in MIRRORS * 2:
        one_mirror = type("MNIST", (datasets.MNIST,), {"mirrors": [mirror]})  # the class's name is its folder's
        try:
            for name in MNIST_FILES:  # unpacked by an attempt that may have been cut off
                (raw_folder(part) / name).unlink(missing_ok=True)
            one_mirror(str(part), download=True)
            why = find_damage(part)
            if why is None:
                install(part, folder)
                return folder
        except (OSError, RuntimeError, EOFError, http.client.HTTPException) as error:
            why = str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__
    raise DataError(f"MNIST could not be fetched ({why}); {ALTERNATIVES}.")


def install(part: Path, folder: Path) -> None:
    """Put the checked files into their place, one rename each, and remove what is left of the download."""
    raw_folder(folder).mkdir(parents=True, exist_ok=True)
    for name in MNIST_FILES:
        os.replace(raw_folder(part) / name, raw_folder(folder) / name)
    shutil.rmtree(part, ignore_errors=True)


def find_or_download() -> Path:
    """The folder with MNIST, fetched first if it is nowhere on this machine. Raises DataError."""
    with contextlib.suppress(DataError):
        return mnist_folder()
    if not online():
        raise DataError(f"MNIST is not on this machine, and no mirror answers: it seems to be offline; {ALTERNATIVES}.")
    return download()


class DatasetStatus:
    """Whether MNIST is here yet; a download goes on in a process of its own, and ends with this one."""

    def __init__(self, command: list[str] | None = None) -> None:
        self.state = "looking"  # then ready, or connecting and from there offline, or downloading and failed or ready
        self.sentence = ""  # why it is not ready
        self._command = command or [sys.executable, "-m", "mnist_core.download"]
        self._thread: threading.Thread | None = None
        self._looked = threading.Event()
        self.look()

    def look(self) -> None:
        """Look for MNIST again, and fetch it if it is nowhere; returns at once."""
        if self._thread is None or not self._thread.is_alive():
            self.state = "looking"
            self._looked.clear()
            self._thread = threading.Thread(target=self._find, daemon=True)
            self._thread.start()

    @property
    def ready(self) -> bool:
        """Can training use MNIST now?"""
        return self.state == "ready"

    @property
    def fraction(self) -> float:
        """How much of the download is done, 0..1."""
        done = 0
        for file in raw_folder(cache_folder() / ".download").glob("*.gz"):
            with contextlib.suppress(OSError):
                done += file.stat().st_size
        return min(done / ARCHIVE_BYTES, 1.0)

    def wait_for_look(self, seconds: float = 5.0) -> None:
        """Wait until this machine's own folders have been looked through; that never takes as long as a download."""
        self._looked.wait(seconds)

    def _find(self) -> None:
        try:
            mnist_folder()
            self.state = "ready"
            return
        except DataError as error:
            self.sentence, self.state = str(error), "connecting"
        finally:
            self._looked.set()
        if not online():
            self.state = "offline"
            return
        self.state = "downloading"
        child = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=Path(__file__).resolve().parent.parent,
        )
        assert child.stdout is not None
        said = child.stdout.read().strip()
        self.sentence = said or "The download ended without saying why."
        self.state = "ready" if child.wait() == 0 else "failed"


def exit_with_parent(parent: IO[Any]) -> None:
    """End this process when the pipe from the one that started it closes, however that one ended."""

    def watch() -> None:
        parent.read()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    exit_with_parent(sys.stdin)
    try:
        download()
    except DataError as error:
        print(error)
        sys.exit(1)

"""Download MNIST, verify it and move it into place: at once, or in the background of the app."""

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
from pathlib import Path
from typing import IO

from mnist_core.data import MNIST_FILES, DataError, cache_folder, find_damage, mnist_folder, raw_folder

# The first two are kept by PyTorch and by Google's CVDF, the third is where MNIST was first published.
MIRRORS = [
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
    "http://yann.lecun.com/exdb/mnist/",
]
ARCHIVE_BYTES = 9_912_422 + 28_881 + 1_648_877 + 4_542  # of the four .gz files
CONNECT_TIMEOUT = 2.5  # seconds in which a mirror must respond, or this machine counts as offline
READ_TIMEOUT = 20.0  # seconds without a byte after which a download is abandoned
ALTERNATIVES = "set MNIST_DATA_DIR to a folder that has it, or use the sample digits (dataset sample)"


def online(mirrors: list[str] | None = None) -> bool:
    """Return whether any mirror responds within 2.5 seconds, even where the name server never does."""
    pool = ThreadPoolExecutor()
    futures = [pool.submit(responds, mirror) for mirror in mirrors or MIRRORS]
    try:
        return any(future.result() for future in as_completed(futures, timeout=CONNECT_TIMEOUT))
    except TimeoutError:
        return False
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def responds(mirror: str) -> bool:
    """Return whether there is a server at this URL."""
    try:
        with urllib.request.urlopen(mirror, timeout=CONNECT_TIMEOUT):  # noqa: S310, the URLs are constants above
            return True
    except urllib.error.HTTPError:
        return True  # it responded, if only to say that it lists no folders
    except (OSError, ValueError, http.client.HTTPException):
        return False


def download(folder: Path | None = None) -> Path:
    """Download MNIST into the folder (None: the user's cache) with torchvision, and return the folder.

    Each mirror is tried twice. What an earlier attempt downloaded completely is used again, and no incomplete file is
    ever moved into place. Progress goes to stderr. Raises DataError when no mirror serves MNIST or the files cannot be
    written.
    """
    from torchvision import datasets

    folder = folder or cache_folder()
    staging = folder / ".download"
    socket.setdefaulttimeout(READ_TIMEOUT)
    reason: str | None = "no mirror responds"
    for mirror in MIRRORS * 2:
        # torchvision names the folder after the class
        single_mirror_mnist = type("MNIST", (datasets.MNIST,), {"mirrors": [mirror]})
        try:
            for name in MNIST_FILES:  # may be incomplete, if an earlier attempt was interrupted while it unpacked
                (raw_folder(staging) / name).unlink(missing_ok=True)
            single_mirror_mnist(str(staging), download=True)
            reason = find_damage(staging)
            if reason is None:
                install(staging, folder)
                return folder
        except (OSError, RuntimeError, EOFError, http.client.HTTPException) as error:
            reason = str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__
    raise DataError(f"MNIST could not be downloaded ({reason}); {ALTERNATIVES}.")


def install(staging: Path, folder: Path) -> None:
    """Move the verified files from the staging folder into place, one rename each, and remove the staging folder."""
    raw_folder(folder).mkdir(parents=True, exist_ok=True)
    for name in MNIST_FILES:
        os.replace(raw_folder(staging) / name, raw_folder(folder) / name)
    shutil.rmtree(staging, ignore_errors=True)


def find_or_download() -> Path:
    """Return the folder with MNIST, which is downloaded first if this machine has none. Raises DataError."""
    with contextlib.suppress(DataError):
        return mnist_folder()
    if not online():
        raise DataError(f"MNIST is not on this machine, and no mirror responds: it seems offline; {ALTERNATIVES}.")
    return download()


class DatasetStatus:
    """Whether MNIST is on this machine yet; if not, it is downloaded by a child process that ends with this one.

    `state` is "searching" at first, then "ready" or "connecting". From "connecting" it turns to "offline" or
    "downloading", and from there to "ready" or "failed". `message` says why it is not ready.
    """

    def __init__(self, command: list[str] | None = None) -> None:
        self.state = "searching"
        self.message = ""
        self._command = command or [sys.executable, "-m", "mnist_core.download"]
        self._thread: threading.Thread | None = None
        self._searched = threading.Event()
        self.search()

    def search(self) -> None:
        """Start to search for MNIST, and to download it if this machine has none; return at once.

        Does nothing while an earlier search or download is going on.
        """
        if self._thread is None or not self._thread.is_alive():
            self.state = "searching"
            self._searched.clear()
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()

    @property
    def ready(self) -> bool:
        """Whether MNIST can be used for training now."""
        return self.state == "ready"

    @property
    def fraction(self) -> float:
        """The fraction of the download that is done, 0..1."""
        done = 0
        for file in raw_folder(cache_folder() / ".download").glob("*.gz"):
            with contextlib.suppress(OSError):
                done += file.stat().st_size
        return min(done / ARCHIVE_BYTES, 1.0)

    def wait_for_search(self, timeout: float | None = 5.0) -> None:
        """Wait at most `timeout` seconds (None: for ever) until this machine's own folders have been searched."""
        self._searched.wait(timeout)

    def wait(self, timeout: float | None = None) -> None:
        """Wait at most `timeout` seconds (None: for ever) until the search and the download, if any, have ended."""
        if self._thread is not None:
            self._thread.join(timeout)

    def _run(self) -> None:
        try:
            mnist_folder()
            self.state = "ready"
            return
        except DataError as error:
            self.message, self.state = str(error), "connecting"
        finally:
            self._searched.set()
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
        self.message = child.stdout.read().strip() or "The download ended without saying why."
        self.state = "ready" if child.wait() == 0 else "failed"


def exit_with_parent(pipe: IO[str]) -> None:
    """End this process when the pipe from its parent closes, however the parent ended."""

    def watch() -> None:
        pipe.read()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    exit_with_parent(sys.stdin)
    try:
        download()
    except DataError as error:
        print(error)
        sys.exit(1)

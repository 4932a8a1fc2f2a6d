"""What the benchmarks that visit the app share: its server, the browser, and the processes of both."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]  # of Chromium


def serve(runs: str | Path, log: Path | None = None) -> tuple[subprocess.Popen[bytes], str]:
    """Start the app on a free port, with this folder for new runs; return its process and its URL.

    What it prints goes into the file `log`, without one its errors to standard error.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--server.headless", "true", "--server.address", "127.0.0.1", "--server.port", str(port)]
    with open(log or os.devnull, "wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "Home.py", *options],
            cwd=ROOT,
            env=os.environ | {"MNIST_RUNS_DIR": str(runs)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if log else None,
        )
    url = f"http://127.0.0.1:{port}"
    for _ in range(600):
        with suppress(OSError), urllib.request.urlopen(f"{url}/_stcore/health", timeout=2) as response:  # noqa: S310
            if response.status == 200:
                return process, url
        time.sleep(0.1)
    process.kill()
    raise SystemExit("the server did not start within a minute")


def chromium_path() -> str | None:
    """Return the browser that CHROMIUM names, or one on the PATH; None stands for Playwright's own."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


def processes_below(pid: int) -> Iterator[int]:
    """Yield all processes that this one has started, and those that they have started."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended meanwhile
            if int(stat.read_text().rpartition(")")[2].split()[1]) == pid:
                yield int(stat.parent.name)
                yield from processes_below(int(stat.parent.name))


def cpu_seconds(pid: int) -> float:
    """Return the processor time that a process has taken; 0 when it has ended."""
    with suppress(OSError):
        user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
    return 0.0

"""The app on a server of its own, and visitors who look at it through Chromium."""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect, sync_playwright

from mnist_core.recipes import RECIPES

ROOT = Path(__file__).resolve().parent.parent.parent
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
PATIENCE = 90.0  # seconds: a busy machine with two cores
NOWHERE = "http://127.0.0.1:9"  # a proxy that never answers makes a machine offline

# Streamlit 1.67 on Starlette: a visitor who leaves while the server is sending to him makes it close his socket twice.
LEFT_WHILE_ANSWERING = re.compile(
    r"^Exception in ASGI application\n"
    r"(?:Traceback .*\n|During handling .*\n|[ \t].*\n|\n|starlette\.websockets\.WebSocketDisconnected: .*\n)+",
    re.MULTILINE,
)

expect.set_options(timeout=PATIENCE * 1000)


def until(holds: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Wait until it holds; fails when it still does not after this time."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"not within {seconds:g} s"
        time.sleep(0.1)


def processes() -> dict[int, int]:
    """Every process that runs, with the one that started it; where there is no /proc, none are seen."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
            if state != "Z":
                found[int(stat.parent.name)] = int(parent)
    return found


class Server:
    """The app as a visitor's machine serves it: `streamlit run Home.py` in a process of its own."""

    def __init__(self, folder: Path, environment: dict[str, str | None]) -> None:
        self.runs = folder / "runs"
        self.log = folder / "server.log"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        options = ["--server.headless", "true", "--server.address", "127.0.0.1", "--server.port", str(port)]
        options += ["--server.fileWatcherType", "none"]  # nobody edits the app meanwhile
        processor = {"CUDA_VISIBLE_DEVICES": ""}  # a GPU is done before the visitor has looked
        changed = os.environ | processor | {"MNIST_RUNS_DIR": str(self.runs)} | environment
        with open(self.log, "a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "streamlit", "run", "Home.py", *options],
                cwd=ROOT,
                env={name: value for name, value in changed.items() if value is not None},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            until(self.healthy)
        except BaseException:
            self.process.kill()
            raise

    def healthy(self) -> bool:
        """Does it answer? Fails at once when it has ended instead."""
        assert self.process.poll() is None, f"the server ended early:\n{self.log.read_text()}"
        try:
            with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def end(self) -> None:
        """Terminate it; it may leave no process behind and no traceback in its log."""
        self.ends_with(self.process.terminate)
        log = LEFT_WHILE_ANSWERING.sub("", self.log.read_text())
        assert "Traceback" not in log, log

    def ends_with(self, signal: Callable[[], None], seconds: float = 20) -> None:
        """Send the signal; the server and every process it has started must then end."""
        pid = self.process.pid
        children = {child for child, parent in processes().items() if parent == pid}
        signal()
        self.process.wait(seconds)
        until(lambda: not children & processes().keys(), seconds)


class Visitor:
    """One browser tab, and what a visitor does in it."""

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.errors: list[str] = []  # in the browser's console
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self.note)

    def note(self, message: ConsoleMessage) -> None:
        """Keep an error; that Streamlit first looks for itself below a page's address, in vain, is none."""
        harmless = "404" in message.text and "/_stcore/" in message.location["url"]
        if message.type == "error" and not harmless:
            self.errors.append(f"{message.text} {message.location['url']}")

    def open(self, path: str = "/") -> "Visitor":
        self.page.goto(self.url + path)
        return self.settle()

    def settle(self) -> "Visitor":
        """Wait until the page has been drawn and its script rests."""
        self.page.locator(".stMainBlockContainer h1").wait_for()
        self.page.wait_for_selector('[data-test-script-state="notRunning"]')
        return self

    def choose(self, recipe: str) -> "Visitor":
        """Start from the recipe of this name."""
        self.page.get_by_role("combobox", name="Start from").click()
        self.page.get_by_role("option", name=RECIPES[recipe].title, exact=True).click()
        expect(self.page.locator(".stSidebar")).to_contain_text(RECIPES[recipe].about)
        return self.settle()

    def set(self, label: str, value: float) -> "Visitor":
        box = self.page.get_by_role("spinbutton", name=label)
        box.fill(str(value))
        box.press("Enter")
        expect(self.page.get_by_text(re.compile(f"Custom:.*{label.lower()} {value:g} instead of"))).to_be_visible()
        return self.settle()

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def train(self) -> str:
        """Press Train; the name of the run that begins."""
        self.button("Train").click()
        return self.sees_training()

    def sees_training(self) -> str:
        """Wait for the first figures of a training; the name of the run in the page's address."""
        self.shows("heading", "training")
        self.shows("figures", "of the last batches")
        self.sees_more_points()
        return unquote(self.page.url.partition("?run=")[2])

    def points(self) -> int:
        """How many points the curve of the training accuracy has."""
        plots = self.page.locator('.st-key-curve_accuracy[data-stale="false"] .js-plotly-plot')
        return max(plots.evaluate_all("plots => plots.map(plot => plot.data ? plot.data[1].x.length : 0)"), default=0)

    def sees_more_points(self, than: int = 0) -> None:
        """Wait until the curve has grown."""
        until(lambda: self.points() > than)

    def shows(self, key: str, text: str | re.Pattern[str], seconds: float = PATIENCE) -> None:
        """Wait until the part of the page with this key shows the text."""
        expect(self.page.locator(f".st-key-{key}")).to_contain_text(text, timeout=seconds * 1000)

    def turn_to(self, title: str) -> "Visitor":
        """Follow the link in the navigation."""
        self.page.locator(".st-key-navigation").get_by_role("link", name=title).click()
        expect(self.page.get_by_role("heading", name=title, exact=True, level=1)).to_be_visible()
        return self.settle()

    def accuracy(self) -> float:
        """The test accuracy the page shows, in percent."""
        self.shows("figures", "Test accuracy")
        text = self.page.locator(".st-key-figures").inner_text()
        found = re.search(r"Test accuracy\s+([\d.]+) %", text)
        assert found, text
        return float(found[1])


@contextlib.contextmanager
def serving(folder: Path, environment: dict[str, str | None]) -> Iterator[Server]:
    """A server with these environment variables changed (None: without them), until it is no longer needed."""
    server = Server(folder, environment)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.end()


@pytest.fixture(scope="session")
def server(mnist, tmp_path_factory) -> Iterator[Server]:
    """A server that has the real MNIST and the shipped runs, for visitors who only look: it fails when one has trained.

    Whoever comes first makes it load torch and the networks, which takes many times longer than a test.
    """
    with serving(tmp_path_factory.mktemp("server"), {}) as server:
        yield server
        assert not server.runs.exists() or not any(server.runs.iterdir()), "train on the `school` instead"


@pytest.fixture(scope="module")
def fresh(mnist, tmp_path_factory) -> Iterator[Server]:
    """A server that has the real MNIST and that nobody has visited before this module."""
    with serving(tmp_path_factory.mktemp("fresh"), {}) as server:
        yield server


@pytest.fixture(scope="session")
def school(mnist, tmp_path_factory) -> Iterator[Server]:
    """A server that has the real MNIST, for visitors who train; they come one after the other, as they do in life."""
    with serving(tmp_path_factory.mktemp("school"), {}) as server:
        yield server


@pytest.fixture(scope="session")
def offline(tmp_path_factory) -> Iterator[Server]:
    """A server on a machine without MNIST and without internet."""
    folder = tmp_path_factory.mktemp("offline")
    proxies = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), NOWHERE)
    empty = dict.fromkeys(("XDG_CACHE_HOME", "LOCALAPPDATA"), str(folder))
    with serving(folder, {"MNIST_DATA_DIR": None, "no_proxy": None, "NO_PROXY": None, **proxies, **empty}) as server:
        yield server


@pytest.fixture
def serve(tmp_path_factory) -> Iterator[Callable[..., Server]]:
    """Starts a fresh server with these environment variables changed."""
    with contextlib.ExitStack() as servers:
        yield lambda **environment: servers.enter_context(serving(tmp_path_factory.mktemp("server"), environment))


@pytest.fixture(scope="session")
def browser():
    """Chromium: the one that CHROMIUM names, or one on the PATH, or Playwright's own."""
    names = ["chromium", "chromium-browser", "google-chrome"]
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    with sync_playwright() as playwright:
        if path is None and not Path(playwright.chromium.executable_path).exists():
            missing = f"there is no Chromium: install {' or '.join(names)}, or set CHROMIUM to its path"
            (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Visitor]]:
    """Gives a visitor of the server with a browser of their own, of this size."""
    with contextlib.ExitStack() as contexts:

        def come(server: Server, width: int = 1366, height: int = 768) -> Visitor:
            phone = {"has_touch": True, "is_mobile": True} if width < 640 else {}
            context = contexts.enter_context(browser.new_context(viewport={"width": width, "height": height}, **phone))
            context.set_default_timeout(PATIENCE * 1000)
            return Visitor(context.new_page(), server.url)

        yield come

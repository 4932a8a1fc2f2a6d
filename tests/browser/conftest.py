"""Start the app on a server of its own and open it in Chromium, as visitors do."""

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
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, expect, sync_playwright

from mnist_core.recipes import RECIPES

ROOT = Path(__file__).resolve().parent.parent.parent
CHROMIUM_FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
TIMEOUT = 90.0  # seconds, of whatever a test waits for; a machine with two busy cores is slow
DEAD_PROXY = "http://127.0.0.1:9"  # nothing listens here, so that a server behind it is offline

# Streamlit 1.67 on Starlette closes a websocket twice when a visitor leaves while the server is sending to it.
CLOSED_TWICE = re.compile(
    r"^Exception in ASGI application\n"
    r"(?:Traceback .*\n|During handling .*\n|[ \t].*\n|\n|starlette\.websockets\.WebSocketDisconnected: .*\n)+",
    re.MULTILINE,
)

expect.set_options(timeout=TIMEOUT * 1000)


def wait_until(condition: Callable[[], object], seconds: float = TIMEOUT) -> None:
    """Wait until a condition is true; fail when it is not within this time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds:g} s"
        time.sleep(0.1)


def parents_of_processes() -> dict[int, int]:
    """Return the id of every running process with the id of its parent; nothing where there is no /proc."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # the process has ended meanwhile
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
            if state != "Z":
                parents[int(stat.parent.name)] = int(parent)
    return parents


class Server:
    """`streamlit run Home.py` in a process of its own, with some environment variables changed (None: removed)."""

    def __init__(self, folder: Path, environment: dict[str, str | None]) -> None:
        self.runs = folder / "runs"
        self.log = folder / "server.log"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        options = ["--server.headless", "true", "--server.address", "127.0.0.1", "--server.port", str(port)]
        options += ["--server.fileWatcherType", "none"]  # nobody edits the app meanwhile
        no_gpu = {"CUDA_VISIBLE_DEVICES": ""}  # a GPU would finish before the test has looked
        changed = os.environ | no_gpu | {"MNIST_RUNS_DIR": str(self.runs)} | environment
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
            wait_until(self.is_healthy)
        except BaseException:
            self.process.kill()
            raise

    def is_healthy(self) -> bool:
        """Return whether the server answers; fail at once when it has ended instead."""
        assert self.process.poll() is None, f"the server ended early:\n{self.log.read_text()}"
        try:
            with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=5) as response:
                return response.status == 200
        except OSError:
            return False

    def stop(self) -> None:
        """Terminate the server; it must leave no process behind and no traceback in its log."""
        self.end_with(self.process.terminate)
        log = CLOSED_TWICE.sub("", self.log.read_text())
        assert "Traceback" not in log, log

    def end_with(self, send_signal: Callable[[], None], seconds: float = 20) -> None:
        """Send a signal; the server and every process it has started must then end within this time."""
        pid = self.process.pid
        children = {child for child, parent in parents_of_processes().items() if parent == pid}
        send_signal()
        self.process.wait(seconds)
        wait_until(lambda: not children & parents_of_processes().keys(), seconds)


class Visitor:
    """A browser tab, and what a visitor does in it."""

    wait_until = staticmethod(wait_until)

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.url = url
        self.errors: list[str] = []  # in the browser's console
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self.record_error)

    def record_error(self, message: ConsoleMessage) -> None:
        """Keep an error, unless it is the 404 of Streamlit looking for its own files below the URL of a page."""
        harmless = "404" in message.text and "/_stcore/" in message.location["url"]
        if message.type == "error" and not harmless:
            self.errors.append(f"{message.text} {message.location['url']}")

    def open(self, path: str = "/") -> "Visitor":
        self.page.goto(self.url + path)
        return self.settle()

    def settle(self) -> "Visitor":
        """Wait until the page is drawn and its script is not running."""
        self.page.locator(".stMainBlockContainer h1").wait_for()
        self.page.wait_for_selector('[data-test-script-state="notRunning"]')
        return self

    def choose_recipe(self, name: str) -> "Visitor":
        """Fill the form of the Train page with a recipe."""
        self.page.get_by_role("combobox", name="Recipe").click()
        self.page.get_by_role("option", name=RECIPES[name].title, exact=True).click()
        expect(self.page.locator(".stSidebar")).to_contain_text(RECIPES[name].description)
        return self.settle()

    def set_field(self, label: str, value: float | str) -> "Visitor":
        """Type a value into a field of the form of the Train page."""
        box = self.page.get_by_role("combobox", name=label)
        box.fill(str(value))
        box.press("Enter")
        return self.settle()

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def train_button(self) -> Locator:
        """The Train button, whose text is longer before the first run."""
        return self.page.locator(".st-key-train").get_by_role("button", name=re.compile("^Train"))

    def run_in_url(self) -> str:
        """Wait for the URL to name a run, and return its name."""
        expect(self.page).to_have_url(re.compile(r"[?&]run="))
        return parse_qs(urlsplit(self.page.url).query)["run"][0]

    def train(self) -> str:
        """Press Train and return the name of the run that begins."""
        self.train_button().click()
        return self.wait_for_training()

    def wait_for_training(self) -> str:
        """Wait for the first metrics of a training run and return its name, which is in the URL."""
        self.expect_text("heading", "training")
        self.wait_for_points()
        return self.run_in_url()

    def n_points(self) -> int:
        """Return the number of points of the training curve."""
        plots = self.page.locator('.st-key-curve[data-stale="false"] .js-plotly-plot')
        return max(plots.evaluate_all("plots => plots.map(plot => plot.data ? plot.data[1].x.length : 0)"), default=0)

    def wait_for_points(self, more_than: int = 0) -> None:
        """Wait until the curve has more points than this."""
        self.wait_until(lambda: self.n_points() > more_than)

    def expect_text(self, key: str, text: str | re.Pattern[str], seconds: float = TIMEOUT) -> None:
        """Wait until the container with this key contains a text."""
        expect(self.page.locator(f".st-key-{key}")).to_contain_text(text, timeout=seconds * 1000)

    def go_to(self, title: str) -> "Visitor":
        """Follow the link to a page in the navigation."""
        self.page.locator(".st-key-navigation").get_by_role("link", name=title).click()
        expect(self.page.get_by_role("heading", name=title, exact=True, level=1)).to_be_visible()
        return self.settle()

    def test_accuracy(self) -> float:
        """Return the test accuracy on the page, in percent."""
        expect(self.picture.locator(".number")).to_contain_text("test digits")
        match = re.search(r"([\d.]+) %", self.picture.locator(".number strong").inner_text())
        assert match
        return float(match[1])

    @property
    def picture(self) -> Locator:
        """The living picture of the Train page."""
        return self.page.locator(".living-picture")

    def answers(self) -> list[str]:
        """Return what the living picture says of its ten digits, such as "A 4, read as 9: wrong, 51 % confident"."""
        return self.picture.locator(".tile").evaluate_all("tiles => tiles.map(tile => tile.ariaLabel)")


@contextlib.contextmanager
def running_server(folder: Path, environment: dict[str, str | None]) -> Iterator[Server]:
    """Start a server, and stop it at the end unless the test has ended it."""
    server = Server(folder, environment)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.stop()


@pytest.fixture(scope="session")
def server(mnist, tmp_path_factory) -> Iterator[Server]:
    """A server with MNIST and the shipped runs, for tests that train nothing; fails when one has trained.

    All tests share it, because the first visit makes it load torch and the networks, which takes longer than a test.
    """
    with running_server(tmp_path_factory.mktemp("server"), {}) as server:
        yield server
        assert not server.runs.exists() or not any(server.runs.iterdir()), "use the training_server instead"


@pytest.fixture(scope="module")
def fresh_server(mnist, tmp_path_factory) -> Iterator[Server]:
    """A server with MNIST that nobody has visited before this module."""
    with running_server(tmp_path_factory.mktemp("fresh"), {}) as server:
        yield server


@pytest.fixture(scope="session")
def training_server(mnist, tmp_path_factory) -> Iterator[Server]:
    """A server with MNIST for tests that train, one after the other."""
    with running_server(tmp_path_factory.mktemp("training"), {}) as server:
        yield server


@pytest.fixture(scope="session")
def offline_server(tmp_path_factory) -> Iterator[Server]:
    """A server on a machine without MNIST and without internet."""
    folder = tmp_path_factory.mktemp("offline")
    proxies = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), DEAD_PROXY)
    caches = dict.fromkeys(("XDG_CACHE_HOME", "LOCALAPPDATA"), str(folder))
    removed = dict.fromkeys(("MNIST_DATA_DIR", "no_proxy", "NO_PROXY"))
    with running_server(folder, {**removed, **proxies, **caches}) as server:
        yield server


@pytest.fixture
def start_server(tmp_path_factory) -> Iterator[Callable[..., Server]]:
    """A function that starts a new server with some environment variables changed."""
    with contextlib.ExitStack() as servers:
        yield lambda **environment: servers.enter_context(
            running_server(tmp_path_factory.mktemp("server"), environment)
        )


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium: the one that the variable CHROMIUM names, or one on the PATH, or Playwright's own.

    The headless shell is the same browser without the windows around the page: it opens a page in half the time.
    """
    names = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"]
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    with sync_playwright() as playwright:
        if path is None and not Path(playwright.chromium.executable_path).exists():
            missing = f"there is no Chromium: install {' or '.join(names)}, or set CHROMIUM to its path"
            (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def contexts(browser: Browser) -> dict[str, BrowserContext]:
    """A browser profile for laptops and one for phones; one for each visitor would cost Chromium twice the time."""
    contexts = {
        "laptop": browser.new_context(),
        "phone": browser.new_context(has_touch=True, is_mobile=True),
    }
    for context in contexts.values():
        context.set_default_timeout(TIMEOUT * 1000)
    return contexts


@pytest.fixture
def visit(contexts: dict[str, BrowserContext]) -> Iterator[Callable[..., Visitor]]:
    """A function that opens a tab for a new visitor of a server, in a window of this size in pixels."""
    visitors: list[Visitor] = []

    def new_visitor(server: Server, width: int = 1366, height: int = 768) -> Visitor:
        page = contexts["phone" if width < 640 else "laptop"].new_page()
        page.set_viewport_size({"width": width, "height": height})
        visitors.append(Visitor(page, server.url))
        return visitors[-1]

    yield new_visitor
    for visitor in visitors:
        visitor.page.close()
    for context in contexts.values():
        context.clear_cookies()

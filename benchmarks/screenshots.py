"""Take the screenshots of the documentation.

    python -m benchmarks.screenshots [--out docs]

Starts the app on a free port with the shipped runs, opens it in Chromium and trains one network. MNIST must be on this
machine: download it first (`python -m mnist_core download`), or set MNIST_DATA_DIR. Chromium is the one that
CHROMIUM names, or one on the PATH. The files are PNGs of at most 256 colours, a few dozen kilobytes each.
"""

import argparse
import io
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image
from playwright.sync_api import Page, ViewportSize, sync_playwright

from benchmarks._app import FLAGS, ROOT, chromium_path, serve
from mnist_core.data import mnist_folder

LAPTOP = ViewportSize(width=1366, height=768)
PHONE = ViewportSize(width=390, height=844)
PROJECTOR = ViewportSize(width=1920, height=1080)
TIMEOUT = 120_000  # ms: the first visit waits for PyTorch and the networks
DRAWING_TIME = 1_500  # ms that Plotly takes to draw after the script has ended
IDLE = '[data-testid="stApp"][data-test-script-state="notRunning"]'


def nothing(page: Page) -> None:
    """Leave the page as it was opened."""


def train_slowly(page: Page) -> None:
    """Start training, and wait until the network has begun to tell some digits apart."""
    page.locator(".st-key-train").get_by_role("button", name=re.compile("^Train")).click()
    page.locator(".living-picture .tile.correct").nth(4).wait_for()


def finish_training(page: Page) -> None:
    """Let what is training go on at full speed, and wait for its result."""
    page.get_by_role("radio", name="Full speed").click()
    page.get_by_text("What it still misreads").wait_for()


@dataclass(frozen=True)
class Screenshot:
    """One picture of the documentation."""

    file: str
    address: str | None  # None: the page stays as the picture before left it
    prepare: Callable[[Page], None] = nothing
    window: ViewportSize = field(default_factory=lambda: LAPTOP)
    scheme: Literal["light", "dark"] = "light"


SCREENSHOTS = [
    Screenshot("tour/first-visit.png", "/"),
    Screenshot("train.png", "/?speed=10", train_slowly),
    Screenshot("tour/result.png", None, finish_training),
    Screenshot("draw.png", "/draw?run=pen", lambda page: draw_three(page)),
    Screenshot("tour/confusion.png", "/confusion?run=fast&true=4&read=9", scheme="dark"),
    Screenshot("tour/mistakes.png", "/mistakes?run=fast"),
    Screenshot("tour/look-inside.png", "/look_inside?run=classic-cnn"),
    Screenshot("tour/break-it.png", "/break_it?run=fast&rotate=40"),
    Screenshot("tour/calibration.png", "/calibration?run=fast"),
    Screenshot("tour/robustness.png", "/robustness?run=accurate&corruption=fog"),
    Screenshot("tour/curves.png", "/curves?runs=mnist-cnn-adam,dropout-cnn-tuned&scale=log"),
    Screenshot("tour/models.png", "/models?run=pen"),
    Screenshot("tour/projector.png", "/?run=fast&present=1", window=PROJECTOR),
    Screenshot("tour/phone.png", "/?run=fast", window=PHONE),
]


def main() -> None:
    """Take every screenshot and print the size of its file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "docs", metavar="FOLDER")
    out: Path = parser.parse_args().out
    mnist_folder()  # raises DataError when MNIST is missing: the pages would show the sample digits instead
    with tempfile.TemporaryDirectory() as runs, sync_playwright() as playwright:
        process, url = serve(runs)
        try:
            browser = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
            page = browser.new_page()
            page.set_default_timeout(TIMEOUT)
            for screenshot in SCREENSHOTS:
                page.set_viewport_size(screenshot.window)
                page.emulate_media(color_scheme=screenshot.scheme)
                if screenshot.address is not None:
                    page.goto(url + screenshot.address)
                    wait_until_idle(page)
                screenshot.prepare(page)
                if screenshot.address is None:
                    wait_until_idle(page)
                file = out / screenshot.file
                file.parent.mkdir(parents=True, exist_ok=True)
                save_png(page.screenshot(), file)
                print(f"{file}: {file.stat().st_size / 1000:.0f} kB")
            browser.close()
        finally:
            process.terminate()
            process.wait()


def wait_until_idle(page: Page) -> None:
    """Wait until the page has its title, its script has ended and its charts are drawn."""
    page.locator("h1").wait_for()
    page.wait_for_selector(IDLE)
    page.wait_for_timeout(DRAWING_TIME)
    page.wait_for_selector(IDLE)


def draw_three(page: Page) -> None:
    """Draw a 3 on the canvas of the Draw page with the mouse, and wait for its prediction."""
    canvas = page.locator("canvas.upper-canvas")
    canvas.wait_for()
    wait_until_idle(page)
    corner = canvas.bounding_box()
    assert corner is not None, "the canvas is not in view"
    upper, lower = np.linspace(-2.6, 1.4, 25), np.linspace(-1.4, 2.6, 30)  # angles along the two bows
    x = np.concatenate([132 + 46 * np.cos(upper), 132 + 58 * np.cos(lower)])
    y = np.concatenate([86 + 44 * np.sin(upper), 182 + 53 * np.sin(lower)])
    page.mouse.move(corner["x"] + x[0], corner["y"] + y[0])
    page.mouse.down()
    for point in zip(corner["x"] + x, corner["y"] + y, strict=True):
        page.mouse.move(*point)
    page.mouse.up()
    page.locator(".st-key-answer").get_by_text("%").wait_for()
    wait_until_idle(page)


def save_png(screenshot: bytes, file: Path) -> None:
    """Write a screenshot with at most 256 colours."""
    picture = Image.open(io.BytesIO(screenshot)).convert("RGB")
    picture.quantize(256, dither=Image.Dither.NONE).save(file, optimize=True)


if __name__ == "__main__":
    main()

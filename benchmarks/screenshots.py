"""Take the screenshots of the documentation.

    python -m benchmarks.screenshots [--out docs]

Starts the app on a free port with the shipped runs and opens it in Chromium: 1366x768 pixels, light theme. MNIST must
be on this machine: download it first (`python -m mnist_core download`), or set MNIST_DATA_DIR. Chromium is the one that
CHROMIUM names, or one on the PATH. The files are PNGs of at most 256 colours, a few dozen kilobytes each.
"""

import argparse
import io
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Page, ViewportSize, sync_playwright

from benchmarks.play_strokes import FLAGS, ROOT, chromium_path, serve
from mnist_core.data import mnist_folder

VIEWPORT = ViewportSize(width=1366, height=768)
TIMEOUT = 120_000  # ms: the first visit waits for PyTorch and the networks
DRAWING_TIME = 1_500  # ms that Plotly takes to draw after the script has ended
IDLE = '[data-testid="stApp"][data-test-script-state="notRunning"]'


@dataclass(frozen=True)
class Screenshot:
    """One picture of the documentation."""

    file: str
    address: str
    draws_three: bool = False


SCREENSHOTS = [
    Screenshot("train.png", "/?run=classic-cnn"),
    Screenshot("draw.png", "/draw?run=pen", draws_three=True),
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
            page = browser.new_page(viewport=VIEWPORT, color_scheme="light")
            page.set_default_timeout(TIMEOUT)
            for screenshot in SCREENSHOTS:
                page.goto(url + screenshot.address)
                wait_until_idle(page)
                if screenshot.draws_three:
                    draw_three(page)
                file = out / screenshot.file
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

"""How well and how fast the Draw page reads pen strokes, played into the real page in Chromium.

    python -m benchmarks.play_strokes STROKES.json.gz [--run pen] [--count 50] [--seed 0]

STROKES is a gzipped JSON list of {"label": 0..9, "strokes": [[[x, y], ...], ...]}, the longer side spanning 0..1000.
Each digit is drawn by the mouse at 40 to 80 % of the pad, up to 25 pixels off its middle. Reported are the share read
right, and the time from the last stroke's mouse-up until the page shows the answer to it, which includes the 200 ms
for which the pad waits whether another stroke follows. Chromium: the one that CHROMIUM names, or one on the PATH.
"""

import argparse
import gzip
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, sync_playwright

from benchmarks.read_strokes import CANVAS, OFF, SIZES

ROOT = Path(__file__).resolve().parent.parent
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
# Notes the moment of each mouse-up, and of each change in what the answer says and in the picture of the digit.
WATCH = """() => {
  window.up = window.seen = 0;
  window.addEventListener("mouseup", () => { window.up = performance.now(); }, true);
  const part = document.querySelector(".st-key-desk");
  const answer = () => document.querySelector(".st-key-answer").innerText +
    document.querySelector(".seen-digit")?.src;
  let last = answer();
  new MutationObserver(() => {
    if (answer() !== last) { last = answer(); window.seen = performance.now(); }
  }).observe(part, { subtree: true, childList: true, characterData: true, attributes: true });
}"""


def serve(folder: str) -> tuple[subprocess.Popen, str]:
    """The app on a free port, with its own empty folder for new runs."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--server.headless", "true", "--server.address", "127.0.0.1", "--server.port", str(port)]
    process = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", "Home.py", *options],
        cwd=ROOT,
        env=os.environ | {"MNIST_RUNS_DIR": folder},
        stdout=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    for _ in range(600):
        with suppress(OSError), urllib.request.urlopen(f"{url}/_stcore/health", timeout=2) as answer:  # noqa: S310
            if answer.status == 200:
                return process, url
        time.sleep(0.1)
    process.kill()
    raise SystemExit("the server did not start within a minute")


def play(page: Page, strokes: list[list[list[int]]], dice: np.random.Generator) -> None:
    """Draw one digit with the mouse."""
    size = CANVAS * dice.uniform(*SIZES)
    lines = [np.array(stroke, float) * size / 1000 for stroke in strokes]
    corners = np.concatenate(lines)
    shift = CANVAS / 2 - (corners.min(0) + corners.max(0)) / 2 + dice.uniform(-OFF, OFF, 2)
    pad = page.locator("canvas.upper-canvas").bounding_box()
    for line in lines:
        points = [(pad["x"] + x, pad["y"] + y) for x, y in (line + shift).clip(2, CANVAS - 2)]
        page.mouse.move(*points[0])
        page.mouse.down()
        for point in points[1:] or points:
            page.mouse.move(*point)
        page.mouse.up()


def read(page: Page) -> tuple[str, float]:
    """The answer, and the milliseconds from the last mouse-up until the page last changed its mind."""
    page.wait_for_function("window.seen > window.up")
    page.wait_for_timeout(250)  # a last stroke may have come after what was shown
    page.wait_for_selector('[data-test-script-state="notRunning"]')
    value = page.locator('.st-key-answer [data-testid="stMetricValue"]').inner_text().strip()
    below = page.locator('.st-key-answer [data-testid="stMetricDelta"]').inner_text()
    return value if value.isdigit() else below.strip()[:1], page.evaluate("window.seen - window.up")


def main() -> None:
    """Play, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("strokes", type=Path)
    parser.add_argument("--run", default="pen")
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    dice = np.random.default_rng(options.seed)
    entries = json.loads(gzip.decompress(options.strokes.read_bytes()))
    names = ("chromium", "chromium-browser", "google-chrome")
    path = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    wrong, times = [], []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        process, url = serve(folder)
        try:
            browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
            page = browser.new_page(viewport={"width": 1366, "height": 768})
            page.set_default_timeout(120_000)
            page.goto(f"{url}/draw?run={options.run}")
            page.locator("canvas.upper-canvas").wait_for()
            page.wait_for_selector('[data-test-script-state="notRunning"]')
            page.wait_for_timeout(10_000)  # the networks are loaded once for the server
            page.evaluate(WATCH)
            for entry in (entries[place] for place in dice.choice(len(entries), options.count, replace=False)):
                play(page, entry["strokes"], dice)
                answer, milliseconds = read(page)
                times.append(milliseconds)
                if answer != str(entry["label"]):
                    wrong.append(f"{entry['label']} read as {answer}")
                page.get_by_role("button", name="Clear").click()
                page.locator(".st-key-answer").get_by_text("nothing is drawn yet").wait_for()
                page.wait_for_selector('[data-test-script-state="notRunning"]')
                page.wait_for_timeout(400)
        finally:
            process.terminate()
            process.wait()
    right = options.count - len(wrong)
    print(f"{options.run}: {right} of {options.count} right ({right / options.count:.1%}); {'; '.join(wrong) or '-'}")
    median, p95 = np.percentile(times, [50, 95])
    print(f"mouse-up to answer: median {median:.0f} ms, 95 % within {p95:.0f} ms, slowest {max(times):.0f} ms")


if __name__ == "__main__":
    main()

"""Measure the accuracy and the response time of the Draw page on pen strokes, drawn with the mouse in Chromium.

    python -m benchmarks.play_strokes STROKES.json.gz [--run pen] [--count 50] [--seed 0]

STROKES is a gzipped JSON list of {"label": 0..9, "strokes": [[[x, y], ...], ...]}, the longer side spanning 0..1000.
Each digit is drawn at 40 to 80 % of the canvas, up to 25 pixels off its centre. Reported are the accuracy and the time
from the last stroke's mouse-up until the page shows the answer to it, which includes the 200 ms for which the canvas
waits for another stroke. Chromium is the one that CHROMIUM names, else one on the PATH.
"""

import argparse
import gzip
import json
import tempfile
from pathlib import Path

import numpy as np
from playwright.sync_api import Page, sync_playwright

from benchmarks._app import FLAGS, chromium_path, serve
from benchmarks.read_strokes import CANVAS_SIZE, MAX_OFFSET, SIZE_RANGE

# Records the time of each mouse-up, and of each change of the answer or of the digit that the network sees.
WATCH = """() => {
  window.mouseUpAt = window.changedAt = 0;
  window.addEventListener("mouseup", () => { window.mouseUpAt = performance.now(); }, true);
  const desk = document.querySelector(".st-key-desk");
  const answer = () => document.querySelector(".st-key-answer").innerText +
    document.querySelector(".seen-digit")?.src;
  let last = answer();
  new MutationObserver(() => {
    if (answer() !== last) { last = answer(); window.changedAt = performance.now(); }
  }).observe(desk, { subtree: true, childList: true, characterData: true, attributes: true });
}"""


def draw(page: Page, strokes: list[list[list[int]]], rng: np.random.Generator) -> None:
    """Draw one digit with the mouse, at a random size and place."""
    size = CANVAS_SIZE * rng.uniform(*SIZE_RANGE)
    lines = [np.array(stroke, float) * size / 1000 for stroke in strokes]
    corners = np.concatenate(lines)
    shift = CANVAS_SIZE / 2 - (corners.min(0) + corners.max(0)) / 2 + rng.uniform(-MAX_OFFSET, MAX_OFFSET, 2)
    canvas = page.locator("canvas.upper-canvas").bounding_box()
    assert canvas is not None, "the canvas is not visible"
    for line in lines:
        points = [(canvas["x"] + x, canvas["y"] + y) for x, y in (line + shift).clip(2, CANVAS_SIZE - 2)]
        page.mouse.move(*points[0])
        page.mouse.down()
        for point in points[1:] or points:
            page.mouse.move(*point)
        page.mouse.up()


def wait_for_answer(page: Page) -> tuple[str, float]:
    """Return the answer, and the milliseconds from the last mouse-up until it last changed."""
    page.wait_for_function("window.changedAt > window.mouseUpAt")
    page.wait_for_timeout(250)  # what was shown may not include the last stroke yet
    page.wait_for_selector('[data-test-script-state="notRunning"]')
    value = page.locator('.st-key-answer [data-testid="stMetricValue"]').inner_text().strip()
    note = page.locator('.st-key-answer [data-testid="stMetricDelta"]').inner_text()  # "4 or 9: ..." if it is not sure
    return value if value.isdigit() else note.strip()[:1], page.evaluate("window.changedAt - window.mouseUpAt")


def main() -> None:
    """Draw the digits, and print the accuracy and the response times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("strokes", type=Path)
    parser.add_argument("--run", default="pen")
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    entries = json.loads(gzip.decompress(options.strokes.read_bytes()))
    mistakes, times = [], []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        process, url = serve(folder)
        try:
            browser = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
            page = browser.new_page(viewport={"width": 1366, "height": 768})
            page.set_default_timeout(120_000)
            page.goto(f"{url}/draw?run={options.run}")
            page.locator("canvas.upper-canvas").wait_for()
            page.wait_for_selector('[data-test-script-state="notRunning"]')
            page.wait_for_timeout(10_000)  # the networks are loaded once for the server
            page.evaluate(WATCH)
            for index in rng.choice(len(entries), options.count, replace=False):
                label = entries[index]["label"]
                draw(page, entries[index]["strokes"], rng)
                answer, milliseconds = wait_for_answer(page)
                times.append(milliseconds)
                if answer != str(label):
                    mistakes.append(f"{label} read as {answer}")
                page.get_by_role("button", name="Clear").click()
                page.locator(".st-key-answer").get_by_text("nothing is drawn yet").wait_for()
                page.wait_for_selector('[data-test-script-state="notRunning"]')
                page.wait_for_timeout(400)
        finally:
            process.terminate()
            process.wait()
    correct = options.count - len(mistakes)
    accuracy = correct / options.count
    print(f"{options.run}: {correct} of {options.count} correct ({accuracy:.1%}); {'; '.join(mistakes) or '-'}")
    median, p95 = np.percentile(times, [50, 95])
    print(f"mouse-up to answer: median {median:.0f} ms, 95 % within {p95:.0f} ms, slowest {max(times):.0f} ms")


if __name__ == "__main__":
    main()

"""Measure how long the first visitor of a fresh server waits for the Train page, in Chromium.

    python -m benchmarks.first_page [--visits 5]

Every visit has a server of its own that nobody has visited, and a browser with an empty cache; the files of both are in
the memory of the machine from the second visit on. Printed are, as medians over the visits, the seconds from opening
the address until the title, the Train button, the living picture and the learning curve are there, and the CPU seconds
that the server, its training process and the browser have taken until then: they say more than the clock on a busy
machine.
Chromium is the one that CHROMIUM names, else one on the PATH.
"""

import argparse
import os
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from statistics import median

from playwright.sync_api import sync_playwright

from benchmarks._app import FLAGS, chromium_path, cpu_seconds, processes_below, serve

PARTS = {  # what a visitor waits for -> what of it is on the page
    "title": "h1",
    "Train button": ".st-key-train button",
    "living picture": ".living-picture .tile.incorrect",
    "learning curve": ".st-key-curve .js-plotly-plot .main-svg",
}


def main() -> None:
    """Visit fresh servers, and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--visits", type=int, default=5)
    options = parser.parse_args()
    visits = [first_visit() for _ in range(options.visits)]
    for part in PARTS:
        seconds, server, training, browser = (median(visit[part][number] for visit in visits) for number in range(4))
        print(
            f"{part}: {seconds:.2f} s; "
            f"CPU: server {server:.2f} s, training process {training:.2f} s, browser {browser:.2f} s"
        )


def first_visit() -> dict[str, tuple[float, float, float, float]]:
    """Return for each of `PARTS` the seconds until it is there, and the CPU seconds of server, training and browser."""
    seen = {}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
        page = browser.new_page(viewport={"width": 1366, "height": 768})
        process, url = serve(folder)
        try:
            chromium = chromium_processes()
            started, before = time.monotonic(), cpu_seconds(process.pid)
            browser_before = sum(map(cpu_seconds, chromium))
            page.goto(url, wait_until="commit")
            for part, selector in PARTS.items():
                page.locator(selector).first.wait_for(timeout=120_000)
                children = list(processes_below(process.pid))
                seen[part] = (
                    time.monotonic() - started,
                    cpu_seconds(process.pid) - before,
                    sum(map(cpu_seconds, children)),
                    sum(map(cpu_seconds, chromium_processes())) - browser_before,
                )
            browser.close()
        finally:
            process.terminate()
            process.wait()
    return seen


def chromium_processes() -> list[int]:
    """Return the browser started by this process, with all that it has started."""
    return [pid for pid in processes_below(os.getpid()) if "--headless" in command_line(pid)]


def command_line(pid: int) -> str:
    """Return the command of a process, as far as it can be read."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text()
    return ""


if __name__ == "__main__":
    main()

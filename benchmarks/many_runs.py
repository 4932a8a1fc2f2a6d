"""How long each page takes to open with few and with many runs on the server.

    python -m benchmarks.many_runs [--runs 1000] [--repeats 5]

Copies the shipped sample-digits run into a temporary folder as often as asked, opens every page with Streamlit's
AppTest once to fill the caches, then again and again. Prints Markdown: the median CPU seconds of the later visits, with
the shipped runs alone and with the others beside them.
"""

import argparse
import json
import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COPIED = ("config.json", "history.jsonl", "predictions.safetensors", "result.json")


def make_runs(folder: Path, count: int) -> None:
    """Create `count` finished runs in the folder, made at different times."""
    original = ROOT / "checkpoints" / "sample-digits"
    config = json.loads((original / "config.json").read_text("utf-8"))
    for number in range(count):
        run = folder / f"sample-digits@20260101-{number:06}-0000"
        run.mkdir()
        for name in COPIED:
            shutil.copy(original / name, run / name)
        created = f"2026-01-01T{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}+00:00"
        (run / "config.json").write_text(json.dumps(config | {"created": created}), "utf-8")


def seconds_to_open(repeats: int) -> dict[str, float]:
    """Return the median CPU seconds in which each page runs again, by title."""
    import streamlit as st
    from streamlit.testing.v1 import AppTest

    from ui.shell import PAGES

    st.cache_resource.clear()
    found = {}
    for page in PAGES:
        app = AppTest.from_file(str(ROOT / "Home.py"), default_timeout=300).run()
        if page.file != "Home.py":
            app.switch_page(page.file).run()
        times = []
        for _ in range(repeats):
            start = time.process_time()
            app.run()
            times.append(time.process_time() - start)
        assert not app.exception, page.title
        found[page.title] = statistics.median(times)
    return found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MNIST_RUNS_DIR"] = folder
        few = seconds_to_open(options.repeats)
        make_runs(Path(folder), options.runs)
        many = seconds_to_open(options.repeats)
    print(f"| page | shipped runs, CPU s | with {options.runs:,} more, CPU s |\n|---|---|---|")
    for title in few:
        print(f"| {title} | {few[title]:.3f} | {many[title]:.3f} |")


if __name__ == "__main__":
    main()

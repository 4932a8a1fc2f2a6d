"""Measure the accuracy of runs on pen strokes, drawn as a visitor would draw them: any size, any place, any pen.

    python -m benchmarks.read_strokes STROKES.json.gz RUN [RUN ...] [--seed 0]

STROKES is a gzipped JSON list of {"label": 0..9, "strokes": [[[x, y], ...], ...]}, the longer side spanning 0..1000.
Each digit is drawn on a 280x280 canvas at 40 to 80 % of its size, up to 25 pixels off centre, with a pen of 8 to 26
pixels, and predicted twice: preprocessed by `mnist_core.drawing.to_digit`, and just resized to 28x28. The 100 worst
predictions of the last run are drawn into benchmarks/out/strokes.png, each with its true label and its prediction.
"""

import argparse
import gzip
import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from mnist_core import load_run
from mnist_core.drawing import naive_resize, to_digit

CANVAS_SIZE = 280  # pixels, as on the Draw page
SIZE_RANGE = 0.4, 0.8  # of the canvas
MAX_OFFSET = 25  # pixels off centre
PEN_RANGE = 8, 26  # pixels
PEN_GROUPS = [(8, 12), (12, 16), (16, 20), (20, 26)]
OUT = Path(__file__).parent / "out" / "strokes.png"


class Drawings(NamedTuple):
    """N digits, drawn."""

    preprocessed: np.ndarray  # uint8 (N, 28, 28)
    naive: np.ndarray  # uint8 (N, 28, 28), the canvas just resized
    labels: np.ndarray  # int (N,)
    pen_widths: np.ndarray  # float (N,), pixels


def draw(strokes: list[list[list[int]]], size: float, offset: np.ndarray, pen_width: float) -> Image.Image:
    """Draw the strokes as round-capped lines, bright on black, twice as large and then halved for smooth edges."""
    lines = [2 * np.array(stroke, float) * (size / 1000) for stroke in strokes]
    points = np.concatenate(lines)
    centre = (points.min(0) + points.max(0)) / 2
    canvas = Image.new("L", (2 * CANVAS_SIZE, 2 * CANVAS_SIZE))
    pen = ImageDraw.Draw(canvas)
    for line in lines:
        corners = [(float(x), float(y)) for x, y in line - centre + CANVAS_SIZE + 2 * offset]
        if len(corners) > 1:
            pen.line(corners, fill=255, width=round(2 * pen_width), joint="curve")
        for x, y in (corners[0], corners[-1]):
            pen.ellipse([x - pen_width, y - pen_width, x + pen_width, y + pen_width], fill=255)
    return canvas.resize((CANVAS_SIZE, CANVAS_SIZE), Image.Resampling.BOX)


def draw_all(path: Path, seed: int) -> Drawings:
    """Draw all digits of the file, each at a random size and place and with a random pen."""
    rng = np.random.default_rng(seed)
    preprocessed, naive, labels, pen_widths = [], [], [], []
    for entry in json.loads(gzip.decompress(path.read_bytes())):
        size, pen_width = CANVAS_SIZE * rng.uniform(*SIZE_RANGE), rng.uniform(*PEN_RANGE)
        canvas = np.asarray(draw(entry["strokes"], size, rng.uniform(-MAX_OFFSET, MAX_OFFSET, 2), pen_width))
        preprocessed.append(to_digit(canvas))
        naive.append(naive_resize(canvas))
        labels.append(entry["label"])
        pen_widths.append(pen_width)
    return Drawings(np.stack(preprocessed), np.stack(naive), np.array(labels), np.array(pen_widths))


def worst_hundred(digits: np.ndarray, labels: np.ndarray, probabilities: np.ndarray) -> Image.Image:
    """Draw the 100 digits whose label has the lowest probability, 10 x 10, each with "label > prediction" below."""
    order = np.argsort(probabilities[np.arange(len(labels)), labels])[:100]
    picture = Image.new("L", (10 * 64, 10 * 76), 40)
    pen = ImageDraw.Draw(picture)
    for position, index in enumerate(order):
        x, y = 64 * (position % 10) + 4, 76 * (position // 10) + 4
        picture.paste(Image.fromarray(digits[index]).resize((56, 56), Image.Resampling.NEAREST), (x, y))
        pen.text((x + 16, y + 58), f"{labels[index]} > {probabilities[index].argmax()}", fill=255)
    return picture


def main() -> None:
    """Print a table of accuracies and save the picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("strokes", type=Path)
    parser.add_argument("runs", nargs="+")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    preprocessed, naive, labels, pen_widths = draw_all(options.strokes, options.seed)
    groups = [(pen_widths >= low) & (pen_widths < high) for low, high in PEN_GROUPS]
    headers = [f"{digit:>6}" for digit in range(10)] + [f"{low:>3}-{high}" for low, high in PEN_GROUPS]
    print(f"{len(labels):,} digits, accuracy in %: all preprocessed, all just resized (naive), then preprocessed")
    print(f"by digit and by pen width in pixels of {CANVAS_SIZE}")
    print(f"{'run':16} {'all':>6} {'naive':>6} {' '.join(headers)}")
    for name in options.runs:
        run = load_run(name)
        probabilities = run.predict(preprocessed)
        correct = probabilities.argmax(1) == labels
        naive_accuracy = (run.predict(naive).argmax(1) == labels).mean()
        accuracies = [correct[labels == digit].mean() for digit in range(10)]
        accuracies += [correct[group].mean() for group in groups]
        cells = " ".join(f"{100 * accuracy:6.2f}" for accuracy in accuracies)
        print(f"{run.name:16} {100 * correct.mean():6.2f} {100 * naive_accuracy:6.2f} {cells}")
    OUT.parent.mkdir(exist_ok=True)
    worst_hundred(preprocessed, labels, probabilities).save(OUT)
    print(f"The 100 worst predictions of {run.name}: {OUT}")


if __name__ == "__main__":
    main()

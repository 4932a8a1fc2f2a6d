"""Measure the accuracy of runs on pen strokes, drawn as a visitor would draw them: any size, any place, any pen.

    python -m benchmarks.read_strokes STROKES.json.gz [STROKES.json.gz ...] --runs RUN [RUN ...] [--seed 0]

STROKES is a gzipped JSON list of {"label": 0..9, "source": provider, "strokes": [[[x, y], ...], ...]}, the longer side
spanning 0..1000. Each digit is drawn on a 280x280 canvas at 40 to 80 % of its size, up to 25 pixels off centre, with a
pen of 8 to 26 pixels, and predicted twice: preprocessed by `mnist_core.drawing.to_digit`, and just resized to 28x28.
Printed for each file are the accuracies by digit, pen width and provider, how often a run would be "not sure" on the
Draw page and how right it is otherwise, and the ten commonest confusions. The 100 worst predictions of the last run are
drawn into benchmarks/out/strokes-FILE.png, each with its true label and its prediction.
"""

import argparse
import gzip
import json
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from mnist_core import load_run
from mnist_core.drawing import naive_resize, to_digit
from mnist_core.temperature import CONFIDENCE_THRESHOLD

CANVAS_SIZE = 280  # pixels, as on the Draw page
SIZE_RANGE = 0.4, 0.8  # of the canvas
MAX_OFFSET = 25  # pixels off centre
PEN_RANGE = 8, 26  # pixels
PEN_GROUPS = [(8, 12), (12, 16), (16, 20), (20, 26)]
OUT = Path(__file__).parent / "out"


class Drawings(NamedTuple):
    """N digits, drawn."""

    preprocessed: np.ndarray  # uint8 (N, 28, 28)
    naive: np.ndarray  # uint8 (N, 28, 28), the canvas just resized
    labels: np.ndarray  # int (N,)
    pen_widths: np.ndarray  # float (N,), pixels
    sources: np.ndarray  # str (N,): who collected them


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
    preprocessed, naive, labels, pen_widths, sources = [], [], [], [], []
    for entry in json.loads(gzip.decompress(path.read_bytes())):
        size, pen_width = CANVAS_SIZE * rng.uniform(*SIZE_RANGE), rng.uniform(*PEN_RANGE)
        canvas = np.asarray(draw(entry["strokes"], size, rng.uniform(-MAX_OFFSET, MAX_OFFSET, 2), pen_width))
        preprocessed.append(to_digit(canvas))
        naive.append(naive_resize(canvas))
        labels.append(entry["label"])
        pen_widths.append(pen_width)
        sources.append(str(entry.get("source", "unknown")))
    return Drawings(np.stack(preprocessed), np.stack(naive), np.array(labels), np.array(pen_widths), np.array(sources))


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


def most_common_confusions(labels: np.ndarray, predicted: np.ndarray, number: int = 10) -> str:
    """Return the commonest pairs of true label and prediction that differ, such as "1 > 7 58 times"."""
    wrong = labels != predicted
    pairs = Counter(zip(labels[wrong].tolist(), predicted[wrong].tolist(), strict=True))
    return ", ".join(f"{label} > {read} {times}x" for (label, read), times in pairs.most_common(number))


def report(name: str, drawings: Drawings) -> np.ndarray:
    """Print how well a run reads the drawings, and return its probabilities (N, 10)."""
    run = load_run(name)
    probabilities = run.predict(drawings.preprocessed)
    predicted, labels = probabilities.argmax(1), drawings.labels
    correct, sure = predicted == labels, probabilities.max(1) >= CONFIDENCE_THRESHOLD
    naive_accuracy = (run.predict(drawings.naive).argmax(1) == labels).mean()
    pens = drawings.pen_widths
    groups = {
        "digit": {str(digit): labels == digit for digit in range(10)},
        "pen width": {f"{low}-{high}": (pens >= low) & (pens < high) for low, high in PEN_GROUPS},
        "provider": {source: drawings.sources == source for source in sorted(set(drawings.sources))},
    }
    print(f"{run.name}: {100 * correct.mean():.2f} %, just resized {100 * naive_accuracy:.2f} %")
    for title, masks in groups.items():
        print(f"  by {title:10}", "  ".join(f"{key} {100 * correct[mask].mean():.2f}" for key, mask in masks.items()))
    print(f"  not sure of {100 * (~sure).mean():.2f} %, and {100 * correct[sure].mean():.2f} % of the others are right")
    print(f"  confusions:   {most_common_confusions(labels, predicted)}")
    return probabilities


def main() -> None:
    """Print the accuracies on each file and save the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("strokes", type=Path, nargs="+")
    parser.add_argument("--runs", nargs="+", required=True, metavar="RUN")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    OUT.mkdir(exist_ok=True)
    for path in options.strokes:
        drawings = draw_all(path, options.seed)
        print(f"\n{path.name}: {len(drawings.labels):,} digits, accuracy in %, pen widths in pixels of {CANVAS_SIZE}")
        for name in options.runs:
            probabilities = report(name, drawings)
        picture = OUT / f"strokes-{path.name.partition('.')[0]}.png"
        worst_hundred(drawings.preprocessed, drawings.labels, probabilities).save(picture)
        print(f"The 100 worst predictions of {options.runs[-1]}: {picture}")


if __name__ == "__main__":
    main()

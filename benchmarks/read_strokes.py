"""How well a run reads pen strokes drawn as a visitor would draw them: any size, any place, any pen.

    python -m benchmarks.read_strokes STROKES.json.gz RUN [RUN ...] [--seed 0]

STROKES is a gzipped JSON list of {"label": 0..9, "strokes": [[[x, y], ...], ...]}, the longer side spanning 0..1000.
Each digit is drawn on a 280x280 canvas at 40 to 80 % of its size, up to 25 pixels off centre, with a pen of 8 to 26
pixels, then read through `mnist_core.drawing.to_digit`, and beside it through plain resizing to 28x28. The worst 100
of the last run are drawn into benchmarks/out/strokes.png, with what was written and what was read.
"""

import argparse
import gzip
import json
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from mnist_core import load_run
from mnist_core.drawing import to_digit

CANVAS, SIZES, OFF, PENS = 280, (0.4, 0.8), 25, (8, 26)
PEN_GROUPS = [(8, 12), (12, 16), (16, 20), (20, 26)]
OUT = Path(__file__).parent / "out" / "strokes.png"


def draw(strokes: list[list[list[int]]], size: float, off: np.ndarray, pen: float) -> Image.Image:
    """The strokes as round-capped lines, bright on black, drawn twice as large and halved for smooth edges."""
    lines = [2 * np.array(stroke, float) * (size / 1000) for stroke in strokes]
    corners = np.concatenate(lines)
    middle = (corners.min(0) + corners.max(0)) / 2
    sheet = Image.new("L", (2 * CANVAS, 2 * CANVAS))
    brush = ImageDraw.Draw(sheet)
    for line in lines:
        points = [tuple(point) for point in line - middle + CANVAS + 2 * off]
        if len(points) > 1:
            brush.line(points, fill=255, width=round(2 * pen), joint="curve")
        for x, y in (points[0], points[-1]):
            brush.ellipse([x - pen, y - pen, x + pen, y + pen], fill=255)
    return sheet.resize((CANVAS, CANVAS), Image.Resampling.BOX)


def drawings(path: Path, seed: int) -> dict[str, np.ndarray]:
    """All digits of the file: prepared and raw uint8 (N, 28, 28), label and pen width (N,)."""
    dice = np.random.default_rng(seed)
    prepared, raw, labels, pens = [], [], [], []
    for entry in json.loads(gzip.decompress(path.read_bytes())):
        size, pen, off = CANVAS * dice.uniform(*SIZES), dice.uniform(*PENS), dice.uniform(-OFF, OFF, 2)
        sheet = draw(entry["strokes"], size, off, pen)
        prepared.append(to_digit(np.asarray(sheet)))
        raw.append(np.asarray(sheet.resize((28, 28), Image.Resampling.BILINEAR)))
        labels.append(entry["label"])
        pens.append(pen)
    return {
        "prepared": np.stack(prepared),
        "raw": np.stack(raw),
        "labels": np.array(labels),
        "pens": np.array(pens),
    }


def worst_hundred(digits: np.ndarray, labels: np.ndarray, probabilities: np.ndarray) -> Image.Image:
    """The hundred digits whose true label got the least, 10 x 10, each with "written > read" below."""
    order = np.argsort(probabilities[np.arange(len(labels)), labels])[:100]
    sheet = Image.new("L", (10 * 64, 10 * 76), 40)
    pen = ImageDraw.Draw(sheet)
    for place, index in enumerate(order):
        x, y = 64 * (place % 10) + 4, 76 * (place // 10) + 4
        sheet.paste(Image.fromarray(digits[index]).resize((56, 56), Image.Resampling.NEAREST), (x, y))
        pen.text((x + 16, y + 58), f"{labels[index]} > {probabilities[index].argmax()}", fill=255)
    return sheet


def main() -> None:
    """Print the table and write the picture."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("strokes", type=Path)
    parser.add_argument("runs", nargs="+")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    drawn = drawings(options.strokes, options.seed)
    labels, pens = drawn["labels"], drawn["pens"]
    groups = [(pens >= low) & (pens < high) for low, high in PEN_GROUPS]
    heads = [f"{digit:>6}" for digit in range(10)] + [f"{low:>3}-{high}" for low, high in PEN_GROUPS]
    print(f"{len(labels):,} digits, accuracy in %: all, raw resizing, by digit, by pen width in pixels of {CANVAS}")
    print(f"{'run':16} {'all':>6} {'raw':>6} {' '.join(heads)}")
    for name in options.runs:
        run = load_run(name)
        probabilities = run.predict(drawn["prepared"])
        right = probabilities.argmax(1) == labels
        raw = (run.predict(drawn["raw"]).argmax(1) == labels).mean()
        parts = [right[labels == digit].mean() for digit in range(10)] + [right[group].mean() for group in groups]
        cells = " ".join(f"{100 * part:6.2f}" for part in parts)
        print(f"{run.name:16} {100 * right.mean():6.2f} {100 * raw:6.2f} {cells}")
    OUT.parent.mkdir(exist_ok=True)
    worst_hundred(drawn["prepared"], labels, probabilities).save(OUT)
    print(f"The worst 100 of {run.name}: {OUT}")


if __name__ == "__main__":
    main()

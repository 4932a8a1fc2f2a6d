"""Draw sheets of augmented digits, to see whether each is still what its label says, and count what runs read.

    python -m benchmarks.augmentation_sheets pen 0.6 RUN [RUN ...]

For each run, trained without these digits (they are MNIST's test set), the share that it reads as labelled is printed,
of all and of each digit, with the commonest confusions. The sheets, a row of digits for each class, go to
benchmarks/out/augmentation-NAME.png; below each digit that the last run misreads stands what it read.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw

from benchmarks.read_strokes import most_common_confusions
from mnist_core import load_run
from mnist_core.augment import augment
from mnist_core.config import AUGMENTATIONS
from mnist_core.data import Digits, load_digits

OUT = Path(__file__).parent / "out"
PER_CLASS = 30  # on the sheet
TILE = 56, 72  # pixels: a digit twice as large, and a line of text below it


def augmented(name: str, strength: float, seed: int) -> Digits:
    """Return the test digits of MNIST as the augmentation changes them."""
    digits = load_digits("mnist", "test")
    torch.manual_seed(seed)
    changed = augment(torch.tensor(digits.images), torch.tensor(digits.labels), name, strength)
    return Digits(changed.clamp(0, 255).round().byte().numpy(), digits.labels)


def sheet(digits: Digits, predicted: np.ndarray) -> Image.Image:
    """Draw the first digits of each class in a row, each misread one with its prediction."""
    picture = Image.new("L", (TILE[0] * PER_CLASS, TILE[1] * 10))
    pen = ImageDraw.Draw(picture)
    for label in range(10):
        for column, index in enumerate(np.flatnonzero(digits.labels == label)[:PER_CLASS]):
            x, y = TILE[0] * column, TILE[1] * label
            digit = Image.fromarray(digits.images[index])
            picture.paste(digit.resize((56, 56), Image.Resampling.NEAREST), (x, y))
            if predicted[index] != label:
                pen.text((x + 20, y + 57), f"> {predicted[index]}", fill=255)
    return picture


def main() -> None:
    """Print what the runs read, and save the sheet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("augmentation", choices=AUGMENTATIONS)
    parser.add_argument("strength", type=float)
    parser.add_argument("runs", nargs="+", metavar="RUN")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    digits = augmented(options.augmentation, options.strength, options.seed)
    for name in options.runs:
        run = load_run(name)
        predicted = run.predict(digits.images).argmax(1)
        correct = predicted == digits.labels
        by_digit = " ".join(f"{100 * correct[digits.labels == digit].mean():.1f}" for digit in range(10))
        print(f"{run.name}: {100 * correct.mean():.2f} % read as labelled; by digit {by_digit}")
        print(f"  {most_common_confusions(digits.labels, predicted)}")
    OUT.mkdir(exist_ok=True)
    sheet(digits, predicted).save(OUT / f"augmentation-{options.augmentation}.png")
    print(f"The sheet: {OUT / f'augmentation-{options.augmentation}.png'}")


if __name__ == "__main__":
    main()

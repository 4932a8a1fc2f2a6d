"""What each cell of the confusion matrix shows: a text, a description and colours for light and dark pages."""

from dataclasses import dataclass

import numpy as np

from mnist_core.metrics import normalise_rows
from mnist_core.text import count
from ui.labels import percent
from ui.palette import MATRIX, between, text_colour


@dataclass(frozen=True)
class Cells:
    """The 10 x 10 cells of a matrix: rows for true labels, columns for predictions."""

    texts: list[list[str]]  # "" where there is nothing to show
    descriptions: list[list[str]]
    colours: list[list[dict[str, str]]]  # CSS custom properties, none for an empty cell


def confusion_cells(counts: np.ndarray, *, normalise: bool = False, diagonal: bool = True, log: bool = True) -> Cells:
    """Return the cells of a confusion matrix (10, 10): correct predictions in blue, mistakes in orange.

    Each of the two colours has a scale of its own, so that a few mistakes show beside a thousand correct predictions.
    With `normalise` the cells show percentages of their rows. Without `diagonal` only the mistakes are shown. With
    `log` the colour follows the logarithm of the count, so that even a single mistake shows.
    """
    rates, correct = normalise_rows(counts), np.eye(10, dtype=bool)
    values = 100 * rates if normalise else counts.astype(float)
    values = np.where(correct & (not diagonal), 0, values)
    strengths = np.where(correct, _strengths(values * correct, log), _strengths(values * ~correct, log))
    descriptions = [[_description(i, j, int(counts[i, j]), float(rates[i, j])) for j in range(10)] for i in range(10)]
    return _cells(values, normalise, "", descriptions, strengths, np.where(correct, "correct", "misread"))


def difference_cells(
    counts: np.ndarray, other: np.ndarray, *, normalise: bool = False, diagonal: bool = True, log: bool = True
) -> Cells:
    """Return the cells of one run's confusion matrix minus another's: blue where the first is better, orange where it
    is worse."""
    values = 100 * (normalise_rows(counts) - normalise_rows(other)) if normalise else (counts - other).astype(float)
    on_diagonal = np.eye(10, dtype=bool)
    values = np.where(on_diagonal & (not diagonal), 0, values)
    better = (values > 0) == on_diagonal  # more is better on the diagonal, worse elsewhere
    descriptions = [
        [
            f"Written {i}, read as {j}: {count(int(counts[i, j]), 'digit')} with this model, {other[i, j]:,} with the "
            "other"
            for j in range(10)
        ]
        for i in range(10)
    ]
    return _cells(
        values, normalise, "+", descriptions, _strengths(np.abs(values), log), np.where(better, "better", "worse")
    )


def _description(label: int, predicted: int, number: int, rate: float) -> str:
    """Return how many digits are in a cell, and which share of its row."""
    amount = f"{count(number, 'digit')}, {percent(rate)} of the {label}s" if number else "none"
    return f"Written {label}, read as {predicted}: {amount}"


def _strengths(values: np.ndarray, log: bool) -> np.ndarray:
    """Return values from 0 up as shares (10, 10) of their maximum, or their logarithms as shares of its logarithm."""
    scaled = np.log1p(values) if log else values
    strengths: np.ndarray = scaled / max(scaled.max(), 1e-9)
    return strengths


def _cells(
    values: np.ndarray,
    percentage: bool,
    sign: str,
    descriptions: list[list[str]],
    strengths: np.ndarray,
    kinds: np.ndarray,
) -> Cells:
    texts = [[_text(value, percentage, sign) for value in row] for row in values]
    colours = [
        [_colours(str(kinds[i, j]), float(strengths[i, j])) if texts[i][j] else {} for j in range(10)]
        for i in range(10)
    ]
    return Cells(texts, descriptions, colours)


def _text(value: float, percentage: bool, sign: str) -> str:
    """Return the text of a cell: nothing for 0; percentages below 10 and above 90 with one decimal, but 100."""
    if round(value, 2) == 0:
        return ""
    decimals = 1 if percentage and (abs(value) < 9.95 or 90 <= abs(value) < 99.95) else 0
    return f"{value:{sign}.{decimals}f}".replace("-", "−")


def _colours(kind: str, strength: float) -> dict[str, str]:
    """Return the CSS custom properties of a cell of this kind, a key of `palette.MATRIX`; `strength` is 0..1."""
    properties = {}
    for scheme, ramps in MATRIX.items():
        background = between(*ramps[kind], strength)
        red, green, blue = bytes.fromhex(background.removeprefix("#"))
        properties[f"--{scheme}"] = background
        properties[f"--{scheme}-text"] = text_colour((red, green, blue))
    return properties

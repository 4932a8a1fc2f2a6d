"""The heat map of errors, corruptions by models, and the sentence on what it shows."""

from mnist_core.analysis.corruptions import CORRUPTIONS, Corruption
from mnist_core.analysis.robustness import Robustness
from mnist_core.runs import Run
from ui import caches, images
from ui.components.heat_map.heat_map import HeatMapCell, HeatMapRow, Place, heat_map
from ui.palette import MATRIX, between, text_colour
from ui.robustness.selection import Measured, select

HINT = "Press a number to see the digits behind it, or a corruption to see what it does."
NAMES = list(CORRUPTIONS)
FIRST = 1  # the row of the first corruption: above it are the digits as they are


def show_heat_map(measured: Measured, run: Run, corruption: Corruption, dataset: str) -> None:
    """Show the error of every model under every corruption; a click selects a cell."""

    def on_click(place: Place) -> None:
        row, column = place
        select(NAMES[row - FIRST], None if column is None else measured.runs[column].name)

    columns = [measured.labels[other.name] for other in measured.runs]
    heat_map(
        "robustness",
        "Misread digits in percent: corruptions by models. " + summary(measured),
        columns,
        heat_map_rows(measured, dataset),
        selected=(NAMES.index(corruption.name) + FIRST, measured.runs.index(run)),
        hint=HINT,
        reveals="corrupted_digits",
        on_click=on_click,
    )


def heat_map_rows(measured: Measured, dataset: str) -> list[HeatMapRow]:
    """Return the rows of the heat map: as they are, each corruption with a picture of it, the mean."""
    pictures = caches.corruption_pictures(dataset)

    def cells(title: str, values: dict[str, float]) -> list[HeatMapCell]:
        return [error_cell(title, measured.labels[run.name], values.get(run.name)) for run in measured.runs]

    results = measured.results
    clean = {name: result.clean_error for name, result in results.items()}
    means = {name: result.mean_error() for name, result in results.items()}
    rows = [HeatMapRow("As they are", "The digits as they are, undamaged", cells("As they are", clean), None, False)]
    for name, corruption in CORRUPTIONS.items():
        values = {run: result.error(name) for run, result in results.items()}
        about = f"{corruption.title}: {corruption.description}"
        rows.append(
            HeatMapRow(corruption.title, about, cells(corruption.title, values), images.data_uri(pictures[name]))
        )
    about = "The mean of the 15: the mean corruption error"
    return [*rows, HeatMapRow("Mean of the 15", about, cells("Mean of the 15", means), None, False)]


def error_cell(title: str, label: str, error: float | None) -> HeatMapCell:
    """Return the cell of an error of 0..1, None for a model that was not measured."""
    if error is None:
        return HeatMapCell("–", f"{title}: {label} was not measured", {})
    return HeatMapCell(
        percent_text(error), f"{title}: {label} misreads {percent_text(error)} % of the digits", colours(error)
    )


def percent_text(error: float) -> str:
    """Return an error of 0..1 in percent, with one decimal below 10 and none above."""
    return f"{100 * error:.{1 if error < 0.0995 else 0}f}"


def colours(error: float) -> dict[str, str]:
    """Return the CSS custom properties of a cell with this error, 0..1; the root makes small errors differ too."""
    properties = {}
    for scheme, ramps in MATRIX.items():
        background = between(*ramps["misread"], error**0.5)
        red, green, blue = bytes.fromhex(background.removeprefix("#"))
        properties[f"--{scheme}"] = background
        properties[f"--{scheme}-text"] = text_colour((red, green, blue))
    return properties


def summary(measured: Measured) -> str:
    """Return in one sentence which model has the lowest mean error; nothing where none was measured."""
    if not measured.results:
        return ""
    best = min(measured.results, key=lambda name: measured.results[name].mean_error())
    return (
        f"{measured.labels[best]} has the lowest mean: {percent_text(measured.results[best].mean_error())} % misread."
    )


def what_to_notice(measured: Measured) -> str | None:
    """Return what the heat map says of clean and damaged digits together; None with fewer than two models."""
    results: dict[str, Robustness] = measured.results
    if len(results) < 2:
        return None
    best_clean = min(results, key=lambda name: results[name].clean_error)
    best_mean = min(results, key=lambda name: results[name].mean_error())
    clean, mean = results[best_clean], results[best_mean]
    if best_clean == best_mean:
        return (
            f"{measured.labels[best_clean]} is best on digits as they are and best on damaged ones. That is no law: a "
            "network learns to stand only what it has seen something like in training."
        )
    return (
        f"{measured.labels[best_clean]} misreads the fewest digits as they are "
        f"({percent_text(clean.clean_error)} %), but {measured.labels[best_mean]} stands damage better: "
        f"{percent_text(mean.mean_error())} % on average against {percent_text(clean.mean_error())} %. High "
        "[[accuracy]] on a clean [[test set]] says little about bad pictures: a network learns to stand only what it "
        "has seen something like in training."
    )

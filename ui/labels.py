"""Labels of settings, runs and numbers: plain data in, text out."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import fields

from mnist_core.config import EnsembleConfig, TrainConfig, setting_of
from mnist_core.execution.queue import Place
from mnist_core.models import ARCHITECTURES
from mnist_core.recipes import RECIPES
from mnist_core.runs import Run
from mnist_core.text import about, decimal, ordinal

MAX_SETTINGS = 3  # named in the label of a run; a longer one would not fit into a legend
LOOK_ALIKES = str.maketrans(
    {
        "<": "\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}",
        ">": "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}",
        "[": "(",
        "]": ")",
        "*": "\N{ASTERISK OPERATOR}",
        "`": "\N{MODIFIER LETTER GRAVE ACCENT}",
        "~": "\N{TILDE OPERATOR}",
        "$": "\N{FULLWIDTH DOLLAR SIGN}",
        "\\": "\N{SET MINUS}",
        "|": "\N{DIVIDES}",
        ":": "\N{RATIO}",
        "@": "@\N{WORD JOINER}",  # invisible; what follows is then no address
        "{": "(",
        "}": ")",
    }
)


def choices(name: str) -> dict[str, str]:
    """Return the choices of one field of `TrainConfig`, each with "Title: explanation"; empty for a number."""
    if name == "architecture":
        return {known.name: f"{known.title}: {known.description}" for known in ARCHITECTURES.values()}
    return setting_of(name).choices or {}


def choice_title(name: str, choice: str) -> str:
    """Return the short title of one choice of a field; of an unknown choice its name."""
    return choices(name).get(choice, choice).partition(":")[0]


def format_value(name: str, value: object) -> str:
    """Return a field's value as text: the title of a choice, a number without needless zeros or an exponent."""
    if isinstance(value, str):
        return choice_title(name, value)
    return decimal(value) if isinstance(value, float) else f"{value:,}"


def changed_settings(before: TrainConfig, after: TrainConfig) -> list[str]:
    """Return every field that differs, as "epochs 1 instead of 10"."""
    return [
        f"{setting_value(name, after)} instead of {format_value(name, getattr(before, name))}"
        for name in differing_settings([before, after])
    ]


def differing_settings(configs: Sequence[TrainConfig]) -> list[str]:
    """Return the names of the fields whose values are not the same in all configs."""
    names = [field.name for field in fields(TrainConfig)]
    return [name for name in names if any(getattr(config, name) != getattr(configs[0], name) for config in configs)]


def setting_value(name: str, config: TrainConfig) -> str:
    """Return a field with its value, as "epochs 1" or "optimizer SGD"."""
    return f"{setting_of(name).label.lower()} {format_value(name, getattr(config, name))}"


def run_label(run: Run) -> str:
    """Return what a run is called: the name it was given, else its recipe and what was changed in it.

    The label can be shown as Markdown. Several runs may have the same one: see `run_labels`.
    """
    return without_markup(run.title) if run.title else automatic_label(run)


def automatic_label(run: Run) -> str:
    """Return what a run is called unless somebody names it: its recipe and what was changed in it."""
    if isinstance(run.config, EnsembleConfig):
        return f"Ensemble of {len(run.members)}"
    recipe = RECIPES.get(run.recipe or "")
    if recipe is None:
        return choice_title("architecture", run.config.architecture)
    return (
        recipe.title
        if run.shipped
        else label_with_settings(recipe.title, run.config, differing_settings([recipe.config, run.config]))
    )


def label_with_settings(label: str, config: TrainConfig, names: Sequence[str]) -> str:
    """Return the label with the values that the first few of these settings have in a config."""
    follows = "validation_size" if "dataset" in names else None  # from the data set
    seed_last = sorted(names, key=lambda name: name == "seed")
    values = [setting_value(name, config) for name in seed_last if name != follows]
    if len(values) > MAX_SETTINGS:
        values[MAX_SETTINGS - 1 :] = [f"{len(values) - MAX_SETTINGS + 1} more changes"]
    return ", ".join([label, *values])


def run_labels(runs: Sequence[Run]) -> dict[str, str]:
    """Return a label for each run by its name, no two of them the same.

    Runs with the same `run_label` are told apart by the settings in which they differ; those that differ in none are
    numbered in the order in which they were made, shipped ones first: "Fast", "Fast #2". A run that gets a name of its
    own keeps its number, so that no other run is called differently from then on.
    """
    alike: dict[str, list[Run]] = {}
    for run in sorted(runs, key=lambda run: (not run.shipped, run.created, run.name)):
        alike.setdefault(automatic_label(run), []).append(run)
    by_name: dict[str, str] = {}
    numbers: Counter[str] = Counter()
    for label, group in alike.items():
        differing = differing_settings([run.config for run in group if isinstance(run.config, TrainConfig)])
        for run in group:
            text = label
            if isinstance(run.config, TrainConfig) and not run.shipped:
                text = label_with_settings(label, run.config, differing)
            numbers[text] += 1
            by_name[run.name] = with_number(text, numbers[text])
    taken = set(by_name.values())
    for run in runs:
        if run.title:
            title, number = without_markup(run.title), 1
            while with_number(title, number) in taken:
                number += 1
            by_name[run.name] = with_number(title, number)
            taken.add(by_name[run.name])
    return {run.name: by_name[run.name] for run in runs}


def with_number(label: str, number: int) -> str:
    """Return the label of one of several runs that are called the same: "Fast", "Fast #2"."""
    return label if number == 1 else f"{label} #{number}"


def run_description(run: Run, label: str) -> str:
    """Return the entry of a tested run in a picker: its label and its accuracy."""
    return f"{label} · {accuracy_text(run)}"


def accuracy_text(run: Run) -> str:
    """Return the accuracy of a tested run, and on which digits it was measured unless they are MNIST's."""
    digits = "" if run.config.dataset == "mnist" else " on sample digits"
    return f"{percent(run.outcome.test.accuracy)}{digits}"


def without_markup(text: str) -> str:
    """Return a line of text in which nothing is Markdown or HTML: similar characters replace those that mean something.

    The result reads the same wherever it is shown: on the page, in a table or in a chart.
    """
    text = text.translate(LOOK_ALIKES)
    text = re.sub(r"(?<![^\W_])_|_(?![^\W_])", "\N{MODIFIER LETTER LOW MACRON}", text)  # not inside a word
    text = re.sub(r"&(?=#?\w+;)", "&\N{WORD JOINER}", text)  # an HTML entity
    text = re.sub(r"(?i)\bwww\.", "www\N{WORD JOINER}.", text)  # a link
    starts_block = re.match(r"[-+=#]|\d+[.)]", text)  # a list, a heading
    return f"\N{WORD JOINER}{text}" if starts_block else text


def percent(value: float | None) -> str:
    """Return 0.9902 as "99.02 %", None as an ellipsis."""
    return "…" if value is None else f"{100 * value:.2f} %"


def probability_text(probability: float) -> str:
    """Return 0.9871 as "98.7 %"; what would be rounded to 100 % is "over 99.9 %"."""
    return "over 99.9 %" if probability > 0.9995 else f"{100 * probability:.1f} %"


def interval(low: float, high: float) -> str:
    """Return the ends 0.9905 and 0.9939 of an interval as "99.05 to 99.39", in percent."""
    return f"{100 * low:.2f} to {100 * high:.2f}"


def duration(seconds: float | None) -> str:
    """Return seconds as "48 s" or "3:05 min", None as an ellipsis."""
    if seconds is None:
        return "…"
    minutes, rest = divmod(round(seconds), 60)
    return f"{seconds:.0f} s" if seconds < 99.5 else f"{minutes}:{rest:02} min"


def place_in_words(place: Place | None) -> str:
    """Return where a run is in the queue, such as "You are second in line. About 40 seconds."."""
    if place is None:
        return "It is about to begin."
    line = f"You are {in_line(place.number)}."
    if place.seconds is None:
        return f"{line} A run before yours goes step by step, so nobody can tell how long."
    time = about(place.seconds)
    return f"{line} {time[0].upper()}{time[1:]}."


def in_line(number: int) -> str:
    """Return a place in the queue: "next", "second in line", "third in line" ..."""
    return "next" if number == 1 else f"{ordinal(number)} in line"


def article(number: int) -> str:
    """Return a digit, or a whole number from 0 up, with its indefinite article: "a 7", "an 8", "an 11"."""
    spoken_first = f"{number:,}".partition(",")[0]  # of 11,000 the eleven is spoken first
    starts_with_vowel = spoken_first.startswith("8") or spoken_first in ("11", "18")
    return f"{'an' if starts_with_vowel else 'a'} {number:,}"


def p_value(value: float) -> str:
    """Return a p-value as statisticians write it: "p = 0.013", or "p < 0.001"."""
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}"

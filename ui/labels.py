"""Labels of settings, runs and numbers: plain data in, text out."""

from dataclasses import asdict

from mnist_core.config import EnsembleConfig, TrainConfig, setting_of
from mnist_core.models import ARCHITECTURES
from mnist_core.recipes import RECIPES
from mnist_core.runs import Run


def choices(name: str) -> dict[str, str]:
    """Return the choices of one field of `TrainConfig`, each with "Title: explanation"; empty for a number."""
    if name == "architecture":
        return {known.name: f"{known.title}: {known.description}" for known in ARCHITECTURES.values()}
    return setting_of(name).choices or {}


def choice_title(name: str, choice: str) -> str:
    """Return the short title of one choice of a field; of an unknown choice its name."""
    return choices(name).get(choice, choice).partition(":")[0]


def format_value(name: str, value: object) -> str:
    """Return a field's value as text: the title of a choice, a number without needless zeros."""
    if isinstance(value, str):
        return choice_title(name, value)
    return f"{value:g}" if isinstance(value, float) else f"{value:,}"


def changed_settings(before: TrainConfig, after: TrainConfig) -> list[str]:
    """Return every field that differs, as "epochs 1 instead of 10"."""
    old, new = asdict(before), asdict(after)
    return [
        f"{setting_of(name).label.lower()} {format_value(name, new[name])} instead of {format_value(name, old[name])}"
        for name in old
        if old[name] != new[name]
    ]


def run_label(run: Run) -> str:
    """Return what a run is called on the pages."""
    if isinstance(run.config, EnsembleConfig):
        return f"Ensemble of {len(run.members)}"
    recipe = RECIPES.get(run.recipe or "")
    title = recipe.title if recipe else choice_title("architecture", run.config.architecture)
    return title if not recipe or run.config == recipe.config else f"{title} (custom)"


def unique_run_label(run: Run) -> str:
    """Return the label of a run with, unless it is shipped, the time it was made, which tells it from others."""
    return run_label(run) if run.shipped else f"{run_label(run)} · {run.created.replace('T', ' ')[5:19]}"


def run_description(run: Run) -> str:
    """Return the entry of a tested run in a picker: its unique label and its accuracy."""
    digits = "" if run.config.dataset == "mnist" else " on sample digits"
    return f"{unique_run_label(run)} · {percent(run.outcome.test.accuracy)}{digits}"


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


def count(number: int, noun: str, plural: str | None = None) -> str:
    """Return "1 drawing" or "1,200 drawings"; `plural` is for nouns that take more than an s."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def article(number: int) -> str:
    """Return a digit, or a whole number from 0 up, with its indefinite article: "a 7", "an 8", "an 11"."""
    spoken_first = f"{number:,}".partition(",")[0]  # of 11,000 the eleven is spoken first
    starts_with_vowel = spoken_first.startswith("8") or spoken_first in ("11", "18")
    return f"{'an' if starts_with_vowel else 'a'} {number:,}"


def p_value(value: float) -> str:
    """Return a p-value as statisticians write it: "p = 0.013", or "p < 0.001"."""
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}"

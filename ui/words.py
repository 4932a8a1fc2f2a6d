"""How settings, runs and numbers are called on the pages: plain data in, text out."""

from dataclasses import asdict
from typing import Any

from mnist_core.config import TrainConfig, setting_of
from mnist_core.models import ARCHITECTURES
from mnist_core.recipes import RECIPES
from mnist_core.runs import Run


def choices_of(name: str) -> dict[str, str]:
    """The choices of one field, each with "Title: explanation"; empty for a number."""
    if name == "architecture":
        return {known.name: f"{known.title}: {known.about}" for known in ARCHITECTURES.values()}
    return setting_of(name).choices or {}


def title_of(name: str, choice: str) -> str:
    """The short title of one choice of a field."""
    return choices_of(name).get(choice, choice).partition(":")[0]


def value_of(name: str, value: Any) -> str:
    """A field's value as the visitor reads it: a choice's title, a number without needless zeros."""
    if isinstance(value, str):
        return title_of(name, value)
    return f"{value:g}" if isinstance(value, float) else f"{value:,}"


def changes(before: TrainConfig, after: TrainConfig) -> list[str]:
    """Every field that differs, as "epochs 1 instead of 10"."""
    old, new = asdict(before), asdict(after)
    return [
        f"{setting_of(name).label.lower()} {value_of(name, new[name])} instead of {value_of(name, old[name])}"
        for name in old
        if old[name] != new[name]
    ]


def label(run: Run) -> str:
    """What a run is called on the pages."""
    if run.members:
        return f"Vote of {len(run.members)}"
    recipe = RECIPES.get(run.recipe or "")
    title = recipe.title if recipe else title_of("architecture", run.config.architecture)
    return title if not recipe or run.config == recipe.config else f"{title} (custom)"


def described(run: Run) -> str:
    """A tested run in a list of runs: what it is called, when a visitor made it, and how well it reads."""
    when = "" if run.shipped else f" · {run.created.replace('T', ' ')[:16]}"
    digits = "" if run.config.dataset == "mnist" else " on sample digits"
    return f"{label(run)}{when} · {percent(run.result['test']['accuracy'])}{digits}"


def percent(value: float | None) -> str:
    """0.9902 as "99.02 %", None as dots."""
    return "…" if value is None else f"{100 * value:.2f} %"


def duration(seconds: float | None) -> str:
    """Seconds as "48 s" or "3:05 min", None as dots."""
    if seconds is None:
        return "…"
    minutes, rest = divmod(round(seconds), 60)
    return f"{seconds:.0f} s" if seconds < 99.5 else f"{minutes}:{rest:02} min"

"""The recipe form in the sidebar: what to start from, and every setting."""

import math
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import streamlit as st

from mnist_core.config import VALIDATION_SIZES, ConfigError, TrainConfig, setting_of, type_of
from mnist_core.recipes import RECIPES, Recipe
from mnist_core.runs import Run
from mnist_core.text import decimal
from ui import caches, labels, run_picker

DEFAULT_RECIPE, OFFLINE_RECIPE = "fast", "sample-digits"  # the recipe a new visitor meets
MAIN_FIELDS = ["architecture", "epochs", "learning_rate", "batch_size"]  # always visible; the others are in expanders


@dataclass(frozen=True)
class Form:
    """What the form says now."""

    name: str  # of the recipe it started from
    recipe: Recipe
    config: TrainConfig | None  # None while a value is invalid
    problem: str = ""  # the sentence that says which

    @property
    def shown(self) -> TrainConfig:
        """The config whose network is shown before it is trained: the recipe's while a value is invalid."""
        return self.config or self.recipe.config


def field_key(name: str) -> str:
    """Return the widget key of one field of `TrainConfig`."""
    return f"field_{name}"


def fill_form(config: TrainConfig) -> None:
    """Fill the form with the values of a config; without MNIST with the sample digits as its data set."""
    if config.dataset == "mnist" and not caches.dataset_status().ready:
        config = replace(config, dataset="sample", validation_size=None)
    for name, value in asdict(config).items():
        st.session_state[field_key(name)] = value
    st.session_state["filled"] = (config, caches.dataset_status().ready)


def filled_without_mnist() -> bool:
    """Return whether MNIST came after the form was filled, and no field was changed since."""
    config, with_mnist = st.session_state["filled"]
    unchanged = all(st.session_state[field_key(name)] == value for name, value in asdict(config).items())
    return unchanged and caches.dataset_status().ready and not with_mnist


def recipe_form() -> Form:
    """Show the form in the sidebar and return what it says."""
    linked = run_picker.linked_run()
    default = DEFAULT_RECIPE if caches.dataset_status().ready else OFFLINE_RECIPE
    if linked is not None and linked.recipe in RECIPES:
        default = linked.recipe  # a link to a run fills the form with its settings
    with st.sidebar:
        name = st.selectbox(
            "Recipe",
            list(RECIPES),
            index=list(RECIPES).index(default),
            format_func=lambda name: RECIPES[name].title,
            key="recipe",
            help="A recipe fills in everything below. Change what you like, then press Train.",
            persist_state="session",
            on_change=lambda: on_recipe_change(st.session_state["recipe"]),
        )
        recipe = RECIPES[name]
        if "filled" not in st.session_state:
            fill_form(
                linked.config
                if linked and isinstance(linked.config, TrainConfig) and linked.recipe == name
                else recipe.config
            )
        elif filled_without_mnist():
            fill_form(recipe.config)
        note = st.container()
        values: dict[str, Any] = {}
        for main_field in MAIN_FIELDS:
            values[main_field] = field_widget(main_field)
        for group in dict.fromkeys(setting_of(field.name).group for field in fields(TrainConfig)):
            with st.expander(group):
                for field in fields(TrainConfig):
                    if setting_of(field.name).group == group and field.name not in MAIN_FIELDS:
                        values[field.name] = field_widget(field.name)
        with note:
            try:
                config = TrainConfig(**values)
            except ConfigError as error:
                problem = with_label(str(error))
                st.error(problem)
                return Form(name, recipe, None, problem)
            changes_note(recipe, st.session_state["filled"][0], config)
    return Form(name, recipe, config)


def with_label(sentence: str) -> str:
    """Return the sentence of a ConfigError with the label of the field in place of its name."""
    name, _, rest = sentence.partition(" ")
    known = name in {field.name for field in fields(TrainConfig)}
    return f"{setting_of(name).label} {rest}." if known else f"{sentence}."


def on_recipe_change(name: str) -> None:
    """Fill the form from a recipe, and show its shipped run."""
    st.query_params.pop("run", None)
    fill_form(RECIPES[name].config)


def changes_note(recipe: Recipe, filled: TrainConfig, config: TrainConfig) -> None:
    """Say which settings differ from those that were filled in, and offer to undo the changes."""
    changed = labels.changed_settings(filled, config)
    if not changed:
        st.caption(recipe.description)
        if filled.dataset != recipe.config.dataset:
            st.caption("On scikit-learn's sample digits of 8 × 8 pixels, until MNIST is here.")
        return
    st.caption(f"**Custom:** {', '.join(changed)}.")
    st.button("Undo the changes", key="undo", type="tertiary", on_click=fill_form, args=[filled])


def changes_since(run: Run, config: TrainConfig | None) -> None:
    """Say which settings of the form are no longer those of the run that the page shows."""
    if config is None or not isinstance(run.config, TrainConfig) or config == run.config:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="other_settings"):
        changed = ", ".join(labels.changed_settings(run.config, config))
        st.caption(
            f"This is the run as it was trained. The settings say something else now: {changed}.", width="stretch"
        )
        st.button("Use this run's settings", key="use_settings", type="tertiary", on_click=use_settings_of, args=[run])


def use_settings_of(run: Run) -> None:
    """Fill the form with the settings of a run, and start from its recipe."""
    assert isinstance(run.config, TrainConfig)
    if run.recipe in RECIPES:
        st.session_state["recipe"] = run.recipe
    fill_form(run.config)


def field_widget(name: str) -> Any:
    """Show the widget for one field as its `Setting` describes it, unless another field makes it meaningless.

    Return the value. What was typed and is no number is returned as it was typed.
    """
    setting, kind = setting_of(name), type_of(name)
    if setting.used_with is not None:
        other, values = setting.used_with
        if st.session_state[field_key(other)] not in values:
            return st.session_state[field_key(name)]
    common: dict[str, Any] = {"key": field_key(name), "help": setting.help, "persist_state": "session"}
    if kind is str:
        choices = labels.choices(name)
        titled = [text.partition(":") for text in choices.values()]
        common["help"] += "\n\n" + "\n".join(f"- **{title}**{colon}{text}" for title, colon, text in titled)
        return st.selectbox(
            setting.label,
            list(choices),
            format_func=lambda choice: labels.choice_title(name, choice),
            on_change=on_dataset_change if name == "dataset" else None,
            **common,
        )
    if setting.suggestions:
        st.session_state[field_key(name)] = value = to_number(st.session_state[field_key(name)], kind)
        options: list[Any] = [kind(number) for number in setting.suggestions]
        if value not in options:
            options = sorted([*options, value], key=lambda option: math.inf if isinstance(option, str) else option)
        return st.selectbox(
            setting.label,
            options,
            format_func=lambda number: number if isinstance(number, str) else decimal(number),
            accept_new_options=True,
            filter_mode="prefix",
            **common | {"help": f"{setting.help} Choose a value, or type one of your own."},
        )
    if kind is float:
        return st.slider(setting.label, float(setting.minimum), float(setting.maximum), step=0.05, **common)
    return st.number_input(setting.label, step=1, format="%d", **common)


def to_number(value: Any, kind: type) -> Any:
    """Return what was typed as a number of this kind, with a point or a comma for decimals; else unchanged."""
    if not isinstance(value, str):
        return value
    try:
        number = float(value.strip().replace(",", "."))
    except ValueError:
        return value
    return int(number) if kind is int and number.is_integer() else number


def on_dataset_change() -> None:
    """Set the validation size to the default of the newly chosen data set."""
    st.session_state[field_key("validation_size")] = VALIDATION_SIZES[st.session_state[field_key("dataset")]]

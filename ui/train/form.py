"""The recipe form in the sidebar: what to start from, every setting, Train and Stop."""

from dataclasses import asdict, fields, replace
from typing import Any

import streamlit as st

from mnist_core.config import VALIDATION_SIZES, TrainConfig, setting_of, type_of
from mnist_core.recipes import RECIPES, Recipe
from ui import caches, labels, run_picker
from ui.train.buttons import train_and_stop_buttons

DEFAULT_RECIPE, OFFLINE_RECIPE = "fast", "sample-digits"  # the recipe a new visitor meets
MAIN_FIELDS = ["architecture", "epochs", "learning_rate", "batch_size"]  # always visible; the others are in expanders
STEP_SIZES = {"learning_rate": 0.0005, "weight_decay": 0.0001, "epochs": 1.0, "batch_size": 16, "validation_size": 100}
SMALLEST_POSITIVE = 1e-6  # the lower limit of a field that must be above 0


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


def recipe_form() -> tuple[Recipe, str, TrainConfig | None]:
    """Show the form in the sidebar, and return the chosen recipe, its name, and the form's config, None if invalid."""
    linked = run_picker.linked_run()
    default = DEFAULT_RECIPE if caches.dataset_status().ready else OFFLINE_RECIPE
    if linked is not None and linked.recipe in RECIPES:
        default = linked.recipe  # a link to a run fills the form with its settings
    with st.sidebar:
        st.subheader("Recipe", anchor=False)
        name = st.selectbox(
            "Start from",
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
        buttons = st.container(key="buttons")
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
            config = to_config(values)
            if config is not None:
                changes_note(recipe, st.session_state["filled"][0], config)
        with buttons:
            train_and_stop_buttons(name, config)
    return recipe, name, config


def on_recipe_change(name: str) -> None:
    """Fill the form from a recipe, and show its shipped run."""
    st.query_params.pop("run", None)
    fill_form(RECIPES[name].config)


def to_config(values: dict[str, Any]) -> TrainConfig | None:
    """Return the form's values as a config; show an error and return None if a value is invalid."""
    try:
        return TrainConfig(**values)
    except ValueError as error:
        st.error(str(error))
        return None


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


def field_widget(name: str) -> Any:
    """Show the widget for one field as its `Setting` describes it, and return the value."""
    setting, kind = setting_of(name), type_of(name)
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
    if kind is float and setting.maximum <= 2 and name not in STEP_SIZES:
        return st.slider(setting.label, float(setting.minimum), float(setting.maximum), step=0.05, **common)
    low = setting.minimum + (SMALLEST_POSITIVE if setting.exclusive_minimum else 0)
    step, number_format = kind(STEP_SIZES.get(name, 1)), "%d" if kind is int else "%g"
    return st.number_input(setting.label, kind(low), kind(setting.maximum), step=step, format=number_format, **common)


def on_dataset_change() -> None:
    """Set the validation size to the default of the newly chosen data set."""
    st.session_state[field_key("validation_size")] = VALIDATION_SIZES[st.session_state[field_key("dataset")]]

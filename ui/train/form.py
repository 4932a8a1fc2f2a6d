"""The recipe form in the sidebar: what to start from, every setting, Train and Stop."""

from dataclasses import asdict, fields, replace
from typing import Any

import streamlit as st

from mnist_core.config import VALIDATION_SIZES, TrainConfig, setting_of, type_of
from mnist_core.recipes import RECIPES, Recipe
from mnist_core.runs import RunError
from ui import caches, labels, run_picker

DEFAULT_RECIPE, OFFLINE_RECIPE = "fast", "sample-digits"  # the recipe a new visitor meets
MAIN_FIELDS = ["architecture", "epochs", "learning_rate", "batch_size"]  # the rest is behind a click
STEP_SIZES = {"learning_rate": 0.0005, "weight_decay": 0.0001, "epochs": 1.0, "batch_size": 16, "validation_size": 100}
SMALLEST_POSITIVE = 1e-6  # what the form takes for "above 0"


def field_key(name: str) -> str:
    """The widget key of one field of the recipe form."""
    return f"field_{name}"


def fill_form(config: TrainConfig) -> None:
    """Put a recipe's values into the form; without MNIST it learns from the sample digits instead."""
    if config.dataset == "mnist" and not caches.dataset_status().ready:
        config = replace(config, dataset="sample", validation_size=None)
    for name, value in asdict(config).items():
        st.session_state[field_key(name)] = value
    st.session_state["filled"] = (config, caches.dataset_status().ready)


def filled_without_mnist() -> bool:
    """Does the form still hold, untouched, what was filled in while MNIST was not here?"""
    config, with_mnist = st.session_state["filled"]
    same = all(st.session_state[field_key(name)] == value for name, value in asdict(config).items())
    return same and caches.dataset_status().ready and not with_mnist


def recipe_form() -> tuple[Recipe, str, TrainConfig | None]:
    """The sidebar's form: the chosen recipe, its name, and the config as it now stands; None if that makes no sense."""
    linked = run_picker.linked_run()
    first = DEFAULT_RECIPE if caches.dataset_status().ready else OFFLINE_RECIPE
    if linked is not None and linked.recipe in RECIPES:
        first = linked.recipe  # who follows a link finds its settings in the form
    with st.sidebar:
        st.subheader("Recipe", anchor=False)
        name = st.selectbox(
            "Start from",
            list(RECIPES),
            index=list(RECIPES).index(first),
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
        for field in MAIN_FIELDS:
            values[field] = field_widget(field)
        for group in dict.fromkeys(setting_of(field.name).group for field in fields(TrainConfig)):
            rest = [
                f.name for f in fields(TrainConfig) if setting_of(f.name).group == group and f.name not in MAIN_FIELDS
            ]
            with st.expander(group):
                for field in rest:
                    values[field] = field_widget(field)
        with note:
            config = to_config(values)
            if config is not None:
                changes_note(recipe, st.session_state["filled"][0], config)
        with buttons:
            train_and_stop_buttons(name, config)
    return recipe, name, config


def on_recipe_change(name: str) -> None:
    """Fill the form from a recipe, and show the run that is shipped for it."""
    st.query_params.pop("run", None)
    fill_form(RECIPES[name].config)


def to_config(values: dict[str, Any]) -> TrainConfig | None:
    """The form's values as a config, or the sentence that says which of them cannot be."""
    try:
        return TrainConfig(**values)
    except ValueError as error:
        st.error(str(error))
        return None


def changes_note(recipe: Recipe, filled: TrainConfig, config: TrainConfig) -> None:
    """Say what the visitor changed about what was filled in, and offer to undo it."""
    changed = labels.changed_settings(filled, config)
    if not changed:
        st.caption(recipe.about)
        if filled.dataset != recipe.config.dataset:
            st.caption("On the sample digits, until MNIST is here.")
        return
    st.caption(f"**Custom:** {', '.join(changed)}.")
    if st.button("Undo the changes", key="undo", type="tertiary", on_click=fill_form, args=[recipe.config]):
        st.rerun()


def field_widget(name: str) -> Any:
    """The widget for one field, made from its `Setting`."""
    about, kind = setting_of(name), type_of(name)
    common: dict[str, Any] = {"key": field_key(name), "help": about.help, "persist_state": "session"}
    if kind is str:
        choices = labels.choices(name)
        titled = [text.partition(":") for text in choices.values()]
        common["help"] += "\n\n" + "\n".join(f"- **{title}**{colon}{text}" for title, colon, text in titled)
        return st.selectbox(
            about.label,
            list(choices),
            format_func=lambda choice: labels.choice_title(name, choice),
            on_change=on_dataset_change if name == "dataset" else None,
            **common,
        )
    if kind is float and about.maximum <= 2 and name not in STEP_SIZES:
        return st.slider(about.label, float(about.minimum), float(about.maximum), step=0.05, **common)
    low = about.minimum + (SMALLEST_POSITIVE if about.exclusive_minimum else 0)
    step, form = kind(STEP_SIZES.get(name, 1)), "%d" if kind is int else "%g"
    return st.number_input(about.label, kind(low), kind(about.maximum), step=step, format=form, **common)


def on_dataset_change() -> None:
    """Another data set has another usual size of its validation part."""
    st.session_state[field_key("validation_size")] = VALIDATION_SIZES[st.session_state[field_key("dataset")]]


def train_and_stop_buttons(name: str, config: TrainConfig | None) -> None:
    """The two buttons; what cannot be done now says why."""
    with st.container(horizontal=True):
        train_button("Train", "train", name, config)
        st.button(
            "Stop",
            key="stop",
            width="stretch",
            icon=":material/stop:",
            disabled=caches.executor().run is None,
            on_click=stop_training,
            help="Ends the training and keeps the best network so far.",
        )


def train_button(text: str, key: str, name: str, config: TrainConfig | None) -> None:
    """Starts the training of this config; disabled, with the reason, when that cannot be now."""
    why = "Teaches a fresh network with the settings below."
    if caches.executor().run:
        why = "One network trains at a time: stop it first, or wait."
    elif config is None:
        why = "A setting below makes no sense."
    elif config.dataset == "mnist" and not caches.dataset_status().ready:
        why = "MNIST is not here yet: wait, or choose the sample digits under Data."
    else:
        if st.button(text, key=key, type="primary", width="stretch", icon=":material/play_arrow:", help=why):
            start_training(config, name)
        return
    st.button(text, key=key, type="primary", width="stretch", icon=":material/play_arrow:", help=why, disabled=True)


def start_training(config: TrainConfig, recipe: str) -> None:
    """Begin a training and show it; what speaks against it is said and nothing is lost."""
    try:
        run = caches.executor().start(config, recipe)
    except RunError as error:
        st.error(str(error))
        return
    st.query_params["run"] = run.name
    st.rerun()


def stop_training() -> None:
    """Stop what is training, whoever began it."""
    caches.executor().stop()

"""The recipe form in the sidebar: what to start from, and every setting."""

import math
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

import streamlit as st

from mnist_core.config import VALIDATION_SIZES, TrainConfig, setting_of, type_of
from mnist_core.config import problems as config_problems
from mnist_core.recipes import RECIPES, Recipe
from mnist_core.runs import Run
from mnist_core.text import decimal
from ui import caches, glossary, labels, run_picker

DEFAULT_RECIPE, OFFLINE_RECIPE = "fast", "sample-digits"  # the recipe a new visitor meets
MAIN_FIELDS = ["architecture", "epochs", "learning_rate", "batch_size"]  # always visible; the others are in expanders


@dataclass(frozen=True)
class Form:
    """What the form says now."""

    name: str  # of the recipe it started from
    recipe: Recipe
    config: TrainConfig | None  # None while a value is invalid
    problems: dict[str, str] = field(default_factory=dict)  # for each field with such a value what is wrong, in order

    @property
    def shown(self) -> TrainConfig:
        """The config whose network is shown before it is trained: the recipe's while a value is invalid."""
        return self.config or self.recipe.config

    @property
    def problem(self) -> str:
        """Everything that is wrong, as Markdown: one sentence, or a list of them; "" while nothing is."""
        sentences = [f"{setting_of(name).label} {text}" for name, text in self.problems.items()]
        if len(sentences) < 2:
            return "".join(sentences)
        return "\n".join([f"{len(sentences)} settings cannot be as they are:\n", *(f"- {text}" for text in sentences)])


def field_key(name: str) -> str:
    """Return the widget key of one field of `TrainConfig`."""
    return f"field_{name}"


def group_key(group: str) -> str:
    """Return the widget key of a group of settings."""
    return f"group_{group}"


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
        values = {name: entered_value(name) for name in form_fields()}
        found = caches.limits().problems(values) | config_problems(values)
        problems = {name: without_name(name, found[name]) for name in values if name in found}
        field_widgets(problems)
        form = Form(name, recipe, None if problems else TrainConfig(**values), problems)
        with note:
            if form.config is None:
                st.error(form.problem)
            else:
                changes_note(recipe, st.session_state["filled"][0], form.config)
    return form


def field_widgets(problems: dict[str, str]) -> None:
    """Show the widgets of all fields, with what is wrong with them: the main ones, then the others in their groups.

    A group is filled once it is open: a dozen fields out of sight would cost the browser a second of every visit.
    """
    for name in MAIN_FIELDS:
        field_widget(name, problems.get(name))
    for group in dict.fromkeys(setting_of(known.name).group for known in fields(TrainConfig)):
        names = [name for name in form_fields() if setting_of(name).group == group and name not in MAIN_FIELDS]
        if problems.keys() & {*names}:
            st.session_state[group_key(group)] = True  # what is wrong is never out of sight
        expander = st.expander(group, key=group_key(group), on_change="rerun")
        if expander.open:
            with expander:
                for name in names:
                    field_widget(name, problems.get(name))


def form_fields() -> list[str]:
    """Return the names of all fields of `TrainConfig`, those that are always visible first."""
    names = [known.name for known in fields(TrainConfig)]
    return [*MAIN_FIELDS, *(name for name in names if name not in MAIN_FIELDS)]


def entered_value(name: str) -> Any:
    """Return what the form has for a field: a number where one was typed, else the text that was typed instead."""
    value = st.session_state[field_key(name)]
    if setting_of(name).suggestions:
        st.session_state[field_key(name)] = value = to_number(value, type_of(name))
    return value


def without_name(name: str, sentence: str) -> str:
    """Return a ConfigError's sentence without the field's name, and without Markdown in what was typed."""
    return labels.without_markup(f"{sentence.removeprefix(f'{name} ')}.")


def on_recipe_change(name: str) -> None:
    """Fill the form from a recipe, and show its shipped run."""
    st.query_params.pop("run", None)
    fill_form(RECIPES[name].config)


def changes_note(recipe: Recipe, filled: TrainConfig, config: TrainConfig) -> None:
    """Say which settings differ from those that were filled in, and offer to undo the changes."""
    changed = labels.changed_settings(filled, config)
    if not changed:
        glossary.caption(recipe.description)
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


def field_widget(name: str, problem: str | None = None) -> None:
    """Show the widget for one field, unless another field makes it meaningless, and below it what is wrong with it."""
    other, values = setting_of(name).used_with or ("", ())
    if other and st.session_state[field_key(other)] not in values and problem is None:
        return
    if type_of(name) is str:
        choice_widget(name)
    else:
        number_widget(name)
    if problem:
        st.error(problem[0].upper() + problem[1:])


def choice_widget(name: str) -> None:
    """Show the select box of a field with choices, each of which the help text explains."""
    choices = labels.choices(name)
    titled = [text.partition(":") for text in choices.values()]
    explained = "\n".join(f"- **{title}**{colon}{text}" for title, colon, text in titled)
    st.selectbox(
        setting_of(name).label,
        list(choices),
        format_func=lambda choice: labels.choice_title(name, choice),
        on_change=on_dataset_change if name == "dataset" else None,
        key=field_key(name),
        help=f"{setting_of(name).help}\n\n{explained}",
        persist_state="session",
    )


def number_widget(name: str) -> None:
    """Show the widget of a field with a number: suggestions to choose from, a slider, or a box to type into."""
    setting, kind = setting_of(name), type_of(name)
    common: dict[str, Any] = {"key": field_key(name), "help": setting.help, "persist_state": "session"}
    if setting.suggestions:
        value = st.session_state[field_key(name)]
        options: list[Any] = [kind(number) for number in setting.suggestions]
        if value not in options:
            options = sorted([*options, value], key=lambda option: math.inf if isinstance(option, str) else option)
        st.selectbox(
            setting.label,
            options,
            format_func=lambda number: number if isinstance(number, str) else decimal(number),
            accept_new_options=True,
            filter_mode="prefix",
            **common | {"help": f"{setting.help} Choose a value, or type one of your own."},
        )
    elif kind is float:
        st.slider(setting.label, float(setting.minimum), float(setting.maximum), step=0.05, **common)
    else:
        st.number_input(setting.label, step=1, format="%d", **common)


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

"""The labels of settings, runs and numbers."""

import html
import re
import unicodedata
from dataclasses import fields, replace
from types import SimpleNamespace

import pytest

from mnist_core.config import EnsembleConfig, TrainConfig, setting_of
from mnist_core.models import ARCHITECTURES
from mnist_core.recipes import RECIPES
from ui import labels

CHOICES = [field.name for field in fields(TrainConfig) if labels.choices(field.name)]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "…"),
        (0, "0 s"),
        (48.4, "48 s"),
        (99.4, "99 s"),
        (100, "1:40 min"),
        (185, "3:05 min"),
        (3600, "60:00 min"),
    ],
)
def test_duration(seconds, text):
    assert labels.duration(seconds) == text


def test_a_duration_never_has_sixty_seconds():
    assert labels.duration(179.7) == "3:00 min"


@pytest.mark.parametrize(("value", "text"), [(None, "…"), (0, "0.00 %"), (0.9902, "99.02 %"), (1, "100.00 %")])
def test_percent(value, text):
    assert labels.percent(value) == text


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("epochs", 5.0, "5"),
        ("epochs", 0.5, "0.5"),
        ("learning_rate", 0.001, "0.001"),
        ("validation_size", 5000, "5,000"),
        ("optimizer", "adamw", "AdamW"),
        ("architecture", "lenet-5", "LeNet-5"),
    ],
)
def test_a_value_is_formatted_for_the_visitor(name, value, text):
    assert labels.format_value(name, value) == text


def test_without_a_changed_setting_the_list_is_empty():
    assert labels.changed_settings(TrainConfig(), TrainConfig()) == []


def test_a_changed_setting_shows_the_new_value_and_the_old():
    after = TrainConfig(epochs=1, optimizer="sgd")
    assert labels.changed_settings(TrainConfig(epochs=10), after) == [
        "optimizer SGD instead of Adam",
        "epochs 1 instead of 10",
    ]


@pytest.mark.parametrize("name", CHOICES)
def test_every_choice_has_a_title_of_its_own(name):
    titles = [labels.choice_title(name, choice) for choice in labels.choices(name)]
    assert all(titles)
    assert len(set(titles)) == len(titles)


def test_networks_are_the_choices_of_architecture():
    assert list(labels.choices("architecture")) == list(ARCHITECTURES)
    assert setting_of("architecture").choices is None


def test_the_title_of_an_unknown_choice_is_its_name():
    assert labels.choice_title("architecture", "gone-since") == "gone-since"


def run(recipe, config, members=(), shipped=True, title="", created="2026-11-24T17:07:22", name=""):
    """What the labels use of a Run."""
    outcome = SimpleNamespace(test=SimpleNamespace(accuracy=0.99))
    return SimpleNamespace(
        recipe=recipe, config=config, members=members, shipped=shipped, title=title, created=created, outcome=outcome,
        name=name,
    )  # fmt: skip


def own(recipe="softmax", title="", name="", created="2026-11-24", **changes):
    """A run of a visitor: a recipe with some settings changed."""
    config = replace(RECIPES[recipe].config, **changes)
    return run(recipe, config, shipped=False, title=title, name=name, created=created)


def joint_labels(*runs):
    """The labels of these runs in a list of them; their names are numbers, and each is made after the one before."""
    for number, one in enumerate(runs):
        one.name, one.created = f"{number}", f"2026-11-24T10:{number:02}"
    return list(labels.run_labels(runs).values())


def test_an_ensemble_is_labelled_by_its_size():
    members = ("fast", "pen", "accurate")
    assert labels.run_label(run(None, EnsembleConfig("mnist", members), members)) == "Ensemble of 3"


@pytest.mark.parametrize("name", RECIPES)
def test_a_run_has_the_title_of_its_recipe(name):
    assert labels.run_label(run(name, RECIPES[name].config)) == RECIPES[name].title
    assert labels.run_label(own(name)) == RECIPES[name].title


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"epochs": 1}, "One layer, epochs 1"),
        ({"seed": 2}, "One layer, seed 2"),
        ({"optimizer": "sgd", "learning_rate": 0.05}, "One layer, optimizer SGD, learning rate 0.05"),
        ({"seed": 2, "batch_size": 32, "epochs": 1}, "One layer, batch size 32, epochs 1, seed 2"),
        ({"seed": 2, "batch_size": 32, "epochs": 1, "ema": 0.9}, "One layer, batch size 32, epochs 1, 2 more changes"),
        ({"dataset": "sample", "validation_size": 200}, "One layer, digits Sample digits"),
    ],
)
def test_a_run_of_a_changed_recipe_is_labelled_by_what_was_changed(changes, text):
    assert labels.run_label(own(**changes)) == text


@pytest.mark.parametrize("recipe", [None, "gone-since"])
def test_a_run_without_recipe_has_the_title_of_its_network(recipe):
    assert labels.run_label(run(recipe, TrainConfig(architecture="mlp"))) == "Multilayer perceptron"


def test_a_run_that_was_named_has_that_name():
    assert labels.run_label(own(epochs=1, title="My first one")) == "My first one"


def test_runs_that_differ_in_nothing_are_numbered_as_they_were_made_the_shipped_one_first():
    shipped = run("softmax", RECIPES["softmax"].config)
    assert joint_labels(own(), shipped, own(), own(seed=2), own(seed=2)) == [
        "One layer #2", "One layer", "One layer #3", "One layer, seed 2", "One layer, seed 2 #2",
    ]  # fmt: skip


def test_a_new_run_does_not_change_the_labels_of_the_others():
    runs = [own(), own(), own(seed=2), own(title="mine"), own(title="mine")]
    assert joint_labels(*runs) == joint_labels(*runs, own(), own(seed=3), own(title="mine"))[: len(runs)]


def test_runs_of_the_same_network_without_a_recipe_are_told_apart_by_their_settings():
    runs = [run(None, TrainConfig(architecture="mlp", epochs=epochs), shipped=False) for epochs in (1, 2)]
    assert joint_labels(*runs) == ["Multilayer perceptron, epochs 1", "Multilayer perceptron, epochs 2"]


def test_settings_that_a_label_leaves_out_are_added_where_they_are_the_difference():
    changes = {"batch_size": 32, "epochs": 1, "ema": 0.9}
    assert joint_labels(own(**changes, seed=1), own(**changes, seed=2)) == [
        f"One layer, batch size 32, epochs 1, 2 more changes, seed {seed}" for seed in (1, 2)
    ]


def test_runs_with_the_same_given_name_are_numbered():
    ensemble = run(None, EnsembleConfig("mnist", ("fast",)), ("fast",), shipped=False, title="Mine")
    assert joint_labels(own(title="Mine"), ensemble, own(title="Mine", seed=2)) == ["Mine", "Mine #2", "Mine #3"]


def test_a_given_name_that_looks_like_a_number_is_no_other_label():
    named = joint_labels(own(title="One layer #2"), own(), own())
    assert named == ["One layer #2 #2", "One layer #2", "One layer #3"]
    assert joint_labels(own(), own(), own(title="One layer #2")) == ["One layer", "One layer #2", "One layer #2 #2"]


def test_naming_a_run_changes_the_label_of_no_other():
    before = joint_labels(own(), own(), own())
    assert joint_labels(own(), own(title="Mine"), own()) == [before[0], "Mine", before[2]]


def test_labels_are_in_the_order_of_the_runs():
    runs = [own(name="b", created="2026-11-25"), own(name="a", created="2026-11-24")]
    assert labels.run_labels(runs) == {"b": "One layer #2", "a": "One layer"}
    assert list(labels.run_labels(runs)) == ["b", "a"]


def test_a_description_has_the_label_the_accuracy_and_whether_it_is_about_sample_digits():
    assert labels.run_description(own(), "One layer #2") == "One layer #2 · 99.00 %"
    on_sample = own(dataset="sample", validation_size=200)
    assert labels.run_description(on_sample, "x") == "x · 99.00 % on sample digits"


HOSTILE = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "&lt;b&gt;", "&#60;b&#62;", "**bold**", "__bold__",
    "_italic_", "`code`", "~~gone~~", "$x^2$", ":red[text]", ":material/home:", ":smile:", "[a](https://evil.example)",
    "![a](https://evil.example/a.png)", "https://evil.example", "www.evil.example", "me@evil.example", "# heading",
    "- item", "+ item", "* item", "1. item", "2) item", "> quote", "---", "===", "| a | b |", "%{y}", "\\[x\\]",
]  # fmt: skip


@pytest.mark.parametrize("title", HOSTILE)
def test_nothing_in_a_given_name_is_markup(title):
    shown = labels.run_label(own(title=title))
    assert not set(shown) & set("<>[]*`~$\\|:{}")
    assert html.unescape(shown) == shown
    assert not re.search(r"\b_|_\b|www\.|@\w|^([-+=#]|\d+[.)])", shown)


@pytest.mark.parametrize("title", ["Fast & small", "lr 0.05 (best)", "my_run_2", "5 > 3", "100 %", "No #3", "Größe 2"])
def test_usual_names_read_as_they_were_written(title):
    shown = labels.run_label(own(title=title))
    assert unicodedata.normalize("NFKC", shown).replace("›", ">") == title


@pytest.mark.parametrize(
    ("number", "text"),
    [
        *((0, "a 0"), (1, "a 1"), (7, "a 7"), (8, "an 8"), (11, "an 11"), (18, "an 18"), (28, "a 28"), (80, "an 80")),
        *((110, "a 110"), (181, "a 181"), (11_000, "an 11,000"), (1_100, "a 1,100")),
    ],
)
def test_the_article_of_a_number_is_the_spoken_one(number, text):
    assert labels.article(number) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0, "p < 0.001"), (0.00099, "p < 0.001"), (0.001, "p = 0.001"), (0.5, "p = 0.500")]
)
def test_a_p_value_is_never_zero(value, text):
    assert labels.p_value(value) == text

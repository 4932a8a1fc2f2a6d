"""The labels of settings, runs and numbers."""

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


def run(recipe, config, members=(), shipped=True, accuracy=0.99):
    """What the labels use of a Run."""
    outcome = SimpleNamespace(test=SimpleNamespace(accuracy=accuracy))
    return SimpleNamespace(
        recipe=recipe, config=config, members=members, shipped=shipped, created="2026-11-24T17:07:22", outcome=outcome
    )


def test_an_ensemble_is_labelled_by_its_size():
    members = ("fast", "pen", "accurate")
    assert labels.run_label(run(None, EnsembleConfig("mnist", members), members)) == "Ensemble of 3"


@pytest.mark.parametrize("name", RECIPES)
def test_a_run_has_the_title_of_its_recipe(name):
    assert labels.run_label(run(name, RECIPES[name].config)) == RECIPES[name].title


def test_a_run_of_a_changed_recipe_is_labelled_custom():
    changed = replace(RECIPES["softmax"].config, epochs=1)
    assert labels.run_label(run("softmax", changed)) == "One layer (custom)"


@pytest.mark.parametrize("recipe", [None, "gone-since"])
def test_a_run_without_recipe_has_the_title_of_its_network(recipe):
    assert labels.run_label(run(recipe, TrainConfig(architecture="mlp"))) == "Multilayer perceptron"


def test_a_visitors_run_is_told_apart_by_its_time():
    config = RECIPES["softmax"].config
    assert labels.unique_run_label(run("softmax", config)) == "One layer"
    assert labels.unique_run_label(run("softmax", config, shipped=False)) == "One layer · 11-24 17:07:22"


def test_a_description_has_the_accuracy_the_time_and_whether_it_is_about_sample_digits():
    config = RECIPES["softmax"].config
    assert labels.run_description(run("softmax", config)) == "One layer · 99.00 %"
    on_sample = TrainConfig(dataset="sample", architecture="mlp")
    assert labels.run_description(run(None, on_sample, shipped=False)) == (
        "Multilayer perceptron · 11-24 17:07:22 · 99.00 % on sample digits"
    )


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 drawings"), (1, "1 drawing"), (2, "2 drawings"), (1200, "1,200 drawings")]
)
def test_a_count_agrees_with_its_noun(number, text):
    assert labels.count(number, "drawing") == text


def test_an_irregular_plural_is_given():
    assert [labels.count(number, "class", "classes") for number in (1, 10)] == ["1 class", "10 classes"]


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

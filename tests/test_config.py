"""The settings of a training run are checked, and what older runs say is understood."""

import math
from dataclasses import asdict, fields

import pytest

from mnist_core.config import (
    DATASETS,
    FORMER_ARCHITECTURES,
    VALIDATION_SIZES,
    ConfigError,
    EnsembleConfig,
    TrainConfig,
    config_from_dict,
    current_architecture,
    ensemble_from_dict,
    problems,
    setting_of,
    type_of,
    validated,
)
from mnist_core.models import ARCHITECTURES
from mnist_core.text import quoted

FIELDS = [field.name for field in fields(TrainConfig)]
NUMBERS = [name for name in FIELDS if type_of(name) is not str]
CHOICES = [name for name in FIELDS if setting_of(name).choices]


def error_message(name, value):
    """The message of the ConfigError for this value, which must begin with the field and end with the value."""
    with pytest.raises(ConfigError, match=f"^{name} must be ") as caught:
        TrainConfig(**{name: value})
    assert quoted(value) in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("value", [[], b"1", 1j, True, {}])
def test_a_field_rejects_another_type(name, value):
    error_message(name, value)


@pytest.mark.parametrize("name", FIELDS)
def test_text_and_numbers_are_not_converted_to_each_other(name):
    error_message(name, 1 if type_of(name) is str else "1")


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, pytest.param(10**400, id="10**400")])
def test_a_number_must_be_finite(name, value):
    assert "number" in error_message(name, value)


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_beyond_its_limits_is_rejected_with_the_limit(name):
    setting = setting_of(name)
    low, high = setting.minimum, setting.maximum
    beyond = (low - 1, high + 1) if type_of(name) is int else (math.nextafter(low, -1), math.nextafter(high, math.inf))
    assert f"{low:g}" in error_message(name, low if setting.exclusive_minimum else beyond[0])
    assert f"at most {high:.10g}" in error_message(name, beyond[1])


@pytest.mark.parametrize("name", NUMBERS)
def test_the_limits_themselves_are_allowed(name):
    setting = setting_of(name)
    low = math.nextafter(setting.minimum, 1) if setting.exclusive_minimum else setting.minimum
    for limit in (low, setting.maximum):
        assert getattr(TrainConfig(**{name: limit}), name) == limit


@pytest.mark.parametrize("name", CHOICES)
def test_an_unknown_choice_is_rejected_with_all_choices(name):
    message = error_message(name, "nonsense")
    assert all(choice in message for choice in setting_of(name).choices)


@pytest.mark.parametrize("name", CHOICES)
def test_every_choice_is_allowed(name):
    for choice in setting_of(name).choices:
        assert getattr(TrainConfig(**{name: choice}), name) == choice


@pytest.mark.parametrize("name", [name for name in FIELDS if type_of(name) is float])
def test_a_whole_number_becomes_a_float_where_one_is_expected(name):
    assert isinstance(validated(name, 1 if setting_of(name).exclusive_minimum else 0), float)


@pytest.mark.parametrize("dataset", DATASETS)
def test_without_a_validation_size_the_data_sets_default_is_used(dataset):
    assert TrainConfig(dataset=dataset).validation_size == VALIDATION_SIZES[dataset]


def test_more_than_half_of_the_training_digits_cannot_be_held_out():
    with pytest.raises(ConfigError, match="validation_size must be at most 718, half of the 1,437 training digits"):
        TrainConfig(dataset="sample", validation_size=719)


def test_a_config_survives_the_way_through_a_dict():
    config = TrainConfig(dataset="sample", optimizer="sgd", epochs=0.5, seed=7)
    assert config_from_dict(asdict(config)) == config


def test_an_unknown_setting_is_rejected_by_name():
    with pytest.raises(ConfigError, match="no setting 'learning_rat'; the settings are dataset, "):
        config_from_dict({"learning_rat": 1e-3})


@pytest.mark.parametrize("values", [[], "", 3, None])
def test_a_config_that_is_no_object_is_rejected(values):
    with pytest.raises(ConfigError, match="must be a JSON object"):
        config_from_dict(values)


@pytest.mark.parametrize("former", FORMER_ARCHITECTURES)
def test_a_former_name_means_an_architecture_of_today(former):
    config = config_from_dict({"architecture": former})
    assert config.architecture == current_architecture(former) == FORMER_ARCHITECTURES[former]
    assert config.architecture in ARCHITECTURES
    assert former not in ARCHITECTURES


@pytest.mark.parametrize("name", [*ARCHITECTURES, "nonsense"])
def test_any_other_name_of_an_architecture_stays(name):
    assert current_architecture(name) == name


@pytest.mark.parametrize("architecture", [[], {}, None, 1])
def test_an_architecture_that_is_not_text_is_rejected(architecture):
    with pytest.raises(ConfigError, match=r"^architecture must be a name"):
        config_from_dict({"architecture": architecture})


def test_a_config_cannot_be_changed():
    with pytest.raises(AttributeError):
        TrainConfig().seed = 1


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_has_a_label_a_group_and_a_help_text(name):
    setting = setting_of(name)
    assert setting.label
    assert setting.group
    assert setting.help.endswith(".")


@pytest.mark.parametrize(
    "content",
    [
        {"config": {"dataset": "sample", "members": ["a", "b"]}},
        {"config": {"dataset": "sample", "seed": 0}, "members": ["a", "b"]},  # as before 2026-11-25
    ],
)
def test_an_ensemble_is_read_in_its_present_and_its_former_format(content):
    assert ensemble_from_dict(content) == EnsembleConfig("sample", ("a", "b"))


@pytest.mark.parametrize("members", [None, [], "mlp", [1, 2], {"a": 1}])
def test_members_must_be_names(members):
    with pytest.raises(ConfigError, match="its members must be names"):
        ensemble_from_dict({"config": {"dataset": "sample", "members": members}})


@pytest.mark.parametrize("config", [None, [], {}, {"dataset": "nonsense"}, {"dataset": []}])
def test_an_ensemble_must_have_a_known_data_set(config):
    with pytest.raises(ConfigError, match="its dataset must be one of mnist, sample"):
        ensemble_from_dict({"config": config, "members": ["a", "b"]})


def test_problems_are_those_of_all_values_at_once():
    values = asdict(TrainConfig()) | {"epochs": 0, "seed": "x", "validation_size": 40_000}
    found = problems(values)
    assert list(found) == ["validation_size", "epochs", "seed"]
    assert all(sentence.startswith(f"{name} must be ") for name, sentence in found.items())
    assert problems(asdict(TrainConfig())) == {}


def test_the_half_rule_and_an_unknown_data_set_are_problems_too():
    assert list(problems(asdict(TrainConfig()) | {"dataset": "sample", "validation_size": 1_000})) == [
        "validation_size"
    ]
    assert list(problems(asdict(TrainConfig()) | {"dataset": "moon"})) == ["dataset"]

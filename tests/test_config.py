"""The choices behind a training check themselves."""

import math
from dataclasses import asdict, fields

import pytest

from mnist_core.config import DATASETS, VALIDATION_SIZES, TrainConfig, config_from_dict, setting_of, type_of, validated

FIELDS = [field.name for field in fields(TrainConfig)]
NUMBERS = [name for name in FIELDS if type_of(name) is not str]
CHOICES = [name for name in FIELDS if setting_of(name).choices]


def refusal(name, value):
    """What is said about this value, which must be refused by name and be repeated."""
    with pytest.raises(ValueError, match=f"^{name} must be ") as caught:
        TrainConfig(**{name: value})
    assert repr(value) in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("value", [[], b"1", 1j, True, {}])
def test_a_field_refuses_another_type(name, value):
    refusal(name, value)


@pytest.mark.parametrize("name", FIELDS)
def test_text_and_numbers_are_not_taken_for_each_other(name):
    refusal(name, 1 if type_of(name) is str else "1")


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, pytest.param(10**400, id="10**400")])
def test_a_number_is_finite(name, value):
    assert "number" in refusal(name, value)


@pytest.mark.parametrize("name", NUMBERS)
def test_a_number_beyond_its_limits_is_refused_with_the_limit(name):
    about = setting_of(name)
    low, high = about.minimum, about.maximum
    beyond = (low - 1, high + 1) if type_of(name) is int else (math.nextafter(low, -1), math.nextafter(high, math.inf))
    assert f"{low:g}" in refusal(name, low if about.above else beyond[0])
    assert f"at most {high:.10g}" in refusal(name, beyond[1])


@pytest.mark.parametrize("name", NUMBERS)
def test_the_limits_themselves_are_allowed(name):
    about = setting_of(name)
    low = math.nextafter(about.minimum, 1) if about.above else about.minimum
    for limit in (low, about.maximum):
        assert getattr(TrainConfig(**{name: limit}), name) == limit


@pytest.mark.parametrize("name", CHOICES)
def test_an_unknown_choice_is_refused_with_those_there_are(name):
    said = refusal(name, "nonsense")
    assert all(choice in said for choice in setting_of(name).choices)


@pytest.mark.parametrize("name", CHOICES)
def test_every_choice_is_allowed(name):
    for choice in setting_of(name).choices:
        assert getattr(TrainConfig(**{name: choice}), name) == choice


@pytest.mark.parametrize("name", [name for name in FIELDS if type_of(name) is float])
def test_a_whole_number_serves_where_a_fraction_is_expected(name):
    assert isinstance(validated(name, 1 if setting_of(name).above else 0), float)


@pytest.mark.parametrize("dataset", DATASETS)
def test_no_validation_size_means_the_data_sets_own(dataset):
    assert TrainConfig(dataset=dataset).validation_size == VALIDATION_SIZES[dataset]


def test_a_config_survives_being_a_dict():
    config = TrainConfig(dataset="sample", optimizer="sgd", epochs=0.5, seed=7)
    assert config_from_dict(asdict(config)) == config


def test_an_unknown_setting_is_refused_by_name():
    with pytest.raises(ValueError, match="no setting 'learning_rat'; the settings are dataset, "):
        config_from_dict({"learning_rat": 1e-3})


def test_a_config_does_not_change():
    with pytest.raises(AttributeError):
        TrainConfig().seed = 1


@pytest.mark.parametrize("name", FIELDS)
def test_a_field_has_words_for_the_learner(name):
    about = setting_of(name)
    assert about.label
    assert about.group
    assert about.help.endswith(".")

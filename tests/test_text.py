"""Numbers in sentences."""

import pytest

from mnist_core.text import count, decimal


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 drawings"), (1, "1 drawing"), (2, "2 drawings"), (1200, "1,200 drawings")]
)
def test_a_count_agrees_with_its_noun(number, text):
    assert count(number, "drawing") == text


def test_an_irregular_plural_is_given():
    assert [count(number, "class", "classes") for number in (1, 10)] == ["1 class", "10 classes"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (1e-12, "1e-12"),
        (1e-7, "0.0000001"),
        (0.001, "0.001"),
        (0.5, "0.5"),
        (2.0, "2"),
        (100, "100"),
        (1_437, "1437"),
        (0.1 + 0.2, "0.3"),
        (-0.5, "-0.5"),
    ],
)
def test_a_decimal_has_no_needless_zeros(value, text):
    assert decimal(value) == text

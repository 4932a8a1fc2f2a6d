"""How the numbers of a network are written and coloured."""

import numpy as np

from ui.look_inside.feature_maps import (
    MAX_BARS,
    MAX_CLICKABLE,
    apply_colormap,
    clickable_map,
    contributions_chart,
    format_number,
)


def test_numbers_have_a_true_minus_sign_but_zero_has_none():
    assert [format_number(value) for value in (-1.5, 0.00001, -0.00001)] == ["−1.5000", "0.0000", "0.0000"]


def test_colours_are_black_at_zero_and_differ_by_sign():
    zero, positive, negative = apply_colormap(np.array([0.0, 0.6, -0.6]), 1.0)
    assert zero.tolist() == [0, 0, 0]
    assert positive[0] > positive[2]
    assert negative[2] > negative[0]


def test_the_two_ends_of_the_colours_differ_in_look():
    low, high = apply_colormap(np.array([-1.0, 1.0]), 1.0).astype(int)
    assert low[2] - low[0] > 80  # blue
    assert high[0] - high[2] > 80  # orange


def test_of_many_contributions_the_largest_are_drawn_in_order():
    contributions = np.zeros(3136)
    contributions[[5, 3000]] = -2, 1
    (bars,) = contributions_chart(contributions, range(3136), "unit").data
    assert len(bars.x) == MAX_BARS
    assert {"5", "3000"} <= set(bars.x)
    assert [int(channel) for channel in bars.x] == sorted(int(channel) for channel in bars.x)


def test_a_map_of_very_many_values_has_no_squares_to_click():
    side = int(MAX_CLICKABLE**0.5) + 1
    assert len(clickable_map(np.zeros((side, side)), ["unit"] * side**2, (0, 0), 1.0).data) == 1

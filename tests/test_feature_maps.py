"""How the numbers of a network are written and coloured."""

import numpy as np

from ui.look_inside.feature_maps import apply_colormap, format_number


def test_numbers_have_a_true_minus_sign_but_zero_has_none():
    assert [format_number(value) for value in (-1.5, 0.00001, -0.00001)] == ["−1.5000", "0.0000", "0.0000"]


def test_colours_are_black_at_zero_and_differ_by_sign():
    zero, positive, negative = apply_colormap(np.array([0.0, 0.6, -0.6]), 1.0)
    assert zero.tolist() == [0, 0, 0]
    assert positive[0] > positive[2]
    assert negative[2] > negative[0]

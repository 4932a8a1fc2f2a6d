"""The strokes, matrices and fields of the pen augmentation."""

import math

import numpy as np
import pytest
import torch
from scipy import ndimage

from mnist_core import load_run, pen_augment
from mnist_core.data import load_digits
from mnist_core.drawing import to_digit
from mnist_core.pen_augment import (
    MAX_WAVE,
    PROBABILITIES,
    STEM_SHIFT,
    add_strokes,
    bar_line,
    change_thickness,
    dot_line,
    erase_spot,
    flag_line,
    foot_line,
    hanging_serif_line,
    hook_line,
    is_wide,
    level_bar_line,
    pen,
    recentring_matrix,
    serif_line,
    slash_line,
    small_loop_field,
    squeeze_matrix,
    stem_field,
    tail_line,
    warp_field,
    wave_field,
)
from mnist_core.recipes import RECIPES
from mnist_core.warping import draw_line, resample, sampling_grid

LABELS = torch.arange(64) % 10


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


@pytest.fixture
def images(toy_digits):
    return torch.tensor(toy_digits.images[:64]).float()


def blocks(count, left, right):
    """Return images with one block of ink each, from row 4 to row 23 and from column `left` to column `right` - 1."""
    images = torch.zeros(count, 28, 28)
    images[:, 4:24, left:right] = 255
    return images


def test_a_warp_moves_neighbouring_pixels_together():
    field = warp_field(torch.zeros(64, 28, 28), 1.0) * 14  # pixels
    assert 0.5 < field.std() < 1.5
    assert (field[:, 1:] - field[:, :-1]).abs().max() < 1  # no pixel passes its neighbour
    assert warp_field(torch.zeros(64, 28, 28), 0.0).abs().max() == 0


def test_a_wave_moves_whole_rows_smoothly():
    field = wave_field(torch.zeros(200, 28, 28), 1.0) * 14  # pixels
    assert (field == field[:, :, :1]).all()
    assert (field[:, 1:] - field[:, :-1]).abs().max() < 1  # no row passes its neighbour
    for axis, max_amplitude in enumerate(MAX_WAVE):
        assert 0.8 * max_amplitude < field[..., axis].abs().max() <= max_amplitude


def test_a_squeeze_makes_some_digits_lower_or_narrower_and_leaves_the_rest():
    images = torch.zeros(200, 28, 28)
    mask = torch.arange(200) < 100
    labels = torch.full((200,), 5)
    scale_x, scale_y = squeeze_matrix(images, labels, mask)[:, [0, 1], [0, 1]].T
    assert (squeeze_matrix(images, labels, mask)[100:] == torch.eye(3)).all()
    assert ((scale_x[:100] > 1) ^ (scale_y[:100] > 1)).all()
    assert 1.5 < scale_x.max() <= 1 / 0.6 + 1e-6
    assert 1.5 < scale_y.max() <= 1 / 0.6 + 1e-6


def test_ones_and_sevens_become_lower_but_never_narrower():
    labels, mask = torch.tensor([1, 7]).repeat(100), torch.ones(200, dtype=torch.bool)
    scale_x, scale_y = squeeze_matrix(torch.zeros(200, 28, 28), labels, mask)[:, [0, 1], [0, 1]].T
    assert (scale_x == 1).all()
    assert scale_y.max() > 1.5


@pytest.mark.parametrize("lean", [0, 8])  # columns that the stem leans to the right
def test_a_flag_falls_to_the_left_of_the_stem_and_a_long_one_stays_close_to_it(lean):
    ones = torch.zeros(500, 28, 28)
    for row in range(4, 24):
        left = 10 + round(lean * (23 - row) / 19)
        ones[:, row, left : left + 2] = 255
    x0, y0, x1, y1 = flag_line(ones).T
    length = torch.hypot(x1 - x0, y1 - y0)
    angle = torch.atan2(y1 - y0, x0 - x1).rad2deg()
    stem = math.degrees(math.atan2(19, lean))  # above the horizontal, from its lower end
    assert ((y0 == 4) & (x1 < x0)).all()
    assert ((stem - angle > 19) & (stem - angle < 71)).all()
    assert (stem - angle)[length > 0.95 * length.max()].max() < 45
    assert length.max() / length.min() > 3


def test_a_serif_lies_on_top_of_a_one_and_a_foot_under_it():
    ones = blocks(100, 13, 15)
    _, top, _, other_top = serif_line(ones).T
    assert ((top + other_top) / 2 == 4).all()
    masks = {name: torch.zeros(100, dtype=torch.bool) for name in PROBABILITIES} | {"serif": torch.ones(100) > 0}
    printed = add_strokes(ones, torch.ones(100, dtype=torch.int64), masks)
    widths = (printed > 64).sum(2)
    assert (widths[:, 4] > 3).all()
    assert (widths[:, 23] > 3).all()
    assert (widths[:, 12] == 2).all()


def test_a_level_bar_crosses_the_middle_from_edge_to_edge():
    x0, y0, x1, y1 = level_bar_line(blocks(200, 8, 20)).T
    assert ((x0 < 11) & (x1 > 16)).all()
    assert (((y0 + y1) / 2 > 4 + 0.35 * 19) & ((y0 + y1) / 2 < 4 + 0.65 * 19)).all()
    assert ((y1 - y0).abs() <= 3).all()


def test_a_dot_is_in_the_middle_and_short():
    x0, y0, x1, y1 = dot_line(blocks(200, 8, 20)).T
    assert (((x0 + x1) / 2 - 13.5).abs() < 1e-4).all()
    assert (torch.hypot(x1 - x0, y1 - y0) <= 0.35 * 19).all()


def test_a_tail_begins_at_the_top_and_leaves_mostly_to_the_right():
    x0, y0, x1, _ = tail_line(blocks(300, 13, 15)).T
    assert ((x0 - 13.5).abs() < 1e-4).all()
    assert (y0 == 4).all()
    assert 0.5 < (x1 > x0).float().mean() < 0.9


def test_a_hanging_serif_falls_from_the_left_end_of_the_upper_stroke_of_a_wide_seven():
    sevens = torch.zeros(200, 28, 28)
    sevens[:, 4:6, 6:20] = sevens[:, 4:24, 18:20] = 255
    x0, y0, _, y1 = hanging_serif_line(sevens).T
    assert (x0 == 6).all()
    assert ((y0 >= 4) & (y0 <= 5)).all()
    assert ((y1 - y0 > 0.09 * 19) & (y1 - y0 < 0.31 * 19)).all()
    masks = {name: torch.zeros(200, dtype=torch.bool) for name in PROBABILITIES}
    masks["hanging serif"] = masks["bar"] = torch.ones(200) > 0
    both = add_strokes(torch.cat([sevens[:100], blocks(100, 11, 17)]), torch.full((200,), 7), masks)
    assert (both[:100, 13] == sevens[:100, 13]).all()  # a seven with a serif gets no bar, which would make it a nine
    assert (both[100:, 13] != blocks(100, 11, 17)[:, 13]).any()  # a narrow one only gets the bar


@pytest.mark.parametrize(("name", "label", "rows"), [("loose bar", 5, slice(4, 14)), ("open top", 8, slice(4, 11))])
def test_a_spot_in_the_upper_part_of_a_five_or_an_eight_is_erased(name, label, rows):
    digits = blocks(100, 8, 20)
    masks = {other: torch.full((100,), other == name) for other in PROBABILITIES}
    erased = digits - add_strokes(digits, torch.full((100,), label), masks)
    assert (erased >= 0).all()
    assert (erased.sum((1, 2)) > 0).all()
    assert erased.sum() == pytest.approx(float(erased[:, rows].sum()))
    assert (add_strokes(digits, torch.full((100,), 3), masks) == digits).all()


def test_a_hook_rises_from_the_lowest_point():
    x0, y0, x1, y1 = hook_line(blocks(50, 13, 15)).T
    assert ((x0 - 13.5).abs() < 1e-4).all()
    assert (y0 == 23).all()
    assert (y1 < y0).all()
    assert ((x1 > x0).sum() > (x1 < x0).sum()) & (x1 < x0).any()


def test_a_foot_is_nearly_horizontal_under_the_lowest_point():
    x0, y0, x1, y1 = foot_line(blocks(200, 13, 15)).T
    assert ((y0 - 23).abs() <= 1).all()
    assert ((y0 + y1 - 2 * 23).abs() < 1e-4).all()
    assert ((x0 < 13.5) & (x1 > 13.5)).all()
    assert ((x1 - x0 > 0.2 * 19) & (x1 - x0 < 0.8 * 19)).all()


def test_a_slash_is_upright_or_leans_to_the_right():
    x0, y0, x1, y1 = slash_line(blocks(300, 8, 20)).T
    assert (((x0 + x1) / 2 - 13.5).abs() < 1e-4).all()
    assert ((x0 < x1) & (y0 > y1)).all()
    assert (x1 - x0).min() < 4
    assert (x1 - x0).max() > 11


def test_a_digit_is_wide_from_half_its_height_on():
    assert is_wide(torch.cat([blocks(1, 9, 20), blocks(1, 10, 19)])).tolist() == [True, False]


def test_a_narrow_zero_gets_no_slash_and_no_dot(monkeypatch):
    masks = []
    monkeypatch.setattr(pen_augment, "draw_line", lambda images, lines, width, mask: masks.append(mask) or images)
    monkeypatch.setattr(pen_augment, "PROBABILITIES", dict.fromkeys(PROBABILITIES, 0.0) | {"slash": 0.5, "dot": 0.5})
    zeros = torch.cat([blocks(200, 8, 20), blocks(200, 11, 17)])
    pen(zeros, torch.zeros(400, dtype=torch.int64))
    slashed = torch.stack(masks).any(0)
    assert slashed[:200].any()
    assert not slashed[200:].any()


def test_a_small_loop_moves_rows_within_the_digit_and_never_past_each_other():
    images = blocks(300, 10, 18)
    mask = torch.arange(300) < 200
    field = small_loop_field(images, mask) * 14  # pixels
    assert (field[200:] == 0).all()
    assert (field[..., 0] == 0).all()
    dy = field[:200, :, 0, 1]
    assert (dy[:, [4, 23]].abs() < 1e-4).all()
    assert (dy[:, 1:] - dy[:, :-1] > -1).all()
    assert (dy.mean(1) > 0).sum() > 2 * (dy.mean(1) < 0).sum() > 0  # a row shows what was below it: made smaller
    assert torch.allclose(sampled_row(13, field[:200]), dy[:, 13] + 13, atol=1e-3)


def sampled_row(row, field):
    """Return the row of the old images that `resample` shows in this row of the new ones, (N,)."""
    rows = torch.arange(28.0).repeat(28, 1).T.expand(len(field), 28, 28)
    grid = sampling_grid(torch.eye(3).expand(len(field), 3, 3), rows) + field / 14
    return resample(rows, grid)[:, row, 14]


def test_a_curved_stem_leaves_the_loop_and_its_end_may_return():
    mask = torch.arange(300) < 200
    dx = stem_field(blocks(300, 10, 18), mask)[..., 0, 0] * 14  # pixels
    assert (dx[200:] == 0).all()
    assert (dx[:, :8] == 0).all()  # down to a fifth of the digit, nothing moves
    largest = dx[:200].abs().amax(1)
    assert STEM_SHIFT[1] * 0.7 < largest.max() <= STEM_SHIFT[1]
    assert (dx[:200, 23].abs() <= largest + 1e-4).all()
    assert (dx[:200, 23].abs() < 0.5 * largest).any()
    assert ((dx[:200] > 0.01).any(1) ^ (dx[:200] < -0.01).any(1)).sum() >= 190


def test_a_line_has_round_caps():
    line = torch.tensor([[6.0, 8.0, 20.0, 8.0]])
    drawn = draw_line(torch.zeros(1, 28, 28), line, torch.tensor([2.0]), torch.tensor([True]))[0].numpy()
    rows, columns = np.mgrid[0:28, 0:28]
    distance = np.hypot(columns - columns.clip(6, 20), rows - 8)
    np.testing.assert_allclose(drawn, 255 * (2.5 - distance).clip(0, 1), atol=0.01)


def test_a_line_is_drawn_only_where_the_mask_is_true(images):
    lines, mask = torch.full((64, 4), 14.0), LABELS == 3
    drawn = draw_line(images, lines, torch.full((64,), 3.0), mask)
    assert torch.equal(drawn[~mask], images[~mask])
    assert (drawn[mask][:, 14, 14] == 255).all()


@pytest.mark.parametrize("amount", [-1.0, 1.0, 2.0])
def test_thickness_is_erosion_and_dilation(images, amount):
    morphology = ndimage.grey_erosion if amount < 0 else ndimage.grey_dilation
    expected = images[:1].numpy().astype(float)
    for _ in range(int(abs(amount))):
        expected = morphology(expected, size=(1, 3, 3), mode="nearest")
    changed = change_thickness(images[:1], torch.tensor([amount]))
    np.testing.assert_allclose(changed, expected * (255 / expected.max()), atol=1e-3)


def test_a_recentred_digit_is_where_to_digit_places_it():
    image = np.zeros((28, 28), np.uint8)
    image[3:13, 4:9] = 255
    image[3:6, 4:14] = 255
    batch = torch.tensor(image).float()[None]
    recentred = resample(batch, sampling_grid(recentring_matrix(batch), batch))[0].numpy()
    rows, columns = np.mgrid[0:28, 0:28]
    assert (recentred * rows).sum() / recentred.sum() == pytest.approx(14, abs=0.2)
    assert (recentred * columns).sum() / recentred.sum() == pytest.approx(14, abs=0.2)
    (box,) = ndimage.find_objects((recentred > 64).astype(int))
    assert [side.stop - side.start for side in box] == pytest.approx([20, 20], abs=1)
    assert np.abs(recentred - to_digit(image)).mean() < 16  # half a pixel: `to_digit` places to the nearest one


def test_a_gap_removes_ink_and_adds_none(images):
    erased = erase_spot(images, torch.ones(64, dtype=torch.bool), 0.8, 1.8)
    assert (erased <= images).all()
    assert (erased.sum((1, 2)) < images.sum((1, 2))).float().mean() > 0.9


@pytest.mark.parametrize(
    "line",
    [slash_line, level_bar_line, dot_line, tail_line, flag_line, serif_line, foot_line, bar_line, hanging_serif_line],
)
def test_the_ends_of_a_line_are_finite(images, line):
    lines = line(images)
    assert lines.shape == (64, 4)
    assert torch.isfinite(lines).all()


def test_augmented_digits_are_still_what_their_labels_say(mnist, monkeypatch):
    monkeypatch.setenv("MNIST_DATA_DIR", str(mnist))
    test, recipe = load_digits("mnist", "test"), RECIPES["pen"].config
    labels = torch.tensor(test.labels[:2000])
    augmented = pen(torch.tensor(test.images[:2000]), labels, recipe.augmentation_strength)
    predicted = load_run("pen").predict(augmented.clamp(0, 255).round().byte().numpy()).argmax(1)
    correct = predicted == labels.numpy()
    assert correct.mean() >= 0.98
    assert min(correct[labels.numpy() == digit].mean() for digit in range(10)) >= 0.93

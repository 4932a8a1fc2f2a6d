"""Changed digits are still digits, each changed in its own way."""

import math

import numpy as np
import pytest
import torch
from scipy import ndimage

import mnist_core.augment as changes
from mnist_core.augment import TRANSFORMS, augment, shift
from mnist_core.config import AUGMENTATIONS
from mnist_core.drawing import to_digit
from mnist_core.pen_augment import (
    MAX_WAVE,
    STEM_SHIFT,
    bar_line,
    change_thickness,
    draw_line,
    erase_spot,
    flag_line,
    foot_line,
    hook_line,
    is_wide,
    pen,
    recentring_matrix,
    slash_line,
    small_loop_field,
    squeeze_matrix,
    stem_field,
    warp_field,
    wave_field,
)
from mnist_core.warping import (
    MAX_ROTATION,
    MAX_SCALING,
    MAX_SHEAR,
    MAX_SHIFT,
    gaussian_blur,
    random_affine_matrix,
    resample,
    sampling_grid,
)


@pytest.fixture(autouse=True)
def dice():
    torch.manual_seed(0)


@pytest.fixture(params=TRANSFORMS)
def name(request):
    return request.param


LABELS = torch.arange(64) % 10


@pytest.fixture
def images(toy_digits):
    return torch.tensor(toy_digits.images[:64])


def twice(images, name):
    """The same change from the same seed, two times."""
    for _ in range(2):
        torch.manual_seed(3)
        yield augment(images, LABELS, name)


def test_every_change_has_a_description():
    assert {"none", *TRANSFORMS} == set(AUGMENTATIONS)


def test_no_change_is_none(images):
    assert augment(images, LABELS, "none") is images


@pytest.mark.parametrize("strength", [0, 0.3, 1, 2])
def test_a_change_keeps_shape_and_range(images, name, strength):
    changed = augment(images, LABELS, name, strength)
    assert changed.shape == images.shape
    assert changed.min() >= 0
    assert changed.max() <= 255 + 1e-3


def test_no_strength_is_no_change(images, name):
    allowed = 0 if name == "shift" else 1  # grey levels
    torch.testing.assert_close(augment(images, LABELS, name, 0.0).float(), images.float(), rtol=0, atol=allowed)


def test_more_strength_is_more_change(images, name):
    little, much = ((augment(images, LABELS, name, strength).float() - images).abs().mean() for strength in (0.5, 2.0))
    assert little < much


def test_every_picture_gets_its_own_change(name, toy_digits):
    same = torch.tensor(toy_digits.images[:1]).expand(16, -1, -1)
    changed = augment(same, LABELS[:16], name)
    assert len(torch.unique(changed, dim=0)) > 8


def test_the_same_seed_gives_the_same_change(images, name):
    first, again = twice(images, name)
    assert torch.equal(first, again)


def test_the_originals_stay_as_they_are(images, name):
    before = images.clone()
    augment(images, LABELS, name)
    assert torch.equal(images, before)


def test_every_digit_keeps_most_of_its_ink(name, mnist, monkeypatch):
    from mnist_core.data import load_digits

    monkeypatch.setenv("MNIST_DATA_DIR", str(mnist))
    test = load_digits("mnist", "test")
    digits = torch.tensor(test.images[:100])
    kept = augment(digits, torch.tensor(test.labels[:100]), name).sum((1, 2)) / digits.sum((1, 2))
    assert kept.min() > (0.3 if name == "pen" else 0.6)
    assert kept.max() < (3.0 if name == "pen" else 1.6)


def moved(image, dx, dy):
    """One picture moved right and down by hand; black comes in at the edges."""
    result = np.zeros_like(image)
    for row in range(28):
        for column in range(28):
            if 0 <= row - dy < 28 and 0 <= column - dx < 28:
                result[row, column] = image[row - dy, column - dx]
    return result


def test_shift_moves_by_whole_pixels_in_every_direction(images):
    reach = range(-int(MAX_SHIFT), int(MAX_SHIFT) + 1)
    places = [(dx, dy) for dx in reach for dy in reach]
    image = images[0].numpy()
    allowed = {moved(image, dx, dy).tobytes(): (dx, dy) for dx, dy in places}
    found = shift(images[:1].expand(500, -1, -1), LABELS).to(torch.uint8).numpy()
    assert {allowed[picture.tobytes()] for picture in found} == set(places)


def test_affine_turns_stretches_slants_and_shifts_within_its_limits():
    matrix = random_affine_matrix(torch.zeros(500, 28, 28), 1.0).numpy()
    (a, b, dx), (c, d, dy), _ = matrix.transpose(1, 2, 0)
    turn = np.arctan2(-c, a)
    wide, high = np.cos(turn) / a, np.cos(turn) / d
    found = {"turn": turn, "wide": wide - 1, "high": high - 1, "slant": b - np.sin(turn) / high}
    found |= {"dx": dx * 14, "dy": dy * 14}
    limits = {
        "turn": MAX_ROTATION,
        "wide": MAX_SCALING,
        "high": MAX_SCALING,
        "slant": MAX_SHEAR,
        "dx": MAX_SHIFT,
        "dy": MAX_SHIFT,
    }
    for name, limit in limits.items():
        assert 0.9 * limit < np.abs(found[name]).max() <= limit * 1.001, name
        assert abs(found[name].mean()) < 0.1 * limit, name


def test_elastic_bends_every_picture_in_its_own_way(toy_digits, monkeypatch):
    monkeypatch.setattr(changes, "random_affine", lambda images, strength: torch.eye(3).expand(len(images), 3, 3))
    same = torch.tensor(toy_digits.images[:1]).expand(16, -1, -1)
    bent = augment(same, LABELS[:16], "elastic")
    assert len(torch.unique(bent, dim=0)) == 16
    assert (bent - same).abs().mean() > 2  # grey levels


def test_a_warp_moves_neighbours_together():
    field = warp_field(torch.zeros(64, 28, 28), 1.0) * 14  # pixels
    assert 0.5 < field.std() < 1.5
    assert (field[:, 1:] - field[:, :-1]).abs().max() < 1  # no pixel passes its neighbour
    assert warp_field(torch.zeros(64, 28, 28), 0.0).abs().max() == 0


def test_swaying_rows_keep_together_and_move_smoothly():
    field = wave_field(torch.zeros(200, 28, 28), 1.0) * 14  # pixels
    assert (field == field[:, :, :1]).all()
    assert (field[:, 1:] - field[:, :-1]).abs().max() < 1  # no row passes its neighbour
    for axis, most in enumerate(MAX_WAVE):
        assert 0.8 * most < field[..., axis].abs().max() <= most


def test_a_squeeze_makes_some_flatter_or_narrower_and_leaves_the_rest():
    images = torch.zeros(200, 28, 28)
    where = torch.arange(200) < 100
    wide, high = squeeze_matrix(images, where)[:, [0, 1], [0, 1]].T
    assert (squeeze_matrix(images, where)[100:] == torch.eye(3)).all()
    assert ((wide[:100] > 1) ^ (high[:100] > 1)).all()
    assert 1.5 < wide.max() <= 1 / 0.6 + 1e-6
    assert 1.5 < high.max() <= 1 / 0.6 + 1e-6


def test_a_hook_rises_from_the_digits_foot():
    one = torch.zeros(50, 28, 28)
    one[:, 4:24, 13:15] = 255
    x0, y0, x1, y1 = hook_line(one).T
    assert ((x0 - 13.5).abs() < 1e-4).all()
    assert (y0 == 23).all()
    assert (y1 < y0).all()
    assert ((x1 > x0).sum() > (x1 < x0).sum()) & (x1 < x0).any()


def test_a_foot_lies_level_under_the_digits_lowest_point():
    one = torch.zeros(200, 28, 28)
    one[:, 4:24, 13:15] = 255
    x0, y0, x1, y1 = foot_line(one).T
    assert ((y0 - 23).abs() <= 1).all()
    assert ((y0 + y1 - 2 * 23).abs() < 1e-4).all()
    assert ((x0 < 13.5) & (x1 > 13.5)).all()
    assert ((x1 - x0 > 0.2 * 19) & (x1 - x0 < 0.8 * 19)).all()


def test_a_slash_is_upright_or_leans_to_the_right():
    zero = torch.zeros(300, 28, 28)
    zero[:, 4:24, 8:20] = 255
    x0, y0, x1, y1 = slash_line(zero).T
    assert (((x0 + x1) / 2 - 13.5).abs() < 1e-4).all()
    assert ((x0 < x1) & (y0 > y1)).all()
    assert (x1 - x0).min() < 4
    assert (x1 - x0).max() > 11


def test_a_digit_is_wide_from_half_its_height_on():
    zeros = torch.zeros(2, 28, 28)
    zeros[0, 4:24, 9:20] = 255
    zeros[1, 4:24, 10:19] = 255
    assert is_wide(zeros).tolist() == [True, False]


def test_a_narrow_zero_gets_no_slash(monkeypatch):
    drawn = []
    monkeypatch.setattr(changes, "stroke", lambda images, ends, width, where: drawn.append(where) or images)
    zeros = torch.zeros(400, 28, 28)
    zeros[:200, 4:24, 8:20] = 255
    zeros[200:, 4:24, 11:17] = 255
    pen(zeros, torch.zeros(400, dtype=torch.int64))
    slashed = torch.stack(drawn).any(0)
    assert slashed[:200].any()
    assert not slashed[200:].any()


def test_a_small_loop_moves_rows_within_the_digit_and_never_past_each_other():
    images = torch.zeros(300, 28, 28)
    images[:, 4:24, 10:18] = 255
    where = torch.arange(300) < 200
    field = small_loop_field(images, where) * 14  # pixels
    assert (field[200:] == 0).all()
    assert (field[..., 0] == 0).all()
    down = field[:200, :, 0, 1]
    assert (down[:, [4, 23]].abs() < 1e-4).all()
    assert (down[:, 1:] - down[:, :-1] > -1).all()
    assert (down.mean(1) > 0).sum() > 2 * (down.mean(1) < 0).sum() > 0  # a row shows what lay below it: made smaller
    assert torch.allclose(looked_up_row(13, images, field[:200]), down[:, 13] + 13, atol=1e-3)


def looked_up_row(row, images, field):
    """The row of the old pictures that `look_up` shows in this one of the new."""
    rows = torch.arange(28.0).repeat(28, 1).T.expand(len(field), 28, 28)
    grid = sampling_grid(torch.eye(3).expand(len(field), 3, 3), rows) + field / 14
    return resample(rows, grid)[:, row, 14]


def test_a_swing_leaves_the_loop_and_the_lower_end_may_come_back():
    images = torch.zeros(300, 28, 28)
    images[:, 4:24, 10:18] = 255
    where = torch.arange(300) < 200
    aside = stem_field(images, where)[..., 0, 0] * 14  # pixels
    assert (aside[200:] == 0).all()
    assert (aside[:, :8] == 0).all()  # down to a fifth of the digit, nothing moves
    most = aside[:200].abs().amax(1)
    assert STEM_SHIFT[1] * 0.7 < most.max() <= STEM_SHIFT[1]
    assert (aside[:200, 23].abs() <= most + 1e-4).all()
    assert (aside[:200, 23].abs() < 0.5 * most).any()
    assert ((aside[:200] > 0.01).any(1) ^ (aside[:200] < -0.01).any(1)).sum() >= 190


def test_blur_is_the_gaussians_formula():
    sigma, spot = 2.0, torch.zeros(1, 1, 21, 21)
    spot[0, 0, 10, 10] = 1
    bell = np.array(
        [math.exp(-((at - 10) ** 2) / (2 * sigma**2)) if abs(at - 10) <= 2 * sigma else 0 for at in range(21)]
    )
    bell /= bell.sum()
    np.testing.assert_allclose(gaussian_blur(spot, sigma)[0, 0], np.outer(bell, bell), atol=1e-6)


def test_blur_treats_every_map_alone():
    maps = torch.rand(2, 3, 28, 28)
    torch.testing.assert_close(gaussian_blur(maps, 4.0)[1:, 2:], gaussian_blur(maps[1:, 2:], 4.0))


def test_a_stroke_is_a_round_capped_line():
    ends = torch.tensor([[6.0, 8.0, 20.0, 8.0]])
    drawn = draw_line(torch.zeros(1, 28, 28), ends, torch.tensor([2.0]), torch.tensor([True]))[0].numpy()
    rows, columns = np.mgrid[0:28, 0:28]
    distance = np.hypot(columns - columns.clip(6, 20), rows - 8)
    np.testing.assert_allclose(drawn, 255 * (2.5 - distance).clip(0, 1), atol=0.01)


def test_a_stroke_is_drawn_only_where_it_should_be(images):
    ends, where = torch.full((64, 4), 14.0), LABELS == 3
    drawn = draw_line(images.float(), ends, torch.full((64,), 3.0), where)
    assert torch.equal(drawn[~where], images[~where].float())
    assert (drawn[where][:, 14, 14] == 255).all()


@pytest.mark.parametrize("amount", [-1.0, 1.0, 2.0])
def test_thickness_is_erosion_and_dilation(images, amount):
    change = ndimage.grey_erosion if amount < 0 else ndimage.grey_dilation
    expected = images[:1].numpy().astype(float)
    for _ in range(int(abs(amount))):
        expected = change(expected, size=(1, 3, 3), mode="nearest")
    found = change_thickness(images[:1].float(), torch.tensor([amount]))
    np.testing.assert_allclose(found, expected * (255 / expected.max()), atol=1e-3)


def test_placed_anew_is_where_to_digit_would_place_it():
    image = np.zeros((28, 28), np.uint8)
    image[3:13, 4:9] = 255
    image[3:6, 4:14] = 255
    batch = torch.tensor(image).float()[None]
    found = resample(batch, sampling_grid(recentring_matrix(batch), batch))[0].numpy()
    rows, columns = np.mgrid[0:28, 0:28]
    assert (found * rows).sum() / found.sum() == pytest.approx(14, abs=0.2)
    assert (found * columns).sum() / found.sum() == pytest.approx(14, abs=0.2)
    (box,) = ndimage.find_objects((found > 64).astype(int))
    assert [side.stop - side.start for side in box] == pytest.approx([20, 20], abs=1)
    assert np.abs(found - to_digit(image)).mean() < 16  # half a pixel: `to_digit` places to the nearest one


def test_a_gap_takes_away_ink_and_adds_none(images):
    torn = erase_spot(images.float(), torch.ones(64, dtype=torch.bool))
    assert (torn <= images.float()).all()
    assert (torn.sum((1, 2)) < images.float().sum((1, 2))).float().mean() > 0.9


@pytest.mark.parametrize(("label", "line"), [(0, slash_line), (1, flag_line), (1, foot_line), (7, bar_line)])
def test_the_ends_of_an_added_line_are_places(images, label, line):
    ends = line(images.float())
    assert ends.shape == (64, 4)
    assert torch.isfinite(ends).all()

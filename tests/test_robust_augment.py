"""The operations of the robust augmentation: each does what it says, and the result is still a picture."""

import pytest
import torch

from mnist_core import robust_augment
from mnist_core.robust_augment import (
    OPERATIONS,
    PROBABILITIES,
    add_noise,
    change_light,
    cross_out,
    erase_rectangle,
    mix_with_chain,
    move,
    negate_rectangle,
    on_some,
    random_background,
    random_rectangle,
    robust,
)

CHANGES = [mix_with_chain, cross_out, erase_rectangle, negate_rectangle, change_light, add_noise]


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


@pytest.fixture
def images(toy_digits):
    return torch.tensor(toy_digits.images[:64]).float()


@pytest.mark.parametrize("change", [*dict.fromkeys(OPERATIONS), *CHANGES], ids=lambda change: change.__name__)
def test_a_change_keeps_shape_and_range_and_changes_most_digits(images, change):
    before = images.clone()
    changed = change(images)
    assert changed.shape == images.shape
    assert changed.min() >= -1e-3
    assert changed.max() <= 255 + 1e-3
    assert torch.equal(images, before)
    assert ((changed - images).abs().amax((1, 2)) > 1).float().mean() > 0.6


def test_only_the_chosen_digits_are_changed(images):
    mask = torch.arange(64) % 2 == 0
    changed = on_some(images, mask, lambda some: 255 - some)
    assert torch.equal(changed[~mask], images[~mask])
    assert torch.equal(changed[mask], 255 - images[mask])


def test_a_share_of_the_digits_stays_clean_but_for_being_moved(images, monkeypatch):
    monkeypatch.setattr(robust_augment, "CLEAN", 1.0)
    monkeypatch.setattr(robust_augment, "move", lambda images, far, strength: images)
    assert torch.equal(robust(images, torch.arange(64) % 10), images)


def test_far_digits_are_moved_further(images):
    near, far = (move(images, torch.full((64,), value), 1.0) for value in (False, True))
    assert (far - images).abs().mean() > 1.3 * (near - images).abs().mean()


def test_a_background_is_smooth_and_spans_at_most_all_greys():
    background = random_background(torch.zeros(200, 28, 28))
    assert background.min() >= 0
    assert background.max() <= 1
    assert (background[:, 1:] - background[:, :-1]).abs().max() < 0.5
    assert (background.amax((1, 2)) - background.amin((1, 2))).max() > 0.8


def test_a_rectangle_has_sides_within_its_limits():
    inside = random_rectangle(torch.zeros(300, 28, 28), 3, 14)
    height, width = inside.any(2).sum(1), inside.any(1).sum(1)
    assert (inside.sum((1, 2)) == height * width).all()
    assert height.max() <= 15
    assert width.max() <= 15
    assert (inside.sum((1, 2)) > 0).float().mean() > 0.9


def test_a_negative_rectangle_can_be_the_whole_picture(images):
    black = torch.zeros(300, 28, 28)
    share = (negate_rectangle(black) > 0).float().mean((1, 2))
    assert share.max() == 1
    assert share.min() < 0.1


@pytest.mark.parametrize("name", PROBABILITIES)
def test_each_change_happens_about_as_often_as_its_probability(name, images, monkeypatch):
    many = images.repeat(20, 1, 1)
    monkeypatch.setattr(robust_augment, "CLEAN", 0.0)
    monkeypatch.setattr(robust_augment, "PROBABILITIES", dict.fromkeys(PROBABILITIES, 0.0) | {name: 0.5})
    counted = []
    original = robust_augment.on_some
    monkeypatch.setattr(
        robust_augment, "on_some", lambda images, mask, change: counted.append(int(mask.sum())) or images
    )
    monkeypatch.setattr(robust_augment, "move", lambda images, far, strength: counted.append(int(far.sum())) or images)
    robust(many, torch.zeros(len(many), dtype=torch.int64))
    assert original is not robust_augment.on_some
    assert sorted(counted)[:-1] == [0] * (len(PROBABILITIES) - 1)
    assert max(counted) == pytest.approx(0.5 * len(many), rel=0.1)

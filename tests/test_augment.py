"""Augmented digits are still digits, each changed in its own way."""

import numpy as np
import pytest
import torch

import mnist_core.augment as augment_module
from mnist_core import pen_augment
from mnist_core.augment import TRANSFORMS, augment, shift
from mnist_core.config import AUGMENTATIONS
from mnist_core.warping import MAX_SHIFT


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


@pytest.fixture(params=TRANSFORMS)
def name(request):
    return request.param


LABELS = torch.arange(64) % 10


@pytest.fixture
def images(toy_digits):
    return torch.tensor(toy_digits.images[:64])


def test_every_augmentation_has_a_description():
    assert {"none", *TRANSFORMS} == set(AUGMENTATIONS)


def test_none_changes_nothing(images):
    assert augment(images, LABELS, "none") is images


@pytest.mark.parametrize("strength", [0, 0.3, 1, 2])
def test_an_augmentation_keeps_shape_and_range(images, name, strength):
    augmented = augment(images, LABELS, name, strength)
    assert augmented.shape == images.shape
    assert augmented.min() >= 0
    assert augmented.max() <= 255 + 1e-3


def test_strength_0_changes_nothing(images, name):
    tolerance = 0 if name == "shift" else 1  # grey levels
    torch.testing.assert_close(augment(images, LABELS, name, 0.0).float(), images.float(), rtol=0, atol=tolerance)


def test_more_strength_changes_more(images, name):
    weak, strong = ((augment(images, LABELS, name, strength).float() - images).abs().mean() for strength in (0.5, 2.0))
    assert weak < strong


def test_every_image_is_changed_in_its_own_way(name, toy_digits):
    same = torch.tensor(toy_digits.images[:1]).expand(16, -1, -1)
    augmented = augment(same, LABELS[:16], name)
    assert len(torch.unique(augmented, dim=0)) > 8


def test_the_same_seed_makes_the_same_change(images, name):
    torch.manual_seed(3)
    first = augment(images, LABELS, name)
    torch.manual_seed(3)
    assert torch.equal(first, augment(images, LABELS, name))


def test_the_original_images_are_not_modified(images, name):
    before = images.clone()
    augment(images, LABELS, name)
    assert torch.equal(images, before)


# "robust" lights, covers and negates digits: their ink is not what counts there.
@pytest.mark.parametrize("name", [name for name in TRANSFORMS if name != "robust"])
def test_every_digit_keeps_most_of_its_ink(name, mnist, monkeypatch):
    from mnist_core.data import load_digits

    monkeypatch.setenv("MNIST_DATA_DIR", str(mnist))
    monkeypatch.setitem(pen_augment.PROBABILITIES, "lighting", 0)
    test = load_digits("mnist", "test")
    digits = torch.tensor(test.images[:100])
    ratio = augment(digits, torch.tensor(test.labels[:100]), name).sum((1, 2)) / digits.sum((1, 2))
    assert ratio.min() > (0.3 if name == "pen" else 0.6)
    assert ratio.max() < (5.0 if name == "pen" else 1.6)  # a thin one with a long flag


def shift_by_loops(image, dx, dy):
    """Return one image shifted right and down; the space left behind is black."""
    shifted = np.zeros_like(image)
    for row in range(28):
        for column in range(28):
            if 0 <= row - dy < 28 and 0 <= column - dx < 28:
                shifted[row, column] = image[row - dy, column - dx]
    return shifted


def test_shift_moves_by_whole_pixels_in_every_direction(images):
    reach = range(-int(MAX_SHIFT), int(MAX_SHIFT) + 1)
    offsets = [(dx, dy) for dx in reach for dy in reach]
    image = images[0].numpy()
    expected = {shift_by_loops(image, dx, dy).tobytes(): (dx, dy) for dx, dy in offsets}
    shifted = shift(images[:1].expand(500, -1, -1), LABELS).to(torch.uint8).numpy()
    assert {expected[image.tobytes()] for image in shifted} == set(offsets)


def test_elastic_bends_every_image_in_its_own_way(toy_digits, monkeypatch):
    identity = torch.eye(3)
    monkeypatch.setattr(
        augment_module, "random_affine_matrix", lambda images, strength: identity.expand(len(images), 3, 3)
    )
    same = torch.tensor(toy_digits.images[:1]).expand(16, -1, -1)
    bent = augment(same, LABELS[:16], "elastic")
    assert len(torch.unique(bent, dim=0)) == 16
    assert (bent - same).abs().mean() > 2  # grey levels

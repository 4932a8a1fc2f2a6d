"""The digits are found, checked, split and normalised."""

import gzip
import shutil

import numpy as np
import pytest
import torch

from mnist_core.config import DATASETS
from mnist_core.data import (
    FILE_PREFIXES,
    MEAN,
    MNIST_FILES,
    STD,
    DataError,
    Digits,
    cache_folder,
    load_digits,
    mnist_folder,
    normalise,
    raw_folder,
    sample_digits,
    split,
)
from mnist_core.drawing import BOX, CENTRE


def complaint():
    """What is said about the MNIST that is not there."""
    with pytest.raises(DataError) as caught:
        load_digits("mnist", "train")
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def sample():
    """All sample digits, of both parts."""
    parts = sample_digits().values()
    return Digits(np.concatenate([p.images for p in parts]), np.concatenate([p.labels for p in parts]))


@pytest.mark.parametrize("part", FILE_PREFIXES)
def test_sample_digits_are_pictures_with_labels(part):
    digits = load_digits("sample", part)
    assert (digits.images.dtype, digits.labels.dtype) == (np.uint8, np.int64)
    assert digits.images.shape == (len(digits), 28, 28)
    assert set(digits.labels.tolist()) == set(range(10))


def test_all_sample_digits_are_in_one_part(sample):
    assert len(sample) == 1797
    assert len(load_digits("sample", "test")) == 360


def test_sample_digits_are_bright_ink_on_black(sample):
    assert (sample.images.max((1, 2)) >= 254).all()
    assert (sample.images[:, [0, 0, -1, -1], [0, -1, 0, -1]] == 0).all()
    assert sample.images.mean() < 64


def test_sample_digits_have_mnists_centre_of_mass(sample):
    mass, at = sample.images.astype(float), np.arange(28)
    total = mass.sum((1, 2))
    assert abs((mass.sum(2) @ at / total).mean() - CENTRE) < 0.5
    assert abs((mass.sum(1) @ at / total).mean() - CENTRE) < 0.5


def test_sample_digits_have_mnists_size(sample):
    rows, columns = sample.images.any(2).sum(1), sample.images.any(1).sum(1)
    longer = np.maximum(rows, columns)
    assert longer.max() == BOX
    assert (longer == BOX).mean() > 0.9


def test_sample_parts_have_the_same_share_of_every_digit():
    train, test = (np.bincount(load_digits("sample", part).labels) for part in FILE_PREFIXES)
    np.testing.assert_allclose(test / (train + test), 0.2, atol=0.01)


@pytest.mark.parametrize("part", FILE_PREFIXES)
def test_digits_cannot_be_changed_by_a_reader(part):
    digits = load_digits("sample", part)
    with pytest.raises(ValueError, match="read-only"):
        digits.images[0] = 0
    with pytest.raises(ValueError, match="read-only"):
        digits.labels[0] = 0


def test_unknown_names_are_refused():
    with pytest.raises(ValueError, match=f"one of {', '.join(DATASETS)}, got 'nonsense'"):
        load_digits("nonsense")
    with pytest.raises(ValueError, match="'train' or 'test', got 'nonsense'"):
        load_digits("sample", "nonsense")


def rows(digits):
    """Every digit as something that can be compared and sorted."""
    return sorted(image.tobytes() + bytes([label]) for image, label in zip(digits.images, digits.labels, strict=True))


def test_a_split_is_complete_and_disjoint(toy_digits):
    train, held_out = split(toy_digits, 50, seed=0)
    assert len(held_out) == 50
    assert sorted(rows(train) + rows(held_out)) == rows(toy_digits)
    assert not set(rows(train)) & set(rows(held_out))


def test_a_split_has_the_same_share_of_every_digit(toy_digits):
    train, held_out = split(toy_digits, 50, seed=0)
    assert np.bincount(held_out.labels).tolist() == [5] * 10
    assert np.bincount(train.labels).tolist() == [25] * 10


def test_a_split_follows_its_seed(toy_digits):
    first, again, other = (rows(split(toy_digits, 50, seed)[1]) for seed in (1, 1, 2))
    assert first == again
    assert first != other


@pytest.mark.parametrize("size", [0, 9, 291, 300, 1000])
def test_a_split_leaves_one_of_each_digit_on_both_sides(toy_digits, size):
    with pytest.raises(ValueError, match=f"at least 10 and at most 290 of the 300 .*, got {size}"):
        split(toy_digits, size, seed=0)


@pytest.mark.parametrize("size", [10, 290])
def test_a_split_may_leave_just_one_of_each_digit(toy_digits, size):
    for part in split(toy_digits, size, seed=0):
        assert set(part.labels.tolist()) == set(range(10))


def test_normalise_is_the_formula(toy_digits):
    x = normalise(torch.tensor(toy_digits.images))
    assert x.shape == (300, 1, 28, 28)
    np.testing.assert_allclose(x[:, 0], (toy_digits.images / 255 - MEAN) / STD, atol=1e-6)


def test_mnist_is_what_torchvision_reads(mnist, monkeypatch):
    from torchvision.datasets import MNIST

    monkeypatch.setenv("MNIST_DATA_DIR", str(mnist))
    for part in FILE_PREFIXES:
        ours, theirs = load_digits("mnist", part), MNIST(mnist, train=part == "train")
        np.testing.assert_array_equal(ours.images, theirs.data)
        np.testing.assert_array_equal(ours.labels, theirs.targets)


def test_mean_and_spread_are_those_of_mnist(mnist, monkeypatch):
    monkeypatch.setenv("MNIST_DATA_DIR", str(mnist))
    images = load_digits("mnist", "train").images
    assert round(images.mean() / 255, 4) == MEAN
    assert round(images.std(dtype=np.float32) / 255, 4) == STD


def test_packed_files_serve_as_well(no_mnist, small_mnist, monkeypatch, toy_digits):
    monkeypatch.setenv("MNIST_DATA_DIR", str(small_mnist))
    for name in MNIST_FILES:
        file = raw_folder(small_mnist) / name
        file.with_name(name + ".gz").write_bytes(gzip.compress(file.read_bytes()))
        file.unlink()
    assert rows(load_digits("mnist", "train")) == rows(toy_digits)


def test_the_chosen_folder_comes_before_the_cache(no_mnist, small_mnist, monkeypatch):
    shutil.copytree(small_mnist, cache_folder())
    assert mnist_folder() == cache_folder()
    monkeypatch.setenv("MNIST_DATA_DIR", str(small_mnist))
    assert mnist_folder() == small_mnist


def test_the_cache_serves_when_the_chosen_folder_does_not(no_mnist, small_mnist, monkeypatch):
    shutil.copytree(small_mnist, cache_folder())
    monkeypatch.setenv("MNIST_DATA_DIR", str(no_mnist / "nowhere"))
    assert mnist_folder() == cache_folder()


def test_a_machine_without_mnist_is_told_the_command(no_mnist):
    assert "python -m mnist_core download" in complaint()


@pytest.mark.parametrize("name", ["nowhere", pytest.param("a" * 300, id="too long for a name")])
def test_a_wrong_folder_is_named(no_mnist, monkeypatch, name):
    monkeypatch.setenv("MNIST_DATA_DIR", str(no_mnist / name))
    assert f"MNIST_DATA_DIR is {no_mnist / name}, but " in complaint()


def cut(file):
    file.write_bytes(file.read_bytes()[:-1])


def corrupt(file):
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def cut_archive(file):
    file.with_name(file.name + ".gz").write_bytes(gzip.compress(file.read_bytes())[:-9])
    file.unlink()


def foreign_archive(file):
    file.with_name(file.name + ".gz").write_bytes(b"no archive")
    file.unlink()


@pytest.mark.parametrize("damage", [lambda file: file.unlink(), cut, corrupt, cut_archive, foreign_archive])
@pytest.mark.parametrize("name", MNIST_FILES)
def test_a_damaged_file_is_named(no_mnist, small_mnist, monkeypatch, name, damage):
    monkeypatch.setenv("MNIST_DATA_DIR", str(small_mnist))
    load_digits("mnist", "train")
    damage(raw_folder(small_mnist) / name)
    assert str(raw_folder(small_mnist) / name) in complaint()


def test_a_damaged_cache_is_named(no_mnist, small_mnist):
    shutil.copytree(small_mnist, cache_folder())
    cut(raw_folder(cache_folder()) / "t10k-labels-idx1-ubyte")
    assert str(raw_folder(cache_folder()) / "t10k-labels-idx1-ubyte") in complaint()


def test_looking_at_digits_imports_no_torch(python):
    assert (
        python("import sys, mnist_core; mnist_core.load_digits('sample'); print('torch' in sys.modules)") == "False\n"
    )

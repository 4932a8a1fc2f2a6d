"""The data sets are found, verified, split and normalised."""

import gzip
import shutil

import numpy as np
import pytest
import torch

from mnist_core.config import DATASETS, ConfigError
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
from mnist_core.drawing import BOX, MASS_CENTRE


def error_message():
    """Return the message of the error that loading MNIST raises."""
    with pytest.raises(DataError) as error:
        load_digits("mnist", "train")
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.fixture
def sample():
    """Return all sample digits, of both parts."""
    parts = sample_digits().values()
    return Digits(np.concatenate([p.images for p in parts]), np.concatenate([p.labels for p in parts]))


@pytest.mark.parametrize("part", FILE_PREFIXES)
def test_sample_digits_are_images_with_labels(part):
    digits = load_digits("sample", part)
    assert (digits.images.dtype, digits.labels.dtype) == (np.uint8, np.int64)
    assert digits.images.shape == (len(digits), 28, 28)
    assert set(digits.labels.tolist()) == set(range(10))


def test_the_two_parts_hold_all_sample_digits(sample):
    assert len(sample) == 1797
    assert len(load_digits("sample", "test")) == 360


def test_sample_digits_are_bright_ink_on_black(sample):
    assert (sample.images.max((1, 2)) >= 254).all()
    assert (sample.images[:, [0, 0, -1, -1], [0, -1, 0, -1]] == 0).all()
    assert sample.images.mean() < 64


def test_sample_digits_have_mnists_centre_of_mass(sample):
    mass, positions = sample.images.astype(float), np.arange(28)
    total = mass.sum((1, 2))
    assert abs((mass.sum(2) @ positions / total).mean() - MASS_CENTRE) < 0.5
    assert abs((mass.sum(1) @ positions / total).mean() - MASS_CENTRE) < 0.5


def test_sample_digits_have_mnists_size(sample):
    rows, columns = sample.images.any(2).sum(1), sample.images.any(1).sum(1)
    longer = np.maximum(rows, columns)
    assert longer.max() == BOX
    assert (longer == BOX).mean() > 0.9


def test_sample_parts_have_the_same_share_of_every_digit():
    train, test = (np.bincount(load_digits("sample", part).labels) for part in FILE_PREFIXES)
    np.testing.assert_allclose(test / (train + test), 0.2, atol=0.01)


@pytest.mark.parametrize("part", FILE_PREFIXES)
def test_loaded_digits_are_read_only(part):
    digits = load_digits("sample", part)
    with pytest.raises(ValueError, match="read-only"):
        digits.images[0] = 0
    with pytest.raises(ValueError, match="read-only"):
        digits.labels[0] = 0


def test_digits_are_read_only_views_of_arrays_that_stay_writeable():
    images, labels = np.zeros((3, 28, 28), np.uint8), np.zeros(3, np.int64)
    digits = Digits(images, labels)
    assert not digits.images.flags.writeable
    assert not digits.labels.flags.writeable
    images[1], labels[1] = 7, 7  # the arrays of the caller are as writeable as before
    assert (digits.images[1] == 7).all()  # nothing was copied
    assert digits.labels[1] == 7


def test_unknown_names_raise_a_config_error():
    with pytest.raises(ConfigError, match=f"one of {', '.join(DATASETS)}, got 'nonsense'"):
        load_digits("nonsense")
    with pytest.raises(ConfigError, match="'train' or 'test', got 'nonsense'"):
        load_digits("sample", "nonsense")


def as_bytes(digits):
    """Return every digit with its label as bytes, sorted, so that sets of digits can be compared."""
    return sorted(image.tobytes() + bytes([label]) for image, label in zip(digits.images, digits.labels, strict=True))


def test_a_split_is_complete_and_disjoint(toy_digits):
    train, held_out = split(toy_digits, 50, seed=0)
    assert len(held_out) == 50
    assert sorted(as_bytes(train) + as_bytes(held_out)) == as_bytes(toy_digits)
    assert not set(as_bytes(train)) & set(as_bytes(held_out))


def test_a_split_has_the_same_share_of_every_digit(toy_digits):
    train, held_out = split(toy_digits, 50, seed=0)
    assert np.bincount(held_out.labels).tolist() == [5] * 10
    assert np.bincount(train.labels).tolist() == [25] * 10


def test_a_split_follows_its_seed(toy_digits):
    first, again, other = (as_bytes(split(toy_digits, 50, seed)[1]) for seed in (1, 1, 2))
    assert first == again
    assert first != other


@pytest.mark.parametrize("size", [0, 9, 291, 300, 1000])
def test_a_split_has_room_for_one_of_each_digit_in_both_parts(toy_digits, size):
    with pytest.raises(ConfigError, match=f"at least 10 and at most 290 of the 300 .*, got {size}"):
        split(toy_digits, size, seed=0)


@pytest.mark.parametrize("size", [10, 290])
def test_either_part_may_have_just_one_of_each_digit(toy_digits, size):
    for part in split(toy_digits, size, seed=0):
        assert set(part.labels.tolist()) == set(range(10))


def test_normalise_subtracts_the_mean_and_divides_by_the_standard_deviation(toy_digits):
    x = normalise(torch.tensor(toy_digits.images))
    assert x.shape == (300, 1, 28, 28)
    np.testing.assert_allclose(x[:, 0], (toy_digits.images / 255 - MEAN) / STD, atol=1e-6)


def test_mnist_is_what_torchvision_reads(mnist, monkeypatch):
    from torchvision.datasets import MNIST

    monkeypatch.setenv("MNIST_DATA_DIR", str(mnist))
    for part in FILE_PREFIXES:
        digits, reference = load_digits("mnist", part), MNIST(mnist, train=part == "train")
        np.testing.assert_array_equal(digits.images, reference.data)
        np.testing.assert_array_equal(digits.labels, reference.targets)


def test_mean_and_standard_deviation_are_those_of_mnist(mnist, monkeypatch):
    monkeypatch.setenv("MNIST_DATA_DIR", str(mnist))
    images = load_digits("mnist", "train").images
    assert round(images.mean() / 255, 4) == MEAN
    assert round(images.std(dtype=np.float32) / 255, 4) == STD


def test_gzipped_files_can_be_loaded(no_mnist, small_mnist, monkeypatch, toy_digits):
    monkeypatch.setenv("MNIST_DATA_DIR", str(small_mnist))
    for name in MNIST_FILES:
        file = raw_folder(small_mnist) / name
        file.with_name(name + ".gz").write_bytes(gzip.compress(file.read_bytes()))
        file.unlink()
    assert as_bytes(load_digits("mnist", "train")) == as_bytes(toy_digits)


def test_the_configured_folder_comes_before_the_cache(no_mnist, small_mnist, monkeypatch):
    shutil.copytree(small_mnist, cache_folder())
    assert mnist_folder() == cache_folder()
    monkeypatch.setenv("MNIST_DATA_DIR", str(small_mnist))
    assert mnist_folder() == small_mnist


def test_the_cache_is_used_when_the_configured_folder_has_no_mnist(no_mnist, small_mnist, monkeypatch):
    shutil.copytree(small_mnist, cache_folder())
    monkeypatch.setenv("MNIST_DATA_DIR", str(no_mnist / "nowhere"))
    assert mnist_folder() == cache_folder()


def test_without_mnist_the_message_names_the_download_command(no_mnist):
    assert "python -m mnist_core download" in error_message()


@pytest.mark.parametrize("name", ["nowhere", pytest.param("a" * 300, id="too long for a name")])
def test_the_message_names_a_wrong_folder(no_mnist, monkeypatch, name):
    monkeypatch.setenv("MNIST_DATA_DIR", str(no_mnist / name))
    assert f"MNIST_DATA_DIR is {no_mnist / name}, but " in error_message()


def truncate(file):
    file.write_bytes(file.read_bytes()[:-1])


def corrupt(file):
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def truncate_archive(file):
    file.with_name(file.name + ".gz").write_bytes(gzip.compress(file.read_bytes())[:-9])
    file.unlink()


def replace_archive(file):
    file.with_name(file.name + ".gz").write_bytes(b"no archive")
    file.unlink()


@pytest.mark.parametrize("damage", [lambda file: file.unlink(), truncate, corrupt, truncate_archive, replace_archive])
@pytest.mark.parametrize("name", MNIST_FILES)
def test_the_message_names_a_damaged_file(no_mnist, small_mnist, monkeypatch, name, damage):
    monkeypatch.setenv("MNIST_DATA_DIR", str(small_mnist))
    load_digits("mnist", "train")
    damage(raw_folder(small_mnist) / name)
    assert str(raw_folder(small_mnist) / name) in error_message()


def test_the_message_names_a_damaged_file_in_the_cache(no_mnist, small_mnist):
    shutil.copytree(small_mnist, cache_folder())
    truncate(raw_folder(cache_folder()) / "t10k-labels-idx1-ubyte")
    assert str(raw_folder(cache_folder()) / "t10k-labels-idx1-ubyte") in error_message()


def test_loading_digits_imports_no_torch(python):
    assert (
        python("import sys, mnist_core; mnist_core.load_digits('sample'); print('torch' in sys.modules)") == "False\n"
    )

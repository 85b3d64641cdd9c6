"""Which training images there are, and the order in which they are met."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hpbench.errors import UserError


class TooFewImagesError(UserError):
    """A class has fewer training images than are to be drawn of each."""


def batch_indices(images: int, batch_size: int, iterations: int, seed: int) -> NDArray[np.int32]:
    """Indices of the images of every batch, shape (iterations, batch_size).

    One stream of images, each epoch a fresh permutation, cut into batches: a batch may cross the end of an epoch,
    as in Caffe, and no batch is smaller than the others. The stream depends on ``images`` and ``seed`` alone, so cases
    with different batch sizes meet the images in the same order.
    """
    generator = np.random.default_rng(seed)
    wanted = iterations * batch_size
    epochs = -(-wanted // images)
    stream = np.concatenate([generator.permutation(images) for _ in range(epochs)])
    return stream[:wanted].reshape(iterations, batch_size).astype(np.int32)


def few_shot(labels: NDArray[np.int32], images_per_class: int, seed: int) -> NDArray[np.int32]:
    """Indices of as many images of each class, drawn without replacement, class by class.

    With the same seed, the images drawn for a smaller number are among those drawn for a larger one.

    Args:
        labels: Of all images there are to draw from, shape (n,).
        images_per_class: Images of each class that occurs.
        seed: Of the draw.

    Returns:
        Indices, shape (classes x images_per_class,).

    Raises:
        TooFewImagesError: A class has fewer images.
    """
    generator = np.random.default_rng(seed)
    drawn = []
    for label in np.unique(labels):
        of_class = generator.permutation(np.flatnonzero(labels == label))
        if len(of_class) < images_per_class:
            found = f"of class {label} there are {len(of_class)} training images"
            raise TooFewImagesError(f"images_per_class is {images_per_class}, and {found}")
        drawn.append(of_class[:images_per_class])
    return np.concatenate(drawn).astype(np.int32)

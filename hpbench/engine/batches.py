"""The order in which training images are met."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


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

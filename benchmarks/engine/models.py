"""Models of documents that no bundled definition has yet."""

from __future__ import annotations

from collections.abc import Sequence

import keras


def dense(input_shape: tuple[int, ...], classes: int, units: Sequence[int]) -> keras.Model:
    """Dense layers with ReLU between them, from images to logits.

    Args:
        input_shape: Shape of an image.
        classes: Number of classes; the last of ``units``.
        units: Of each layer.
    """
    hidden = [keras.layers.Dense(count, activation="relu") for count in units[:-1]]
    return keras.Sequential([keras.Input(input_shape), *hidden, keras.layers.Dense(classes)])

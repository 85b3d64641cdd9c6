"""Dense networks: hidden layers of one activation, and a dense layer to the classes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras
from keras import layers


def mlp(parameters: Mapping[str, Any], input_shape: tuple[int, int, int], classes: int) -> keras.Model:
    """Make a dense network with fresh weights, determined by ``keras.utils.set_random_seed``.

    Args:
        parameters: Fields of the catalogue's ``Mlp``.
        input_shape: Height, width and channels of an image.
        classes: Number of classes.

    Returns:
        A model from float images (n, height, width, channels) to logits (n, classes), without softmax.

    Example:
        >>> mlp({"units": [20]}, (28, 28, 1), 10).count_params()
        15910
    """
    initializer = INITIALIZERS[parameters.get("initializer", "glorot_uniform")]
    stddev, activation = parameters.get("stddev", 0.01), parameters.get("activation", "relu")
    hidden = [
        layers.Dense(units, activation=activation, kernel_initializer=initializer(stddev))
        for units in parameters["units"]
    ]
    output = layers.Dense(classes, kernel_initializer=initializer(stddev))
    return keras.Sequential([keras.Input(input_shape), layers.Flatten(), *hidden, output], name="mlp")


INITIALIZERS: Mapping[str, Callable[[float], keras.initializers.Initializer]] = {
    "glorot_uniform": lambda _: keras.initializers.GlorotUniform(),
    "he_normal": lambda _: keras.initializers.HeNormal(),
    "normal": lambda stddev: keras.initializers.RandomNormal(stddev=stddev),
}
"""Each layer needs its own: one Keras initializer gives the same numbers each time."""

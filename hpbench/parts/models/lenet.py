"""LeNet, in the form of Caffe's example and in that of the paper."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import keras
from keras import layers


def lenet(parameters: Mapping[str, Any], input_shape: tuple[int, int, int], classes: int) -> keras.Model:
    """Make a LeNet with fresh weights, determined by ``keras.utils.set_random_seed``.

    Args:
        parameters: Fields of the catalogue's ``LeNet``; ``variant`` is ``caffe`` or ``lenet-5``.
        input_shape: Height, width and channels of an image.
        classes: Number of classes.

    Returns:
        A model from float images (n, height, width, channels) to logits (n, classes), without softmax.

    Raises:
        ValueError: The images are too small for the variant.

    Example:
        >>> lenet({"variant": "caffe"}, (28, 28, 1), 10).count_params()
        431080
    """
    variant = VARIANTS[parameters["variant"]]
    height, width, _ = input_shape
    if min(height, width) < variant.smallest:
        raise ValueError(
            f"The model lenet ({parameters['variant']}) needs images of at least "
            f"{variant.smallest} x {variant.smallest} pixels; these have {height} x {width}."
        )
    return keras.Sequential([keras.Input(input_shape), *variant.layers(classes)], name="lenet")


def caffe_layers(classes: int) -> list[keras.Layer]:
    """Layers of ``examples/mnist/lenet_train_test.prototxt`` of Caffe (Jia et al. 2014).

    Convolution 20 @ 5 x 5, max pooling 2, convolution 50 @ 5 x 5, max pooling 2, 500 units with ReLU, the
    classes. The convolutions have no activation. Pooling rounds an odd size up, as Caffe's does.
    """
    return [
        layers.Conv2D(20, 5, kernel_initializer=xavier(), name="conv1"),
        layers.MaxPooling2D(2, padding="same", name="pool1"),
        layers.Conv2D(50, 5, kernel_initializer=xavier(), name="conv2"),
        layers.MaxPooling2D(2, padding="same", name="pool2"),
        layers.Flatten(name="flatten"),
        layers.Dense(500, activation="relu", kernel_initializer=xavier(), name="ip1"),
        layers.Dense(classes, kernel_initializer=xavier(), name="ip2"),
    ]


def xavier() -> keras.initializers.Initializer:
    """Caffe's filler ``xavier`` in its default, normalised by the fan-in alone: U(-sqrt(3 / n), sqrt(3 / n)).

    Every layer needs its own: one Keras initializer gives the same numbers each time.
    """
    return keras.initializers.VarianceScaling(scale=1.0, mode="fan_in", distribution="uniform")


def lenet_5_layers(classes: int) -> list[keras.Layer]:
    """Layers of LeNet-5 (LeCun, Bottou, Bengio and Haffner 1998, section II.B), named as there.

    C1 pads its images by two pixels a side, so that 28 x 28 images meet the paper's 32 x 32 input. Simplified
    against the paper: every map of C3 sees every map of S2 (the paper's table I connects some); S2 and S4 are
    plain means without trainable coefficients and squashing; C5 is a dense layer, which is the same where S4
    is 5 x 5; tanh instead of 1.7159 tanh(2x / 3); logits for a softmax instead of radial basis functions;
    Glorot uniform weights and zero biases.
    """
    return [
        layers.Conv2D(6, 5, padding="same", activation="tanh", name="c1"),
        layers.AveragePooling2D(2, name="s2"),
        layers.Conv2D(16, 5, activation="tanh", name="c3"),
        layers.AveragePooling2D(2, name="s4"),
        layers.Flatten(name="flatten"),
        layers.Dense(120, activation="tanh", name="c5"),
        layers.Dense(84, activation="tanh", name="f6"),
        layers.Dense(classes, name="output"),
    ]


@dataclass(frozen=True)
class Variant:
    """One form of LeNet: its layers for a number of classes, and the smallest image side they can take."""

    layers: Callable[[int], list[keras.Layer]]
    smallest: int


VARIANTS: Mapping[str, Variant] = {
    "caffe": Variant(caffe_layers, smallest=13),
    "lenet-5": Variant(lenet_5_layers, smallest=12),
}

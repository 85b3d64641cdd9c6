"""Stacks of convolutions in three stages, plain or residual, as He et al. (2016, section 4.2) built for CIFAR-10."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(package="hpbench")
class PaddedShortcut(layers.Layer):
    """The identity past a block: every ``strides``-th pixel, and zeros in the channels that the block adds.

    It has no weights (option A of He et al. 2016).

    Args:
        filters: Channels after the block, at least as many as before it.
        strides: Of the block's first convolution.
        **keywords: Further arguments of ``keras.layers.Layer``.

    Example:
        >>> PaddedShortcut(4, 2)(keras.ops.ones((1, 4, 4, 2))).shape
        TensorShape([1, 2, 2, 4])
    """

    def __init__(self, filters: int, strides: int, **keywords: Any) -> None:
        super().__init__(**keywords)
        self.filters, self.strides = filters, strides

    def call(self, inputs: Any) -> Any:
        """From (n, height, width, channels) to (n, height / strides, width / strides, filters)."""
        kept = inputs[:, :: self.strides, :: self.strides, :]
        return ops.pad(kept, ((0, 0), (0, 0), (0, 0), (0, self.filters - inputs.shape[-1])))

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments."""
        return super().get_config() | {"filters": self.filters, "strides": self.strides}


def conv_stack(parameters: Mapping[str, Any], input_shape: tuple[int, int, int], classes: int) -> keras.Model:
    """Make a stack with fresh weights, determined by ``keras.utils.set_random_seed``.

    One convolution, then three stages of blocks of two convolutions, the first of a later stage with strides of 2 and
    twice the filters; the mean over the positions and a dense layer. With ``6 n + 2`` weighted layers a stage has n
    blocks. With ``residual`` a block's input is added to its output before the last activation.

    Args:
        parameters: Fields of the catalogue's ``ConvStack``.
        input_shape: Height, width and channels of an image.
        classes: Number of classes.

    Returns:
        A model from float images (n, height, width, channels) to logits (n, classes), without softmax.

    Example:
        >>> conv_stack({"depth": 20, "width": 16}, (32, 32, 3), 10).count_params()
        271098
    """
    build = _Builder({"filter_size": 3, "normalisation": "batch", "activation": "relu", **parameters})
    width, blocks = parameters["width"], (parameters["depth"] - 2) // 6
    inputs = keras.Input(input_shape)
    x = build.activated(build.convolution(inputs, width, 1))
    for stage in range(3):
        filters = width * 2**stage
        for block in range(blocks):
            strides = 2 if stage and not block else 1
            y = build.activated(build.convolution(x, filters, strides))
            y = build.convolution(y, filters, 1)
            if parameters.get("residual", False):
                changed = strides > 1 or x.shape[-1] != filters
                y = layers.Add()([PaddedShortcut(filters, strides)(x) if changed else x, y])
            x = build.activated(y)
    x = layers.GlobalAveragePooling2D()(x)
    if parameters.get("dropout", 0.0):
        x = layers.Dropout(parameters["dropout"])(x)
    return keras.Model(inputs, layers.Dense(classes, name="dense")(x), name="conv_stack")


class _Builder:
    """Adds convolutions that are numbered, normalised and activated as the parameters say."""

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self._parameters = parameters
        self._count = 0

    def convolution(self, x: Any, filters: int, strides: int) -> Any:
        """A convolution without bias where it is normalised; its weights come from He's normal distribution, scaled."""
        self._count += 1
        normalised = self._parameters["normalisation"] == "batch"
        x = layers.Conv2D(
            filters,
            self._parameters["filter_size"],
            strides,
            padding="same",
            use_bias=not normalised,
            kernel_initializer=keras.initializers.VarianceScaling(
                2.0 * self._parameters.get("initial_scale", 1.0) ** 2
            ),
            name=f"conv-{self._count:03d}",
        )(x)
        momentum = self._parameters.get("normalisation_momentum", 0.99)
        return layers.BatchNormalization(momentum=momentum)(x) if normalised else x

    def activated(self, x: Any) -> Any:
        """The activation as a layer of its own."""
        return layers.Activation(self._parameters["activation"])(x)

"""Stacks of cells whose inside was found by search, as Liu et al. (2019) built them for CIFAR-10."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import keras
from keras import layers


class Edge(NamedTuple):
    """An operation on an earlier node of a cell.

    Args:
        operation: ``separable``, ``dilated``, ``maximum`` or ``skip``.
        node: What it is done to: 0 and 1 are the outputs of the last cell but one and of the last, 2 and on the nodes.
    """

    operation: str
    node: int


NORMAL = (
    (Edge("separable", 0), Edge("separable", 1)),
    (Edge("separable", 0), Edge("separable", 1)),
    (Edge("separable", 1), Edge("skip", 0)),
    (Edge("skip", 0), Edge("dilated", 2)),
)
REDUCTION = (
    (Edge("maximum", 0), Edge("maximum", 1)),
    (Edge("skip", 2), Edge("maximum", 1)),
    (Edge("maximum", 0), Edge("skip", 2)),
    (Edge("skip", 2), Edge("maximum", 1)),
)
"""Liu et al. 2019, figures 4 and 5: the cells found for CIFAR-10 with the second-order gradient (``DARTS_V2``).

Each node is the sum of two operations, and the cell's output has the channels of all four nodes.
"""


def cell_stack(parameters: Mapping[str, Any], input_shape: tuple[int, int, int], classes: int) -> keras.Model:
    """Make a stack of cells with fresh weights, determined by ``keras.utils.set_random_seed``.

    A convolution to three times the width, the cells, the mean over the positions and a dense layer. The cells number
    ``depth / 3`` and ``2 depth / 3``, rounded down and counted from 0, halve the image and double the filters. All
    convolutions have no bias, come after a ReLU and before batch normalisation. Images are padded as TensorFlow's
    ``same`` does; the paper's auxiliary classifier and the random dropping of paths are left out.

    Args:
        parameters: Fields of the catalogue's ``CellStack``.
        input_shape: Height, width and channels of an image.
        classes: Number of classes.

    Returns:
        A model from float images (n, height, width, channels) to logits (n, classes), without softmax.

    Example:
        >>> cell_stack({"depth": 3, "width": 2}, (8, 8, 1), 10).output_shape
        (None, 10)
    """
    depth, filters = parameters["depth"], parameters["width"]
    build = _Builder(parameters.get("normalisation_momentum", 0.99))
    inputs = keras.Input(input_shape)
    x = layers.Conv2D(3 * filters, 3, padding="same", use_bias=False, kernel_initializer=_he(), name="stem")(inputs)
    before = last = build.normalised(x)
    halved = False
    for index in range(depth):
        halve = index in (depth // 3, 2 * depth // 3)
        filters *= 2 if halve else 1
        build.begin(f"cell-{index + 1:02d}")
        before, last = last, build.cell(before, last, filters, halve=halve, shrink=halved)
        halved = halve
    x = layers.GlobalAveragePooling2D()(last)
    return keras.Model(inputs, layers.Dense(classes, name="dense")(x), name="cell_stack")


def _he() -> Any:
    """He's normal distribution."""
    return keras.initializers.VarianceScaling(2.0)


class _Builder:
    """Adds the parts of cells; convolutions are named by cell and numbered in it."""

    def __init__(self, momentum: float) -> None:
        self._momentum = momentum
        self._cell = ""
        self._count = 0

    def begin(self, cell: str) -> None:
        """The next convolutions are those of this cell."""
        self._cell, self._count = cell, 0

    def cell(self, before: Any, last: Any, filters: int, *, halve: bool, shrink: bool) -> Any:
        """A cell of four nodes on the outputs of the two cells before it.

        Args:
            before: Of the last but one.
            last: Of the last.
            filters: Of every node.
            halve: Whether it halves the image: then its operations on the two inputs have strides of 2.
            shrink: Whether the last one did, so that ``before`` is twice as large.
        """
        nodes = [
            self.halved(before, filters) if shrink else self.convolution(before, filters),
            self.convolution(last, filters),
        ]
        for edges in REDUCTION if halve else NORMAL:
            found = [
                getattr(self, edge.operation)(nodes[edge.node], filters, 2 if halve and edge.node < 2 else 1)
                for edge in edges
            ]
            nodes.append(layers.Add()(found))
        return layers.Concatenate()(nodes[2:])

    def separable(self, x: Any, filters: int, strides: int) -> Any:
        """Twice a depthwise convolution and one of 1 x 1; only the first one has the strides."""
        return self._pair(self._pair(x, filters, strides=strides), filters)

    def dilated(self, x: Any, filters: int, strides: int) -> Any:
        """A depthwise convolution of every second pixel, and one of 1 x 1."""
        return self._pair(x, filters, strides=strides, dilation_rate=2)

    def maximum(self, x: Any, filters: int, strides: int) -> Any:
        """The largest value of 3 x 3 pixels."""
        return layers.MaxPooling2D(3, strides, padding="same")(x)

    def skip(self, x: Any, filters: int, strides: int) -> Any:
        """The node itself; halved where there are strides."""
        return x if strides == 1 else self.halved(x, filters)

    def convolution(self, x: Any, filters: int) -> Any:
        """Of 1 x 1 pixels."""
        return self.normalised(self._one_by_one(layers.ReLU()(x), filters))

    def halved(self, x: Any, filters: int) -> Any:
        """Half of the filters see the pixels of even rows and columns, the others those of odd ones."""
        x = layers.ReLU()(x)
        odd = layers.ZeroPadding2D(((0, 1), (0, 1)))(layers.Cropping2D(((1, 0), (1, 0)))(x))
        parts = [self._one_by_one(x, filters // 2, 2), self._one_by_one(odd, filters - filters // 2, 2)]
        return self.normalised(layers.Concatenate()(parts))

    def normalised(self, x: Any) -> Any:
        """Batch normalisation."""
        return layers.BatchNormalization(momentum=self._momentum)(x)

    def _pair(self, x: Any, filters: int, **keywords: Any) -> Any:
        x = layers.DepthwiseConv2D(
            3,
            padding="same",
            use_bias=False,
            depthwise_initializer=_he(),
            name=self._next_name(),
            **keywords,
        )(layers.ReLU()(x))
        return self.normalised(self._one_by_one(x, filters))

    def _one_by_one(self, x: Any, filters: int, strides: int = 1) -> Any:
        return layers.Conv2D(filters, 1, strides, use_bias=False, kernel_initializer=_he(), name=self._next_name())(x)

    def _next_name(self) -> str:
        self._count += 1
        return f"{self._cell}-conv-{self._count:02d}"

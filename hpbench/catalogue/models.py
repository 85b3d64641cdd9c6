"""Models a definition may name."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated, Literal, Self

from pydantic import Field, StrictBool, model_validator

from hpbench.catalogue.numbers import WHOLE, Number, Shape, Whole
from hpbench.catalogue.own import Own
from hpbench.catalogue.part import Parameters, Register


class Model(Parameters):
    """What every model has: an estimate of its work."""

    def multiply_adds(self, shape: Shape) -> float | None:
        """Of one forward pass over one image of that shape, to estimate what a plan costs; None if not known."""
        return None


class LeNet(Model):
    """LeNet: ``caffe`` (20 and 50 maps, 500 units, ReLU once) or ``lenet-5`` (LeCun et al. 1998)."""

    name: Literal["lenet"]
    variant: Literal["caffe", "lenet-5"] = "caffe"

    def multiply_adds(self, shape: Shape) -> float:
        """Of one forward pass over one 28 x 28 x 1 image, whatever the shape."""
        return {"caffe": 2.293e6, "lenet-5": 0.416e6}[self.variant]


class Mlp(Model):
    """Dense hidden layers with one activation, and a dense layer to the classes; biases begin at zero."""

    name: Literal["mlp"]
    units: Annotated[tuple[Annotated[int, Field(gt=0), WHOLE], ...], Field(min_length=1)]
    activation: Literal["relu", "sigmoid", "tanh"] = "relu"
    initializer: Literal["glorot_uniform", "he_normal", "normal"] = "glorot_uniform"
    stddev: Number = Field(default=0.01, gt=0, description="of the initializer normal")

    def multiply_adds(self, shape: Shape) -> float:
        """Of one forward pass over one image with ten classes."""
        return float(sum(a * b for a, b in pairwise((math.prod(shape), *self.units, 10))))


class ConvStack(Model):
    """A stack of ``depth`` = 6 n + 2 weighted layers in three stages, plain or residual (He et al. 2016, for CIFAR-10).

    ``width`` filters in the first stage, twice and four times as many in the others; ``dropout`` before the dense
    layer; ``initial_scale`` multiplies the standard deviation of He's initialisation.
    """

    name: Literal["conv_stack"]
    depth: Whole = Field(default=20, ge=8)
    width: Whole = Field(default=16, ge=1)
    filter_size: Whole = Field(default=3, ge=1)
    residual: StrictBool = False
    activation: Literal["relu", "sigmoid", "tanh"] = "relu"
    normalisation: Literal["batch", "none"] = "batch"
    normalisation_momentum: Number = Field(
        default=0.99, ge=0, lt=1, description="of the moving averages that evaluation normalises with"
    )
    dropout: Number = Field(default=0.0, ge=0, lt=1)
    initial_scale: Number = Field(default=1.0, gt=0)

    @model_validator(mode="after")
    def _whole_blocks(self) -> Self:
        if (self.depth - 2) % 6:
            lower = self.depth - (self.depth - 2) % 6
            raise ValueError(f"depth is 6 n + 2, such as {lower} or {lower + 6}; found {self.depth}")
        return self

    def convolutions(self, shape: Shape) -> Iterator[tuple[int, int, int, int]]:
        """Height and width of the output, channels before and filters, of each convolution from first to last."""
        height, width, channels = shape
        yield height, width, channels, self.width
        channels = self.width
        for stage in range(3):
            filters = self.width * 2**stage
            if stage:
                height, width = -(-height // 2), -(-width // 2)
            for _ in range((self.depth - 2) // 6):
                yield height, width, channels, filters
                yield height, width, filters, filters
                channels = filters

    def multiply_adds(self, shape: Shape, classes: int = 10) -> float:
        """Of one forward pass over one image, in convolutions and the dense layer: exact, but for normalisation."""
        area = self.filter_size**2
        inside = sum(area * height * width * a * b for height, width, a, b in self.convolutions(shape))
        return float(inside + 4 * self.width * classes)

    def parameters(self, shape: Shape, classes: int) -> int:
        """All weights: trainable ones, and the two moving averages a filter of batch normalisation."""
        area, each = self.filter_size**2, 4 if self.normalisation == "batch" else 1
        inside = sum(area * a * b + each * b for _, _, a, b in self.convolutions(shape))
        return inside + (4 * self.width + 1) * classes


class CellStack(Model):
    """A stack of ``depth`` cells whose inside was found by search (Liu et al. 2019: DARTS, for CIFAR-10).

    ``width`` filters at each node of a cell, doubled where the image is halved: at one and at two thirds of the depth.
    """

    name: Literal["cell_stack"]
    depth: Whole = Field(default=8, ge=3)
    width: Whole = Field(default=16, ge=2)
    normalisation_momentum: Number = Field(
        default=0.99, ge=0, lt=1, description="of the moving averages that evaluation normalises with"
    )

    def convolutions(self, shape: Shape) -> Iterator[tuple[int, int, int]]:
        """Positions of the output, weights of a kernel and filters, of each convolution; a cell's are put together.

        A cell begins with two convolutions of 1 x 1; one that does not halve the image has eleven pairs of a depthwise
        convolution of 3 x 3, of which a filter has its own, and one of 1 x 1.
        """
        height, width, channels = shape
        filters, before, last = self.width, 3 * self.width, 3 * self.width
        yield height * width, 9 * channels, last
        for index in range(self.depth):
            halve = index in (self.depth // 3, 2 * self.depth // 3)
            filters *= 2 if halve else 1
            yield height * width, before, filters
            yield height * width, last, filters
            if halve:
                height, width = -(-height // 2), -(-width // 2)
            else:
                yield height * width, 9 + filters, 11 * filters
            before, last = last, 4 * filters

    def multiply_adds(self, shape: Shape, classes: int = 10) -> float:
        """Of one forward pass over one image, in convolutions and the dense layer: exact, but for normalisation."""
        inside = sum(positions * kernel * filters for positions, kernel, filters in self.convolutions(shape))
        return float(inside + 16 * self.width * classes)

    def parameters(self, shape: Shape, classes: int) -> int:
        """All weights: trainable ones, and the two moving averages a filter of batch normalisation."""
        inside = sum((kernel + 4) * filters for _, kernel, filters in self.convolutions(shape))
        return inside + (16 * self.width + 1) * classes


class OwnModel(Model, Own):
    """A function of ``input_shape``, ``classes`` and the other fields that returns a Keras model giving logits."""


MODELS = Register(
    "model",
    {
        LeNet: "hpbench.parts.models.lenet:lenet",
        Mlp: "hpbench.parts.models.mlp:mlp",
        ConvStack: "hpbench.parts.models.conv_stack:conv_stack",
        CellStack: "hpbench.parts.models.cell_stack:cell_stack",
    },
    own=(OwnModel, "hpbench.parts.own:model"),
)

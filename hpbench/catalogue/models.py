"""Models a definition may name."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field

from hpbench.catalogue.numbers import WHOLE, Number, Shape
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


class OwnModel(Model, Own):
    """A function of ``input_shape``, ``classes`` and the other fields that returns a Keras model giving logits."""


MODELS = Register(
    "model",
    {LeNet: "hpbench.parts.models.lenet:lenet", Mlp: "hpbench.parts.models.mlp:mlp"},
    own=(OwnModel, "hpbench.parts.own:model"),
)

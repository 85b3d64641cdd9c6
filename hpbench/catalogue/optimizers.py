"""Optimizers a definition may name."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, StrictBool

from hpbench.catalogue.numbers import Number
from hpbench.catalogue.own import Own
from hpbench.catalogue.part import Parameters, Register


class OptimizerParameters(Parameters):
    """What every optimizer has."""

    def compiled(self) -> dict[str, Any]:
        """What of it a compiled program depends on: all of it, but for what it keeps as variables."""
        return self.model_dump(mode="json")


class Sgd(OptimizerParameters):
    """Stochastic gradient descent; ``l2`` x weight enters the gradient (coupled, as in Caffe).

    ``bias_rate`` multiplies the learning rate of biases (Caffe's ``lr_mult``).
    """

    name: Literal["sgd"]
    momentum: Number = Field(default=0.0, ge=0, lt=1)
    nesterov: StrictBool = False
    l2: Number = Field(default=0.0, ge=0)
    bias_rate: Number = Field(default=1.0, gt=0)

    @property
    def is_plain(self) -> bool:
        """Whether an update is the gradient, with ``l2`` in it, times one rate."""
        return self.momentum == 0 and self.bias_rate == 1

    def compiled(self) -> dict[str, Any]:
        """Of ``l2`` only whether there is any."""
        return super().compiled() | {"l2": self.l2 > 0}


class Adam(OptimizerParameters):
    """Adam with corrected moments (Kingma and Ba 2015), Keras' own; ``epsilon`` is added to the root."""

    name: Literal["adam"]
    beta_1: Number = Field(default=0.9, ge=0, lt=1)
    beta_2: Number = Field(default=0.999, ge=0, lt=1)
    epsilon: Number = Field(default=1e-7, gt=0)


class AdamEpsilonInRoot(OptimizerParameters):
    """Adam with ``epsilon`` under the root, and three ways to correct its moments for their start at zero.

    ``correction``: ``none``; ``usual``, as Kingma and Ba; ``overwriting``, where the corrected moments take the place
    of the running ones.
    """

    name: Literal["adam_epsilon_in_root"]
    beta_1: Number = Field(default=0.9, ge=0, lt=1)
    beta_2: Number = Field(default=0.99, ge=0, lt=1)
    epsilon: Number = Field(default=1e-8, gt=0)
    correction: Literal["none", "usual", "overwriting"] = "usual"


class RmsProp(OptimizerParameters):
    """RMSprop (Hinton 2012, lecture 6e), Keras' own: ``epsilon`` is added under the root."""

    name: Literal["rmsprop"]
    rho: Number = Field(default=0.9, ge=0, lt=1)
    momentum: Number = Field(default=0.0, ge=0, lt=1)
    epsilon: Number = Field(default=1e-7, gt=0)


class OwnOptimizer(OptimizerParameters, Own):
    """A Keras optimizer class; called with the other fields and ``learning_rate``: a schedule, or a number."""


OPTIMIZERS = Register(
    "optimizer",
    {
        Sgd: "hpbench.parts.optimizers:sgd",
        Adam: "hpbench.parts.optimizers:adam",
        AdamEpsilonInRoot: "hpbench.parts.adam:adam_epsilon_in_root",
        RmsProp: "hpbench.parts.optimizers:rmsprop",
    },
    own=(OwnOptimizer, "hpbench.parts.own:optimizer"),
)

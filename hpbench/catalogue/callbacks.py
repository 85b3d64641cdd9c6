"""Callbacks a definition may name; they are called at every evaluation, and where wanted at every iteration."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, StrictBool

from hpbench.catalogue.numbers import Number, Whole
from hpbench.catalogue.own import Own
from hpbench.catalogue.part import Parameters, Register


class Callback(Parameters):
    """What every callback has: whether it sets the learning rate, and the name of what it observes."""

    sets_learning_rate: ClassVar[bool] = False
    observes: ClassVar[str | None] = None


class RecordLearningRate(Callback):
    """Observes ``learning_rate``: the rate of the next update."""

    observes = "learning_rate"
    name: Literal["record_learning_rate"]


class RecordWeightNorm(Callback):
    """Observes ``weight_norm``: the Euclidean norm of all trainable weights together."""

    observes = "weight_norm"
    name: Literal["record_weight_norm"]


class ReduceOnPlateau(Callback):
    """Multiplies the rate by ``factor`` when ``monitor`` has not improved for ``patience`` evaluations.

    Keras' ``ReduceLROnPlateau``, counting evaluations for epochs. It goes with the schedule ``constant`` only.
    """

    sets_learning_rate = True
    observes = "learning_rate"
    name: Literal["reduce_on_plateau"]
    monitor: str = Field(default="test_loss", pattern=r"^(test|train)_(loss|accuracy)(\.[\w-]+)?$")
    factor: Number = Field(default=0.1, gt=0, lt=1)
    patience: Whole = Field(default=10, ge=1)
    min_delta: Number = Field(default=1e-4, ge=0)
    cooldown: Whole = Field(default=0, ge=0)
    min_learning_rate: Number = Field(default=0.0, ge=0)


class OwnCallback(Callback, Own):
    """A Keras callback class, called with the other fields; what it adds to the logs is observed.

    Of its methods those of epochs (each evaluation is one) and of the training are called. In texts, ``{trial}`` stands
    for the trial, so that trials write files of their own.
    """

    every_iteration: StrictBool = Field(
        default=False,
        description="its methods of batches are called, too: each iteration is a stretch of its own, which is slower",
    )


CALLBACKS = Register(
    "callback",
    {
        RecordLearningRate: "hpbench.parts.callbacks:RecordLearningRate",
        ReduceOnPlateau: "hpbench.parts.callbacks:ReduceOnPlateau",
        RecordWeightNorm: "hpbench.parts.callbacks:RecordWeightNorm",
    },
    own=(OwnCallback, "hpbench.parts.own:callback"),
)

"""Callbacks a definition may name; they are called at every evaluation."""

from __future__ import annotations

from typing import Literal

from hpbench.catalogue.part import Parameters, Register


class RecordLearningRate(Parameters):
    """Observes ``learning_rate``: the rate of the next update."""

    name: Literal["record_learning_rate"]


class RecordWeightNorm(Parameters):
    """Observes ``weight_norm``: the Euclidean norm of all trainable weights together."""

    name: Literal["record_weight_norm"]


CALLBACKS = Register(
    "callback",
    {
        RecordLearningRate: "hpbench.parts.callbacks:RecordLearningRate",
        RecordWeightNorm: "hpbench.parts.callbacks:RecordWeightNorm",
    },
)

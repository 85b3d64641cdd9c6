"""What a trial does (procedures), what proposes trials (planners), and what computes (backends)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from hpbench.catalogue.part import Parameters, Register


class Train(Parameters):
    """Train from a fresh initialisation for a fixed number of iterations, evaluating at intervals."""

    name: Literal["train"] = "train"


class Fit(Parameters):
    """The same training by Keras' ``model.fit``, measured at the end only: to compare with."""

    name: Literal["fit"]


class Transfer(Parameters):
    """Train on ``source``, freeze all but the last layer with weights, train that on what ``training.only`` names."""

    name: Literal["transfer"]
    source: dict[str, str] = Field(min_length=1, description="head to class: the images to train on first")


class Cases(Parameters):
    """Every case of the definition and of its studies, in one round."""

    name: Literal["cases"] = "cases"


class TensorFlow(Parameters):
    """TensorFlow: the stretch between two evaluations is one ``tf.function``."""

    name: Literal["tensorflow"] = "tensorflow"


PROCEDURES = Register(
    "procedure",
    {
        Train: "hpbench.engine.train:train",
        Fit: "hpbench.engine.by_fit:fit",
        Transfer: "hpbench.engine.transfer:transfer",
    },
)
PLANNERS = Register("planner", {Cases: "hpbench.plan.cases:next_round"})
BACKENDS = Register("backend", {TensorFlow: "hpbench.engine.tensorflow_backend:TensorFlowBackend"})

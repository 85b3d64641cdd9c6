"""Step strategies a definition may name: what one iteration does with a batch."""

from __future__ import annotations

from typing import Literal

from hpbench.catalogue.own import Own
from hpbench.catalogue.part import Parameters, Register


class Plain(Parameters):
    """One gradient, one update by the optimizer."""

    name: Literal["plain"] = "plain"


class OwnStep(Own):
    """A subclass of ``hpbench.engine.steps.Step``, called with the other fields."""


STEPS = Register(
    "step",
    {Plain: "hpbench.engine.steps:plain"},
    own=(OwnStep, "hpbench.engine.steps:own"),
)

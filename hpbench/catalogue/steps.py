"""Step strategies a definition may name: what one iteration does with a batch."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, StrictBool, model_validator

from hpbench.catalogue.numbers import NUMBER, Number
from hpbench.catalogue.own import Own
from hpbench.catalogue.part import Parameters, Register


class StepParameters(Parameters):
    """What every step has."""

    @property
    def sees_all_images(self) -> bool:
        """Whether it asks for gradients over all training images, so that their number is compiled in."""
        return False

    def compiled(self) -> dict[str, Any]:
        """What of it a compiled program depends on: all of it, but for what it keeps as tensors."""
        return self.model_dump(mode="json")


class Plain(StepParameters):
    """One gradient, one update by the optimizer."""

    name: Literal["plain"] = "plain"


class LearningRateSearch(StepParameters):
    """Searches a bound of the rate by the gradient's signs, then takes it or its half: whichever gives less loss.

    The algorithm of Kim et al. for few-shot learning; ``hpbench.engine.rate_search`` says what each field does.
    """

    name: Literal["learning_rate_search"]
    proposals: Annotated[tuple[Annotated[float, Field(gt=0), NUMBER], ...], Field(min_length=1)] = (0.01, 0.1, 1.0)
    alpha: Number = Field(default=8.0, ge=0, le=100)
    beta: Number = Field(default=5.0, ge=0, le=100)
    components: Literal["all", "nonzero"] = "all"
    zero: Literal["sign", "no-sign"] = "sign"
    biases: StrictBool = True
    batch: Literal["current", "all"] = "current"
    rounds: Literal["iterations", "free"] = "iterations"
    bounded: StrictBool = True

    @property
    def sees_all_images(self) -> bool:
        """With ``batch: all``."""
        return self.bounded and self.batch == "all"

    def compiled(self) -> dict[str, Any]:
        """Of the proposals only how many there are."""
        return super().compiled() | {"proposals": len(self.proposals)}

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.beta > self.alpha:
            raise ValueError(f"beta, {self.beta:g}, has to be at most alpha, {self.alpha:g}")
        return self


class OwnStep(StepParameters, Own):
    """A subclass of ``hpbench.engine.steps.Step``, called with the other fields."""

    @property
    def sees_all_images(self) -> bool:
        """It might."""
        return True


STEPS = Register(
    "step",
    {
        Plain: "hpbench.engine.steps:plain",
        LearningRateSearch: "hpbench.engine.rate_search:LearningRateSearch",
    },
    own=(OwnStep, "hpbench.engine.steps:own"),
)

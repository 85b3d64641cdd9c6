"""Step strategies a definition may name: what one iteration does with a batch."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, StrictBool, model_validator

from hpbench.catalogue.numbers import NUMBER, Number
from hpbench.catalogue.optimizers import Sgd
from hpbench.catalogue.own import Own
from hpbench.catalogue.part import Parameters, Register
from hpbench.catalogue.schedules import Constant


class StepParameters(Parameters):
    """What every step has."""

    @property
    def sees_all_images(self) -> bool:
        """Whether it asks for gradients over all training images, so that their number is compiled in."""
        return False

    def compiled(self) -> dict[str, Any]:
        """What of it a compiled program depends on: all of it, but for what it keeps as tensors."""
        return self.model_dump(mode="json")

    def fault(self, training: Any) -> str | None:
        """What of a definition's ``training`` it cannot work with, and what it can; None if nothing."""
        return None


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


class Hypergradient(StepParameters):
    """Hypergradient descent (Baydin et al. 2018): the rate goes with the product of gradients that follow each other.

    ``rate_of_rate`` is the paper's beta. It begins at ``training.learning_rate``.
    """

    name: Literal["hypergradient"]
    rate_of_rate: Number = Field(default=1e-3, gt=0)
    form: Literal["additive", "multiplicative"] = "additive"

    def fault(self, training: Any) -> str | None:
        """Its derivative is that of plain SGD."""
        return plain_sgd_needed("the step hypergradient", training)


def plain_sgd_needed(who: str, training: Any) -> str | None:
    """What has to be changed for a rate that begins at a constant and is used by plain SGD; None if nothing."""
    if not isinstance(training.optimizer, Sgd) or not training.optimizer.is_plain:
        return f"{who} needs the optimizer sgd without momentum and with one rate; write 'optimizer: {{name: sgd}}'"
    if not isinstance(training.schedule, Constant):
        return f"{who} changes the learning rate itself; write 'schedule: {{name: constant}}'"
    return None


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
        Hypergradient: "hpbench.engine.hypergradient:Hypergradient",
    },
    own=(OwnStep, "hpbench.engine.steps:own"),
)

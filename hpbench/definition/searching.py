"""Searches in a definition: their space, objective and pools."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from hpbench.catalogue.numbers import WHOLE, Whole
from hpbench.catalogue.spaces import AXES
from hpbench.definition.document import Name, Strict

AxisSpec: Any = AXES.specification
WINNER = "winner"
"""The case of a search's best point, run again."""


class Objective(Strict):
    """What a search is after."""

    metric: str = "test_accuracy"
    goal: Literal["max", "min"] = "max"


class Search(Strict):
    """Points proposed in a space of settings; the best one is run again with fresh seeds, as the case ``winner``."""

    strategy: Literal["grid", "random"]
    trials: Annotated[int | None, Field(gt=0, le=10_000), WHOLE] = Field(
        default=None, description="points of a random search; of a grid those that its axes have"
    )
    space: dict[str, AxisSpec] = Field(min_length=1, description="path of a setting to the values it may take")
    objective: Objective = Objective()
    seed: Whole = Field(default=0, ge=0, description="of a random search's draws; 0 is one like any other")
    again: Whole = Field(default=5, ge=0, description="fresh seeds with which the winner is run again")

    @model_validator(mode="after")
    def _can_be_planned(self) -> Self:
        for path, axis in self.space.items():
            unknown = [parent for parent in axis.when if parent not in list(self.space)[: list(self.space).index(path)]]
            if unknown:
                raise ValueError(f"space.{path}.when: '{unknown[0]}' is no axis before it")
            if self.strategy == "grid" and axis.name in ("linear", "log") and axis.points is None:
                raise ValueError(f"space.{path}: a grid needs points, such as {{name: {axis.name}, ..., points: 4}}")
        if (self.trials is None) == (self.strategy == "random"):
            raise ValueError("a random search says how many trials; a grid has those of its axes' points")
        return self

    @property
    def size(self) -> int:
        """Points at most."""
        return self.trials or math.prod(axis.levels for axis in self.space.values())


class Pools(Strict):
    """Two searches whose points are the pools that grid and random searches of equal size are drawn from.

    Both have the same axes: the one is a fine grid, the other random.
    """

    grid: Name
    random: Name

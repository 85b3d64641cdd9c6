"""Axes of a search's space: which values a setting may take, and how they are spread."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, StrictBool, model_validator

from hpbench.catalogue.numbers import WHOLE, Number, Whole
from hpbench.catalogue.part import Parameters, Register

Plain = StrictBool | int | float | str
"""A value that stands by itself in a definition."""


class Axis(Parameters):
    """What every axis has: ``when``, path of an earlier axis to the values at which this one is searched."""

    when: dict[str, Annotated[tuple[Plain, ...], Field(min_length=1)]] = Field(default={})


class _Range(Axis):
    points: Annotated[int | None, Field(ge=2), WHOLE] = Field(
        default=None, description="of a grid, both ends among them"
    )

    @property
    def levels(self) -> int:
        """Values of a grid, at most."""
        return self.points or 0

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        low, high = self.low, self.high  # type: ignore[attr-defined]
        if low >= high:
            raise ValueError(f"nothing lies between {low:g} and {high:g}: low comes first")
        return self


class Linear(_Range):
    """Any number from ``low`` to ``high``, evenly spread: for dropout, momentum."""

    name: Literal["linear"]
    low: Number
    high: Number


class Log(_Range):
    """Any number from ``low`` to ``high``, whose logarithm is evenly spread: for learning rate, weight decay."""

    name: Literal["log"]
    low: Number = Field(gt=0)
    high: Number = Field(gt=0)


class Integer(_Range):
    """Any whole number from ``low`` to ``high``, evenly spread, both among them: for width, depth."""

    name: Literal["integer"]
    low: Whole
    high: Whole

    @property
    def levels(self) -> int:
        """Values of a grid, at most."""
        return self.points or self.high - self.low + 1


class Choice(Axis):
    """One of ``values``, each as likely: also whole blocks, such as optimizers."""

    name: Literal["choice"]
    values: Annotated[tuple[Any, ...], Field(min_length=1)]

    @property
    def levels(self) -> int:
        """Values of a grid."""
        return len(self.values)


class Boolean(Axis):
    """No or yes."""

    name: Literal["boolean"]
    levels: ClassVar[int] = 2


AXES = Register(
    "axis",
    {
        Linear: "hpbench.plan.axes:linear",
        Log: "hpbench.plan.axes:log",
        Integer: "hpbench.plan.axes:integer",
        Choice: "hpbench.plan.axes:choice",
        Boolean: "hpbench.plan.axes:boolean",
    },
)

"""How one number is taken from a trial's curve of a metric."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from pydantic import Field

from hpbench.catalogue.numbers import Number, Whole
from hpbench.catalogue.part import Parameters, Register


@dataclass(frozen=True)
class Evaluations:
    """The iterations at which a trial is evaluated: every ``every``-th, the last, and where instruments ``read``."""

    every: int
    last: int
    read: tuple[int, ...] = ()

    def __contains__(self, iteration: int) -> bool:
        inside = 0 < iteration < self.last and iteration % self.every == 0
        return iteration == self.last or iteration in self.read or inside

    def __str__(self) -> str:
        read = f", its instruments read at {', '.join(map(str, self.read))}" if self.read else ""
        return f"a trial of {self.last} iterations is evaluated every {self.every} and at the end{read}"

    @property
    def first(self) -> int:
        """The first of them."""
        return min(self.every, self.last)

    def count_from(self, iteration: int) -> int:
        """How many of them are ``iteration``, which is positive, or later."""
        return (self.last - 1) // self.every - (iteration - 1) // self.every + 1 if iteration <= self.last else 0


class Take(Parameters):
    """What every take has.

    Attributes:
        needs_clock: Whether the training time is needed, which only a timed trial has.
    """

    needs_clock: ClassVar[bool] = False

    def lacks(self, evaluations: Evaluations) -> str:
        """What a curve evaluated there does not have of what is needed; empty if it has it."""
        return ""


class Final(Take):
    """The value of the last evaluation, or the trial's only value."""

    name: Literal["final"] = "final"


class At(Take):
    """The value at an iteration."""

    name: Literal["at"]
    iteration: Whole = Field(ge=0)

    def lacks(self, evaluations: Evaluations) -> str:
        """What the curve does not have."""
        return "" if self.iteration in evaluations else f"iteration {self.iteration} is not evaluated"


class Mean(Take):
    """The mean over the evaluations up to and including iteration ``until``."""

    name: Literal["mean"]
    until: Whole = Field(gt=0)

    def lacks(self, evaluations: Evaluations) -> str:
        """What the curve does not have."""
        inside = evaluations.first <= self.until <= evaluations.last
        return "" if inside else f"iteration {self.until} lies outside the curve"


class Gain(Take):
    """The last value minus the value at iteration ``since``."""

    name: Literal["gain"]
    since: Whole = Field(gt=0)

    def lacks(self, evaluations: Evaluations) -> str:
        """What the curve does not have."""
        return "" if self.since in evaluations else f"iteration {self.since} is not evaluated"


class Steepening(Take):
    """The slope after iteration ``after`` minus the mean slope before it, per 100 iterations."""

    name: Literal["steepening"]
    after: Whole = Field(gt=0)

    def lacks(self, evaluations: Evaluations) -> str:
        """What the curve does not have."""
        inside = self.after in evaluations and evaluations.first < self.after < evaluations.last
        return "" if inside else f"iteration {self.after} is not evaluated, or not between two that are"


class Swing(Take):
    """Largest minus smallest residual around the straight line through the values from ``after`` on."""

    name: Literal["swing"]
    after: Whole = Field(gt=0)

    def lacks(self, evaluations: Evaluations) -> str:
        """What the curve does not have."""
        enough = evaluations.count_from(self.after) >= 3
        return "" if enough else f"fewer than 3 evaluations from iteration {self.after} on"


class StraighterInLog(Take):
    """How much more of the logarithm's variance than of the value's a straight line explains, up to ``until``.

    The difference of two coefficients of determination: above 0 for what falls exponentially rather than steadily.
    """

    name: Literal["straighter_in_log"]
    until: Whole = Field(gt=0)

    def lacks(self, evaluations: Evaluations) -> str:
        """What the curve does not have."""
        enough = evaluations.count_from(1) - evaluations.count_from(self.until + 1) >= 3
        return "" if enough else f"fewer than 3 evaluations up to iteration {self.until}"


class IterationsTo(Take):
    """The first evaluated iteration at which the metric is at least ``value``; undefined if never."""

    name: Literal["iterations_to"]
    value: Number


class SecondsTo(Take):
    """Training seconds until the metric is at least ``value``; undefined if never, or if not timed."""

    needs_clock: ClassVar[bool] = True
    name: Literal["seconds_to"]
    value: Number


class IterationsToLimit(Take):
    """The first evaluated iteration from which on the metric stays within ``within`` of its last value or above."""

    name: Literal["iterations_to_limit"]
    within: Number = Field(default=0.01, gt=0)


TAKES = Register(
    "take",
    {
        Final: "hpbench.analysis.takes:final",
        At: "hpbench.analysis.takes:at",
        Mean: "hpbench.analysis.takes:mean",
        Gain: "hpbench.analysis.takes:gain",
        Steepening: "hpbench.analysis.takes:steepening",
        Swing: "hpbench.analysis.takes:swing",
        StraighterInLog: "hpbench.analysis.takes:straighter_in_log",
        IterationsTo: "hpbench.analysis.takes:iterations_to",
        SecondsTo: "hpbench.analysis.takes:seconds_to",
        IterationsToLimit: "hpbench.analysis.takes:iterations_to_limit",
    },
)

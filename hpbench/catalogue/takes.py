"""How one number is taken from a trial's curve of a metric."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from hpbench.catalogue.part import Parameters, Register


class Final(Parameters):
    """The value of the last evaluation, or the trial's only value."""

    name: Literal["final"] = "final"


class At(Parameters):
    """The value at an iteration."""

    name: Literal["at"]
    iteration: int = Field(gt=0)


class Mean(Parameters):
    """The mean over the evaluations up to and including iteration ``until``."""

    name: Literal["mean"]
    until: int = Field(gt=0)


class Gain(Parameters):
    """The last value minus the value at iteration ``since``."""

    name: Literal["gain"]
    since: int = Field(gt=0)


class Steepening(Parameters):
    """The slope after iteration ``after`` minus the mean slope before it, per 100 iterations."""

    name: Literal["steepening"]
    after: int = Field(gt=0)


class Swing(Parameters):
    """Largest minus smallest residual around the straight line through the values from ``after`` on."""

    name: Literal["swing"]
    after: int = Field(gt=0)


class IterationsTo(Parameters):
    """The first evaluated iteration at which the metric is at least ``value``; undefined if never."""

    name: Literal["iterations_to"]
    value: float


class SecondsTo(Parameters):
    """Training seconds until the metric is at least ``value``; undefined if never, or if not timed."""

    name: Literal["seconds_to"]
    value: float


class IterationsToLimit(Parameters):
    """The first evaluated iteration from which on the metric stays within ``within`` of its last value or above."""

    name: Literal["iterations_to_limit"]
    within: float = Field(default=0.01, gt=0)


TAKES = Register(
    "take",
    {
        Final: "hpbench.analysis.takes:final",
        At: "hpbench.analysis.takes:at",
        Mean: "hpbench.analysis.takes:mean",
        Gain: "hpbench.analysis.takes:gain",
        Steepening: "hpbench.analysis.takes:steepening",
        Swing: "hpbench.analysis.takes:swing",
        IterationsTo: "hpbench.analysis.takes:iterations_to",
        SecondsTo: "hpbench.analysis.takes:seconds_to",
        IterationsToLimit: "hpbench.analysis.takes:iterations_to_limit",
    },
)

"""How one number is taken from a trial's curve: the code behind ``hpbench.catalogue.takes``.

Each function returns NaN where the number is undefined (a target never reached, a value that is not finite)
and raises ``NotMeasuredError`` where the curve was not recorded as far, or in the way, that the number needs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from hpbench.analysis.statistics import Floats
from hpbench.catalogue import takes as catalogue
from hpbench.catalogue.part import Parameters


class NotMeasuredError(Exception):
    """The curve lacks what the number needs; the message says what."""


@dataclass(frozen=True)
class Curve:
    """One metric of one trial.

    Attributes:
        iterations: Updates done at each value, ascending, shape (n,); a single NaN for the trial as a whole.
        values: In the metric's unit, shape (n,).
        clock: Training seconds up to each value, shape (n,), NaN where unknown; None if not timed.
    """

    iterations: Floats
    values: Floats
    clock: Floats | None = None


def take(parameters: Parameters, curve: Curve) -> float:
    """The number that the definition's ``take`` asks for.

    Raises:
        NotMeasuredError: If the curve lacks what it needs.
    """
    name: str = parameters.name  # type: ignore[attr-defined]
    return float(catalogue.TAKES.load(name)(parameters, curve))


def has_target(parameters: Parameters) -> bool:
    """Whether the take is undefined when a target is never reached."""
    return "value" in type(parameters).model_fields


def final(parameters: catalogue.Final, curve: Curve) -> float:
    """The last value."""
    return float(curve.values[-1])


def at(parameters: catalogue.At, curve: Curve) -> float:
    """The value at ``iteration``."""
    return float(curve.values[_position(curve, parameters.iteration)])


def mean(parameters: catalogue.Mean, curve: Curve) -> float:
    """The mean of the values up to and including iteration ``until``, which the curve has to reach."""
    iterations = _evaluated(curve)
    chosen = curve.values[iterations <= parameters.until]
    if not chosen.size or iterations[-1] < parameters.until:
        raise NotMeasuredError(f"iteration {parameters.until} was not evaluated")
    return float(chosen.mean())


def gain(parameters: catalogue.Gain, curve: Curve) -> float:
    """The last value minus the one at iteration ``since``."""
    return float(curve.values[-1] - curve.values[_position(curve, parameters.since)])


def steepening(parameters: catalogue.Steepening, curve: Curve) -> float:
    """Mean slope from ``after`` to the end minus that from the start to ``after``, per 100 iterations."""
    position = _position(curve, parameters.after)
    if position in (0, curve.values.size - 1):
        raise NotMeasuredError(f"no evaluation before, or none after, iteration {parameters.after}")
    return 100 * (_slope(curve, position, -1) - _slope(curve, 0, position))


def swing(parameters: catalogue.Swing, curve: Curve) -> float:
    """Largest minus smallest residual around the least-squares line through the values from ``after`` on."""
    iterations = _evaluated(curve)
    chosen = iterations >= parameters.after
    if chosen.sum() < 3:
        raise NotMeasuredError(f"fewer than 3 evaluations from iteration {parameters.after} on")
    x, y = iterations[chosen] - iterations[chosen].mean(), curve.values[chosen]
    residuals = y - y.mean() - x * float(x @ (y - y.mean()) / (x @ x))
    return float(residuals.max() - residuals.min())


def straighter_in_log(parameters: catalogue.StraighterInLog, curve: Curve) -> float:
    """R squared of a line through the logarithms up to ``until``, less that of a line through the values.

    NaN where a value is not positive or none differs from the others.
    """
    iterations = _evaluated(curve)
    chosen = iterations <= parameters.until
    if chosen.sum() < 3:
        raise NotMeasuredError(f"fewer than 3 evaluations up to iteration {parameters.until}")
    x, y = iterations[chosen], curve.values[chosen]
    if not (y > 0).all() or not np.ptp(y):
        return math.nan
    in_log, plain = (float(np.corrcoef(x, values)[0, 1]) ** 2 for values in (np.log(y), y))
    return in_log - plain


def iterations_to(parameters: catalogue.IterationsTo, curve: Curve) -> float:
    """The first evaluated iteration at which the value is at least ``value``; NaN if never."""
    reached = np.flatnonzero(curve.values >= parameters.value)
    return float(_evaluated(curve)[reached[0]]) if reached.size else math.nan


def seconds_to(parameters: catalogue.SecondsTo, curve: Curve) -> float:
    """Training seconds at the first evaluation at which the value is at least ``value``; NaN if never."""
    if curve.clock is None:
        raise NotMeasuredError("not timed")
    reached = np.flatnonzero(curve.values >= parameters.value)
    if reached.size and math.isnan(curve.clock[reached[0]]):
        raise NotMeasuredError(f"not timed at iteration {curve.iterations[reached[0]]:.0f}")
    return float(curve.clock[reached[0]]) if reached.size else math.nan


def iterations_to_limit(parameters: catalogue.IterationsToLimit, curve: Curve) -> float:
    """The first evaluated iteration from which on every value is at least the last one minus ``within``."""
    if not np.isfinite(curve.values[-1]):
        return math.nan
    short = np.flatnonzero(~(curve.values >= curve.values[-1] - parameters.within))
    return float(_evaluated(curve)[short[-1] + 1 if short.size else 0])


def _evaluated(curve: Curve) -> Floats:
    """The curve's iterations."""
    if np.isnan(curve.iterations).any():
        raise NotMeasuredError("it is not observed over the iterations")
    return curve.iterations


def _position(curve: Curve, iteration: int) -> int:
    """Where the curve has that iteration."""
    found = np.flatnonzero(_evaluated(curve) == iteration)
    if not found.size:
        raise NotMeasuredError(f"iteration {iteration} was not evaluated")
    return int(found[0])


def _slope(curve: Curve, first: int, last: int) -> float:
    """Mean slope between two positions, per iteration."""
    rise = curve.values[last] - curve.values[first]
    return float(rise / (curve.iterations[last] - curve.iterations[first]))

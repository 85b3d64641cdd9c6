"""The budget: how much time and how many trials are left, and what fits into them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from hpbench.protocol.step import ProtocolError
from hpbench.report.numerals import plural

MINUTES = 10.0
"""Budget where none is given."""

COARSE_SHARE = 0.6
"""Of what is left after step 3, how much step 4 may take; the rest is for finer and longer trials."""

MARGIN = 1.25
"""By how much a trial may take longer than its estimate says: what is planned is the estimate times this."""

_Point = TypeVar("_Point")


class BudgetEndedError(Exception):
    """The time is over; caught within the protocol."""


class Budget:
    """Time and trials, from now on.

    Args:
        minutes: None for as long as it takes.
        trials: Trainings of steps 4 and 5; None for as many as fit.
        clock: In seconds.

    Raises:
        ProtocolError: One of them is not positive.
    """

    def __init__(self, minutes: float | None, trials: int | None, clock: Callable[[], float] = time.monotonic) -> None:
        if minutes is not None and not (math.isfinite(minutes) and minutes > 0):
            raise ProtocolError(f"the budget has to be a positive number of minutes; found {minutes}")
        if trials is not None and trials < 1:
            raise ProtocolError(f"the budget has to be at least one trial; found {trials}")
        self._clock, self._begun = clock, clock()
        self._minutes, self._trials = minutes, trials
        self.done = 0

    def seconds_left(self) -> float:
        """Until the time is over; infinity where there is no limit."""
        return math.inf if self._minutes is None else self._minutes * 60 - self.seconds_spent()

    def seconds_spent(self) -> float:
        """Since the beginning."""
        return self._clock() - self._begun

    def part(self, share: float) -> Budget:
        """A budget of that share of the time left, from now on."""
        minutes = None if self._minutes is None else max(share * self.seconds_left(), 1e-3) / 60
        return Budget(minutes, None, self._clock)

    def trials_left(self) -> int | None:
        """None where there is no limit."""
        return None if self._trials is None else self._trials - self.done

    def left(self) -> str:
        """What is left of it, in words."""
        minutes = (
            "" if self._minutes is None else f"{max(0.0, self.seconds_left()) / 60:.2g} of {self._minutes:.3g} minutes"
        )
        trials = "" if self._trials is None else f"{self._trials - self.done} of {self._trials} trials"
        return " and ".join(filter(None, (minutes, trials))) or "no limit"

    def require_time(self) -> None:
        """Check that the time is not over.

        Raises:
            BudgetEndedError: It is.
        """
        if self.seconds_left() <= 0:
            raise BudgetEndedError

    def __str__(self) -> str:
        minutes = "" if self._minutes is None else f"{self._minutes:.3g} minutes"
        trials = "" if self._trials is None else f"{self._trials} trials"
        return " and ".join(filter(None, (minutes, trials))) or "no limit"


@dataclass(frozen=True)
class Cost:
    """What a trial takes, as far as is known, in seconds.

    Attributes:
        start: To build and compile.
        epoch: To train for an epoch and judge the model.
    """

    start: float
    epoch: float

    def of(self, epochs: int) -> float:
        """A trial of so many epochs, with the margin."""
        return MARGIN * (self.start + epochs * self.epoch)

    def longest(self, epochs: int, seconds: float) -> int:
        """Epochs of the longest trial that fits, up to so many; 0 if none does."""
        return next((count for count in range(epochs, 0, -1) if self.of(count) <= seconds), 0)


@dataclass(frozen=True)
class Plan(Generic[_Point]):
    """Trials that fit a budget.

    Attributes:
        points: The settings, in order.
        epochs: Of each.
        shrunk: What had to be left out, in words; empty if nothing.
    """

    points: tuple[_Point, ...]
    epochs: int
    shrunk: str


def planned(points: Sequence[_Point], epochs: int, cost: Cost, seconds: float, trials: int | None) -> Plan[_Point]:
    """As many of the points, from the first on, as fit: first epochs are given up, down to one, then points.

    Args:
        points: The most important ones first.
        epochs: Of each, as wanted.
        cost: Of a trial.
        seconds: What all may take together.
        trials: How many there may be; None for no limit.
    """
    count = len(points) if trials is None else min(len(points), max(0, trials))
    kept = cost.longest(epochs, seconds / max(count, 1)) or 1
    while count and count * cost.of(kept) > seconds:
        count -= 1
    words = []
    if kept < epochs:
        words.append(f"{plural(kept, 'epoch')} a trial instead of {epochs}")
    if count < len(points):
        words.append(f"{count} of {len(points)} settings")
    shrunk = f"The budget holds {' and '.join(words)}." if words else ""
    return Plan(tuple(points[:count]), kept, shrunk)

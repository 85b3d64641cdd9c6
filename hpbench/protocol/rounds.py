"""What step 5 trains next, and when it has settled: no training is done here."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from hpbench.analysis.diagnosis import FEWEST_POINTS
from hpbench.protocol.curves import diagnosed
from hpbench.protocol.points import ROUND, Point, Trial, best_of, refined
from hpbench.report.numerals import plural

LONGEST = 8
"""Times the epochs of the first round beyond which no trial is lengthened."""

Fitting = Callable[[int], int]


@dataclass(frozen=True)
class Round:
    """Trials of one round.

    Attributes:
        number: From 1.
        points: The settings; none where the search has come to its end.
        epochs: Of each.
        remark: What had to be left out, in words; empty if nothing.
        why_ended: Why there are none, in words.
        settled: Whether it ended because there is nothing left to gain, and not for want of budget.
    """

    number: int
    points: tuple[Point, ...]
    epochs: int
    remark: str = ""
    why_ended: str = ""
    settled: bool = False


class Rounds:
    """The rounds of step 5, each from what the trials before have shown.

    Settings near the best are tried for as many epochs each. Where its curve is still getting better, or where nothing
    new is left near it, trials are made longer. Where that brings no more than chance does, the search has settled.

    Args:
        epochs: Of the first round.
        classes: How many the model tells apart.
        examples: Validation examples, by whose number accuracies differ by chance.
        seed: Of the settings drawn.
    """

    def __init__(self, epochs: int, classes: int, examples: int, seed: int) -> None:
        self._first, self._classes, self._examples = epochs, classes, examples
        self._rng = np.random.default_rng([seed, 5])
        self.epochs = 0
        self.number = 0
        self._shorter: Trial | None = None

    def next(self, trials: Sequence[Trial], fitting: Fitting) -> Round:
        """The next round.

        Args:
            trials: All until now; one of them was completed.
            fitting: Gives the epochs that a trial may have within the time left, up to the number it is given.
        """
        best = best_of(trials)
        if best is None:
            raise ValueError("there is no trial to begin from")
        shape = diagnosed(best.curve, self._classes).shape
        longer = self._longer(best, shape)
        if fitting(longer) > self.epochs:
            return self._lengthened(best, shape, longer, fitting, trials)
        if not self.epochs or fitting(self.epochs) < self.epochs:
            words = f" of {plural(self.epochs, 'epoch')}" if self.epochs else ""
            return Round(
                self.number, (), self.epochs, why_ended=f"another trial{words} does not fit into the time left"
            )
        points = refined(best.point, self.number + 1, shape, self._rng, self._tried(trials, self.epochs))
        return self._begun(points) if points else self._without_new(best, shape, fitting, trials)

    def _without_new(self, best: Trial, shape: str, fitting: Fitting, trials: Sequence[Trial]) -> Round:
        """Where nothing new is left: longer trials, if they can be expected to bring more."""
        if self._shorter and best.accuracy - self._shorter.accuracy <= self.spread(best.accuracy):
            return self._settled(
                f"nothing new is left to try near the best setting, and {self.epochs} epochs gave no more than "
                f"{self._shorter.curve.epochs} did, beyond chance ({self.spread(best.accuracy):.1%} of accuracy)"
            )
        longer = min(2 * self.epochs, LONGEST * self._first)
        if fitting(longer) > self.epochs:
            return self._lengthened(best, shape, longer, fitting, trials)
        why = f"nothing new is left to try near the best setting with {plural(self.epochs, 'epoch')}"
        if longer > self.epochs:
            return self._settled(f"{why}, and the time left does not hold a longer trial")
        return self._settled(f"{why}, the most that step 5 goes to; --epochs lets it begin with more")

    def spread(self, accuracy: float) -> float:
        """Standard error of an accuracy that is taken on so many validation examples, as of a share."""
        return math.sqrt(accuracy * (1 - accuracy) / self._examples)

    def _longer(self, best: Trial, shape: str) -> int:
        """Epochs that the best trial's curve asks for: at least those of now."""
        wanted = max(self._first, self.epochs)
        if shape == "still-improving" or best.curve.epochs < FEWEST_POINTS:  # too few to tell
            wanted = max(wanted, min(2 * best.curve.epochs, LONGEST * self._first))
        return wanted

    def _lengthened(self, best: Trial, shape: str, wanted: int, fitting: Fitting, trials: Sequence[Trial]) -> Round:
        """The best setting for more epochs than before, as many of those wanted as fit, and new ones beside it."""
        self._shorter = best if self.epochs else None
        self.epochs = fitting(wanted)
        tried = self._tried(trials, self.epochs)
        begin = () if best.point in tried else (best.point,)
        points = refined(best.point, self.number + 1, shape, self._rng, (best.point, *tried))
        remark = (
            f"The time holds {plural(self.epochs, 'epoch')} a trial instead of {wanted} in round {self.number + 1}."
        )
        return self._begun((*begin, *points)[:ROUND], remark if self.epochs < wanted else "")

    def _begun(self, points: tuple[Point, ...], remark: str = "") -> Round:
        self.number += 1
        return Round(self.number, points, self.epochs, remark)

    def _settled(self, why: str) -> Round:
        return Round(self.number, (), self.epochs, why_ended=why, settled=True)

    def _tried(self, trials: Sequence[Trial], epochs: int) -> list[Point]:
        """Settings that were trained for as many epochs, or more."""
        return [trial.point for trial in trials if trial.epochs >= epochs]

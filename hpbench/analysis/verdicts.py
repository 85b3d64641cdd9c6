"""From quantities with allowed intervals to a verdict."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from hpbench.analysis.statistics import FEWEST, Interval, mean_interval


class Verdict(StrEnum):
    """What the trials say of a claim."""

    SUPPORTED = "supported"
    CONTRADICTED = "contradicted"
    INCONCLUSIVE = "inconclusive"
    OBSERVED = "observed"
    NOT_MEASURED = "not-measured"


@dataclass(frozen=True)
class Quantity:
    """One number a claim is about, and where it has to lie.

    Attributes:
        label: What it is, such as ``"CASE6 - CASE1"``.
        values: One value a seed, where it is defined; seeds ascending.
        undefined: Number of further seeds for which it is undefined, such as a target that was never reached.
        low: Lower end of the allowed interval; ``-inf`` for none.
        high: Upper end of the allowed interval; ``inf`` for none.
        strict: Whether the ends themselves are not allowed ("greater than", not "at least").
        missing: Without any seed: what was not measured.
    """

    label: str
    values: tuple[float, ...]
    undefined: int = 0
    low: float = -math.inf
    high: float = math.inf
    strict: bool = False
    missing: str = ""

    @property
    def seeds(self) -> int:
        """Number of seeds, with those for which it is undefined."""
        return len(self.values) + self.undefined

    @cached_property
    def interval(self) -> Interval:
        """Mean and 95 % interval over the seeds for which it is defined."""
        return mean_interval(self.values)

    def allows(self, value: float) -> bool:
        """Whether the value lies in the allowed interval; NaN never does."""
        return self.low < value < self.high if self.strict else self.low <= value <= self.high

    @property
    def verdict(self) -> Verdict:
        """The verdict on this quantity alone.

        With fewer than 3 seeds only observed; with an undefined seed inconclusive; supported when the 95 %
        interval lies inside the allowed one, contradicted when wholly outside, else inconclusive.
        """
        if not self.seeds:
            return Verdict.NOT_MEASURED
        if self.seeds < FEWEST:
            return Verdict.OBSERVED
        if self.undefined:
            return Verdict.INCONCLUSIVE
        if self.allows(self.interval.low) and self.allows(self.interval.high):
            return Verdict.SUPPORTED
        return Verdict.CONTRADICTED if self._outside() else Verdict.INCONCLUSIVE

    @property
    def holds(self) -> bool:
        """Whether the mean lies in the allowed interval, and every seed has a value."""
        return bool(self.values) and not self.undefined and self.allows(self.interval.mean)

    def _outside(self) -> bool:
        """Whether the 95 % interval has no point in common with the allowed one."""
        if self.strict:
            return self.interval.high <= self.low or self.interval.low >= self.high
        return self.interval.high < self.low or self.interval.low > self.high


@dataclass(frozen=True)
class Decision:
    """The verdict on all of a claim's quantities.

    Attributes:
        verdict: Of the claim.
        holds: For ``observed`` only, whether every point value lies in its allowed interval; else None.
        note: Why there is no clear verdict, for a person; often empty.
    """

    verdict: Verdict
    holds: bool | None
    note: str


@dataclass(frozen=True)
class Finding:
    """The verdict on one claim under one reading.

    Attributes:
        claim: The claim's id.
        reading: The reading's name.
        verdict: What the trials say.
        holds: For ``observed`` only, whether every point value lies in its allowed interval; else None.
        quantities: What the verdict is based on.
        note: Why there is no clear verdict, for a person; often empty.
    """

    claim: str
    reading: str
    verdict: Verdict
    holds: bool | None
    quantities: tuple[Quantity, ...]
    note: str


def decide(quantities: Sequence[Quantity], why_undefined: str = "undefined") -> Decision:
    """Combine the quantities of a claim, which holds when every one of them does.

    Contradicted if any quantity is. Otherwise not measured if any was not; observed if any has fewer than 3
    seeds; supported if all are; else inconclusive.

    Args:
        quantities: At least one.
        why_undefined: What it means that a quantity is undefined: ``"target not reached"``.
    """
    verdicts = {quantity.verdict for quantity in quantities}
    note = "; ".join(_notes(quantities, why_undefined))
    if Verdict.CONTRADICTED in verdicts:
        return Decision(Verdict.CONTRADICTED, None, note)
    if Verdict.NOT_MEASURED in verdicts or not verdicts:
        return Decision(Verdict.NOT_MEASURED, None, note or "nothing to measure")
    if Verdict.OBSERVED in verdicts:
        return Decision(Verdict.OBSERVED, all(quantity.holds for quantity in quantities), note)
    if verdicts == {Verdict.SUPPORTED}:
        return Decision(Verdict.SUPPORTED, None, note)
    return Decision(Verdict.INCONCLUSIVE, None, note)


def _notes(quantities: Sequence[Quantity], why_undefined: str) -> list[str]:
    """What is missing or undefined, each once."""
    notes = [quantity.missing for quantity in quantities if not quantity.seeds]
    for quantity in quantities:
        if quantity.undefined:
            notes.append(f"{quantity.label}: {why_undefined} in {quantity.undefined} of {quantity.seeds} seeds")
    return list(dict.fromkeys(note for note in notes if note))

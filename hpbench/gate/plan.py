"""How many seeds the thresholds of a gate need, from the spread of what is stored."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy import special

from hpbench.analysis.power import MOST, seeds_needed, sizes_of_spread
from hpbench.analysis.statistics import FEWEST, sample_spread
from hpbench.definition.gated import Gated
from hpbench.definition.readings import DEFAULT
from hpbench.gate import comparable
from hpbench.gate.decide import FAMILY_ERROR, least_spread
from hpbench.gate.sides import BenchmarkSide, Side

POWER = 0.99
"""Probability that is asked for, of each: a gate runs often, and what it lets pass stays."""
SURE = 0.8
"""How sure the spread is to be no larger than it is taken to be: that of a few seeds may be far too small."""
CAUGHT = 2
"""A worsening by this many thresholds is what has to be caught: one of just the threshold is found larger than it, or
smaller, with even chances, however many seeds there are."""


@dataclass(frozen=True)
class Need:
    """How many seeds one gated metric of one case needs.

    Attributes:
        benchmark: Its id.
        case: Name of a case or a group.
        gated: The entry that gates it.
        seeds: Seeds that are stored.
        spread: Standard deviation of a difference paired by seed, in the threshold's unit; NaN if not known.
        degrees: Values it is from, less one.
        paired: Whether that of differences that are stored, or that of one run's values times the root of 2.
        to_pass: Seeds with which it passes if nothing has changed; infinite beyond ``MOST``, NaN without a spread.
        to_catch: Seeds with which a worsening by ``CAUGHT`` thresholds is found.
    """

    benchmark: str
    case: str
    gated: Gated
    seeds: int
    spread: float
    degrees: int
    paired: bool
    to_pass: float
    to_catch: float

    @property
    def needed(self) -> float:
        """Seeds for both."""
        return math.nan if math.isnan(self.to_pass + self.to_catch) else max(self.to_pass, self.to_catch)


def plan(first: Side, second: Side | None = None, *, in_turns: bool = False) -> list[Need]:
    """How many seeds each gated comparison needs, each with a probability of ``POWER``.

    Args:
        first: A run, or a reference.
        second: Another run, if there is one: what differs between them pair by pair is nearest to what will.
        in_turns: Whether both are run in turns; times are not gated otherwise.
    """
    others = second.benchmarks if second else {}
    places = [
        (benchmark, side, gated, case)
        for benchmark, side in first.benchmarks.items()
        for gated in side.gated
        if not comparable.why_only_shown(side, others.get(benchmark), gated.metric, in_turns)
        for case in side.gated_cases(gated)
        if side.values(case, DEFAULT, gated.metric)
    ]
    level = FAMILY_ERROR / max(1, len(places))
    return [_need(name, case, gated, (side, others.get(name)), level, in_turns) for name, side, gated, case in places]


def enough(needs: Iterable[Need]) -> float:
    """Seeds that are enough for all of them; infinite beyond ``MOST``, NaN where a spread is not known, or for none."""
    numbers = [need.needed for need in needs]
    return max(numbers) if numbers and not any(map(math.isnan, numbers)) else math.nan


def _need(
    benchmark: str,
    case: str,
    gated: Gated,
    sides: tuple[BenchmarkSide, BenchmarkSide | None],
    level: float,
    in_turns: bool,
) -> Need:
    side, other = sides
    place = case, DEFAULT, gated.metric
    values = [value for value in side.values(*place).values() if value is not None]
    mean = math.fsum(values) / len(values) if values else math.nan
    spread, degrees, paired = sample_spread(values) * math.sqrt(2), len(values) - 1, False
    if gated.relative:
        spread = spread / abs(mean) if mean else math.nan
    if other is not None and not comparable.why_not(side, other, place):
        pairs = comparable.paired(side, other, place, relative=gated.relative, in_turns=in_turns)
        known = [value for value in pairs.differences if math.isfinite(value)]
        if sample_spread(known) > 0:  # of the same bits there is nothing to learn
            spread, degrees, paired = sample_spread(known), len(known) - 1, True
    large = spread if math.isnan(spread) else max(largest_spread(spread, degrees), least_spread(gated.threshold))
    return Need(
        benchmark=benchmark,
        case=case,
        gated=gated,
        seeds=len(values),
        spread=spread,
        degrees=degrees,
        paired=paired,
        to_pass=_to_pass(large, gated.threshold),
        to_catch=seeds_to_catch(large, gated.threshold, level),
    )


def largest_spread(spread: float, degrees: int) -> float:
    """Upper bound of the true standard deviation of normal values, at a confidence of ``SURE``.

    That a plan from a small pilot is kept with that confidence: Browne, Statist. Med. 14 (1995) 1933-1940.

    Args:
        spread: Of a sample; NaN gives NaN.
        degrees: Size of the sample less one.
    """
    return spread * math.sqrt(degrees / special.chdtri(degrees, SURE)) if spread > 0 else spread


def _to_pass(spread: float, threshold: float) -> float:
    if math.isnan(spread):
        return math.nan
    return seeds_needed(0.0, spread, -threshold, math.inf, power=POWER)


def seeds_to_catch(spread: float, threshold: float, level: float) -> float:
    """The smallest number of seeds with which a worsening by ``CAUGHT`` thresholds is found; infinite beyond ``MOST``.

    Args:
        spread: True standard deviation of the differences; positive, NaN gives NaN.
        threshold: Change that matters, in the same unit.
        level: The strictest two-sided p that may be asked for.
    """
    if math.isnan(spread):
        return math.nan
    numbers = range(FEWEST, MOST + 1)
    place = bisect_left(numbers, POWER, key=lambda n: chance_to_catch(n, spread, threshold, level))
    return numbers[place] if place < len(numbers) else math.inf


def chance_to_catch(n: int, spread: float, threshold: float, level: float) -> float:
    """Probability that n normal differences with a mean of ``CAUGHT`` thresholds are called a worsening.

    Their mean has to lie beyond the threshold and beyond ``t s / sqrt(n)``, with s their sample standard deviation and
    t the quantile of Student's t for the level. Given s that is a normal probability; it is averaged over s as in
    ``hpbench.analysis.power.chance_to_decide``.

    Args:
        n: Number of seeds, at least 2.
        spread: True standard deviation of the differences; positive.
        threshold: In the same unit.
        level: Two-sided.
    """
    weights, sizes = sizes_of_spread(n - 1)
    error = spread / math.sqrt(n)
    bound = np.maximum(threshold, float(special.stdtrit(n - 1, 1 - level / 2)) * sizes * error)
    return float(weights @ special.ndtr((CAUGHT * threshold - bound) / error))

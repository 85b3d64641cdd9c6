"""How many seeds would decide a claim, from the spread of the seeds that were run."""

from __future__ import annotations

import math
from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import special

from hpbench.analysis.statistics import FEWEST, Floats, sample_spread, student_quantile
from hpbench.analysis.verdicts import Finding, Quantity, Verdict

POWER = 0.8
"""Probability of a decision that is asked for."""
MOST = 1000
"""Seeds beyond which the search ends."""
NODES = 100
DECIDED = (Verdict.SUPPORTED, Verdict.CONTRADICTED)


@dataclass(frozen=True)
class Outlook:
    """What it would take to decide a claim under one reading.

    Attributes:
        finding: The verdict now.
        quantity: The quantity that decides; None if no number of seeds would, as ``finding.note`` says.
        spread: Standard deviation of its values; NaN with fewer than two.
        seeds: Seeds that would decide it; infinite beyond ``MOST``, NaN without a spread.
    """

    finding: Finding
    quantity: Quantity | None
    spread: float = math.nan
    seeds: float = math.nan

    @property
    def decided(self) -> bool:
        """Whether the seeds that were run have decided the claim."""
        return self.finding.verdict in DECIDED


def outlook(finding: Finding) -> Outlook:
    """The quantity that decides a claim, and with how many seeds.

    One quantity whose mean lies outside what is allowed is enough to contradict the claim: the one that needs the
    fewest seeds decides. If all lie inside, the claim waits for the one that needs the most. The probability is that
    of this quantity alone, and holds as far as its mean and spread are those seen so far, which few seeds say roughly.
    """
    able = [quantity for quantity in finding.quantities if quantity.values and not quantity.undefined]
    outside = [quantity for quantity in able if not quantity.holds]
    if not outside and (not able or len(able) < len(finding.quantities)):
        return Outlook(finding, None)
    choose = min if outside else max
    seeds, quantity = choose(((_needed(item), item) for item in outside or able), key=lambda pair: _order(pair[0]))
    return Outlook(finding, quantity, sample_spread(quantity.values), seeds)


def seeds_needed(
    mean: float, spread: float, low: float, high: float, fewest: int = FEWEST, power: float = POWER
) -> float:
    """The smallest number of seeds whose 95 % interval decides with a probability of ``power``.

    Args:
        mean: True mean of the values.
        spread: Their true standard deviation.
        low: Lower end of the allowed interval; ``-inf`` for none.
        high: Upper end of the allowed interval; ``inf`` for none.
        fewest: Seeds from which the search starts.
        power: Probability of a decision that is asked for.

    Returns:
        A whole number from ``fewest`` on; infinite beyond ``MOST``.
    """
    numbers = range(fewest, MOST + 1)
    place = bisect_left(numbers, power, key=lambda n: chance_to_decide(n, mean, spread, low, high))
    return numbers[place] if place < len(numbers) else math.inf


def chance_to_decide(n: int, mean: float, spread: float, low: float, high: float) -> float:
    """Probability that the 95 % t interval of n values lies where their mean does: inside the allowed interval,
    wholly below it, or wholly above it.

    For normal values; where the verdict's interval is the bootstrap's, from 10 seeds on, that of t stands for it.
    The mean of n values and their standard deviation s are independent; given s, the interval lies between two bounds
    a and b when the mean of the values lies between ``a + t s / sqrt(n)`` and ``b - t s / sqrt(n)``. That probability
    is averaged over the distribution of s (chi with n - 1 degrees of freedom) by Gauss-Legendre quadrature over its
    quantiles. With one bound it is the power of the one-sample t test, from the noncentral t distribution: Cohen,
    "Statistical Power Analysis for the Behavioral Sciences" (2nd edition, 1988), chapter 2; with two, that of the two
    one-sided tests: Schuirmann, J. Pharmacokinet. Biopharm. 15 (1987).
    """
    if mean < low:
        low, high = -math.inf, low
    elif mean > high:
        low, high = high, math.inf
    if spread == 0:
        return float(low < mean < high)
    scale = math.sqrt(n) / spread
    weights, sizes = sizes_of_spread(n - 1)
    half = student_quantile(n - 1) * sizes
    inside = special.ndtr((high - mean) * scale - half) - special.ndtr((low - mean) * scale + half)
    return float(weights @ np.maximum(inside, 0.0))


def _needed(quantity: Quantity) -> float:
    """Seeds that would decide the quantity: no more than there are if they do, else more."""
    spread = sample_spread(quantity.values)
    if math.isnan(spread):
        return math.nan
    if spread == 0:
        return FEWEST
    decided = quantity.verdict in DECIDED
    fewest = FEWEST if decided else max(FEWEST, quantity.seeds + 1)
    seeds = seeds_needed(quantity.interval.mean, spread, quantity.low, quantity.high, fewest)
    return min(seeds, quantity.seeds) if decided else seeds


def _order(seeds: float) -> tuple[bool, float]:
    """Sort key in which an unknown number is the largest."""
    return math.isnan(seeds), seeds


@lru_cache(maxsize=MOST)
def sizes_of_spread(degrees: int) -> tuple[Floats, Floats]:
    """Weights, and the sample's standard deviation as a multiple of the true one, for an average over it."""
    places, weights = _nodes()
    sizes: Floats = np.sqrt(2 * special.gammaincinv(degrees / 2, places) / degrees)
    return weights, sizes


@lru_cache(maxsize=1)
def _nodes() -> tuple[Floats, Floats]:
    """Places and weights of the quadrature from 0 to 1."""
    places, weights = np.polynomial.legendre.leggauss(NODES)
    return (places + 1) / 2, weights / 2

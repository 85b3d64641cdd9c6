"""From values paired by seed to a verdict: tests, their family-wise error, thresholds.

A difference counts when it is both significant and larger than what matters in practice. Significant means: over all
tests of a comparison together, the probability of even one false one is at most ``FAMILY_ERROR``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from scipy import special

from hpbench.analysis.statistics import FEWEST, Floats, Interval, student_quantile

FAMILY_ERROR = 0.01
"""Probability of one or more false verdicts among all gated comparisons together."""
FLOOR = 0.1
"""Share of a threshold below which no spread of differences is believed: a few accuracies, which go in steps of an
image, may all have changed alike, and the next one need not."""
TOO_GOOD = 5
"""An improvement by more than this many thresholds is more than a change of code plausibly brings."""


class Verdict(StrEnum):
    """What a comparison says of the second side."""

    IDENTICAL = "identical"
    BETTER = "better"
    SAME = "same"
    WORSE = "worse"
    UNCLEAR = "unclear"
    NOT_COMPARABLE = "not comparable"


@dataclass(frozen=True)
class Decision:
    """A verdict with its reason.

    Attributes:
        verdict: Of the second side.
        why: The reason, for a person; empty where the numbers say it.
        too_good: Whether it is better than is plausible.
    """

    verdict: Verdict
    why: str = ""
    too_good: bool = False


def least_spread(threshold: float) -> float:
    """The standard deviation that differences are taken to have at least, in the unit of the threshold."""
    return FLOOR * threshold


def interval(differences: Sequence[float], threshold: float) -> Interval:
    """Mean and 95 % interval by Student's t, from 3 differences on, with no spread below ``least_spread``.

    Args:
        differences: One a seed, finite.
        threshold: Change that matters in practice, in the same unit; positive.
    """
    sample = np.asarray(differences, dtype=np.float64)
    mean = float(sample.mean()) if sample.size else math.nan
    if sample.size < FEWEST:
        return Interval(mean, math.nan, math.nan, sample.size)
    half = student_quantile(sample.size - 1) * _error(sample, threshold)
    return Interval(mean, mean - half, mean + half, sample.size)


def paired_p(differences: Sequence[float], threshold: float) -> float | None:
    """Two-sided p of the t test of a mean of zero (Student, Biometrika 6, 1908); None with fewer than 3 differences.

    The spread is none below ``least_spread``, which makes p only larger.

    Args:
        differences: One a seed, finite.
        threshold: Change that matters in practice, in the same unit; positive.
    """
    sample = np.asarray(differences, dtype=np.float64)
    if sample.size < FEWEST:
        return None
    return float(2 * special.stdtr(sample.size - 1, -abs(float(sample.mean())) / _error(sample, threshold)))


def _error(sample: Floats, threshold: float) -> float:
    """Standard error of the mean; shape (n,), n at least 2."""
    return max(float(sample.std(ddof=1)), least_spread(threshold)) / math.sqrt(sample.size)


def holm(p: Sequence[float], error: float = FAMILY_ERROR) -> list[bool]:
    """Which tests are significant with that family-wise error (Holm, Scand. J. Statist. 6, 1979).

    The smallest p is held to error / m, the next to error / (m - 1), and so on up to the first that fails.
    """
    significant = [False] * len(p)
    for rank, index in enumerate(sorted(range(len(p)), key=lambda place: p[place])):
        if p[index] > error / (len(p) - rank):
            break
        significant[index] = True
    return significant


def decide(differences: Sequence[float], higher_is_better: bool, threshold: float, significant: bool) -> Decision:
    """The verdict on a gated metric whose bits are not the same.

    Worse or better if significant, and the mean difference is larger than the threshold. Otherwise the same if the
    95 % interval of the difference excludes a worsening by more than the threshold, and unclear if it does not.

    Args:
        differences: Second side less first, one a seed, finite, in the unit of ``threshold``.
        higher_is_better: Whether a positive difference is an improvement.
        threshold: Change that matters in practice; positive.
        significant: Whether the test, beside all others, says that there is a difference.
    """
    gain = interval(differences if higher_is_better else [-value for value in differences], threshold)
    if gain.n < FEWEST:
        return Decision(Verdict.UNCLEAR, f"too few seeds: {gain.n}, and a test needs {FEWEST}")
    if significant and gain.mean < -threshold:
        return Decision(Verdict.WORSE)
    if significant and gain.mean > threshold:
        if gain.mean > TOO_GOOD * threshold:
            return Decision(Verdict.BETTER, f"TOO GOOD: more than {TOO_GOOD} times the threshold", too_good=True)
        return Decision(Verdict.BETTER)
    if gain.low >= -threshold:
        return Decision(Verdict.SAME, "" if gain.high <= threshold else "may be better")
    return Decision(Verdict.UNCLEAR, f"{gain.n} seeds do not exclude a worsening by more than the threshold")


def seen(difference: Interval, higher_is_better: bool) -> Decision:
    """The verdict on a metric that is shown and not gated: what the 95 % interval of the difference says by itself."""
    if not difference.bounded:
        return Decision(Verdict.UNCLEAR, f"too few seeds: {difference.n}, and an interval needs {FEWEST}")
    if difference.low <= 0 <= difference.high:
        return Decision(Verdict.SAME, "no difference seen")
    return Decision(Verdict.BETTER if (difference.mean > 0) == higher_is_better else Verdict.WORSE)

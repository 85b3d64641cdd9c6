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

from hpbench.analysis.statistics import FEWEST, Floats, Interval, mean_interval

FAMILY_ERROR = 0.01
"""Probability of one or more false verdicts among all gated comparisons together."""
SIGN_FLIPS = range(12, 21)
"""Numbers of seeds with which signs are flipped instead of assuming normal differences."""
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
class PairedTest:
    """A test of no difference.

    Attributes:
        p: Two-sided.
        kind: Its name, for a person.
    """

    p: float
    kind: str


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


def paired_test(differences: Sequence[float], level: float) -> PairedTest | None:
    """Test whether differences paired by seed are zero on average; None with fewer than 3, or if one is not finite.

    Student's t for up to 11 seeds: so few flips of signs give p in steps that are too coarse for a level of
    ``FAMILY_ERROR`` over several tests (with 5 seeds none is below 1/16), and the mean of differences of two like
    trainings is near normal. From 12 to 20 seeds all flips of signs, exact without an assumption but that under no
    difference each sign is as likely as the other, where the smallest p they can give is below the level; beyond, t,
    to which the flips converge. Identical differences that are not zero have no spread that t could use: signs alone
    are flipped then, whatever their number. The choice looks at nothing but the number of seeds and that.

    Args:
        differences: One a seed.
        level: The strictest level that p may have to reach.
    """
    sample = np.asarray(differences, dtype=np.float64)
    if sample.size < FEWEST or not np.isfinite(sample).all():
        return None
    if not sample.any():
        return PairedTest(1.0, "no difference")
    if sample.min() == sample.max():
        return PairedTest(smallest_flip_p(sample.size), "sign flips")
    if sample.size in SIGN_FLIPS and smallest_flip_p(sample.size) <= level:
        return PairedTest(sign_flip_p(sample), "sign flips")
    return PairedTest(student_p(sample), "Student's t")


def student_p(sample: Floats) -> float:
    """Two-sided p of the one-sample t test of a mean of zero (Student, Biometrika 6, 1908).

    Args:
        sample: Shape (n,), n at least 2, not all identical.
    """
    n = sample.size
    t = float(sample.mean()) / (float(sample.std(ddof=1)) / math.sqrt(n))
    return float(2 * special.stdtr(n - 1, -abs(t)))


def sign_flip_p(sample: Floats) -> float:
    """Two-sided p of the mean among those of all 2^n choices of signs (Fisher, "The Design of Experiments", 1935, §21).

    Args:
        sample: Shape (n,), n at most 20.
    """
    sums = np.zeros(1)
    for size in np.abs(sample):
        sums = np.concatenate((sums + size, sums - size))
    rounding = 8 * np.finfo(np.float64).eps * float(np.abs(sample).sum())
    return float(np.count_nonzero(np.abs(sums) >= abs(float(sample.sum())) - rounding) / sums.size)


def smallest_flip_p(n: int) -> float:
    """The smallest two-sided p that flips of n signs can give."""
    return float(2.0 ** (1 - n))


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
    gain = mean_interval(differences if higher_is_better else [-value for value in differences])
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

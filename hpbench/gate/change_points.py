"""Where a series changes: E-divisive, the hierarchical search of Matteson and James (2014).

D. S. Matteson and N. A. James, "A nonparametric approach for multiple change point analysis of multivariate data",
Journal of the American Statistical Association 109 (505), 2014, arXiv:1306.4933; used for benchmarks by Daly et al.,
"The use of change point detection to identify software performance regressions in a continuous integration system",
ICPE 2020, arXiv:2003.00584. As there, the right side of a split reaches to the segment's end. No library is used: those
with this method bring an application's dependencies (Apache Otava), others (ruptures) want a penalty instead of an
error rate.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from hpbench.analysis.statistics import Floats

LEVEL = 0.01
"""Chance that a series that does not change has a change point, one or more: the search ends at the first test that is
not significant. Of 100 such series one is therefore expected to have a false one."""
PERMUTATIONS = 999
FEWEST = 3
"""Points on each side of a change: one outlier, or two, are none, unless they are the newest: then one before them
may count as theirs."""
_SEED = 0
_TIE = 1 - 1e-9
"""Statistics this much apart count as equal, which rounding would tell apart."""


class ChangePoint(NamedTuple):
    """A change.

    Args:
        start: Place of the first point after it.
        before: Mean of the segment before.
        after: Mean of the segment after.
        p: Share of permutations (and the series itself) that split as well.
    """

    start: int
    before: float
    after: float
    p: float


def change_points(values: Sequence[float]) -> list[ChangePoint]:
    """The changes of a series, in its order; the same each time.

    Each step takes the split, in any segment, that separates most in energy distance; it stands if a permutation
    within the segments separates as well with a chance of at most ``LEVEL``.

    Args:
        values: Finite, in the order of time; of fewer than 10 no split can be significant.
    """
    series = np.asarray(values, dtype=np.float64)
    distances = np.abs(series[:, None] - series[None, :])
    random = np.random.default_rng(_SEED)
    edges = [0, len(series)]
    found: dict[int, float] = {}
    while True:
        strength, index = _best(distances, edges)
        p = _chance(distances, edges, strength, random)
        if p > LEVEL:
            break
        found[index] = p
        edges = sorted([*edges, index])
    return [
        ChangePoint(start, float(series[before:start].mean()), float(series[start:end].mean()), found[start])
        for before, start, end in zip(edges, edges[1:], edges[2:], strict=False)
    ]


def _best(distances: Floats, edges: Sequence[int]) -> tuple[float, int]:
    """The largest energy distance between both sides of a split, and that split; 0 if there is none."""
    return max(
        (_split(distances[start:end, start:end], start) for start, end in pairwise(edges)),
        key=lambda found: found[0],
    )


def _split(distances: Floats, start: int) -> tuple[float, int]:
    """Of one segment, by the sums of all leading squares of its distances (equations 5 to 7 there, with alpha 1)."""
    n = len(distances)
    left = np.arange(FEWEST, n - FEWEST + 1)
    if not left.size:
        return 0.0, start
    right = n - left
    sums = distances.cumsum(axis=0).cumsum(axis=1)
    within_left, rows = sums[left - 1, left - 1], sums[left - 1, n - 1]
    between, within_right = rows - within_left, sums[-1, -1] - 2 * rows + within_left
    energy = 2 * between / (left * right) - within_left / (left * (left - 1)) - within_right / (right * (right - 1))
    strength = energy * left * right / n
    best = int(strength.argmax())
    return float(strength[best]), start + int(left[best])


def _chance(distances: Floats, edges: Sequence[int], strength: float, random: np.random.Generator) -> float:
    """Share of permutations within the segments, the series itself among them, whose best split is as strong.

    Given up where it is larger than ``LEVEL`` whatever comes (Besag and Clifford 1991), which decides the same.
    """
    if strength <= 0:
        return 1.0
    as_strong = 1
    for _ in range(PERMUTATIONS):
        order = np.concatenate([start + random.permutation(end - start) for start, end in pairwise(edges)])
        as_strong += _best(distances[np.ix_(order, order)], edges)[0] >= strength * _TIE
        if as_strong > LEVEL * (PERMUTATIONS + 1):
            return 1.0
    return as_strong / (PERMUTATIONS + 1)

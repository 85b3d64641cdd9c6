"""Which axis of a search matters: permutation importance of a random forest (Breiman 2001), with intervals."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from hpbench.analysis.search import Point
from hpbench.analysis.statistics import Floats, Interval
from hpbench.definition.searching import Search
from hpbench.records.trial import canonical_json

FEWEST = 16
"""Points below which a forest has too little to go by."""
FORESTS = 40
"""Resamples of the points, a forest each."""
TREES = 20


def importance(points: Sequence[Point], search: Search) -> dict[str, Interval]:
    """Each axis with the share of the score's variance that a forest loses when the axis is shuffled.

    A forest is fitted to points drawn with replacement and judged on those that were not drawn; there the axis is
    shuffled. The mean over the forests and the 2.5 and 97.5 percentiles; near 0, or below, an axis tells nothing. Empty
    with too few points, or if all scores are equal.

    Args:
        points: That were trained; those without a finite score are left out.
        search: With their space.
    """
    kept = [point for point in points if math.isfinite(point.mean)]
    scores = np.array([point.mean for point in kept])
    if len(kept) < FEWEST or np.ptp(scores) == 0:
        return {}
    paths = [path for path, axis in search.space.items() if axis.name != "choice" or len(axis.values) > 1]
    encoded = np.array([[_number(point.settings, path, search.space[path]) for path in paths] for point in kept])
    generator = np.random.default_rng(0)
    losses = np.array([_losses(encoded, scores, generator) for _ in range(FORESTS)])
    ends = np.percentile(losses, [2.5, 97.5], axis=0)
    return {
        path: Interval(float(losses[:, column].mean()), float(ends[0, column]), float(ends[1, column]), len(kept))
        for column, path in enumerate(paths)
    }


def _losses(encoded: Floats, scores: Floats, generator: np.random.Generator) -> Floats:
    """For one forest the loss of each axis, over the variance of the points that were not drawn."""
    from sklearn.ensemble import RandomForestRegressor

    count = len(scores)
    while True:
        drawn = generator.integers(0, count, count)
        rest = np.setdiff1d(np.arange(count), drawn)
        if len(rest) > 1 and np.ptp(scores[rest]) > 0:
            break
    forest = RandomForestRegressor(TREES, random_state=int(generator.integers(2**31)), n_jobs=1)
    forest.fit(encoded[drawn], scores[drawn])
    before = float(np.mean((forest.predict(encoded[rest]) - scores[rest]) ** 2))
    found = np.zeros(encoded.shape[1])
    for column in range(encoded.shape[1]):
        shuffled = encoded[rest].copy()
        shuffled[:, column] = generator.permutation(shuffled[:, column])
        after = float(np.mean((forest.predict(shuffled) - scores[rest]) ** 2))
        found[column] = (after - before) / float(np.var(scores[rest]))
    return found


def _number(settings: Mapping[str, Any], path: str, axis: Any) -> float:
    """Of a log axis the logarithm; NaN where an axis was not searched."""
    if path not in settings:
        return math.nan
    value = settings[path]
    if axis.name == "choice":
        return float([canonical_json(one) for one in axis.values].index(canonical_json(value)))
    return math.log(value) if axis.name == "log" else float(value)

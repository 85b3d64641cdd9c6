"""The objective of a search over two numeric axes: smoothed between its points, and how the good ones lie."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from hpbench.analysis.search import RESAMPLES, Searched, place_along
from hpbench.analysis.statistics import Floats, Interval
from hpbench.definition.searching import Search

SIDE = 40
"""Cells of the smoothed surface along each axis."""
NEIGHBOURS = 6
"""Points that a place of the surface is the mean of, the nearer ones counting more."""
GOOD = 4
"""One point in so many, the best ones, is a good one."""
FEWEST = 32
"""Points below which a surface would show how they happen to lie, and too few of them are good."""


@dataclass(frozen=True)
class Surface:
    """The smoothed objective.

    Attributes:
        x: Ends of the cells along the first axis, (SIDE + 1,).
        y: Of those along the second, (SIDE + 1,).
        values: In the middle of each cell, (x, y).
    """

    x: Floats
    y: Floats
    values: Floats


def numeric_axes(search: Search) -> list[str]:
    """Paths of the axes along which there is a more and a less, in the order of the space."""
    return [path for path, axis in search.space.items() if axis.name in ("linear", "log", "integer")]


def surface(found: Searched) -> Surface | None:
    """The mean of the nearest points, weighted by their distance, over the first two numeric axes (scikit-learn's).

    Distances are shares of the axes, of a log axis of its logarithm. A point without a finite score counts as the worst
    one that has one. None with fewer than two axes or too few points.
    """
    from sklearn.neighbors import KNeighborsRegressor

    paths, places, scores = _places(found)
    if len(paths) < 2 or len(scores) < FEWEST:
        return None
    model = KNeighborsRegressor(NEIGHBOURS, weights="distance").fit(places, scores)
    ends = np.linspace(0, 1, SIDE + 1)
    middles = (ends[1:] + ends[:-1]) / 2
    grid = np.stack(np.meshgrid(middles, middles, indexing="ij"), axis=-1).reshape(-1, 2)
    x, y = (_values(found.search.space[path], ends) for path in paths)
    return Surface(x, y, model.predict(grid).reshape(SIDE, SIDE))


def river(found: Searched) -> Interval | None:
    """Spearman's rank correlation of the first two numeric axes among the good points, from -1 to 1.

    Below 0 where a larger value of one axis wants a smaller one of the other. The 95 % percentile interval is that of
    resampled points. None with fewer than two axes or too few good points.
    """
    paths, places, scores = _places(found)
    if len(paths) < 2 or len(scores) < FEWEST:
        return None
    count = len(scores) // GOOD
    chosen = places[np.argsort(-found.sign * scores, kind="stable")[:count]]
    generator = np.random.default_rng(0)
    resampled = chosen[generator.integers(0, count, (RESAMPLES, count))]
    low, high = np.nanpercentile(_rank_correlations(resampled), [2.5, 97.5])
    return Interval(float(_rank_correlations(chosen[None])[0]), float(low), float(high), count)


def _rank_correlations(samples: Floats) -> Floats:
    """Spearman's of each sample of places, (samples, points, 2); NaN where an axis has one value only."""
    ranks = stats.rankdata(samples, axis=1)
    ranks -= ranks.mean(axis=1, keepdims=True)
    x, y = ranks[..., 0], ranks[..., 1]
    scale = np.sqrt((x * x).sum(axis=1) * (y * y).sum(axis=1))
    found: Floats = np.divide((x * y).sum(axis=1), scale, out=np.full(len(scale), math.nan), where=scale > 0)
    return found


def _places(found: Searched) -> tuple[list[str], Floats, Floats]:
    """The two axes, and of each point that has both its places along them as shares and its score."""
    paths = numeric_axes(found.search)[:2]
    kept = [point for point in found.points if all(path in point.settings for path in paths)]
    finite = [point.mean for point in kept if math.isfinite(point.mean)]
    worst = min(finite, key=lambda score: found.sign * score, default=math.nan)
    scores = np.array([point.mean if math.isfinite(point.mean) else worst for point in kept])
    axes = {path: found.search.space[path] for path in paths}
    places = [[place_along(axis, point.settings[path]) for path, axis in axes.items()] for point in kept]
    return (paths, np.array(places), scores) if finite else (paths, np.empty((0, 2)), np.empty(0))


def _values(axis: Any, shares: Floats) -> Floats:
    """The values at such places."""
    low, high, log = float(axis.low), float(axis.high), axis.name == "log"
    return low * (high / low) ** shares if log else low + shares * (high - low)

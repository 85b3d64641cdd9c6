"""Grid against random search at equal budgets, from pools of trained points.

A repeat of random search draws its points from a pool of random ones; a repeat of grid search is an evenly spaced grid
inside a finer one. Intervals resample the pools, because repeats from one pool share their points.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from hpbench.analysis.search import Searched
from hpbench.analysis.statistics import Floats, Interval

REPEATS = 500
"""Random searches drawn from a pool."""
RESAMPLES = 400
"""Of the pools, for intervals."""


@dataclass(frozen=True)
class Budget:
    """Both strategies with the same number of points.

    Attributes:
        points: Of a search.
        grids: Different grids of that size inside the pool's.
        grid: Mean best score of a grid search.
        random: Mean best score of a random search.
        difference: Of these, random less grid, positive if random is better.
        win_rate: Share of pairs in which random search found the better one; ties count half.
        distinct_grid: Values of each axis that a grid tries.
        distinct_random: Values that a random search tries.
    """

    points: int
    grids: int
    grid: Interval
    random: Interval
    difference: Interval
    win_rate: Interval
    distinct_grid: int
    distinct_random: int


def budgets(grid: Searched, random: Searched) -> Iterator[Budget]:
    """Every size of a grid with equally many values of each axis that fits evenly into the pool."""
    scores = _grid_scores(grid)
    pool = np.array([random.sign * point.mean for point in random.points])
    if scores is None or not np.isfinite(pool).any():
        return
    pool = np.where(np.isfinite(pool), pool, np.nanmin(pool))
    axes, side = scores.ndim - 1, min(scores.shape[:-1])
    for values in range(2, side):
        points = values**axes
        chosen = list(_grids(scores.shape[:-1], values))
        if points <= len(pool) // 2 and chosen:
            yield _budget(scores, pool, chosen, points, values, random.sign)


def _grid_scores(grid: Searched) -> Floats | None:
    """Scores by place on each axis and by seed, larger is better; None if the grid is not whole."""
    paths = list(grid.search.space)
    levels = [
        sorted({float(point.settings[path]) for point in grid.points if path in point.settings}) for path in paths
    ]
    seeds = min(len(point.scores) for point in grid.points)
    shape = tuple(map(len, levels))
    if len(grid.points) != math.prod(shape):
        return None
    scores = np.full((*shape, seeds), np.nan)
    for point in grid.points:
        place = tuple(level.index(float(point.settings[path])) for level, path in zip(levels, paths, strict=True))
        scores[place] = grid.sign * np.array(point.scores[:seeds])
    return np.where(np.isfinite(scores), scores, np.nanmin(scores))


def _grids(shape: Sequence[int], values: int) -> Iterator[tuple[tuple[int, ...], ...]]:
    """Places on each axis of every evenly spaced grid with so many values an axis, that spans the pool."""
    by_axis = []
    for length in shape:
        stride = (length - 1) // (values - 1)
        span = stride * (values - 1)
        by_axis.append([tuple(range(start, start + span + 1, stride)) for start in range(length - span)])
    yield from itertools.product(*by_axis)


def _budget(
    scores: Floats, pool: Floats, chosen: Sequence[tuple[tuple[int, ...], ...]], points: int, values: int, sign: float
) -> Budget:
    generator = np.random.default_rng(0)
    found = [_compared(scores.mean(axis=-1), pool, chosen, points, generator)]
    for _ in range(RESAMPLES):
        seeds = generator.integers(0, scores.shape[-1], scores.shape)
        drawn = np.take_along_axis(scores, seeds, axis=-1).mean(axis=-1)
        found.append(_compared(drawn, pool[generator.integers(0, len(pool), len(pool))], chosen, points, generator))
    table = np.array(found)
    low, high = np.percentile(table[1:], [2.5, 97.5], axis=0)
    grid, random, difference, win_rate = (
        Interval(float(mean), float(below), float(above), len(pool))
        for mean, below, above in zip(table[0], low, high, strict=True)
    )
    if sign < 0:
        grid, random = (Interval(-one.mean, -one.high, -one.low, one.n) for one in (grid, random))
    return Budget(points, len(chosen), grid, random, difference, win_rate, values, points)


def _compared(
    scores: Floats,
    pool: Floats,
    chosen: Sequence[tuple[tuple[int, ...], ...]],
    points: int,
    generator: np.random.Generator,
) -> tuple[float, float, float, float]:
    """Mean best of the grids, of the random searches, the difference, and how often random wins."""
    grids = np.array([scores[np.ix_(*places)].max() for places in chosen])
    draws = generator.permuted(np.tile(pool, (REPEATS, 1)), axis=1)[:, :points].max(axis=1)
    pairs = np.sign(draws[:, np.newaxis] - grids[np.newaxis, :])
    return float(grids.mean()), float(draws.mean()), float(draws.mean() - grids.mean()), float((pairs.mean() + 1) / 2)

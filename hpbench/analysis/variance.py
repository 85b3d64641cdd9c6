"""Which axis of a full grid explains how much of the variance of a response."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations

import numpy as np
from scipy import stats

from hpbench.analysis.statistics import Floats


def variance_shares(array: Floats, axes: Sequence[str]) -> dict[tuple[str, ...], float]:
    """Shares of the variance of a full-factorial response: functional analysis of variance.

    The response is the sum, over all subsets of the axes, of components that are orthogonal to each other: a
    subset's is the mean over all other axes minus the components of its own subsets. Its share is its sum of
    squares over the total one. Hooker, "Generalized Functional ANOVA Diagnostics", J. Comp. Graph. Stat. 16
    (2007); for hyperparameters: Hutter, Hoos and Leyton-Brown (ICML 2014). No model is fitted: the grid is full.

    Args:
        array: One dimension an axis, finite.
        axes: Their names, in the order of the dimensions.

    Returns:
        Names of the axes to share: main effects first, then interactions. They sum to 1; all are NaN where
        the response does not vary beyond rounding.
    """
    dimensions = range(array.ndim)
    centred = array - array.mean()
    components: dict[tuple[int, ...], Floats] = {(): np.zeros((1,) * array.ndim)}
    for size in range(1, array.ndim + 1):
        for subset in combinations(dimensions, size):
            others = tuple(axis for axis in dimensions if axis not in subset)
            component = centred.mean(axis=others, keepdims=True)
            for smaller, known in components.items():
                if set(smaller) < set(subset):
                    component = component - known
            components[subset] = component
    del components[()]
    squares = {subset: float((c**2).sum()) * array.size / c.size for subset, c in components.items()}
    total = math.fsum(squares.values())
    rounding = array.size * (8 * np.finfo(np.float64).eps * float(np.abs(array).max())) ** 2
    varies = total > rounding
    return {
        tuple(axes[axis] for axis in subset): square / total if varies else math.nan
        for subset, square in squares.items()
    }


def doubling_effect(array: Floats, dimension: int, levels: Sequence[object]) -> float:
    """Change of the response when an axis doubles: the least-squares slope on log2 of its levels.

    The grid is full, so the other axes are orthogonal to it and drop out. NaN if a level is not a positive
    number, or if there is only one.
    """
    x = _logarithms(levels)
    if x is None:
        return math.nan
    others = tuple(axis for axis in range(array.ndim) if axis != dimension)
    means = array.mean(axis=others)
    return float(x @ means / (x @ x))


def rank_correlation(array: Floats, dimension: int, levels: Sequence[object]) -> float:
    """Spearman's rank correlation of the response with an axis, over all points; NaN where undefined."""
    x = _logarithms(levels)
    if x is None or array.min() == array.max():
        return math.nan
    shape = [-1 if axis == dimension else 1 for axis in range(array.ndim)]
    everywhere = np.broadcast_to(x.reshape(shape), array.shape)
    return float(stats.spearmanr(everywhere.ravel(), array.ravel()).statistic)


def _logarithms(levels: Sequence[object]) -> Floats | None:
    """Base-2 logarithms of at least two positive levels, their mean taken off; None otherwise."""
    numbers = [float(level) for level in levels if isinstance(level, int | float) and level > 0]
    if len(numbers) < len(levels) or len(set(numbers)) < 2:
        return None
    x = np.log2(np.array(numbers))
    centred: Floats = x - x.mean()
    return centred

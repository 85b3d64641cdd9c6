"""Smoothing of a learning curve."""

from __future__ import annotations

import numpy as np

from hpbench.analysis.statistics import Floats

SHARE = 0.1
"""Share of a curve's points that are averaged: enough to calm a curve of 20 to 60 points, short beside its bends."""


def window_of(points: int) -> int:
    """The odd number of points that are averaged on a curve of that many: about a tenth, and at least 3."""
    return max(3, 2 * round(SHARE * points / 2) + 1)


def smoothed(values: Floats, window: int | None = None) -> Floats:
    """Centred moving average; near the ends the window shrinks to what lies on both sides, so that no end is shifted.

    Args:
        values: Shape (n,).
        window: Odd number of points; ``window_of(n)`` if none.

    Returns:
        Shape (n,): the mean of the 2 h + 1 values around each, with h the smallest of (window - 1) / 2 and the numbers
        of values before and after it. The first and the last value stay as they are.
    """
    n = values.size
    half = ((window or window_of(n)) - 1) // 2
    places = np.arange(n)
    halves = np.minimum(half, np.minimum(places, n - 1 - places))
    return np.array([values[i - h : i + h + 1].mean() for i, h in zip(places, halves, strict=True)], dtype=np.float64)

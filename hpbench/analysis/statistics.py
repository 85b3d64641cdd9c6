"""Intervals over seeds, as small pure functions."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from scipy import special

FEWEST = 3
"""Values below which no interval is given."""
BOOTSTRAP_FROM = 10
"""Values from which the interval of the mean is a bootstrap instead of Student's t."""
RESAMPLES = 9_999
CONFIDENCE = 0.95
SEED = 0

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """A mean and its 95 % interval, in the unit of the values.

    Attributes:
        mean: Arithmetic mean; NaN without values.
        low: Lower end; NaN when there are fewer than 3 values.
        high: Upper end; NaN when there are fewer than 3 values.
        n: Number of values.
    """

    mean: float
    low: float
    high: float
    n: int

    @property
    def bounded(self) -> bool:
        """Whether there were enough values for ``low`` and ``high``."""
        return not math.isnan(self.low)

    def scaled(self, factor: float) -> Interval:
        """In another unit."""
        return Interval(self.mean * factor, self.low * factor, self.high * factor, self.n)


def mean_interval(values: Iterable[float]) -> Interval:
    """The mean and its 95 % interval.

    Student's t from 3 to 9 values; from 10 the bias-corrected, accelerated bootstrap (``bootstrap_ends``).
    Identical values give an interval of width zero.

    Raises:
        ValueError: If a value is not finite.
    """
    sample = _finite(values)
    n = sample.size
    if n == 0:
        return Interval(math.nan, math.nan, math.nan, 0)
    if sample.min() == sample.max():
        mean = float(sample[0])
        return Interval(mean, mean, mean, n) if n >= FEWEST else Interval(mean, math.nan, math.nan, n)
    mean = float(sample.mean())
    if n < FEWEST:
        return Interval(mean, math.nan, math.nan, n)
    if n >= BOOTSTRAP_FROM:
        low, high = bootstrap_ends(sample)
        if math.isfinite(low) and math.isfinite(high):
            return Interval(mean, low, high, n)
    half = student_quantile(n - 1) * float(sample.std(ddof=1)) / math.sqrt(n)
    return Interval(mean, mean - half, mean + half, n)


def mean_interval_or_undefined(values: Iterable[float]) -> Interval:
    """``mean_interval``, or NaN with the number of values where one of them is not finite."""
    sample = np.fromiter(values, dtype=np.float64)
    if np.isfinite(sample).all():
        return mean_interval(sample)
    return Interval(math.nan, math.nan, math.nan, sample.size)


def sample_spread(values: Iterable[float]) -> float:
    """Sample standard deviation; exactly zero for identical values, NaN for fewer than two."""
    sample = np.fromiter(values, dtype=np.float64)
    if sample.size < 2:
        return math.nan
    return float(sample.std(ddof=1)) if sample.min() < sample.max() else 0.0


def prediction_interval(values: Iterable[float]) -> Interval:
    """The mean and the 95 % interval in which one further run's value lies.

    ``mean ± t s sqrt(1 + 1/n)`` with Student's t of n - 1 degrees of freedom and s the sample's standard
    deviation: Hahn and Meeker, "Statistical Intervals" (Wiley, 1991), chapter 4. Assumes normal values.

    Raises:
        ValueError: If a value is not finite.
    """
    sample = _finite(values)
    n = sample.size
    mean = float(sample.mean()) if n else math.nan
    if n < FEWEST:
        return Interval(mean, math.nan, math.nan, n)
    if sample.min() == sample.max():
        return Interval(float(sample[0]), float(sample[0]), float(sample[0]), n)
    half = student_quantile(n - 1) * float(sample.std(ddof=1)) * math.sqrt(1 + 1 / n)
    return Interval(mean, mean - half, mean + half, n)


def bootstrap_ends(sample: Floats) -> tuple[float, float]:
    """Ends of the 95 % bootstrap interval of the mean, bias-corrected and accelerated (BCa).

    Efron, "Better Bootstrap Confidence Intervals", JASA 82 (1987), equations 2.3 and 6.6. The resamples
    depend on the number of values alone: equal values give equal ends, and many samples of a size are quick.

    Args:
        sample: Shape (n,), finite, not all identical.

    Returns:
        Low and high; NaN where rounding leaves the correction undefined.
    """
    return _bootstrap_ends(sample.tobytes())


@lru_cache(maxsize=4096)
def _bootstrap_ends(values: bytes) -> tuple[float, float]:
    """``bootstrap_ends`` by the values as bytes: a report shows the same ones in several places."""
    sample = np.frombuffer(values, dtype=np.float64)
    n = sample.size
    offset = sample - sample.mean()
    # einsum and not @: threads of a BLAS would decide the last bits, and get in each other's way here
    means = np.einsum("ji,j->i", _resample_counts(n), offset) / n
    rounding = 8 * np.finfo(np.float64).eps * float(np.abs(sample).max())
    below, above = np.count_nonzero(means < -rounding), np.count_nonzero(means > rounding)
    bias = float(special.ndtri((RESAMPLES + below - above) / 2 / RESAMPLES))
    cubed, squared = float((offset**3).sum()), float((offset**2).sum())
    if not math.isfinite(bias) or squared == 0:
        return math.nan, math.nan
    acceleration = cubed / (6 * squared**1.5)
    normal = special.ndtri(np.array([(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])) + bias
    levels = special.ndtr(bias + normal / (1 - acceleration * normal))
    low, high = _quantiles(means, levels) + sample.mean()
    return float(low), float(high)


def _quantiles(values: Floats, levels: Floats) -> Floats:
    """Linearly interpolated quantiles, shape of ``levels``; a partition is ten times faster than a sort."""
    positions = levels * (values.size - 1)
    whole = np.minimum(positions.astype(np.intp), values.size - 2)
    ordered = np.partition(values, np.unique([whole, whole + 1]))
    quantiles: Floats = ordered[whole] + (positions - whole) * (ordered[whole + 1] - ordered[whole])
    return quantiles


@lru_cache(maxsize=64)
def student_quantile(degrees: int) -> float:
    """The 97.5 % quantile of Student's t."""
    return float(special.stdtrit(degrees, (1 + CONFIDENCE) / 2))


@lru_cache(maxsize=8)
def _resample_counts(n: int) -> npt.NDArray[np.uint16]:
    """How often each of n values is drawn in each resample, shape (n, RESAMPLES); small, as every mean reads it all."""
    drawn = np.random.default_rng(SEED).integers(0, n, (RESAMPLES, n))
    places = drawn * RESAMPLES + np.arange(RESAMPLES)[:, None]
    return np.bincount(places.ravel(), minlength=n * RESAMPLES).reshape(n, RESAMPLES).astype(np.uint16)


def _finite(values: Iterable[float]) -> Floats:
    sample = np.fromiter(values, dtype=np.float64)
    if not np.isfinite(sample).all():
        raise ValueError("an interval needs finite values")
    return sample

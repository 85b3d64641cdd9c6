import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from hpbench.analysis.statistics import (
    RESAMPLES,
    SEED,
    mean_interval,
    mean_interval_or_undefined,
    prediction_interval,
)

samples = st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=14)


def test_t_interval_by_hand():
    """t(0.975, 3) = 3.182446 from a printed table; the sample has mean 2.5 and variance 5/3."""
    half = 3.182446 * math.sqrt(5 / 3) / 2
    interval = mean_interval([1, 2, 3, 4])
    assert interval.n == 4
    assert (interval.mean, interval.low, interval.high) == pytest.approx((2.5, 2.5 - half, 2.5 + half), rel=1e-6)


@pytest.mark.parametrize("n", [0, 1, 2])
def test_fewer_than_three_values_have_no_interval(n):
    for interval in (mean_interval([0.5] * n), prediction_interval([0.5] * n)):
        assert interval.n == n
        assert math.isnan(interval.low)
        assert math.isnan(interval.high)
        assert not interval.bounded


@pytest.mark.parametrize("n", [3, 9, 10, 30])
def test_identical_values_give_width_zero(n):
    for interval in (mean_interval([0.1] * n), prediction_interval([0.1] * n)):
        assert (interval.mean, interval.low, interval.high) == (0.1, 0.1, 0.1)


@pytest.mark.parametrize(("n", "tolerance"), [(10, 1e-3), (11, 1e-3), (25, 1e-9), (40, 1e-9)])
@pytest.mark.parametrize("draw", ["normal", "exponential"])
def test_bootstrap_equals_scipys(n, tolerance, draw):
    """The same resamples through scipy's own BCa, which in small samples lets rounding break ties with the mean."""
    sample = getattr(np.random.default_rng(n), draw)(size=n)
    theirs = stats.bootstrap(
        (sample,), np.mean, n_resamples=RESAMPLES, method="BCa", rng=np.random.default_rng(SEED)
    ).confidence_interval
    ours = mean_interval(sample)
    width = theirs.high - theirs.low
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high), abs=tolerance * width)


@pytest.mark.parametrize("shift", [0.0, 0.9, 1e3])
def test_bootstrap_moves_with_the_values(shift):
    """Adding a constant moves the ends by as much: ties with the mean are not broken by rounding."""
    sample = np.random.default_rng(7).normal(size=10)
    here, there = mean_interval(sample), mean_interval(sample + shift)
    assert (there.low - shift, there.high - shift) == pytest.approx((here.low, here.high), abs=1e-9)


def test_bootstrap_covers_the_mean():
    """Of 400 normal samples of 20 about 95 % cover; BCa of so few is known to cover a little less."""
    draws = np.random.default_rng(1).normal(3.0, 2.0, (400, 20))
    covered = np.mean([interval.low <= 3.0 <= interval.high for interval in map(mean_interval, draws)])
    assert 0.90 <= covered <= 0.97


def test_t_interval_covers_the_mean():
    draws = np.random.default_rng(2).normal(3.0, 2.0, (3000, 4))
    covered = np.mean([interval.low <= 3.0 <= interval.high for interval in map(mean_interval, draws)])
    assert covered == pytest.approx(0.95, abs=0.012)


@pytest.mark.parametrize("n", [3, 5, 10])
def test_prediction_interval_covers_one_further_run(n):
    draws = np.random.default_rng(n).normal(0.9, 0.01, (3000, n + 1))
    intervals = [prediction_interval(draw[:-1]) for draw in draws]
    inside = [interval.low <= draw[-1] <= interval.high for interval, draw in zip(intervals, draws, strict=True)]
    assert np.mean(inside) == pytest.approx(0.95, abs=0.012)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_values_that_are_not_finite_are_the_callers_error(bad):
    for interval in (mean_interval, prediction_interval):
        with pytest.raises(ValueError, match="finite"):
            interval([1.0, 2.0, bad])
    undefined = mean_interval_or_undefined([1.0, 2.0, bad])
    assert math.isnan(undefined.mean)
    assert undefined.n == 3


@pytest.mark.parametrize("n", [10, 12])
def test_nearly_identical_values_give_an_interval_without_a_warning(n):
    """One value off by rounding, or all but one identical."""
    for odd in (0.1 + 2e-17, 0.1 + 1e-16, 0.2, 1e9):
        interval = mean_interval([0.1] * (n - 1) + [odd])
        slack = 1e-12 * odd
        assert interval.low - slack <= interval.mean <= interval.high + slack


@given(samples)
def test_the_interval_holds_the_mean_and_the_same_values_give_the_same_bytes(values):
    interval = mean_interval(values)
    slack = 1e-9 * max(map(abs, values))
    assert interval.low - slack <= interval.mean <= interval.high + slack
    assert mean_interval(values) == interval


@given(st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=9))
def test_one_run_is_less_certain_than_the_mean(values):
    mean, one = mean_interval(values), prediction_interval(values)
    assert one.high - one.low >= mean.high - mean.low

import itertools

import numpy as np
import pytest

from hpbench.gate.change_points import FEWEST, LEVEL, change_points


def energy(left, right):
    """The scaled energy distance of two samples, pair by pair, as Matteson and James (2014) define it."""
    m, n = len(left), len(right)
    between = sum(abs(a - b) for a in left for b in right) * 2 / (m * n)
    within = [sum(abs(a - b) for a, b in itertools.combinations(one, 2)) for one in (left, right)]
    return (between - within[0] * 2 / (m * (m - 1)) - within[1] * 2 / (n * (n - 1))) * m * n / (m + n)


def noise(n, seed=0, size=1.0):
    return np.random.default_rng(seed).normal(0, size, n)


@pytest.mark.parametrize("shift", [3.0, -3.0])
@pytest.mark.parametrize(("n", "at"), [(12, 6), (30, 15), (30, 24), (40, 5)])
def test_a_planted_shift_is_found_where_it_is(n, at, shift):
    series = noise(n, seed=n + at) * 0.5
    series[at:] += shift
    (found,) = change_points(series)
    assert found.start == at
    assert found.before == pytest.approx(series[:at].mean())
    assert found.after == pytest.approx(series[at:].mean())
    assert found.p <= LEVEL


def test_the_split_is_the_one_of_the_largest_energy_distance():
    for seed in range(5):
        series = noise(20, seed)
        series[9:] += 3
        found = change_points(series)
        best = max(range(FEWEST, 20 - FEWEST + 1), key=lambda at: energy(series[:at], series[at:]))
        assert best in [one.start for one in found]


def test_several_shifts_are_found_and_segments_lie_between_them():
    series = np.concatenate([noise(15, 1), noise(15, 2) + 6, noise(15, 3) + 12])
    found = change_points(series)
    assert [one.start for one in found] == [15, 30]
    assert found[0].after == found[1].before == pytest.approx(series[15:30].mean())


def test_a_step_between_constants_is_found_as_bits_that_change_give_it():
    assert [one.start for one in change_points([0.95] * 8 + [0.94] * 8)] == [8]
    assert change_points([0.95] * 30) == []


def test_an_outlier_is_no_change():
    series = noise(30)
    series[12] += 50
    assert change_points(series) == []
    series[13] += 50
    assert change_points(series) == []


def test_two_outliers_at_the_end_may_mark_a_point_before_them():
    """A segment has 3 points: of a series of constants the newest two bring one of before with them."""
    assert [one.start for one in change_points([0.95] * 33 + [0.90] * 2)] == [32]
    assert change_points([0.95] * 34 + [0.90]) == []


def test_short_series_have_none():
    for n in range(10):
        assert change_points([0.0] * (n // 2) + [1.0] * (n - n // 2)) == []


def test_it_is_the_same_each_time_and_in_any_unit():
    series = noise(40, 5)
    series[25:] += 2
    assert change_points(series) == change_points(series)
    scaled = change_points(series * 1e6)
    assert [(one.start, one.p) for one in scaled] == [(one.start, one.p) for one in change_points(series)]


def test_the_rate_of_false_alarms_is_the_stated_one():
    """Of 300 series that do not change, with heavy tails, 3 are expected to have one; 10 have a chance of 0.1 %."""
    random = np.random.default_rng(11)
    alarms = sum(bool(change_points(random.standard_t(3, 20))) for _ in range(300))
    assert alarms < 10

import math

import numpy as np
import pytest
from scipy import stats

from hpbench.analysis.takes import Curve, NotMeasuredError, has_target, take
from hpbench.catalogue.takes import (
    At,
    Final,
    Gain,
    IterationsTo,
    IterationsToLimit,
    Mean,
    SecondsTo,
    Steepening,
    StraighterInLog,
    Swing,
)


def curve(*values, clock=None):
    iterations = 100.0 * np.arange(1, len(values) + 1)
    return Curve(iterations, np.array(values, float), None if clock is None else np.array(clock, float))


RISING = curve(0.1, 0.5, 0.8, 0.9, 0.9, clock=[1, 2, 3, 4, 5])
WHOLE = Curve(np.array([math.nan]), np.array([7.5]))


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        (Final(), 0.9),
        (At(name="at", iteration=200), 0.5),
        (Mean(name="mean", until=300), (0.1 + 0.5 + 0.8) / 3),
        (Mean(name="mean", until=350), (0.1 + 0.5 + 0.8) / 3),
        (Gain(name="gain", since=200), 0.4),
        (IterationsTo(name="iterations_to", value=0.8), 300),
        (IterationsTo(name="iterations_to", value=0.05), 100),
        (SecondsTo(name="seconds_to", value=0.8), 3),
        (IterationsToLimit(name="iterations_to_limit", within=0.01), 400),
        (IterationsToLimit(name="iterations_to_limit", within=0.15), 300),
        (IterationsToLimit(name="iterations_to_limit", within=1), 100),
        (Steepening(name="steepening", after=300), 0.05 - 0.35),
    ],
)
def test_a_rising_curve(parameters, expected):
    assert take(parameters, RISING) == pytest.approx(expected)


@pytest.mark.parametrize(
    "parameters", [IterationsTo(name="iterations_to", value=0.95), SecondsTo(name="seconds_to", value=0.95)]
)
def test_a_target_never_reached_is_undefined(parameters):
    assert math.isnan(take(parameters, RISING))
    assert has_target(parameters)
    assert not has_target(Final())


def test_the_target_counts_when_it_is_first_reached_even_if_lost_again():
    assert take(IterationsTo(name="iterations_to", value=0.8), curve(0.1, 0.8, 0.3)) == 200


def test_the_limit_counts_only_when_it_is_never_left_again():
    dip = curve(0.9, 0.9, 0.5, 0.9, 0.905)
    assert take(IterationsToLimit(name="iterations_to_limit", within=0.01), dip) == 400


def test_a_curve_above_its_last_value_is_at_its_limit():
    assert take(IterationsToLimit(name="iterations_to_limit", within=0.01), curve(0.9, 0.95, 0.8)) == 100


def test_a_limit_that_is_not_finite_is_undefined():
    assert math.isnan(take(IterationsToLimit(name="iterations_to_limit"), curve(0.9, math.nan)))


def test_swing_is_zero_on_a_line_and_the_whole_swing_around_it():
    swing = Swing(name="swing", after=200)
    assert take(swing, curve(9, 0.2, 0.3, 0.4, 0.5)) == pytest.approx(0, abs=1e-12)
    x = np.arange(5)
    y = 0.1 * x + np.array([0, 0.05, -0.05, 0.05, 0])
    residuals = y - np.polyval(np.polyfit(x, y, 1), x)
    assert take(swing, curve(9, *y)) == pytest.approx(np.ptp(residuals))


def test_what_falls_exponentially_is_straight_in_its_logarithm():
    until = StraighterInLog(name="straighter_in_log", until=600)
    x = np.arange(1, 7)
    assert take(until, curve(*np.exp(-x))) == pytest.approx(1 - stats.linregress(x, np.exp(-x)).rvalue ** 2)
    steady = 7.0 - x
    assert take(until, curve(*steady)) == pytest.approx(stats.linregress(x, np.log(steady)).rvalue ** 2 - 1)
    assert math.isnan(take(until, curve(3, 2, 1, 0, 1, 2)))
    assert math.isnan(take(until, curve(2, 2, 2, 2)))
    assert take(until, curve(*np.exp(-x), 9, 9)) == take(until, curve(*np.exp(-x)))


def test_steepening_of_a_late_rise():
    late = curve(0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.2, 0.5)
    assert take(Steepening(name="steepening", after=900), late) == pytest.approx(0.3 - 0.1 / 8)


@pytest.mark.parametrize(
    ("parameters", "why"),
    [
        (At(name="at", iteration=250), "iteration 250 was not evaluated"),
        (Gain(name="gain", since=600), "iteration 600 was not evaluated"),
        (Mean(name="mean", until=600), "iteration 600 was not evaluated"),
        (Mean(name="mean", until=50), "iteration 50 was not evaluated"),
        (Steepening(name="steepening", after=500), "after"),
        (Swing(name="swing", after=400), "fewer than 3"),
        (StraighterInLog(name="straighter_in_log", until=200), "fewer than 3"),
    ],
)
def test_what_was_not_evaluated_is_not_measured(parameters, why):
    with pytest.raises(NotMeasuredError, match=why):
        take(parameters, RISING)


def test_seconds_need_a_clock():
    with pytest.raises(NotMeasuredError, match="not timed"):
        take(SecondsTo(name="seconds_to", value=0.5), curve(0.1, 0.9))
    with pytest.raises(NotMeasuredError, match="not timed at iteration 200"):
        take(SecondsTo(name="seconds_to", value=0.5), curve(0.1, 0.9, clock=[1, math.nan]))


def test_the_value_of_a_whole_trial_is_its_final_one_and_has_no_iterations():
    assert take(Final(), WHOLE) == 7.5
    with pytest.raises(NotMeasuredError, match="not observed over the iterations"):
        take(IterationsTo(name="iterations_to", value=1), WHOLE)

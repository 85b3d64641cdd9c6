import math

import pytest

from hpbench.analysis.advice import advise


def timed(run, case, seed, values, per_100):
    run.curve(case, seed, "test_accuracy", values)
    run.curve(case, seed, "training_clock", [per_100 * (1 + place) for place in range(len(values))])
    run.curve(case, seed, "seconds_per_100_iterations", [per_100], iterations=[math.nan])


@pytest.fixture
def advised(planted):
    """A: at its limit at 200; B: faster by iterations and by the clock; C: still rising, not timed."""
    for seed in range(3):
        timed(planted, "A", seed, [0.4, 0.90, 0.895, 0.90], 2.0)
        timed(planted, "B", seed, [0.6, 0.70, 0.88, 0.88], 1.0)
        planted.curve("C", seed, "test_accuracy", [0.1, 0.2, 0.3, 0.6 if seed else 0.4])
    return advise(planted.tables(), planted.resolved)


def test_where_each_case_reaches_its_limit(advised):
    a, b, c = advised.limits
    assert (a.case, a.iterations.mean, a.accuracy.mean, a.still_rising) == ("A", 200, 0.9, False)
    assert a.seconds.mean == 4.0
    assert (b.iterations.mean, b.seconds.mean) == (300, 3.0)
    assert (c.iterations.mean, c.seconds, c.still_rising) == (400, None, True)


def test_the_cheapest_case_by_target(advised):
    by = {(item.target, item.measure): item for item in advised.cheapest}
    assert (by[0.5, "seconds"].best.case, by[0.5, "seconds"].best.cost.mean) == ("B", 1.0)
    assert (by[0.5, "seconds"].runner_up.case, by[0.5, "seconds"].runner_up.cost.mean) == ("A", 4.0)
    assert by[0.5, "iterations"].best.cost.mean == 100
    unreached = by[0.99, "iterations"]
    assert (unreached.best, unreached.runner_up, unreached.measured) == (None, None, True)


def test_a_case_that_misses_the_target_in_one_seed_does_not_count(planted):
    for seed in range(3):
        planted.curve("A", seed, "test_accuracy", [0.6 if seed else 0.1])
        planted.curve("B", seed, "test_accuracy", [0.1, 0.6])
    by = {(item.target, item.measure): item for item in advise(planted.tables(), planted.resolved).cheapest}
    assert (by[0.5, "iterations"].best.case, by[0.5, "iterations"].runner_up) == ("B", None)
    assert by[0.5, "seconds"].measured is False


def test_half_the_batch_twice_the_rate(advised):
    (pair,) = advised.half_batch
    assert (pair.case, pair.half, pair.batch_size, pair.learning_rate) == ("A", "B", 64, 0.01)
    assert pair.accuracy_difference.mean == pytest.approx(-0.02)
    assert pair.accuracy_difference.n == 3
    assert pair.seconds_ratio.mean == 0.5


def test_the_rule_in_a_grid(planted):
    for batch in (32, 64):
        for rate in (0.01, 0.02, 0.04):
            case = f"crossed/batch_size={batch},learning_rate={rate}"
            planted.curve(case, 0, "test_accuracy", [0.5, batch / 100 + rate])
    pairs = advise(planted.tables(), planted.resolved).half_batch
    assert [(pair.batch_size, pair.learning_rate) for pair in pairs] == [(64, 0.01), (64, 0.02)]
    assert pairs[0].accuracy_difference.mean == pytest.approx(-0.32 + 0.01)
    assert math.isnan(pairs[0].accuracy_difference.low)
    assert pairs[0].seconds_ratio is None


def test_cases_that_differ_in_more_are_no_pair(planted_as):
    run = planted_as("B: {batch_size: 32,", "B: {evaluate_every: 50, batch_size: 32,")
    for case in "AB":
        run.curve(case, 0, "test_accuracy", [0.5])
    assert advise(run.tables(), run.resolved).half_batch == ()


def test_iterations_for_every_point_of_the_grid(planted):
    case = "crossed/batch_size=32,learning_rate=0.02"
    for seed, values in enumerate(([0.4, 0.9, 0.9, 0.9], [0.4, 0.5, 0.8, 0.8], [0.1, 0.7, 0.7, 0.7])):
        planted.curve(case, seed, "test_accuracy", values)
    (point,) = advise(planted.tables(), planted.resolved).grid
    assert (point.case, point.batch_size, point.learning_rate) == (case, 32, 0.02)
    assert (point.iterations, point.still_rising) == (300, False)
    assert point.accuracy.mean == pytest.approx((0.9 + 0.8 + 0.7) / 3)


def test_a_curve_that_rises_to_its_end_is_told(planted):
    planted.curve("crossed/batch_size=32,learning_rate=0.02", 0, "test_accuracy", [0.1, 0.2, 0.3, 0.4])
    (point,) = advise(planted.tables(), planted.resolved).grid
    assert (point.iterations, point.still_rising) == (400, True)


def test_no_advice_unless_asked(planted_as):
    run = planted_as("advice: {targets: [0.5, 0.99], within: 0.01}\n", "")
    assert advise(run.tables(), run.resolved) is None


def test_an_empty_run_gives_empty_advice(planted):
    found = advise(planted.tables(), planted.resolved)
    assert (found.limits, found.grid, found.half_batch) == ((), (), ())
    assert all(item.best is None for item in found.cheapest)

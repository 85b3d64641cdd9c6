"""Seeds needed, against simulated gates."""

import math

import numpy as np
import pytest

from hpbench.gate.decide import FLOOR, Verdict, decide, paired_p
from hpbench.gate.plan import CAUGHT, POWER, SURE, chance_to_catch, largest_spread, plan, seeds_to_catch
from hpbench.gate.plan_table import plan_table
from tests.gate.sides import ACCURACY, TIME, benchmark, case, side

LEVEL = 0.005


@pytest.mark.parametrize(("n", "spread"), [(4, 0.005), (6, 0.01), (12, 0.02), (16, 0.025)])
def test_the_chance_to_catch_is_that_of_simulated_gates(n, spread):
    random, gates, threshold = np.random.default_rng(3), 4000, 0.02
    drawn = random.normal(-CAUGHT * threshold, spread, (gates, n))
    found = [
        decide(list(one), True, threshold, paired_p(one, threshold) <= LEVEL).verdict is Verdict.WORSE for one in drawn
    ]
    chance = chance_to_catch(n, spread, threshold, LEVEL)
    assert np.mean(found) == pytest.approx(chance, abs=4 * math.sqrt(chance * (1 - chance) / gates) + 1e-3)


def test_the_seeds_to_catch_are_the_fewest():
    n = int(seeds_to_catch(0.02, 0.02, LEVEL))
    assert chance_to_catch(n - 1, 0.02, 0.02, LEVEL) < POWER <= chance_to_catch(n, 0.02, 0.02, LEVEL)
    assert seeds_to_catch(100.0, 0.02, LEVEL) == math.inf
    assert math.isnan(seeds_to_catch(math.nan, 0.02, LEVEL))


def test_the_seeds_to_pass_let_a_gate_pass_that_often():
    random = np.random.default_rng(4)
    values = random.normal(0.9, 0.02, 8)
    (need,) = plan(side(small=benchmark({"base": case(test_accuracy=values)})))
    assert need.spread == pytest.approx(np.std(values, ddof=1) * math.sqrt(2))
    assert not need.paired
    large = largest_spread(need.spread, 7)
    same = [
        np.mean([decide(list(one), True, 0.02, False).verdict is Verdict.SAME for one in drawn])
        for seeds in (need.to_pass, need.to_pass - 1)
        for drawn in [random.normal(0, large, (4000, int(seeds)))]
    ]
    noise = 4 * math.sqrt(POWER * (1 - POWER) / 4000)
    assert same[0] > POWER - noise
    assert same[1] < POWER + noise


def test_the_largest_spread_covers_the_true_one_as_often_as_it_is_sure():
    drawn = np.random.default_rng(5).normal(0, 3.0, (4000, 5)).std(axis=1, ddof=1)
    covered = np.mean([largest_spread(spread, 4) >= 3.0 for spread in drawn])
    assert covered == pytest.approx(SURE, abs=4 * math.sqrt(SURE * (1 - SURE) / 4000))
    assert largest_spread(0.0, 4) == 0
    assert math.isnan(largest_spread(math.nan, 0))


def test_values_all_alike_count_as_spread_by_a_tenth_of_the_threshold():
    (need,) = plan(side(small=benchmark({"base": case(test_accuracy=[0.9] * 5)})))
    assert need.spread == 0
    assert need.to_catch == seeds_to_catch(FLOOR * 0.02, 0.02, 0.01)
    names = [f"c{number}" for number in range(15)]
    among = plan(side(small=benchmark({name: case(test_accuracy=[0.9] * 5) for name in names})))
    assert {one.to_catch for one in among} == {4}
    assert paired_p([-0.04] * 4, 0.02) < 0.01 / 15 < paired_p([-0.04] * 3, 0.02)


def test_times_are_planned_for_where_they_are_gated():
    values = np.array([0.8, 0.9, 0.7, 0.85])
    one = side(
        small=benchmark({"base": case(test_accuracy=values, seconds_per_100_iterations=values)}, (ACCURACY, TIME))
    )
    assert [need.gated.metric for need in plan(one)] == ["test_accuracy"]
    assert [need.gated.metric for need in plan(one, in_turns=True)] == ["test_accuracy", "seconds_per_100_iterations"]


def test_two_runs_give_the_spread_of_what_differs_between_them():
    values, change = np.array([0.8, 0.9, 0.7, 0.85]), np.array([0.001, -0.002, 0.002, 0.0])
    first = side(small=benchmark({"base": case(test_accuracy=values)}))
    second = side(small=benchmark({"base": case("b", test_accuracy=values + change)}))
    (need,) = plan(first, second)
    assert need.paired
    assert need.spread == pytest.approx(np.std(change, ddof=1))
    (same,) = plan(first, first)
    assert not same.paired


def test_a_share_is_of_the_mean_and_one_seed_gives_no_spread():
    seconds = np.array([10.0, 11.0, 9.0])
    cases = {"base": case(seconds_per_100_iterations=seconds, test_accuracy=[0.9])}
    accuracy, time = plan(side(small=benchmark(cases, (ACCURACY, TIME))), in_turns=True)
    assert time.spread == pytest.approx(math.sqrt(2) * 0.1)
    assert math.isnan(accuracy.needed)
    assert "needs 2" in plan_table([accuracy, time])
    assert plan_table([accuracy, time], "Enough: x").endswith("\nEnough: x\n")

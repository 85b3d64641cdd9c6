"""Sides beside each other: what is comparable, what is tested, and what is only shown."""

import math

import numpy as np
import pytest

from hpbench.gate.compare import compare
from hpbench.gate.decide import Verdict
from hpbench.gate.outcome import Outcome, outcome
from tests.gate.sides import ACCURACY, MEMORY, TIME, benchmark, case, side

VALUES = np.array([0.90, 0.91, 0.93, 0.92, 0.90])
NOISE = np.array([0.001, -0.002, 0.002, 0.0, -0.001])


def two(first, second, gated=(ACCURACY,), second_facts=None, in_turns=False):
    a, b = benchmark({"base": first}, gated), benchmark({"base": second}, gated, **second_facts or {})
    return compare(side("reference", small=a), side("now", small=b), in_turns=in_turns)


def only(comparison):
    (pair,) = comparison.gated
    return pair


def test_the_same_bits_are_identical_without_a_test():
    for n in (1, 5):
        pair = only(two(case(test_accuracy=VALUES[:n]), case(test_accuracy=VALUES[:n])))
        assert pair.decision.verdict is Verdict.IDENTICAL
        assert pair.p is None
        assert pair.difference.mean == 0
    assert (pair.difference.low, pair.difference.high) == (0, 0)


def test_the_same_last_values_of_other_curves_are_not_identical():
    pair = only(two(case(test_accuracy=VALUES), case(bits="b", test_accuracy=VALUES)))
    assert pair.decision.verdict is Verdict.SAME


@pytest.mark.parametrize(
    ("shift", "verdict", "end"),
    [
        (-0.05, Verdict.WORSE, Outcome.REGRESSION),
        (-0.01, Verdict.SAME, Outcome.FINE),
        (0.05, Verdict.BETTER, Outcome.FINE),
    ],
)
def test_shifted_accuracies(shift, verdict, end):
    comparison = two(case(test_accuracy=VALUES), case("b", test_accuracy=VALUES + shift + NOISE))
    assert only(comparison).decision.verdict is verdict
    assert only(comparison).difference.mean == pytest.approx(shift + NOISE.mean())
    assert outcome(comparison, []) is end


@pytest.mark.parametrize(
    ("fact", "other", "words"),
    [
        ("version", 2, "definition version 1 beside 2"),
        ("backend", "jax", "backend tensorflow beside jax"),
        ("precision", "float16", "precision float32 beside float16"),
    ],
)
def test_other_circumstances_are_not_comparable(fact, other, words):
    comparison = two(case(test_accuracy=VALUES), case(test_accuracy=VALUES), second_facts={fact: other})
    assert only(comparison).decision.verdict is Verdict.NOT_COMPARABLE
    assert only(comparison).decision.why == words
    assert outcome(comparison, []) is Outcome.NOT_COMPARABLE


@pytest.mark.parametrize(("what", "words"), [("data", "fingerprint d beside other"), ("settings", "other settings")])
def test_other_data_and_other_settings_of_a_case_are_not_comparable(what, words):
    comparison = two(case(test_accuracy=VALUES), case(test_accuracy=VALUES, **{what: "other"}))
    assert only(comparison).decision.verdict is Verdict.NOT_COMPARABLE
    assert words in only(comparison).decision.why


def test_what_the_second_side_lacks_is_not_comparable_and_never_fine():
    a, b = benchmark({"base": case(test_accuracy=VALUES)}), benchmark({"other": case(test_accuracy=VALUES)})
    comparison = compare(side(small=a), side(small=b))
    assert only(comparison).decision.why == "the second side did not measure it"
    assert outcome(comparison, []) is Outcome.NOT_COMPARABLE
    assert outcome(compare(side(small=a, more=a), side(small=a)), []) is Outcome.NOT_COMPARABLE


def test_times_of_two_machines_are_a_ratio_to_the_calibration_and_not_gated():
    comparison = two(
        case(seconds_per_100_iterations=[1.0, 1.1, 0.9]),
        case(seconds_per_100_iterations=[2.0, 2.2, 1.8]),
        (TIME,),
        second_facts={"machine_id": "other", "speed": 50.0},
        in_turns=True,
    )
    assert not comparison.gated
    (pair,) = comparison.shown
    assert pair.decision.verdict is Verdict.NOT_COMPARABLE
    assert "another machine" in pair.decision.why
    assert pair.scaled == pytest.approx(1.0)  # twice as long on a machine half as fast
    assert outcome(comparison, []) is Outcome.NOT_COMPARABLE  # nothing is left to gate


def test_costs_of_another_machine_leave_the_accuracies_to_gate():
    cases = [case(test_accuracy=VALUES, host_memory_training=VALUES * 1e8) for _ in range(2)]
    comparison = two(*cases, (ACCURACY, MEMORY), second_facts={"machine_id": "other"})
    assert [pair.metric for pair in comparison.gated] == ["test_accuracy"]
    assert outcome(comparison, []) is Outcome.FINE


def test_accuracies_of_two_machines_are_compared():
    pair = only(
        two(case(test_accuracy=VALUES), case("b", test_accuracy=VALUES + NOISE), second_facts={"machine_id": "other"})
    )
    assert pair.decision.verdict is Verdict.SAME


SLOWER = [1.30, 1.31, 1.29, 1.30, 1.32]


FASTER = [1, 1.01, 0.99, 1, 1.02]


def test_times_are_gated_as_shares_where_they_were_taken_in_turns():
    sides = [case(test_accuracy=VALUES, seconds_per_100_iterations=one) for one in (FASTER, SLOWER)]
    apart = two(*sides, (ACCURACY, TIME))
    assert only(apart).metric == "test_accuracy"
    (shown,) = apart.shown
    assert shown.decision.verdict is Verdict.WORSE
    assert shown.note == "times are gated by 'hpbench ab'"
    assert outcome(apart, []) is Outcome.FINE
    pair = only(two(*sides, (TIME,), in_turns=True))
    assert pair.decision.verdict is Verdict.WORSE
    assert pair.difference.mean == pytest.approx(0.3, abs=0.01)


@pytest.mark.parametrize(
    ("second", "facts", "words"),
    [
        ({"loads": {1: 0.8}}, {}, "1 timed trials of the second side beside others that took 0.8 cores"),
        ({}, {"speed": 80.0}, "the calibration workload ran 0.80 times as fast"),
    ],
)
def test_disturbed_times_that_are_shown_are_unclear(second, facts, words):
    sides = case(seconds_per_100_iterations=FASTER), case(seconds_per_100_iterations=SLOWER, **second)
    (pair,) = two(*sides, second_facts=facts).shown
    assert pair.decision.verdict is Verdict.UNCLEAR
    assert words in pair.decision.why


def test_of_times_taken_in_turns_disturbed_pairs_are_left_out():
    first = case(seconds_per_100_iterations=[*FASTER, 9.0, 1.0], loads={5: 0.7})
    second = case(seconds_per_100_iterations=[*SLOWER, 1.0, 9.0], loads={6: 0.3})
    pair = only(two(first, second, (TIME,), in_turns=True))
    assert (pair.seeds, pair.left_out) == ((0, 1, 2, 3, 4), (5, 6))
    assert pair.decision.verdict is Verdict.WORSE
    assert pair.difference.mean == pytest.approx(0.3, abs=0.01)


def test_too_few_pairs_that_were_not_disturbed_are_unclear():
    loads = {0: 0.5, 1: 0.5, 2: 0.5}
    first = case(seconds_per_100_iterations=FASTER, loads=loads)
    comparison = two(first, case(seconds_per_100_iterations=SLOWER), (TIME,), in_turns=True)
    told = "3 of 5 pairs were not alone on the machine, and a test needs 3"
    assert only(comparison).decision.why == told
    assert outcome(comparison, []) is Outcome.UNCLEAR


def test_memory_is_not_disturbed_by_load():
    before, after = np.array([100e6, 101e6, 102e6, 99e6]), np.array([160e6, 162e6, 161e6, 160e6])
    pair = only(two(case(host_memory_training=before), case(host_memory_training=after, loads={0: 1.0}), (MEMORY,)))
    assert pair.decision.verdict is Verdict.WORSE


def test_too_few_seeds_are_unclear():
    few = only(two(case(test_accuracy=VALUES[:2]), case("b", test_accuracy=VALUES[:2] - 0.5)))
    assert few.decision.why == "too few seeds: 2, and a test needs 3"


def test_values_that_are_not_finite_any_more_are_worse_at_all_seeds_and_unclear_at_some():
    some = only(two(case(test_accuracy=VALUES), case("b", test_accuracy=[*VALUES[:4], math.nan])))
    assert some.decision.verdict is Verdict.UNCLEAR
    assert some.decision.why == "no finite value any more at 1 of 5 seeds"
    every = only(two(case(test_accuracy=VALUES), case("b", test_accuracy=[math.nan] * 5)))
    assert every.decision.verdict is Verdict.WORSE
    assert every.decision.why == "no finite value any more at 5 of 5 seeds"


def test_seeds_at_which_the_first_side_was_not_finite_are_left_out():
    pair = only(two(case(test_accuracy=[*VALUES[:4], math.nan]), case("b", test_accuracy=VALUES - 0.5)))
    assert pair.decision.verdict is Verdict.WORSE
    assert (pair.left_out, pair.why_left_out) == ((4,), "have no finite value on the first side")
    none = only(two(case(test_accuracy=[math.nan] * 5), case("b", test_accuracy=VALUES)))
    assert none.decision.verdict is Verdict.UNCLEAR
    assert none.decision.why.startswith("5 of 5 pairs have no finite value on the first side")


def test_results_of_older_code_are_unclear_on_the_second_side_even_with_the_same_bits():
    sides = case(test_accuracy=VALUES), case(test_accuracy=VALUES).model_copy(update={"stale": (1, 2)})
    assert only(two(*sides)).decision.why == "made by older code"
    assert outcome(two(*sides), []) is Outcome.UNCLEAR
    assert only(two(*reversed(sides))).decision.verdict is Verdict.IDENTICAL


def test_what_only_the_second_side_has_measured_cannot_be_compared():
    first, second = case(test_accuracy=VALUES), case(test_accuracy=VALUES, host_memory_training=VALUES * 1e9)
    comparison = two(first, second, (ACCURACY, MEMORY))
    memory = next(pair for pair in comparison.gated if pair.metric == "host_memory_training")
    assert memory.decision.verdict is Verdict.NOT_COMPARABLE
    assert memory.decision.why == "the first side did not measure it"
    assert outcome(comparison, []) is Outcome.NOT_COMPARABLE


def test_pairs_are_of_the_seeds_that_both_have():
    pair = only(two(case(test_accuracy=VALUES), case("b", test_accuracy=VALUES[:3] - 0.3 + NOISE[:3])))
    assert (pair.seeds, pair.one_sided) == ((0, 1, 2), (3, 4))
    assert pair.differences == pytest.approx(-0.3 + NOISE[:3])


def test_a_group_is_the_mean_of_its_cases_seed_by_seed():
    gated = ACCURACY.model_copy(update={"cases": ("both",)})
    facts = {"gated": (gated,), "groups": {"both": ("x", "y")}}
    a = benchmark({"x": case(test_accuracy=VALUES), "y": case(test_accuracy=VALUES - 0.2)}, **facts)
    b = benchmark({"x": case("b", test_accuracy=VALUES), "y": case("b", test_accuracy=VALUES - 0.4)}, **facts)
    pair = only(compare(side(small=a), side(small=b)))
    assert pair.first.mean == pytest.approx(VALUES.mean() - 0.1)
    assert pair.differences == pytest.approx([-0.1] * 5)


@pytest.mark.parametrize("now", [("x",), ("x", "y", "z")])
def test_a_group_of_other_cases_cannot_be_compared(now):
    gated = ACCURACY.model_copy(update={"cases": ("some",)})
    cases = {name: case(test_accuracy=VALUES) for name in "xyz"}
    a, b = (benchmark(cases, (gated,), groups={"some": group}) for group in (("x", "y"), now))
    pair = only(compare(side(small=a), side(small=b)))
    assert pair.decision.verdict is Verdict.NOT_COMPARABLE
    assert pair.decision.why == "the group has other cases"
    c = benchmark(cases, (gated,), groups={"some": ("y", "x")})
    assert only(compare(side(small=a), side(small=c))).decision.verdict is Verdict.IDENTICAL


def test_all_that_is_gated_is_one_family():
    """An effect that one test alone would call significant is not beside nine others."""
    shifted = np.array([-0.030, -0.061, -0.034, -0.050, -0.032])
    alone = compare(
        side(small=benchmark({"c0": case(test_accuracy=VALUES)})),
        side(small=benchmark({"c0": case("b", test_accuracy=VALUES + shifted)})),
    )
    names = [f"c{number}" for number in range(10)]
    among = compare(
        side(small=benchmark({name: case(test_accuracy=VALUES) for name in names})),
        side(
            small=benchmark(
                {name: case("b", test_accuracy=VALUES + (shifted if name == "c0" else NOISE)) for name in names}
            )
        ),
    )
    p = only(alone).p
    assert 0.001 < p < 0.01
    assert only(alone).decision.verdict is Verdict.WORSE
    first = next(pair for pair in among.gated if pair.case == "c0")
    assert first.p == p
    assert first.decision.verdict is Verdict.UNCLEAR


def test_what_is_not_gated_is_shown_with_the_interval_s_verdict():
    first = case(test_accuracy=VALUES, test_loss=[1, 1.1, 1.2, 1, 1.1])
    second = case("b", test_accuracy=VALUES + NOISE, test_loss=[0.5, 0.61, 0.7, 0.5, 0.6])
    comparison = two(first, second)
    (shown,) = comparison.shown
    assert shown.metric == "test_loss"
    assert shown.decision.verdict is Verdict.BETTER
    assert outcome(comparison, []) is Outcome.FINE


def test_a_regression_stands_beside_failures_and_failures_before_the_rest():
    worse = two(case(test_accuracy=VALUES), case("b", test_accuracy=VALUES - 0.3 + NOISE))
    fine = two(case(test_accuracy=VALUES), case(test_accuracy=VALUES))
    assert outcome(worse, ["a trial failed"]) is Outcome.REGRESSION
    assert outcome(fine, ["a trial failed"]) is Outcome.FAILED
    nothing = compare(fine.first, side())
    assert outcome(nothing, ["a trial failed"]) is Outcome.NOTHING_MEASURED
    assert outcome(nothing, [], ["the disk is full"]) is Outcome.FAILED

"""Every kind of claim on planted results."""

import math
from typing import ClassVar

import pytest
from pydantic import TypeAdapter

from hpbench.analysis.evidence import default_evidence
from hpbench.analysis.verdicts import Verdict, decide
from hpbench.catalogue.claims import CLAIMS

SPREAD = (-0.004, 0.0, 0.004)
"""Per-seed noise with mean 0: its 95 % t interval is within 0.01."""
METRIC = "host_memory_training"


@pytest.fixture
def judge(planted):
    """Verdict and quantities of a test over planted whole-trial values."""

    def judged(test, **by_case):
        for case, values in by_case.items():
            planted.whole(case, test.get("metric", METRIC), values)
        parsed = TypeAdapter(CLAIMS.specification).validate_python({"metric": METRIC} | test)
        evidence = default_evidence(planted.tables(), planted.resolved)
        quantities = CLAIMS.load(parsed.name)(parsed, evidence)
        return decide(quantities), quantities

    return judged


def around(mean, spread=SPREAD):
    return [mean + noise for noise in spread]


KINDS = [
    ({"name": "at_chance", "cases": ["A"], "margin": 0.02}, {"A": 0.1}, {"A": 0.3}),
    ({"name": "between", "cases": ["A", "B"], "low": 0.8}, {"A": 0.9, "B": 0.95}, {"A": 0.9, "B": 0.5}),
    ({"name": "between", "cases": ["A"], "high": 0.8}, {"A": 0.7}, {"A": 0.9}),
    (
        {"name": "equal", "cases": ["A", "B", "C"], "tolerance": 0.05},
        {"A": 1, "B": 1.02, "C": 0.97},
        {"A": 1, "B": 1, "C": 1.2},
    ),
    (
        {"name": "equal", "cases": ["A", "B"], "tolerance": 0.05, "relative": True},
        {"A": 10, "B": 10.3},
        {"A": 10, "B": 11},
    ),
    (
        {"name": "paired_equal", "cases": ["A"], "to": ["B"], "tolerance": 0.05},
        {"A": 1, "B": 0.97},
        {"A": 1, "B": 0.9},
    ),
    (
        {"name": "greater", "cases": ["A", "B"], "than": ["C"]},
        {"A": 0.9, "B": 0.8, "C": 0.7},
        {"A": 0.9, "B": 0.6, "C": 0.7},
    ),
    ({"name": "greater", "cases": ["A"], "than": ["B"], "margin": 0.1}, {"A": 0.9, "B": 0.7}, {"A": 0.9, "B": 0.85}),
    (
        {"name": "greater", "cases": ["A"], "than": ["B"], "margin": 0.1, "relative": True},
        {"A": 23, "B": 20},
        {"A": 21, "B": 20},
    ),
    ({"name": "ratio", "case": "A", "to": ["B"], "low": 1.9, "high": 2.1}, {"A": 2, "B": 1}, {"A": 3, "B": 1}),
    ({"name": "ratio", "case": "C", "to": ["A"], "around_reported": 0.1}, {"C": 1.3, "A": 1}, {"C": 2.26, "A": 1}),
    (
        {"name": "difference_in_differences", "cases": ["A", "B"], "than": ["C", "D"], "margin": 0.1},
        {"A": 0.9, "B": 0.5, "C": 0.8, "D": 0.7},
        {"A": 0.9, "B": 0.7, "C": 0.8, "D": 0.7},
    ),
    (
        {"name": "at_least", "cases": ["A"], "than": ["B"], "tolerance": 0.05},
        {"A": 0.9, "B": 0.92},
        {"A": 0.8, "B": 0.9},
    ),
    (
        {"name": "best_of", "cases": ["A", "B"], "than": ["C"]},
        {"A": 0.6, "B": 0.9, "C": 0.8},
        {"A": 0.6, "B": 0.7, "C": 0.8},
    ),
    (
        {"name": "best_of", "cases": ["A", "B"], "than": ["C"], "goal": "min", "margin": 1},
        {"A": 6, "B": 9, "C": 8},
        {"A": 6, "B": 9, "C": 6.5},
    ),
    ({"name": "increasing", "cases": ["B", "A", "C"]}, {"B": 1, "A": 2, "C": 3}, {"B": 1, "A": 3, "C": 2}),
    (
        {"name": "increasing", "cases": ["B", "A"], "margin": 0.5, "relative": True},
        {"B": 2, "A": 4},
        {"B": 2, "A": 2.5},
    ),
    (
        {"name": "proportional", "cases": ["B", "A", "C"], "to": "batch_size", "exponent": [0.8, 1.2]},
        {"B": 3.2, "A": 6.4, "C": 12.8},
        {"B": 9, "A": 9.1, "C": 9.2},
    ),
]
names = [f"{test['name']}-{position}" for position, (test, _, _) in enumerate(KINDS)]


@pytest.mark.parametrize(("test", "supporting", "contradicting"), KINDS, ids=names)
class TestEveryKind:
    def test_supported(self, judge, test, supporting, contradicting):
        assert judge(test, **{c: around(v) for c, v in supporting.items()})[0].verdict is Verdict.SUPPORTED

    def test_contradicted(self, judge, test, supporting, contradicting):
        assert judge(test, **{c: around(v) for c, v in contradicting.items()})[0].verdict is Verdict.CONTRADICTED

    def test_inconclusive_when_seeds_disagree(self, judge, test, supporting, contradicting):
        noise = dict(zip("ABCD", ((-4, 0, 4), (4, 0, -4), (4, -4, 0), (0, 4, -4)), strict=True))
        scale = max(supporting.values()) / 5
        values = {c: [v + scale * n for n in noise[c]] for c, v in supporting.items()}
        if test["name"] in ("ratio", "proportional"):
            values = {c: [v * math.exp(n / 4) for n in noise[c]] for c, v in supporting.items()}
        assert judge(test, **values)[0].verdict is Verdict.INCONCLUSIVE

    def test_observed_with_one_seed(self, judge, test, supporting, contradicting):
        decision, _ = judge(test, **{c: [v] for c, v in supporting.items()})
        assert (decision.verdict, decision.holds) == (Verdict.OBSERVED, True)

    def test_observed_against_the_claim_with_two_seeds(self, judge, test, supporting, contradicting):
        decision, _ = judge(test, **{c: [v, v] for c, v in contradicting.items()})
        assert (decision.verdict, decision.holds) == (Verdict.OBSERVED, False)

    def test_not_measured_names_what_is_missing(self, judge, test, supporting, contradicting):
        cases = list(supporting)
        decision, _ = judge(test, **{c: around(supporting[c]) for c in cases[:-1]})
        assert decision.verdict is Verdict.NOT_MEASURED
        assert f"{cases[-1]} was not run" in decision.note


def test_every_kind_is_planted():
    assert {test["name"] for test, _, _ in KINDS} == set(CLAIMS) - {"tracks", "apart", "higher_limit"}


@pytest.mark.parametrize(
    ("name", "bound", "near", "far"),
    [
        ("tracks", "tolerance", Verdict.SUPPORTED, Verdict.CONTRADICTED),
        ("apart", "margin", Verdict.CONTRADICTED, Verdict.SUPPORTED),
    ],
)
@pytest.mark.parametrize(("shift", "alike"), [(0.01, True), (-0.2, False)])
def test_curves_are_alike_or_apart_by_their_mean_distance(planted, name, bound, near, far, shift, alike):
    for seed in range(3):
        curve = [0.1 + seed / 100, 0.5, 0.8]
        planted.curve("A", seed, "test_accuracy", curve)
        planted.curve("B", seed, "test_accuracy", [value + shift for value in curve])
    test = {"name": name, "metric": "test_accuracy", "case": "A", "reference": "B", bound: 0.05}
    parsed = TypeAdapter(CLAIMS.specification).validate_python(test)
    quantities = CLAIMS.load(name)(parsed, default_evidence(planted.tables(), planted.resolved))
    assert quantities[0].values == pytest.approx([abs(shift)] * 3)
    assert decide(quantities).verdict is (near if alike else far)


def test_equality_is_not_greater(judge):
    decision, _ = judge({"name": "greater", "cases": ["A"], "than": ["B"]}, A=[0.9, 0.8, 0.7], B=[0.9, 0.8, 0.7])
    assert decision.verdict is Verdict.CONTRADICTED


def test_only_common_seeds_are_paired(judge):
    _, (quantity,) = judge({"name": "greater", "cases": ["A"], "than": ["B"]}, A=[1, 2, 3, 4], B=[0.5, 0.5])
    assert quantity.values == (0.5, 1.5)
    assert quantity.label == "A - B"


def test_pairing_finds_what_unpaired_seeds_hide(judge):
    """Seeds differ by 10 times the effect, which is the same in each."""
    decision, _ = judge({"name": "greater", "cases": ["A"], "than": ["B"]}, A=[0.1, 0.2, 0.31], B=[0.09, 0.19, 0.3])
    assert decision.verdict is Verdict.SUPPORTED


def test_exponent_of_a_planted_power(judge):
    test = {"name": "proportional", "cases": ["B", "A", "C"], "to": "batch_size", "exponent": [0, 1]}
    _, (quantity,) = judge(test, **{c: [5 * b**0.7] for c, b in {"B": 32, "A": 64, "C": 128}.items()})
    assert quantity.values == pytest.approx((0.7,))


class TestHigherLimit:
    """A learns at a rate of 0.01, B at 0.02, C at 0.01."""

    TEST: ClassVar = {"name": "higher_limit", "cases": ["A", "B"], "than": ["C"], "to": "learning_rate", "value": 0.5}

    def test_the_largest_setting_that_reaches_the_value(self, judge):
        decision, (quantity,) = judge(self.TEST, A=[0.9] * 3, B=[0.6, 0.5, 0.7], C=[0.9] * 3)
        assert quantity.values == (2.0, 2.0, 2.0)
        assert decision.verdict is Verdict.SUPPORTED

    def test_one_that_does_not_reach_it_does_not_count(self, judge):
        decision, (quantity,) = judge(self.TEST, A=[0.9] * 3, B=[0.4] * 3, C=[0.9] * 3)
        assert quantity.values == (1.0, 1.0, 1.0)
        assert decision.verdict is Verdict.CONTRADICTED

    def test_undefined_where_none_reaches_it(self, judge):
        decision, (quantity,) = judge(self.TEST, A=[0.9] * 3, B=[0.9] * 3, C=[0.9, 0.1, 0.9])
        assert (quantity.values, quantity.undefined) == ((2.0, 2.0), 1)
        assert decision.verdict is not Verdict.SUPPORTED

    def test_a_setting_that_is_no_number_is_told(self, judge):
        decision, _ = judge(self.TEST | {"to": "model.variant"}, A=[0.9] * 3, B=[0.9] * 3, C=[0.9] * 3)
        assert "model.variant is not a number" in decision.note


def test_the_best_leaves_out_what_is_undefined(judge):
    test = {"name": "best_of", "cases": ["A", "B"], "than": ["C"], "goal": "min"}
    _, (quantity,) = judge(test, A=[math.nan, 4.0, math.nan], B=[5.0, 6.0, math.nan], C=[8.0, 8.0, 8.0])
    assert (quantity.values, quantity.undefined) == ((3.0, 4.0), 1)


def test_a_setting_that_does_not_differ_or_exist_is_told(judge):
    for to, shown in {"iterations": "400", "bach_size": "None"}.items():
        test = {"name": "proportional", "cases": ["A", "B"], "to": to, "exponent": [0, 1]}
        decision, _ = judge(test, A=[1, 1, 1], B=[2, 2, 2])
        assert decision.verdict is Verdict.NOT_MEASURED
        assert to in decision.note
        assert shown in decision.note


def test_a_ratio_without_a_reported_one_is_told(judge):
    decision, _ = judge({"name": "ratio", "case": "B", "to": ["A"], "around_reported": 0.1}, A=[1] * 3, B=[1] * 3)
    assert decision.verdict is Verdict.NOT_MEASURED
    assert "no ratio B / A" in decision.note


def test_a_ratio_to_zero_is_undefined(judge):
    decision, (quantity,) = judge({"name": "ratio", "case": "A", "to": ["B"], "low": 1}, A=[1, 1, 1], B=[1, 0, 1])
    assert quantity.undefined == 1
    assert decision.verdict is Verdict.INCONCLUSIVE


class TestTracks:
    TEST: ClassVar = {"name": "tracks", "metric": "test_accuracy", "case": "A", "reference": "B", "tolerance": 0.02}

    def judged(self, planted):
        parsed = TypeAdapter(CLAIMS.specification).validate_python(self.TEST)
        quantities = CLAIMS.load("tracks")(parsed, default_evidence(planted.tables(), planted.resolved))
        return decide(quantities), quantities

    @pytest.mark.parametrize(
        ("distance", "seeds", "verdict", "holds"),
        [
            (0.01, 3, Verdict.SUPPORTED, None),
            (0.05, 3, Verdict.CONTRADICTED, None),
            (0.01, 1, Verdict.OBSERVED, True),
            (0.05, 2, Verdict.OBSERVED, False),
        ],
    )
    def test_curves_at_a_distance(self, planted, distance, seeds, verdict, holds):
        for seed in range(seeds):
            planted.curve("A", seed, "test_accuracy", [0.5, 0.8])
            planted.curve("B", seed, "test_accuracy", [0.5 + distance, 0.8 - distance])
        decision, (quantity,) = self.judged(planted)
        assert (decision.verdict, decision.holds) == (verdict, holds)
        assert quantity.values == pytest.approx((distance,) * seeds)

    def test_inconclusive(self, planted):
        for seed, distance in enumerate((0, 0.02, 0.04)):
            planted.curve("A", seed, "test_accuracy", [0.5])
            planted.curve("B", seed, "test_accuracy", [0.5 + distance])
        assert self.judged(planted)[0].verdict is Verdict.INCONCLUSIVE

    def test_only_common_iterations_count(self, planted):
        planted.curve("A", 0, "test_accuracy", [0.5, 0.9], iterations=[100, 150])
        planted.curve("B", 0, "test_accuracy", [0.6, 0.1], iterations=[100, 200])
        assert self.judged(planted)[1][0].values == pytest.approx((0.1,))

    def test_not_measured(self, planted):
        planted.curve("A", 0, "test_accuracy", [0.5])
        decision, _ = self.judged(planted)
        assert decision.verdict is Verdict.NOT_MEASURED
        assert "B was not run" in decision.note

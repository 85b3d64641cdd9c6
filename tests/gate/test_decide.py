"""The gate's statistics against independent calculations, and on effects that are planted or absent."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from hpbench.gate.decide import (
    FAMILY_ERROR,
    FLOOR,
    TOO_GOOD,
    Verdict,
    decide,
    holm,
    interval,
    paired_p,
)


def sample(n, mean=0.0, spread=1.0, seed=0):
    return np.random.default_rng(seed).normal(mean, spread, n)


@pytest.mark.parametrize("n", [3, 5, 11, 30])
def test_t_is_that_of_scipy(n):
    values = sample(n, 0.3)
    expected = stats.ttest_1samp(values, 0.0)
    assert paired_p(values, 0.02) == pytest.approx(expected.pvalue, rel=1e-12)
    found, ends = interval(values, 0.02), expected.confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((ends.low, ends.high), rel=1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_holm_rejects_what_every_bonferroni_test_of_a_set_with_it_rejects(seed):
    random = np.random.default_rng(seed)
    p = list(random.choice([0.0005, 0.002, 0.0034, 0.004, 0.0051, 0.02, 0.5], size=random.integers(1, 7)))
    rejected = [
        all(
            min(p[other] for other in chosen) <= FAMILY_ERROR / len(chosen)
            for size in range(1, len(p) + 1)
            for chosen in itertools.combinations(range(len(p)), size)
            if index in chosen
        )
        for index in range(len(p))
    ]
    assert holm(p) == rejected


def test_fewer_than_three_have_no_test_and_no_interval():
    assert paired_p([0.1, 0.2], 0.02) is None
    assert math.isnan(interval([0.1, 0.2], 0.02).low)
    assert paired_p([0.0] * 3, 0.02) == 1


@pytest.mark.parametrize("n", [3, 4, 7])
def test_differences_all_alike_count_as_spread_by_a_tenth_of_the_threshold(n):
    """As differences with that very spread and mean do, and so do those that rounding tells apart."""
    even = np.array([-1.0, 1.0, *[0.0] * (n - 2)])
    spread = even / even.std(ddof=1) * FLOOR * 0.02
    alike = [-0.05] * n
    rounded = [0.95 - 0.05 - 0.95, *[0.9 - 0.95] * (n - 1)]
    for differences in (alike, rounded):
        assert paired_p(differences, 0.02) == pytest.approx(stats.ttest_1samp(spread - 0.05, 0.0).pvalue, rel=1e-9)
        assert interval(differences, 0.02).low == pytest.approx(interval(list(spread - 0.05), 0.02).low, rel=1e-9)


def test_a_loss_that_is_the_same_at_every_seed_is_significant():
    assert paired_p([-0.6] * 5, 0.02) < FAMILY_ERROR / 100
    assert paired_p([-0.001] * 5, 0.02) > FAMILY_ERROR


@pytest.mark.parametrize(
    ("differences", "higher", "significant", "verdict"),
    [
        ([-0.05, -0.06, -0.04], True, True, Verdict.WORSE),
        ([-0.05, -0.06, -0.04], False, True, Verdict.BETTER),
        ([-0.05, -0.06, -0.04], True, False, Verdict.UNCLEAR),
        ([-0.010, -0.011, -0.012], True, True, Verdict.SAME),
        ([0.05, 0.06, 0.04], True, True, Verdict.BETTER),
        ([0.05, 0.06, 0.04], False, True, Verdict.WORSE),
        ([0.001, -0.001, 0.0], True, False, Verdict.SAME),
        ([0.03, -0.03, 0.0], True, False, Verdict.UNCLEAR),
        ([-0.5, -0.4], True, True, Verdict.UNCLEAR),
    ],
)
def test_worse_is_significant_and_larger_than_the_threshold(differences, higher, significant, verdict):
    assert decide(differences, higher, 0.02, significant).verdict is verdict


def test_more_than_plausible_is_flagged():
    size = 0.02 * TOO_GOOD
    found = decide([size + 0.01, size + 0.02, size + 0.03], True, 0.02, True)
    assert found.verdict is Verdict.BETTER
    assert found.too_good
    assert "TOO GOOD" in found.why
    assert not decide([0.03, 0.04, 0.05], True, 0.02, True).too_good


@pytest.mark.parametrize("n", [5, 12])
def test_a_family_without_effects_is_called_different_in_one_percent_of_comparisons(n):
    random, families, false = np.random.default_rng(1), 2000, 0
    for _ in range(families):
        false += any(holm([paired_p(random.normal(0, 0.03, n), 0.02) for _ in range(3)]))
    assert stats.binomtest(false, families, FAMILY_ERROR).pvalue > 0.01 or false < families * FAMILY_ERROR


@pytest.mark.parametrize("n", [5, 12])
def test_a_planted_effect_is_found_and_its_absence_is_not(n):
    random, worse = np.random.default_rng(2), {0.0: 0, -0.06: 0}
    for shift in worse:
        for _ in range(300):
            differences = random.normal(shift, 0.005, n)
            significant = holm([paired_p(differences, 0.02), 1.0])[0]
            verdict = decide(list(differences), True, 0.02, significant).verdict
            worse[shift] += verdict is Verdict.WORSE
    assert worse[0.0] == 0
    assert worse[-0.06] >= 297

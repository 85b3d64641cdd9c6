"""The gate's statistics against independent calculations, and on effects that are planted or absent."""

import itertools

import numpy as np
import pytest
from scipy import stats

from hpbench.gate.decide import (
    FAMILY_ERROR,
    TOO_GOOD,
    Verdict,
    decide,
    holm,
    paired_test,
    sign_flip_p,
    smallest_flip_p,
    student_p,
)


def sample(n, mean=0.0, spread=1.0, seed=0):
    return np.random.default_rng(seed).normal(mean, spread, n)


@pytest.mark.parametrize("n", [3, 5, 11, 30])
def test_t_is_that_of_scipy(n):
    values = sample(n, 0.3)
    assert student_p(values) == pytest.approx(stats.ttest_1samp(values, 0.0).pvalue, rel=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_sign_flips_are_those_counted_one_by_one(seed):
    values = sample(9, 0.4, seed=seed).round(1)  # rounded, so that sums are tied
    sums = [float(np.dot(signs, values)) for signs in itertools.product((1, -1), repeat=9)]
    counted = sum(abs(one) >= abs(float(values.sum())) - 1e-9 for one in sums) / 2**9
    assert sign_flip_p(values) == counted
    exact = stats.permutation_test(
        (values,),
        lambda x, axis: np.mean(x, axis=axis),
        permutation_type="samples",
        n_resamples=np.inf,
        vectorized=True,
    )
    assert sign_flip_p(values) == pytest.approx(exact.pvalue)


def test_the_smallest_p_of_sign_flips_is_reached_when_all_point_one_way():
    assert sign_flip_p(np.arange(1.0, 8.0)) == smallest_flip_p(7) == 2 / 2**7


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


def test_which_test_depends_on_the_number_of_seeds_alone():
    kinds = {n: paired_test(sample(n), 0.005).kind for n in (3, 11, 12, 20, 21)}
    assert kinds == {n: "sign flips" if n in (12, 20) else "Student's t" for n in kinds}
    assert paired_test(sample(12), 0.0001).kind == "Student's t"  # 12 signs cannot give so small a p
    assert paired_test(sample(2), 0.01) is None
    assert paired_test([0.1, float("nan"), 0.2], 0.01) is None


def test_identical_differences_have_no_spread_for_t():
    assert paired_test([-0.1] * 3, 0.01).p == 0.25
    assert paired_test([0.0] * 3, 0.01).p == 1


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
        tests = [paired_test(random.normal(0, 0.03, n), FAMILY_ERROR / 3) for _ in range(3)]
        false += any(holm([one.p for one in tests]))
    assert stats.binomtest(false, families, FAMILY_ERROR).pvalue > 0.01 or false < families * FAMILY_ERROR


@pytest.mark.parametrize("n", [5, 12])
def test_a_planted_effect_is_found_and_its_absence_is_not(n):
    random, worse = np.random.default_rng(2), {0.0: 0, -0.06: 0}
    for shift in worse:
        for _ in range(300):
            differences = random.normal(shift, 0.005, n)
            found = paired_test(differences, FAMILY_ERROR / 2)
            verdict = decide(list(differences), True, 0.02, holm([found.p, 1.0])[0]).verdict
            worse[shift] += verdict is Verdict.WORSE
    assert worse[0.0] == 0
    assert worse[-0.06] >= 297

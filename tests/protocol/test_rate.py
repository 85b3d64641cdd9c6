"""Step 3: which rates learn, and how one's own compares."""

import math

import pytest

from hpbench.protocol.rate import RATES, RateCurve, judged


def curve(rate, final):
    """A straight line from 2.3 to its end; none at all where it is not finite."""
    if not math.isfinite(final):
        return RateCurve(rate, (2.3, math.inf))
    return RateCurve(rate, tuple(2.3 + (final - 2.3) * min(1.0, i / 90) for i in range(100)))


def curves(own=None):
    """Rates from 1e-6 to 10, of which 0.001 to 0.01 learn, best at 0.01."""
    finals = {rate: 2.3 for rate in RATES if rate < 1e-3} | {1e-3: 1.5, 3.16e-3: 1.0, 0.01: 0.4}
    measured = [curve(rate, finals.get(rate, math.inf)) for rate in RATES]
    return measured + ([curve(own, math.inf if own > 0.01 else 2.3)] if own else [])


def test_rates_are_two_a_decade_from_a_millionth_to_ten():
    assert (RATES[0], RATES[-1], len(RATES)) == (1e-6, 10.0, 15)


def test_the_range_that_learns_is_found():
    step = judged(curves(), None, 10)
    assert step.passed
    assert step.found["rate with the lowest loss"] == 0.01
    assert step.found["rates at which the loss falls"] == "0.001 to 0.01"
    assert "no rate of its own" in step.remarks[0]


@pytest.mark.parametrize(
    ("own", "cause", "words"),
    [
        (
            10.0,
            "rate_too_high",
            "about 1000 times the largest at which the loss still falls (0.01)",
        ),
        (1e-5, "rate_too_low", "about 100 times smaller"),
    ],
)
def test_a_rate_outside_is_named_with_how_far(own, cause, words):
    step = judged(curves() if own in RATES else curves(own), own, 10)
    assert not step.passed
    assert step.causes[0].name == cause
    assert words in step.causes[0].says
    assert "0.01" in step.causes[0].advice


@pytest.mark.parametrize("own", [0.005, 0.01, 0.001, 0.012])
def test_a_rate_inside_or_just_beside_passes(own):
    measured = [*curves(), curve(own, 0.8)] if own == 0.005 else curves()
    assert judged(measured, own, 10).passed


def test_no_rate_that_learns_is_a_failure():
    step = judged([curve(rate, 2.3) for rate in RATES], 0.01, 10)
    assert [cause.name for cause in step.causes] == ["no_rate_learns"]
    step = judged([curve(rate, math.inf) for rate in RATES], 0.01, 10)
    assert [cause.name for cause in step.causes] == ["all_diverge"]


def test_a_budget_that_ends_early_is_said():
    step = judged(curves()[:9], 0.01, 10, "Its time ended")
    assert "before all rates were tried; the one that was under way is left out" in step.remarks[-1]
    assert step.found["rates tried"] == "9 of 15"


def test_where_labels_could_not_be_compared_shuffling_is_named_first():
    measured = [curve(rate, 2.3) for rate in RATES]
    causes = judged(measured, 0.01, 10, labels_unseen=True).causes
    assert [cause.name for cause in causes] == ["labels_unseen", "no_rate_learns"]
    assert "shuffled independently" in causes[0].says
    assert "one permutation" in causes[0].advice
    assert judged(curves(), 0.01, 10, labels_unseen=True).passed


def test_a_loss_that_begins_far_from_log_classes_is_remarked():
    assert judged(curves(), 0.01, 10).remarks == ()
    assert "step 1 of hpbench tune" in judged(curves(), 0.01, 2).remarks[0]

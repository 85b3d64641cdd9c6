import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpbench.analysis.verdicts import Quantity, Verdict, decide

INSIDE = Quantity("in", (0.50, 0.51, 0.52), low=0, high=1)
OUTSIDE = Quantity("out", (1.50, 1.51, 1.52), low=0, high=1)
ACROSS = Quantity("across", (0.9, 1.0, 1.1), low=0, high=1)
FEW = Quantity("few", (0.5, 0.5), low=0, high=1)
MISSING = Quantity("missing", (), missing="A was not run")
UNREACHED = Quantity("unreached", (0.5, 0.5), undefined=1, low=0, high=1)


@pytest.mark.parametrize(
    ("quantities", "verdict"),
    [
        ([INSIDE], Verdict.SUPPORTED),
        ([OUTSIDE], Verdict.CONTRADICTED),
        ([ACROSS], Verdict.INCONCLUSIVE),
        ([FEW], Verdict.OBSERVED),
        ([MISSING], Verdict.NOT_MEASURED),
        ([UNREACHED], Verdict.INCONCLUSIVE),
        ([INSIDE, INSIDE], Verdict.SUPPORTED),
        ([INSIDE, ACROSS], Verdict.INCONCLUSIVE),
        ([INSIDE, ACROSS, OUTSIDE], Verdict.CONTRADICTED),
        ([INSIDE, FEW], Verdict.OBSERVED),
        ([INSIDE, MISSING], Verdict.NOT_MEASURED),
        ([OUTSIDE, MISSING], Verdict.CONTRADICTED),
        ([], Verdict.NOT_MEASURED),
    ],
)
def test_a_claim_holds_when_all_its_quantities_do(quantities, verdict):
    assert decide(quantities).verdict is verdict


def test_observed_says_whether_the_mean_lies_inside():
    assert decide([FEW]).holds is True
    assert decide([Quantity("a", (0.9, 1.3), high=1)]).holds is False
    assert decide([FEW, Quantity("a", (2.0,), high=1)]).holds is False
    assert decide([INSIDE]).holds is None


def test_an_unreached_target_is_told_and_does_not_hold():
    decision = decide([UNREACHED], "target not reached")
    assert decision.note == "unreached: target not reached in 1 of 3 seeds"
    few = decide([Quantity("a", (0.5,), undefined=1, high=1)], "target not reached")
    assert (few.verdict, few.holds) == (Verdict.OBSERVED, False)
    assert decide([Quantity("a", (), undefined=3)]).verdict is Verdict.INCONCLUSIVE


def test_what_is_missing_is_named_once():
    assert decide([MISSING, MISSING]).note == "A was not run"


@pytest.mark.parametrize("n", [1, 3, 12])
def test_exactly_the_margin_is_not_more_than_the_margin(n):
    equal = Quantity("A - B", (0.0,) * n, low=0.0, strict=True)
    decision = decide([equal])
    assert decision.verdict is (Verdict.OBSERVED if n < 3 else Verdict.CONTRADICTED)
    assert not decision.holds
    assert decide([Quantity("A - B", (0.0,) * n, low=0.0)]).verdict in (Verdict.OBSERVED, Verdict.SUPPORTED)


def test_an_interval_that_touches_a_strict_bound_from_above_is_inconclusive():
    touching = Quantity("A - B", (0.0, 0.1, 0.2), low=Quantity("", (0.0, 0.1, 0.2)).interval.low, strict=True)
    assert decide([touching]).verdict is Verdict.INCONCLUSIVE


@given(
    st.lists(st.floats(-2, 2), min_size=3, max_size=6),
    st.floats(-2, 2),
    st.floats(0, 2),
    st.floats(0, 1),
    st.floats(0, 1),
    st.booleans(),
)
def test_widening_what_is_allowed_never_harms(values, low, width, below, above, strict):
    narrow = Quantity("", tuple(values), low=low, high=low + width, strict=strict)
    wide = Quantity("", tuple(values), low=low - below, high=low + width + above, strict=strict)
    order = [Verdict.CONTRADICTED, Verdict.INCONCLUSIVE, Verdict.SUPPORTED]
    assert order.index(wide.verdict) >= order.index(narrow.verdict)


@given(st.lists(st.floats(-2, 2), min_size=3, max_size=6))
def test_everything_lies_between_open_ends(values):
    assert Quantity("", tuple(values)).verdict is Verdict.SUPPORTED
    assert Quantity("", tuple(values), low=math.inf).verdict is Verdict.CONTRADICTED

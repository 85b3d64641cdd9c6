"""The budget: what is planned fits, and what does not fit is not begun."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpbench.protocol import ProtocolError
from hpbench.protocol.budget import Budget, BudgetEndedError, Cost, planned
from hpbench.protocol.step import shown, times

seconds = st.floats(0, 1e5)
costs = st.builds(Cost, st.floats(0, 100), st.floats(1e-3, 1000))


@given(
    points=st.integers(0, 30),
    epochs=st.integers(1, 50),
    cost=costs,
    left=seconds,
    trials=st.none() | st.integers(0, 40),
)
def test_a_plan_never_exceeds_the_budget(points, epochs, cost, left, trials):
    plan = planned(range(points), epochs, cost, left, trials)
    assert len(plan.points) * cost.of(plan.epochs) <= left
    assert len(plan.points) <= (points if trials is None else min(points, trials))
    assert 1 <= plan.epochs <= epochs
    assert list(plan.points) == list(range(len(plan.points)))
    assert bool(plan.shrunk) == (len(plan.points) < points or plan.epochs < epochs)


@given(points=st.integers(1, 30), epochs=st.integers(1, 20), cost=costs, left=seconds)
def test_a_plan_leaves_no_room_for_another_trial(points, epochs, cost, left):
    plan = planned(range(points), epochs, cost, left, None)
    if len(plan.points) < points:
        assert (len(plan.points) + 1) * cost.of(1) > left


@given(cost=costs, left=seconds)
def test_as_many_epochs_as_fit(cost, left):
    epochs = cost.longest(20, left)
    assert epochs == 0 or cost.of(epochs) <= left
    assert epochs == 20 or cost.of(epochs + 1) > left


def test_without_limits_everything_is_planned():
    plan = planned(range(16), 5, Cost(1, 100), math.inf, None)
    assert (len(plan.points), plan.epochs, plan.shrunk) == (16, 5, "")


def test_time_runs_out():
    now = [100.0]
    budget = Budget(2, 3, clock=lambda: now[0])
    budget.require_time()
    now[0] += 119
    assert budget.seconds_left() == 1
    now[0] += 1
    with pytest.raises(BudgetEndedError):
        budget.require_time()
    assert str(budget) == "2 minutes and 3 trials"
    assert budget.left() == "0 of 2 minutes and 3 of 3 trials"
    assert str(Budget(None, 3)) == "3 trials"


@pytest.mark.parametrize(("minutes", "trials"), [(0, None), (math.nan, None), (math.inf, None), (None, 0)])
def test_a_budget_is_positive(minutes, trials):
    with pytest.raises(ProtocolError, match="budget"):
        Budget(minutes, trials)


def test_numbers_as_a_person_reads_them():
    assert [shown(value) for value in (2.302585, 1e-5, 3, "none", math.nan)] == [
        "2.303",
        "1e-05",
        "3",
        "none",
        "not finite",
    ]
    assert [times(ratio) for ratio in (1012.3, 2.54, 31.6)] == ["about 1000", "about 2.5", "about 32"]

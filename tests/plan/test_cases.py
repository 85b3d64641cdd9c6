from hypothesis import given, settings
from hypothesis import strategies as st

from hpbench.definition.load import parse
from hpbench.definition.resolve import Selection
from hpbench.plan.cases import cells, next_round
from hpbench.plan.cost import estimate, nominal_seconds
from hpbench.records.trial import Outcome, TrialResult
from tests.conftest import SMALL


def plan(**selection):
    return cells(parse(SMALL, "small.yaml", Selection(**selection)), lambda settings: "fingerprint")


def test_order_is_seed_major_and_reversed_every_other_seed():
    order = [(cell.trial.seed, cell.case, cell.reading) for cell in plan()]
    assert order == [
        (0, "slow", "default"), (0, "fast", "default"), (0, "slow", "model=caffe"),
        (1, "fast", "default"), (1, "slow", "default"),
    ]  # fmt: skip


def test_timed_seeds_come_first():
    assert [cell.timed for cell in plan()] == [True, True, False, False, False]


@given(seeds=st.integers(1, 12))
@settings(max_examples=10, deadline=None)
def test_a_plan_has_every_case_and_seed_once(seeds):
    planned = plan(seeds=seeds)
    places = {(cell.case, cell.reading, cell.trial.seed) for cell in planned}
    assert len(places) == len(planned) == 3 * seeds
    assert len({cell.trial.identity for cell in planned}) == 3 * seeds


def test_cells_with_the_same_settings_share_a_trial():
    text = SMALL.replace(
        "  fast: {learning_rate: 0.05}",
        "  fast: {learning_rate: 0.05}\n  again: {training.learning_rate: 0.05}",
    )
    planned = cells(parse(text, "small.yaml", Selection()), lambda settings: "x")
    by_case = {cell.case: cell.trial.identity for cell in planned if cell.trial.seed == 0 and cell.reading == "default"}
    assert by_case["fast"] == by_case["again"] != by_case["slow"]


def test_the_planner_of_cases_has_one_round():
    resolved = parse(SMALL, "small.yaml", Selection())
    first = next_round(resolved, lambda settings: "x", [])
    assert len(first) == 5
    result = TrialResult(first[0].trial.identity, Outcome.OK, (), True, "code")
    assert next_round(resolved, lambda settings: "x", [result]) == []


def test_cost_adds_isolated_trials_and_divides_the_others():
    planned = plan()
    from hpbench.records.trial import canonical_json

    measured = {canonical_json(cell.trial.settings): 10.0 for cell in planned}
    cost = estimate(planned, measured, workers=2)
    assert cost.seconds == 10 * 2 + 10 * 3 / 2
    assert cost.measured == 1.0
    assert estimate(planned, {}, 2).measured == 0.0


def test_nominal_cost_grows_with_the_work():
    resolved = parse(SMALL, "small.yaml", Selection())
    longer = parse(SMALL, "small.yaml", Selection(changes={"training.iterations": 12000}))
    short, long = (nominal_seconds(item.planned_cases()[0].settings) for item in (resolved, longer))
    assert long > short > 0

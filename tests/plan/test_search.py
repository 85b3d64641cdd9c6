"""Searches: what keras-tuner would do wrong reaches nobody; each of its known defects has a test here."""

import math
from typing import ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpbench.definition.faults import DefinitionError
from hpbench.definition.load import parse
from hpbench.definition.resolve import Selection
from hpbench.definition.searching import Search
from hpbench.plan.cases import next_round
from hpbench.plan.propose import points, winner
from hpbench.plan.search import SearchChangedError, count, require_same_searches
from hpbench.records.trial import Observation, Outcome, TrialResult

RATE = {"name": "log", "low": 1e-4, "high": 1.0}
DEFINITION = """\
schema: 1
id: searched
version: 1
title: A search
question: Which rate is best?
source: {title: A document}
dataset: {name: digits}
model: {name: mlp, units: [8]}
training: {optimizer: {name: sgd}, schedule: {name: constant}, learning_rate: 0.05, batch_size: 16, iterations: 12}
cases: {alone: {}}
studies:
  random:
    why: To compare.
    seeds: 2
    search:
      strategy: random
      trials: 6
      space:
        learning_rate: {name: log, low: 0.001, high: 1}
        batch_size: {name: integer, low: 8, high: 64}
      again: 3
"""


def search(strategy="random", trials=20, seed=0, goal="max", **space):
    space = {path.replace("__", "."): axis for path, axis in (space or {"learning_rate": RATE}).items()}
    objective = {"metric": "test_accuracy", "goal": goal}
    count = {"trials": trials} if strategy == "random" else {}
    return Search.model_validate({"strategy": strategy, "space": space, "objective": objective, "seed": seed, **count})


def drawn(path="learning_rate", study="s", **asked):
    return [point.get(path) for point in points(search(**asked), "benchmark", study)]


class TestGrid:
    def test_every_combination_once_the_first_axis_slowest(self):
        rate, decay = {**RATE, "points": 4}, {"name": "choice", "values": [0, 1e-4, 1e-3]}
        found = points(search("grid", learning_rate=rate, training__optimizer__l2=decay), "b", "s")
        assert len(found) == 12
        assert [point["training.optimizer.l2"] for point in found[:3]] == [0, 1e-4, 1e-3]
        assert len({tuple(point.values()) for point in found}) == 12

    @given(st.floats(1e-6, 1.0), st.floats(1.1, 1e5), st.integers(2, 30), st.sampled_from(["linear", "log"]))
    @settings(max_examples=40, deadline=None)
    def test_both_ends_are_included_exactly(self, low, factor, count, kind):
        found = drawn(strategy="grid", learning_rate={"name": kind, "low": low, "high": low * factor, "points": count})
        assert (found[0], found[-1], len(found)) == (low, low * factor, count)
        assert found == sorted(found)

    def test_a_tenth_from_zero_to_one_has_eleven_values(self):
        """A Float of keras-tuner with this step never proposes 1."""
        found = drawn(strategy="grid", learning_rate={"name": "linear", "low": 0, "high": 1, "points": 11})
        assert found == pytest.approx([0.1 * i for i in range(11)])

    def test_points_are_known_before_any_is_trained(self):
        """Keras-tuner's own grid has at most two in flight."""
        resolved = parse(
            DEFINITION.replace("strategy: random\n      trials: 6", "strategy: grid")
            .replace("high: 1}", "high: 1, points: 4}")
            .replace("high: 64}", "high: 64, points: 6}"),
            "g.yaml",
            Selection(),
        )
        cells = [cell for cell in next_round(resolved, lambda settings: "data", []) if cell.case != "alone"]
        assert len({cell.case for cell in cells}) == 24

    def test_whole_blocks_and_mixed_values_can_be_chosen(self):
        values = [{"name": "sgd"}, {"name": "adam"}, "text", 3]
        assert (
            drawn("training.optimizer", strategy="grid", training__optimizer={"name": "choice", "values": values})
            == values
        )


class TestRandom:
    def test_as_many_as_asked_for(self):
        """Keras-tuner's own random search ends after 93 to 96 of 100."""
        assert len(drawn(trials=100)) == 100
        assert len(drawn(trials=30, learning_rate={"name": "boolean"})) == 30

    def test_seed_zero_is_a_seed(self):
        assert drawn(seed=0) == drawn(seed=0)

    def test_no_draw_is_shared_by_two_seeds_studies_or_axes(self):
        axes = {"learning_rate": RATE, "training.optimizer.l2": RATE}
        found = points(Search.model_validate({"strategy": "random", "trials": 20, "space": axes}), "b", "s")
        several = [
            drawn(seed=1),
            drawn(seed=2),
            drawn(seed=1, study="other"),
            [point["training.optimizer.l2"] for point in found],
        ]
        assert len({value for draws in several for value in draws}) == 80

    def test_another_axis_leaves_the_draws_of_the_first(self):
        more = drawn(learning_rate=RATE, batch_size={"name": "integer", "low": 1, "high": 9})
        assert more == drawn(learning_rate=RATE)

    def test_more_trials_go_on_with_the_same_draws(self):
        assert drawn(trials=30)[:20] == drawn(trials=20)

    def test_log_axes_are_even_in_the_logarithm(self):
        logs = [math.log10(value) for value in drawn(trials=1000)]
        assert min(logs) >= -4
        assert max(logs) <= 0
        for quarter in range(4):
            assert sum(-4 + quarter <= one < -3 + quarter for one in logs) == pytest.approx(250, abs=70)

    def test_integers_reach_both_ends_evenly(self):
        found = drawn("batch_size", trials=900, batch_size={"name": "integer", "low": 2, "high": 4})
        assert {value: found.count(value) for value in (2, 3, 4)} == pytest.approx({2: 300, 3: 300, 4: 300}, abs=65)


class TestConditions:
    SPACE: ClassVar = {
        "training.optimizer": {"name": "choice", "values": ["a", "b"]},
        "learning_rate": {**RATE, "points": 3, "when": {"training.optimizer": ["a"]}},
    }

    def test_an_axis_counts_only_where_its_condition_holds(self):
        found = points(Search.model_validate({"strategy": "random", "trials": 40, "space": self.SPACE}), "b", "s")
        assert {("learning_rate" in point) == (point["training.optimizer"] == "a") for point in found} == {True}

    def test_a_grid_has_no_point_twice(self):
        found = points(Search.model_validate({"strategy": "grid", "space": self.SPACE}), "b", "s")
        assert len(found) == 4

    def test_a_parent_stands_before(self):
        space = dict(reversed(self.SPACE.items()))
        with pytest.raises(ValueError, match="no axis before"):
            Search.model_validate({"strategy": "grid", "space": space})


class TestWinner:
    def test_three_trials_without_a_score_do_not_end_the_search(self):
        """Three in a row raise in keras-tuner."""
        scores = [math.nan, math.nan, math.nan, math.nan, 0.3, 0.9, 0.2]
        assert winner(search(trials=7), [{}] * 7, scores) == 5

    def test_what_has_no_score_is_never_the_winner(self):
        assert winner(search(trials=3, goal="min"), [{}] * 3, [math.nan, 5.0, 7.0]) == 1
        assert winner(search(trials=3), [{}] * 3, [math.nan, -5.0, -7.0]) == 1

    @pytest.mark.parametrize("metric", ["r2", "f1_score", "cosine_similarity"])
    def test_the_direction_is_the_one_given(self, metric):
        """Keras-tuner guesses it from the name."""
        asked = Search.model_validate(
            {
                "strategy": "random",
                "trials": 3,
                "space": {"learning_rate": RATE},
                "objective": {"metric": metric, "goal": "max"},
            }
        )
        assert winner(asked, [{}] * 3, [0.1, 0.9, 0.5]) == 1

    def test_the_first_of_equal_ones(self):
        assert winner(search(trials=4), [{}] * 4, [0.1, 0.5, 0.5, 0.2]) == 1


def play(text=DEFINITION, score=lambda settings, seed: -abs(math.log10(settings["training"]["learning_rate"]) + 1)):
    """All rounds, each trial scored by a formula."""
    resolved, results, rounds = parse(text, "s.yaml", Selection()), [], []
    while cells := next_round(resolved, lambda settings: "data", results):
        rounds.append(cells)
        for cell in cells:
            value = score(cell.trial.settings, cell.trial.seed)
            found = (Observation("test_accuracy", value, 12),)
            results.append(TrialResult(cell.trial.identity, Outcome.OK, found, cell.timed, "code"))
        assert len(rounds) < 5
    return rounds


def test_every_seed_of_every_point_is_a_trial_and_the_winner_runs_again_with_fresh_ones():
    first, second = play()
    searched = [cell for cell in first if cell.case != "alone"]
    assert len(searched) == 12
    assert {cell.case for cell in second} == {"random/winner"}
    assert [cell.trial.seed for cell in second] == [2, 3, 4]
    best = min(searched, key=lambda cell: abs(math.log10(cell.trial.settings["training"]["learning_rate"]) + 1))
    assert second[0].trial.settings == best.trial.settings


def test_diverged_points_do_not_win():
    _, second = play(score=lambda settings, seed: math.nan if settings["training"]["learning_rate"] > 0.02 else 0.5)
    assert second[0].trial.settings["training"]["learning_rate"] <= 0.02


def test_without_any_score_there_is_no_winner():
    assert len(play(score=lambda settings, seed: math.nan)) == 1


def test_what_a_claim_compares_with_the_winner_runs_with_the_same_fresh_seeds():
    _, second = play(CLAIMED)
    seeds = {case: [cell.trial.seed for cell in second if cell.case == case] for case in ("random/winner", "alone")}
    assert seeds == {"random/winner": [2, 3, 4], "alone": [3, 4]}  # alone ran with 0 to 2


def test_the_plan_counts_searches_without_drawing_them():
    resolved = parse(DEFINITION, "s.yaml", Selection())
    assert count(resolved) == 6 * 2 + 3


CLAIMED = f"""{DEFINITION}claims:
  - id: better
    text: The search finds a better one.
    where: there
    tolerance_from: none
    test: {{name: greater, metric: test_accuracy, cases: [random/winner], than: [alone]}}
  - id: good
    text: It finds a good one.
    where: there
    tolerance_from: none
    test: {{name: between, metric: test_accuracy, cases: [random/winner], low: 0.9}}
"""


@pytest.mark.parametrize(
    ("asked", "cases", "searched"),
    [
        ({}, {"alone"}, True),
        ({"claims": ("better",)}, {"alone"}, True),
        ({"claims": ("good",)}, set(), True),
        ({"cases": ("random/winner",)}, set(), True),
        ({"cases": ("alone",)}, {"alone"}, False),
    ],
)
def test_a_search_runs_where_its_winner_is_asked_for(asked, cases, searched):
    resolved = parse(CLAIMED, "s.yaml", Selection(**asked))
    first = next_round(resolved, lambda settings: "", [])
    found = {cell.case for cell in first}
    assert {case for case in found if "/" not in case} == cases
    assert any(case.startswith("random/") for case in found) == searched
    assert bool(count(resolved)) == searched


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("low: 0.001", "low: 0.01"), "space.learning_rate.low was 0.001 and is 0.01"),
        (("batch_size: {name: integer, low: 8, high: 64}", ""), "space.batch_size"),
        (("again: 3", "seed: 4"), "seed was 0 and is 4"),
        (("{name: integer, low", "{name: linear, low"), "space.batch_size.name"),
    ],
)
def test_a_changed_search_is_refused_by_name(change, said):
    before, now = (parse(text, "s.yaml", Selection()) for text in (DEFINITION, DEFINITION.replace(*change)))
    with pytest.raises(SearchChangedError, match="has changed") as caught:
        require_same_searches(now, before)
    assert said in str(caught.value)


def test_more_trials_and_other_fresh_seeds_only_add():
    now = parse(DEFINITION.replace("trials: 6", "trials: 60").replace("again: 3", "again: 9"), "s.yaml", Selection())
    require_same_searches(now, parse(DEFINITION, "s.yaml", Selection()))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("low: 0.001, high: 1}", "low: 2, high: 1}"), "low comes first"),
        (("learning_rate: {name: log", "learning_rat: {name: log"), "no setting"),
        (("trials: 6", ""), "how many trials"),
        (("name: log, low: 0.001", "name: log, low: 0"), "greater than 0"),
        (("batch_size: {name: integer, low: 8", "batch_size: {name: integer, low: -8"), "greater than 0"),
        (("again: 3", "objective: {metric: test_acuracy}"), "test_accuracy"),
    ],
)
def test_a_faulty_search_is_told_with_its_place(change, said, tmp_path):
    from hpbench.definition.load import read

    file = tmp_path / "s.yaml"
    file.write_text(DEFINITION.replace(*change))
    with pytest.raises(DefinitionError) as caught:
        read(file)
    assert said in str(caught.value)
    assert "s.yaml:" in str(caught.value)

"""What a search tells, on planted scores: its course, the expected best, edges, importance, grid against random."""

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from hpbench.analysis.evidence import default_evidence
from hpbench.analysis.grid_and_random import budgets
from hpbench.analysis.importance import importance
from hpbench.analysis.search import Point, Searched, expected_best, expected_best_interval, searched
from hpbench.analysis.statistics import mean_interval
from hpbench.analysis.surface import river, surface
from hpbench.definition.searching import Search

SPACE = {
    "learning_rate": {"name": "log", "low": 1e-4, "high": 1.0, "points": 9},
    "training.optimizer.l2": {"name": "log", "low": 1e-6, "high": 0.1, "points": 9},
}


def asked(strategy="random", goal="max"):
    fields = {"strategy": strategy, "space": SPACE, "objective": {"metric": "test_accuracy", "goal": goal}}
    return Search.model_validate(fields | ({"trials": 50} if strategy == "random" else {}))


def found(scores, places=None, strategy="random", goal="max", again=()):
    """A search whose points have these scores; places are (learning rate, weight decay)."""
    places = places or [(0.01, 0.001)] * len(scores)
    points = tuple(
        Point(f"s/{number:03d}", dict(zip(SPACE, place, strict=True)), tuple(np.atleast_1d(score).tolist()), 0.0)
        for number, (score, place) in enumerate(zip(scores, places, strict=True))
    )
    return Searched("s", asked(strategy, goal), points, mean_interval(again), tuple(again))


def drawn(count, seed=0):
    generator = np.random.default_rng(seed)
    return [(10 ** generator.uniform(-4, 0), 10 ** generator.uniform(-6, -1)) for _ in range(count)]


def planted(rate, decay):
    """Only the learning rate matters; best at 0.01."""
    return 1 - 0.2 * (math.log10(rate) + 2) ** 2


class TestCourse:
    def test_best_so_far(self):
        assert found([0.2, 0.5, 0.4, 0.9]).best_so_far().tolist() == [0.2, 0.5, 0.5, 0.9]
        assert found([3.0, 4.0, 1.0], goal="min").best_so_far().tolist() == [3.0, 3.0, 1.0]

    def test_what_has_no_score_is_passed_over(self):
        search = found([math.nan, 0.3, math.nan])
        assert np.isnan(search.best_so_far()[0])
        assert search.best_so_far()[1:].tolist() == [0.3, 0.3]
        assert search.best.mean == 0.3

    def test_the_luck_of_the_draw(self):
        assert found([0.9, 0.5], again=[0.8, 0.8, 0.8]).luck == pytest.approx(0.1)
        assert found([1.0, 2.0], goal="min", again=[1.5, 1.5, 1.5]).luck == pytest.approx(0.5)

    @pytest.mark.parametrize(
        ("place", "edges"),
        [
            ((1.0, 0.001), {"learning_rate": "high"}),
            ((1.2e-4, 1e-6), {"learning_rate": "low", "training.optimizer.l2": "low"}),
            ((0.01, 0.001), {}),
        ],
    )
    def test_a_winner_on_the_edge_of_the_space(self, place, edges):
        assert found([0.1, 0.9], [(0.01, 0.001), place]).on_edge() == edges


class TestExpectedBest:
    @given(st.lists(st.floats(-10, 10), min_size=1, max_size=6), st.integers(1, 4))
    def test_it_is_the_mean_over_all_draws_with_replacement(self, scores, count):
        every = [max(draw) for draw in itertools.product(scores, repeat=count)]
        assert expected_best(scores, count) == pytest.approx(math.fsum(every) / len(every), abs=1e-9)

    def test_the_smallest_where_that_is_best(self):
        assert expected_best([1.0, 3.0], 2, sign=-1) == pytest.approx((1 + 1 + 1 + 3) / 4)

    def test_its_interval_covers_the_truth_about_as_often_as_it_says(self):
        """The expected best of 4 of a uniform variable is 0.8."""
        generator = np.random.default_rng(1)
        intervals = [expected_best_interval(generator.uniform(size=60).tolist(), 4) for _ in range(100)]
        assert 85 <= sum(one.low <= 0.8 <= one.high for one in intervals) <= 100


class TestImportance:
    def test_the_axis_that_matters_is_found_and_the_same_every_time(self):
        places = drawn(80)
        points = found([planted(*place) for place in places], places).points
        shares = importance(points, asked())
        assert importance(points, asked()) == shares
        assert shares["learning_rate"].low > 0.5
        assert shares["training.optimizer.l2"].high < 0.2

    def test_none_with_few_points_or_equal_scores(self):
        assert importance(found([0.1, 0.2]).points, asked()) == {}
        assert importance(found([0.5] * 20).points, asked()) == {}


def grid(score, side=9, seeds=2):
    rates, decays = np.geomspace(1e-4, 1, side), np.geomspace(1e-6, 0.1, side)
    places = list(itertools.product(rates.tolist(), decays.tolist()))
    return found([[score(*place)] * seeds for place in places], places, "grid")


class TestGridAgainstRandom:
    def test_random_wins_where_one_axis_matters_and_grids_miss_the_peak(self):
        """A narrow peak between the values of coarse grids."""

        def score(rate, decay):
            return math.exp(-(((math.log10(rate) + 1.2) / 0.25) ** 2))

        places = drawn(60)
        by_size = {one.points: one for one in budgets(grid(score), found([score(*p) for p in places], places))}
        assert set(by_size) >= {4, 9, 16}
        assert by_size[9].difference.low > 0
        assert by_size[9].win_rate.low > 0.5
        assert (by_size[9].distinct_grid, by_size[9].distinct_random) == (3, 9)

    def test_equal_pools_do_not_differ(self):
        places = drawn(40)
        for one in budgets(grid(lambda rate, decay: 0.7), found([0.7] * 40, places)):
            assert one.difference.mean == 0
            assert one.win_rate.mean == 0.5

    def test_a_pool_with_holes_is_not_compared(self):
        whole = grid(planted)
        places = drawn(50)
        random = found([planted(*place) for place in places], places)
        assert list(budgets(replace(whole, points=whole.points[:-1]), random)) == []


def test_a_stored_search_is_found_with_its_conditions(planted_as):
    run = planted_as(
        "studies:\n",
        """studies:
  search:
    why: To see.
    seeds: 2
    search:
      strategy: random
      trials: 3
      space:
        learning_rate: {name: log, low: 0.001, high: 1}
        batch_size: {name: integer, low: 1, high: 9, when: {learning_rate: [0.5]}}
""",
    )
    for number, scores in enumerate([[0.1, 0.3], [0.5, 0.7], [0.2, 0.2]], start=1):
        run.whole(f"search/{number}", "test_accuracy", scores)
    run.whole("search/winner", "test_accuracy", [0.5, 0.5, 0.5])
    tables = run.tables()
    settings = {
        (f"search/{number}", "default"): {"training": {"learning_rate": rate, "batch_size": 4}}
        for number, rate in enumerate([0.1, 0.5, 0.2], start=1)
    }
    tables = replace(tables, settings={**tables.settings, **settings})
    (one,) = searched(default_evidence(tables, run.resolved))
    assert [point.mean for point in one.points] == pytest.approx([0.2, 0.6, 0.2])
    assert one.best.case == "search/2"
    assert one.best.settings == {"learning_rate": 0.5, "batch_size": 4}
    assert one.points[0].settings == {"learning_rate": 0.1}
    assert one.luck == pytest.approx(0.1)
    assert one.seconds().tolist() == [3.0, 6.0, 9.0]


def test_a_part_that_was_chosen_is_the_one_that_the_space_names(planted_as):
    run = planted_as(
        "studies:\n",
        """studies:
  search:
    why: To see.
    seeds: 1
    search:
      strategy: random
      trials: 3
      space:
        learning_rate: {name: log, low: 0.001, high: 1}
        model: {name: choice, values: [{name: mlp, units: [8]}, {name: mlp, units: [4]}]}
""",
    )
    for number in (1, 2, 3):
        run.whole(f"search/{number}", "test_accuracy", [0.1 * number])
    tables = run.tables()
    chosen = {"name": "mlp", "units": [4], "activation": "relu"}
    settings = {
        (f"search/{number}", "default"): {"training": {"learning_rate": 0.1}, "model": chosen} for number in (1, 2, 3)
    }
    (one,) = searched(default_evidence(replace(tables, settings={**tables.settings, **settings}), run.resolved))
    assert one.best.settings["model"] == {"name": "mlp", "units": [4]}


class TestSurface:
    def test_it_is_the_score_where_only_the_points_near_matter(self):
        """A grid of points on the surface of a plane: between them it is that plane's."""
        places = [(10.0**x, 10.0**y) for x in np.linspace(-4, 0, 30) for y in np.linspace(-6, -1, 30)]
        drawn = surface(found([math.log10(rate) + 0.5 * math.log10(decay) for rate, decay in places], places))
        rates, decays = (np.sqrt(ends[1:] * ends[:-1]) for ends in (drawn.x, drawn.y))
        truth = np.log10(rates)[:, None] + 0.5 * np.log10(decays)
        assert (drawn.x[0], drawn.x[-1]) == pytest.approx((1e-4, 1.0))
        assert np.abs(drawn.values - truth).max() < 4 / 29 + 0.5 * 5 / 29

    def test_what_has_no_score_counts_as_the_worst(self):
        places = drawn(60)
        scores = [math.nan if rate > 0.1 else planted(rate, decay) for rate, decay in places]
        high = surface(found(scores, places)).values[-1]
        assert np.median(high) == pytest.approx(np.nanmin(scores))

    def test_too_few_points_or_axes(self):
        assert surface(found([0.1] * 31, drawn(31))) is None
        assert surface(found([math.nan] * 20)) is None
        assert river(found([0.1] * 31, drawn(31))) is None

    @pytest.mark.parametrize(("sign", "goal"), [(1, "max"), (-1, "max"), (1, "min"), (-1, "min")])
    def test_a_planted_river(self, sign, goal):
        """Good points lie along a line through the plane."""
        places = drawn(300)
        off = [abs((math.log10(rate) + 2) / 4 - sign * (math.log10(decay) + 3.5) / 5) for rate, decay in places]
        lies = river(found(off if goal == "min" else [-one for one in off], places, goal=goal))
        assert (lies.low > 0.5) if sign > 0 else (lies.high < -0.5)
        assert lies.n == 75

    def test_the_correlation_is_spearman_s_of_the_best_quarter(self):
        places = drawn(100)
        scores = np.random.default_rng(2).uniform(size=100)
        best = np.array(places)[np.argsort(-scores)[:25]]
        assert river(found(scores.tolist(), places)).mean == pytest.approx(stats.spearmanr(*best.T).statistic)

    def test_no_river_where_one_axis_decides(self):
        places = drawn(300)
        lies = river(found([planted(*place) for place in places], places))
        assert lies.low < 0 < lies.high

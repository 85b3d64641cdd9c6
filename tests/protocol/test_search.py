"""Steps 4, 5 and 7, with a model that only pretends to train, on a clock of its own."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpbench.protocol.budget import Budget
from hpbench.protocol.data import data_of
from hpbench.protocol.points import NARROWEST, RATE_WIDTH, Point, Trial, best_of, grid, refined
from hpbench.protocol.search import Search
from hpbench.protocol.tuning import returned

DATA = data_of((lambda: [(np.zeros((8, 2)), np.zeros(8))] * 10, (np.zeros((20, 2)), np.zeros(20))))


class Pretending:
    """As good as its rate is near to 0.02; an iteration takes so many seconds on the clock."""

    seed, classes = 0, 10

    def __init__(self, now, seconds, slower=1.0, compiling=0.0, takes_decay=True):
        self.takes_decay = takes_decay
        self.now, self.seconds, self.slower, self.compiling, self.compiled = now, seconds, slower, compiling, set()

    def at(self, learning_rate, weight_decay):
        if weight_decay not in self.compiled:
            self.now[0] += self.compiling
            self.compiled.add(weight_decay)
        self.iterations, self.learning_rate = 0, learning_rate
        return self

    def train(self, batch):
        self.iterations += 1
        self.now[0] += self.seconds
        self.seconds *= self.slower
        return 1 / self.iterations

    def judge(self, x, y):
        return 0.1, math.exp(-(math.log10(self.learning_rate / 0.02) ** 2)) * (1 - 1 / (1 + self.iterations))


def searched(minutes, trials, seconds=0.01, slower=1.0, compiling=0.0, epochs=5, model=None, told=None):
    now, done = [0.0], []
    budget = Budget(minutes, trials, clock=lambda: now[0])
    model = model or Pretending(now, seconds, slower, compiling)
    search = Search(model, DATA, budget, done, (told if told is not None else []).append)
    coarse = search.coarse(0.03, epochs)
    return coarse, search.refine(2 * epochs) if coarse.passed else None, done, search, now[0]


@settings(deadline=None, max_examples=50)
@given(
    minutes=st.floats(0.01, 1),
    trials=st.none() | st.integers(1, 30),
    seconds=st.floats(0.01, 3),
    compiling=st.floats(0, 20),
)
def test_the_budget_is_kept(minutes, trials, seconds, compiling):
    """Also where a model that was compiled before begins at once, and another one does not."""
    _, _, done, _, spent = searched(minutes, trials, seconds, compiling=compiling)
    assert trials is None or len(done) <= trials
    assert (
        spent <= 60 * minutes + 2 * seconds + 2 * compiling
    )  # neither an iteration nor a compilation that is under way is cut
    assert not any(trial.cut for trial in done)  # what was begun had been estimated to fit


@settings(deadline=None, max_examples=20)
@given(slower=st.floats(1.001, 1.02))
def test_the_budget_is_kept_on_a_machine_that_slows_down(slower):
    _, _, done, _, spent = searched(1.0, None, 0.01, slower)
    longest = max(trial.seconds for trial in done) if done else 60
    assert spent <= 60 + longest
    assert best_of(done) is None or not best_of(done).cut


def test_the_search_finds_the_better_rate_and_keeps_every_trial():
    coarse, fine, done, _, _ = searched(None, 30)
    assert coarse.passed
    assert 16 < len(done) <= 30
    assert {trial.step for trial in done} == {4, 5}
    assert 0.01 < best_of(done).point.learning_rate < 0.04
    assert best_of(done).accuracy > max(trial.accuracy for trial in done if trial.step == 4)
    assert fine.found["trials"] == len(done) - 16


def test_it_trains_longer_and_stops_by_itself_when_nothing_is_left_to_gain():
    """Of a budget that would hold thousands of trials."""
    told = []
    _, _, done, search, spent = searched(1000.0, None, told=told)
    tried = [(trial.point, trial.epochs) for trial in done]
    assert len(tried) == len(set(tried)) < 80
    assert {10, 20} <= {trial.epochs for trial in done}
    assert search.settled
    assert spent < 1000 * 60 / 10
    step = returned(search, "990 of 1000 minutes")
    assert "has settled: nothing new is left to try near the best setting" in step.concluded
    assert "Budget is left: 990 of 1000 minutes." in step.concluded
    rounds = [line for line in told if line.startswith("step 5")]
    assert len(rounds) == search.rounds
    assert all("best so far" in line for line in rounds)
    assert len(told) == len(rounds) + 2 * 16 + 1  # two lines a trial of step 4, and one of how long an epoch takes


class Overfits(Pretending):
    """Validation data fares ever worse, whatever the rate."""

    def judge(self, x, y):
        passes = self.iterations / 10
        return (1.0 + 0.2 * passes, 0.5 + 0.001 * passes) if x is DATA.x_validation else (0.1, 0.99)

    def train(self, batch):
        super().train(batch)
        return 2.0 * 0.6 ** (self.iterations / 10)


def test_without_weight_decay_only_the_rate_is_searched_whatever_the_curves_say():
    _, _, done, _, _ = searched(None, 12, model=Overfits([0.0], 0.01, takes_decay=False))
    assert {trial.point.weight_decay for trial in done} == {None}
    assert "decay" not in str(done[-1].point)
    _, _, done, _, _ = searched(None, 12, model=Overfits([0.0], 0.01))
    assert any(trial.point.weight_decay for trial in done if trial.step == 5)


def test_what_the_budget_does_not_hold_is_said():
    coarse, fine, _, search, _ = searched(None, 5)
    assert coarse.remarks == ("The budget holds 3 of 16 settings.",)
    assert fine.found["trials"] == 2
    assert search.why_ended == "the trials are used up"
    coarse, _, _, search, _ = searched(1.0, None, 0.4)
    assert "instead of 5" in coarse.remarks[0]
    assert "does not fit into the time left" in search.why_ended


def test_trials_too_short_to_read_are_lengthened():
    _, _, done, _, _ = searched(None, 12, epochs=1)
    assert [trial.epochs for trial in done if trial.step == 5] == [2, 2, 2, 4, 4]


def test_a_budget_without_room_for_a_trial_ends_with_step_4():
    coarse, fine, done, _, _ = searched(0.01, None, 3.0)
    assert (coarse.passed, fine, done) == (False, None, [])


def test_the_grid_is_logarithmic_and_begins_in_the_middle():
    points = grid(0.01, takes_decay=True)  # its first ones differ in both
    assert len(points) == len(set(points)) == 16
    assert points[:4] == (Point(0.01, 0.0), Point(0.00316, 1e-4), Point(0.0316, 1e-3), Point(0.001, 1e-5))
    assert {point.learning_rate for point in points} == {0.001, 0.00316, 0.01, 0.0316}
    assert {point.weight_decay for point in grid(0.01, takes_decay=False)} == {None}


@given(rate=st.floats(1e-6, 10), number=st.integers(1, 6), seed=st.integers(0, 99))
def test_every_round_is_closer_to_the_best(rate, number, seed):
    points = refined(Point(rate, 1e-4), number, "healthy", np.random.default_rng(seed))
    width = RATE_WIDTH * max(0.5 ** (number - 1), NARROWEST)
    assert len(points) == 3
    assert all(abs(math.log10(point.learning_rate / rate)) <= width + 0.01 for point in points)
    assert points == refined(Point(rate, 1e-4), number, "healthy", np.random.default_rng(seed))


@pytest.mark.parametrize(
    ("shape", "moved"),
    [
        ("overfitting", lambda p: p.weight_decay > 0.9e-4),
        ("underfitting", lambda p: p.weight_decay < 1.1e-4),
        ("plateau", lambda p: p.learning_rate < 0.011),
    ],
)
def test_the_curves_shape_pushes_the_next_round(shape, moved):
    points = refined(Point(0.01, 1e-4), 2, shape, np.random.default_rng(1))
    still = refined(Point(0.01, 1e-4), 2, "healthy", np.random.default_rng(1))
    assert points != still
    assert all(moved(point) for point in points)


@given(seed=st.integers(0, 99), decay=st.sampled_from([None, 0.0, 1e-4]))
def test_near_a_setting_there_is_only_so_much_to_try(seed, decay):
    rng, tried = np.random.default_rng(seed), [Point(0.01, decay)]
    while points := refined(Point(0.01, decay), 9, "healthy", rng, tried):
        assert not any(point.is_near(other) for point in points for other in tried)
        tried += points
    assert 3 <= len(tried) <= (40 if decay else 8)


def test_a_trial_that_was_cut_is_never_the_best():
    from hpbench.protocol.curves import Curve

    def trial(accuracy, cut):
        return Trial(4, 0, Point(0.1, None), 1, Curve((1.0,), (0.9,), (1.0,), (accuracy,), (0.1,)), 1.0, cut)

    assert best_of([trial(0.9, True), trial(0.5, False)]).accuracy == 0.5
    assert best_of([trial(0.9, True)]) is None

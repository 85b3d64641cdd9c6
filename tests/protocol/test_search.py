"""Steps 4, 5 and 7, with a model that only pretends to train, on a clock of its own."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpbench.protocol.budget import Budget
from hpbench.protocol.data import data_of
from hpbench.protocol.points import RATE_WIDTH, Point, Trial, best_of, grid, refined
from hpbench.protocol.search import Search

DATA = data_of((lambda: [(np.zeros((8, 2)), np.zeros(8))] * 10, (np.zeros((20, 2)), np.zeros(20))))


class Pretending:
    """As good as its rate is near to 0.02; an iteration takes so many seconds on the clock."""

    seed, takes_decay, classes = 0, True, 10

    def __init__(self, now, seconds, slower=1.0, compiling=0.0):
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


def searched(minutes, trials, seconds=0.01, slower=1.0, compiling=0.0, epochs=5):
    now, done = [0.0], []
    budget = Budget(minutes, trials, clock=lambda: now[0])
    search = Search(Pretending(now, seconds, slower, compiling), DATA, budget, done, lambda words: None)
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
    coarse, fine, done, search, _ = searched(None, 30)
    assert coarse.passed
    assert len(done) == 16 + 14
    assert {trial.step for trial in done} == {4, 5}
    assert 0.01 < best_of(done).point.learning_rate < 0.04
    assert best_of(done).accuracy > max(trial.accuracy for trial in done if trial.step == 4)
    assert search.rounds == 5
    assert fine.found["trials"] == 14


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
    points = grid(0.01, takes_decay=True)
    assert len(points) == len(set(points)) == 16
    assert points[:3] == (Point(0.01, None), Point(0.00316, None), Point(0.01, 1e-4))  # the rate matters more
    assert {point.learning_rate for point in points} == {0.001, 0.00316, 0.01, 0.0316}
    assert {point.weight_decay for point in grid(0.01, takes_decay=False)} == {None}


@given(rate=st.floats(1e-6, 10), number=st.integers(1, 6), seed=st.integers(0, 99))
def test_every_round_is_closer_to_the_best(rate, number, seed):
    points = refined(Point(rate, 1e-4), number, "healthy", np.random.default_rng(seed))
    width = RATE_WIDTH * 0.5 ** (number - 1)
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


def test_a_trial_that_was_cut_is_never_the_best():
    from hpbench.protocol.curves import Curve

    def trial(accuracy, cut):
        return Trial(4, 0, Point(0.1, None), 1, Curve((1.0,), (0.9,), (1.0,), (accuracy,), (0.1,)), 1.0, cut)

    assert best_of([trial(0.9, True), trial(0.5, False)]).accuracy == 0.5
    assert best_of([trial(0.9, True)]) is None

"""Step 2: whether labels stay with their inputs, and which cause is named."""

import math

import numpy as np
import pytest

from hpbench.protocol.data import data_of
from hpbench.protocol.overfit import judged, unfinished
from hpbench.protocol.overfit_causes import Attempt, OverfitFacts
from hpbench.protocol.sample import Sample, sampled

X = np.arange(200, dtype=np.float32).reshape(100, 2)
Y = np.arange(100) % 5


def passes(order_x, order_y):
    """Data whose loader gives inputs and labels in these orders, functions of the epoch."""

    def epoch(number):
        x, y = X[order_x(number)], Y[order_y(number)]
        return [(x[start : start + 10], y[start : start + 10]) for start in range(0, 100, 10)]

    return data_of((epoch, (X, Y)))


def order(stream):
    return lambda number: np.random.default_rng([stream, number]).permutation(100)


def test_labels_that_are_shuffled_apart_are_seen():
    sample = sampled(passes(order(1), order(2)))
    assert sample.compared == 100
    assert 60 < sample.changed <= 100
    assert sample.apart


def test_labels_that_move_with_their_inputs_are_fine():
    sample = sampled(passes(order(1), order(1)))
    assert (sample.compared, sample.changed, sample.apart) == (100, 0, False)


def test_a_loader_that_shuffles_in_place_what_it_gave_is_seen_through():
    x, y = X.copy(), Y.copy()
    rng = np.random.default_rng(0)

    def epoch():
        rng.shuffle(x)
        rng.shuffle(y)
        return [(x[start : start + 10], y[start : start + 10]) for start in range(0, 100, 10)]

    assert sampled(data_of((epoch, (X, Y)))).changed > 60


def test_an_input_with_two_labels_is_seen():
    x = np.zeros((40, 2), np.float32)
    assert sampled(data_of(((x, np.arange(40) % 2), (x, np.zeros(40))))).twice == 1


def attempt(rate=0.1, accuracy=0.5, losses=(2.0, 1.5, 1.49, 1.49), unmoved=()):
    steps = tuple(range(20, 20 * len(losses) + 1, 20))
    return Attempt(rate, steps, losses, (accuracy,) * len(losses), unmoved)


def facts(*attempts, sample=None, trainable=("a", "b"), frozen=0):
    whole = sample or Sample(())
    return OverfitFacts(attempts, whole, trainable, frozen, 10)


@pytest.mark.parametrize(
    ("planted", "cause"),
    [
        (facts(attempt(), sample=Sample((), 100, 90, loader=True)), "labels_change_between_passes"),
        (facts(attempt(), sample=Sample((), 100, 5, loader=True)), "some_labels_change"),
        (facts(attempt(accuracy=1.0), sample=Sample((), 100, 90, loader=True)), "labels_change_between_passes"),
        (facts(attempt(), sample=Sample((), twice=3)), "same_input_other_label"),
        (facts(attempt(), trainable=()), "nothing_trainable"),
        (facts(attempt(losses=(2.0, math.nan)), attempt(losses=(math.nan,))), "all_diverged"),
        (facts(attempt(unmoved=("a",)), attempt(unmoved=("a", "b"))), "no_gradient"),
        (facts(attempt(), frozen=2), "most_are_frozen"),
        (facts(attempt(losses=(2.0, 1.8, 1.6, 1.4))), "still_falling"),
        (facts(attempt()), "too_small"),
        (facts(attempt(accuracy=0.1)), "unknown"),
    ],
)
def test_the_likeliest_cause_comes_first(planted, cause):
    step = judged(planted)
    assert not step.passed
    assert step.causes[0].name == cause


def test_one_rate_that_learns_all_is_enough():
    step = judged(facts(attempt(accuracy=0.1), attempt(0.01, 1.0)))
    assert step.passed
    assert "with rate 0.01" in step.concluded


def test_weights_that_moved_at_some_rate_are_not_dead():
    assert facts(attempt(unmoved=("a",)), attempt(unmoved=("b",))).dead == ()


def test_an_accuracy_that_was_higher_before_is_told_with_the_one_in_the_end():
    tried = Attempt(100.0, (20, 40, 60), (2.0, 2.0, 2.0), (0.1, 0.156, 0.08), ())
    assert (
        judged(facts(tried)).found["accuracy at rate 100"] == "at best 15.6% (iteration 40), 8.0% after 60 iterations"
    )


def test_a_few_labels_that_change_do_not_fail_a_model_that_learns():
    assert judged(facts(attempt(accuracy=1.0), sample=Sample((), 100, 5, loader=True))).passed


def test_where_it_is_ended_early_it_says_how_far_it_came():
    step = unfinished([attempt(), attempt(0.01, 0.7)], "It was interrupted")
    assert (step.passed, step.verdict, step.causes) == (False, "unfinished", ())
    assert step.concluded.startswith("It was interrupted")
    assert "70.0% at best" in step.concluded
    assert step.found["accuracy at rate 0.01"] == "70.0% after 80 iterations"

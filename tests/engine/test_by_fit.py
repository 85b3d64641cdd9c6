"""The procedure ``fit`` beside ``train``, drawn images, and epochs: whole trials in processes of their own."""

import math

import numpy as np
import pytest

from hpbench.engine.batches import few_shot
from hpbench.parts.datasets.prepared import prepare_dataset
from hpbench.records.seeds import derive
from hpbench.records.trial import Outcome

CODE = """
import keras
import numpy as np

class Seen(keras.callbacks.Callback):
    def __init__(self, path):
        super().__init__()
        self.path = path
"""
SEARCH = {"name": "learning_rate_search", "proposals": [0.01, 0.1, 1.0]}
DENSE = {"name": "mlp", "units": [32]}
LIKE_SGD = {"training__optimizer": {"name": "sgd"}, "model": DENSE, "training__schedule": {"name": "constant"}}


def final(done, name):
    return done.values(name)[-1]


@pytest.mark.parametrize(("step", "mode"), [({"name": "plain"}, "auto"), (SEARCH, "graph")], ids=["plain", "search"])
def test_fit_trains_what_train_trains(trials, step, mode):
    """The same batches from the same weights: the same losses, but for rounding."""
    alike = LIKE_SGD | {"training__step": step, "compute__compile": mode}
    (own,), (fit,) = trials([], **alike), trials([], **alike, training__procedure={"name": "fit"})
    assert (own.result.outcome, fit.result.outcome) == (Outcome.OK, Outcome.OK), fit.result.message
    for name in ("train_loss", "test_loss"):
        assert final(fit, name) == pytest.approx(final(own, name), rel=1e-4)
    for name in ("rate_bound", "chosen_rate", "search_rounds") if step is SEARCH else ():
        found, expected = final(fit, name), final(own, name)
        assert found == pytest.approx(expected) or (math.isnan(found) and math.isnan(expected))


def test_fit_refuses_callbacks_that_it_would_not_call(trials):
    (done,) = trials([{"name": "record_weight_norm"}], training__procedure={"name": "fit"})
    assert done.result.outcome is Outcome.FAILED
    assert "calls no callbacks; leave them out" in done.result.message


def test_fit_refuses_instruments_that_it_would_not_read(trials):
    instruments = [{"name": "gradient_norms", "at": [0]}]
    (done,) = trials([], training__procedure={"name": "fit"}, training__instruments=instruments)
    assert done.result.outcome is Outcome.FAILED
    assert "leave out 'at'" in done.result.message


def test_epochs_are_as_many_iterations_as_they_fill(trials):
    """Three epochs of 2 images of 10 classes in batches of 8: 60 images, 8 batches."""
    length = {"training__iterations": None, "training__epochs": 3, "training__evaluate_every": None}
    (done,) = trials([], **LIKE_SGD, **length, training__images_per_class=2, training__batch_size=8)
    assert done.result.outcome is Outcome.OK, done.result.message
    assert [iteration for iteration, _ in done.curves["test_accuracy"]] == [8]


def test_train_accuracy_is_that_of_the_drawn_images(trials):
    """Trained long enough to know its twenty images, and not the others."""
    length = {"training__iterations": 600, "training__evaluate_every": None, "cases__fast": {"learning_rate": 0.1}}
    data = {"dataset": {"name": "digits", "size": 8}}
    first, second = trials([], seeds=2, **LIKE_SGD, **length, **data, training__images_per_class=2)
    for done in (first, second):
        assert final(done, "train_accuracy") == 1
        assert final(done, "test_accuracy") < 0.9
        assert final(done, "worse_than_chance") == 0
    assert final(first, "test_loss") != final(second, "test_loss")


def test_the_draw_depends_on_benchmark_and_seed_alone(tmp_path):
    labels = prepare_dataset({"name": "digits", "size": 28}, tmp_path).load()["train"][1]
    drawn = {seed: few_shot(labels, 5, derive("few-shot draw", "small", seed)) for seed in (0, 1)}
    assert not np.array_equal(drawn[0], drawn[1])


def test_a_rate_that_blows_up_ends_worse_than_chance(trials):
    (done,) = trials([], **LIKE_SGD, cases__fast={"learning_rate": 1e6})
    assert final(done, "worse_than_chance") == 1

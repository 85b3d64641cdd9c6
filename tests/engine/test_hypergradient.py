"""Hypergradient descent against the same algorithm in NumPy, and against what the derivative says it is."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from pydantic import ValidationError

from hpbench.definition.schema import Training
from hpbench.engine.batches import batch_indices, few_shot
from hpbench.engine.fitting import with_step
from hpbench.engine.hypergradient import Hypergradient
from hpbench.engine.tensorflow_state import Carried
from hpbench.parts.datasets.embedded import mnist5k
from hpbench.parts.models.mlp import mlp
from hpbench.records.trial import Outcome
from tests.engine.programs import compiled
from tests.engine.search_by_hand import TwoLayerNet, updated

CODE = ""
RATE, BATCH = 0.02, 8
FORMS = [("additive", 1e-3), ("additive", 0.1), ("multiplicative", 0.05)]


class ByHand:
    """Baydin et al. 2018, section 3, line by line."""

    def __init__(self, rate, beta, form):
        self.rate, self.beta, self.form = rate, beta, form
        self.before = None

    def iterate(self, net, weights, x, t):
        gradient = net.gradient(weights, x, t)
        flat = np.concatenate([part.ravel() for part in gradient])
        if self.before is not None:
            product = flat @ self.before
            if self.form == "additive":
                self.rate = self.rate + self.beta * product
            else:
                cosine = product / (np.linalg.norm(flat) * np.linalg.norm(self.before))
                self.rate = self.rate * (1 + self.beta * cosine)
        self.before = flat
        return updated(weights, gradient, self.rate)


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    arrays = mnist5k({"name": "mnist5k"}, tmp_path_factory.mktemp("data"))
    rows = few_shot(arrays.y_train, 5, 0)
    return arrays.x_train[rows].reshape(-1, 784) / 255, arrays.y_train[rows]


@pytest.fixture(autouse=True)
def usual_precision():
    yield
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")


def network(seed=1, dtype="float32"):
    keras.config.set_floatx(dtype)
    keras.config.set_dtype_policy(dtype)
    keras.utils.set_random_seed(seed)
    return mlp({"units": [20]}, (28, 28, 1), 10)


def data(images):
    return images[0].reshape(-1, 28, 28, 1).astype(np.float32), images[1]


@pytest.mark.parametrize(("form", "beta"), FORMS)
def test_whole_trajectories_in_float64(images, form, beta):
    x, y = images
    model, net = network(dtype="float64"), TwoLayerNet()
    optimizer = keras.optimizers.SGD(RATE)
    optimizer.build(model.trainable_variables)
    state = Carried(model, optimizer, Hypergradient(beta, form))
    weights = [weight.astype(np.float64) for weight in model.get_weights()]
    reference, carried, rates = ByHand(RATE, beta, form), state.begin(), []
    for row in batch_indices(len(y), BATCH, 40, 3):
        weights = reference.iterate(net, weights, x[row], y[row])
        _, carried = state.advance((tf.constant(x[row].reshape(-1, 28, 28, 1)), tf.constant(y[row])), carried)
        assert float(carried.own["rate"]) == pytest.approx(reference.rate, rel=1e-9)
        for found, expected in zip(carried.weights, weights, strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-10)
        rates.append(reference.rate)
    assert np.ptp(rates) > 0.01 * RATE


@pytest.mark.parametrize(
    ("form", "beta", "mode"), [(*FORMS[1], "xla"), (*FORMS[2], "xla"), (*FORMS[1], "graph"), (*FORMS[2], "eager")]
)
def test_step_by_step_from_the_same_state(images, form, beta, mode):
    """The program in float32, an iteration at a time; rate and gradient before are its own."""
    x, y = images
    model, net = network(), TwoLayerNet()
    program = compiled(model, keras.optimizers.SGD(RATE), data(images), mode, Hypergradient(beta, form), stretch=1)
    reference = ByHand(RATE, beta, form)
    for row in batch_indices(len(y), 16, 30, 4):
        before = [weight.astype(np.float64) for weight in model.get_weights()]
        expected = reference.iterate(net, before, x[row], y[row])
        program.run(row[None])
        assert program.observed() == {"chosen_rate": pytest.approx(reference.rate, rel=1e-4)}
        for found, wanted in zip(model.get_weights(), expected, strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-6)
        reference.rate = program.observed()["chosen_rate"]


def test_the_product_is_how_a_loss_depends_on_the_rate_before_it(images):
    """Minus the slope of the second loss over the first rate, by central differences."""
    x, y = images
    net, (first, second) = TwoLayerNet(), batch_indices(len(y), BATCH, 2, 5)
    weights = [weight.astype(np.float64) for weight in network().get_weights()]

    def second_loss(rate):
        gradient = net.gradient(weights, x[first], y[first])
        return net.loss(updated(weights, gradient, rate), x[second], y[second])

    slope = (second_loss(RATE + 1e-6) - second_loss(RATE - 1e-6)) / 2e-6
    beta = 0.1
    reference = ByHand(RATE, beta, "additive")
    for row in (first, second):
        weights = reference.iterate(net, weights, x[row], y[row])
    assert reference.rate == pytest.approx(RATE - beta * slope, rel=1e-6)


def test_the_first_update_has_the_optimizer_s_rate(images):
    program = compiled(network(), keras.optimizers.SGD(0.0625), data(images), step=Hypergradient(), stretch=1)
    program.run(np.arange(16, dtype=np.int32)[None])
    assert program.observed() == {"chosen_rate": 0.0625}


@pytest.mark.parametrize("mode", ["xla", "graph"])
def test_another_trial_of_the_job_begins_anew(images, mode):
    """With the first rate, and without the last gradient of the trial before."""
    batches = batch_indices(len(images[1]), 16, 20, 1)
    program = compiled(network(), keras.optimizers.SGD(RATE), data(images), mode, Hypergradient(0.1))
    program.run(batches)
    once = program.observed()
    program.reset(network())
    program.run(batches[:1])
    assert program.observed() == {"chosen_rate": pytest.approx(RATE)} != once
    program.run(batches[1:])
    assert program.observed() == once


def test_from_a_rate_far_too_small_it_learns_where_the_fixed_rate_does_not(images):
    batches = batch_indices(len(images[1]), 16, 300, 1)
    found = {}
    for name, step in {
        "fixed": None,
        "additive": Hypergradient(0.01),
        "multiplicative": Hypergradient(0.5, "multiplicative"),
    }.items():
        program = compiled(network(), keras.optimizers.SGD(1e-4), data(images), "graph", step)
        program.run(batches)
        found[name] = program.evaluate("train", 50)[0]
    assert found["fixed"] > 2.0
    assert found["additive"] < 0.5
    assert found["multiplicative"] < 0.5


def test_gradients_of_zero_leave_the_rate_as_it_is():
    """A cosine with nothing is none: images of zeros and logits of zeros of two classes, half of each."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((2, 2, 1)), keras.layers.Flatten(), keras.layers.Dense(2)])
    model.set_weights([np.zeros((4, 2), np.float32), np.zeros(2, np.float32)])
    nothing = np.zeros((4, 2, 2, 1), np.float32), np.array([0, 1, 0, 1], np.int32)
    step = Hypergradient(0.5, "multiplicative")
    program = compiled(model, keras.optimizers.SGD(0.25), nothing, "xla", step, batch_size=4)
    assert program.run(np.tile(np.arange(4, dtype=np.int32), (3, 1))).finite
    assert program.observed() == {"chosen_rate": 0.25}


def test_in_a_model_of_one_s_own_by_fit(images):
    x, y = data(images)
    looped, model = network(3), network(3)
    batches = np.tile(np.arange(48, dtype=np.int32).reshape(6, 8), (4, 1))
    program = compiled(looped, keras.optimizers.SGD(RATE), (x, y), "graph", Hypergradient(0.01), batch_size=8)
    program.run(batches)
    stepped = with_step(model, Hypergradient(0.01))
    stepped.compile(keras.optimizers.SGD(RATE), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    stepped.fit(x[:48], y[:48], batch_size=8, epochs=4, shuffle=False, verbose=0)
    assert stepped.observed() == pytest.approx(program.observed(), rel=1e-4)


def test_a_trial_observes_the_rate_at_every_evaluation(trials):
    step = {"name": "hypergradient", "rate_of_rate": 0.01}
    (done,) = trials([], training__optimizer={"name": "sgd", "l2": 0.001}, training__step=step)
    assert done.result.outcome is Outcome.OK, done.result.message
    rates = dict(done.curves["chosen_rate"])
    assert list(rates) == [4, 8, 12]
    assert len({0.05, *rates.values()}) == 4


@pytest.mark.parametrize("beta", [0.0, -1.0, np.inf, np.nan])
def test_what_cannot_be_a_rate_of_a_rate_is_refused(beta):
    with pytest.raises(ValueError, match="positive number"):
        Hypergradient(beta)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"optimizer": {"name": "adam"}}, "needs the optimizer sgd without momentum"),
        ({"optimizer": {"name": "sgd", "momentum": 0.9}}, "needs the optimizer sgd without momentum"),
        ({"optimizer": {"name": "sgd", "bias_rate": 2}}, "and with one rate"),
        ({"schedule": {"name": "exponential", "factor": 0.9}}, "write 'schedule: {name: constant}'"),
    ],
)
def test_a_definition_that_does_not_fit_is_told_what_would(changes, words):
    fields = {
        "step": {"name": "hypergradient"},
        "optimizer": {"name": "sgd", "l2": 0.001},
        "schedule": {"name": "constant"},
        "learning_rate": 0.1,
        "batch_size": 16,
        "iterations": 10,
    }
    assert Training.model_validate(fields).step.form == "additive"
    with pytest.raises(ValidationError, match=words):
        Training.model_validate(fields | changes)

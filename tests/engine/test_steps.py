"""Step strategies: one written for this test, in each compile mode, against the same algorithm in NumPy."""

import keras
import numpy as np
import pytest
from keras import ops

from hpbench.engine.backend import CannotCompileError
from hpbench.engine.batches import batch_indices
from hpbench.engine.steps import Step
from tests.engine.programs import compiled

RADIUS, RATE, STEPS, BATCH = 0.05, 0.1, 60, 16


class SharpnessAware(Step):
    """The gradient at the worst point nearby decides (Foret et al. 2021); the radius shrinks by 1 % an iteration."""

    def start(self):
        return {"radius": ops.convert_to_tensor(RADIUS)}

    def __call__(self, state, batch, value_and_gradient, update):
        value, gradients = value_and_gradient(state, batch)
        length = ops.sqrt(sum(ops.sum(gradient**2) for gradient in gradients))
        radius = state.own["radius"]
        away = [weight + radius * gradient / length for weight, gradient in zip(state.weights, gradients, strict=True)]
        _, worst = value_and_gradient(state._replace(weights=away), batch)
        return update(value.state._replace(own={"radius": radius * 0.99}), worst), value


class Halving(Step):
    """Every update has a rate of its own: half the one before, whatever the schedule says."""

    def start(self):
        return (ops.convert_to_tensor(RATE),)

    def __call__(self, state, batch, value_and_gradient, update):
        value, gradients = value_and_gradient(state, batch)
        (rate,) = state.own
        return update(value.state._replace(own=(rate / 2,)), gradients, rate), value


def linear(shape):
    keras.utils.set_random_seed(1)
    return keras.Sequential([keras.Input(shape), keras.layers.Flatten(), keras.layers.Dense(3)])


@pytest.fixture(scope="module")
def data():
    generator = np.random.default_rng(2)
    labels = generator.integers(0, 3, 80).astype(np.int32)
    images = generator.normal(size=(80, 2, 2, 1)).astype(np.float32)
    images[np.arange(80), labels // 2, labels % 2, 0] += 1
    return images, labels


@pytest.fixture(scope="module")
def batches():
    return batch_indices(80, BATCH, STEPS, seed=1)


def gradient(kernel, bias, x, y):
    """Of the mean cross-entropy of a linear model, in closed form."""
    logits = x @ kernel + bias
    shares = np.exp(logits - logits.max(1, keepdims=True))
    shares /= shares.sum(1, keepdims=True)
    shares[np.arange(len(y)), y] -= 1
    return x.T @ shares / len(y), shares.mean(0)


def sharpness_aware(kernel, bias, data, batches):
    radius = RADIUS
    for row in batches:
        x, y = data[0][row].reshape(len(row), -1).astype(np.float64), data[1][row]
        first, second = gradient(kernel, bias, x, y)
        length = np.sqrt((first**2).sum() + (second**2).sum())
        first, second = gradient(kernel + radius * first / length, bias + radius * second / length, x, y)
        kernel, bias, radius = kernel - RATE * first, bias - RATE * second, radius * 0.99
    return kernel, bias


def halving(kernel, bias, data, batches):
    rate = RATE
    for row in batches:
        x, y = data[0][row].reshape(len(row), -1).astype(np.float64), data[1][row]
        first, second = gradient(kernel, bias, x, y)
        kernel, bias, rate = kernel - rate * first, bias - rate * second, rate / 2
    return kernel, bias


@pytest.mark.parametrize("mode", ["auto", "graph", "eager"])
@pytest.mark.parametrize(
    ("step", "by_hand"), [(SharpnessAware(), sharpness_aware), (Halving(), halving)], ids=["sharpness", "halving"]
)
def test_a_step_gives_what_its_algorithm_gives_by_hand(step, by_hand, mode, data, batches):
    model = linear(data[0].shape[1:])
    kernel, bias = (weight.astype(np.float64) for weight in model.get_weights())
    program = compiled(model, keras.optimizers.SGD(RATE), data, mode, step, stretch=25)
    for start in range(0, STEPS, 25):  # what the step keeps has to live on from stretch to stretch
        program.run(batches[start : start + 25])
    for found, expected in zip(model.get_weights(), by_hand(kernel, bias, data, batches), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("mode", ["auto", "graph"])
def test_what_a_step_keeps_starts_anew_with_the_next_trial(mode, data, batches):
    model = linear(data[0].shape[1:])
    program = compiled(model, keras.optimizers.SGD(RATE), data, mode, Halving())
    program.run(batches)
    first = model.get_weights()
    program.reset(linear(data[0].shape[1:]))
    program.run(batches)
    for once, again in zip(first, model.get_weights(), strict=True):
        np.testing.assert_array_equal(once, again)


class Drawn(Step):
    """What it keeps is drawn at the start of each trial."""

    def start(self):
        return keras.random.uniform((), seed=int(np.random.default_rng().integers(2**31)))

    def __call__(self, state, batch, value_and_gradient, update):
        value, gradients = value_and_gradient(state, batch)
        return update(value.state, gradients, state.own), value


def test_what_a_step_draws_at_its_start_is_drawn_for_each_trial(data, batches):
    model = linear(data[0].shape[1:])
    program = compiled(model, keras.optimizers.SGD(RATE), data, "graph", Drawn())
    found = []
    for _ in range(2):
        program.reset(linear(data[0].shape[1:]))
        program.run(batches[:1])
        found.append(model.get_weights()[0])
    assert not np.allclose(*found)


def test_a_step_needs_an_optimizer_that_is_a_function(data):
    with pytest.raises(CannotCompileError, match="Nadam cannot be written as a function of its state"):
        compiled(linear(data[0].shape[1:]), keras.optimizers.Nadam(RATE), data, "auto", Halving())

"""The optimizer follows, step by step, the rule of its docstring computed in float64 with NumPy."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from hpbench.catalogue.optimizers import OPTIMIZERS
from hpbench.parts.optimizers import SGD, sgd
from hpbench.parts.schedules import InversePower

STEPS = 50
BASE = 0.05
SETTINGS = [
    {"momentum": 0.0, "nesterov": False, "l2": 0.0, "bias_rate": 1.0},
    {"momentum": 0.0, "nesterov": False, "l2": 0.1, "bias_rate": 2.0},
    {"momentum": 0.9, "nesterov": False, "l2": 0.0, "bias_rate": 1.0},
    {"momentum": 0.9, "nesterov": False, "l2": 0.1, "bias_rate": 2.0},
    {"momentum": 0.9, "nesterov": True, "l2": 0.1, "bias_rate": 0.5},
]


def base_rate(step):
    return BASE * (1 + 0.02 * step) ** -0.75


@pytest.fixture
def problem():
    """Inputs (16, 3), targets (16, 2), kernel (3, 2) and bias (2,) of a linear regression, float32."""
    generator = np.random.default_rng(3)
    return [generator.normal(size=shape).astype(np.float32) for shape in [(16, 3), (16, 2), (3, 2), (2,)]]


@pytest.fixture
def model(problem):
    _, _, kernel, bias = problem
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.set_weights([kernel, bias])
    return model


def expected_weights(problem, momentum, nesterov, l2, bias_rate):
    inputs, targets, kernel, bias = [array.astype(np.float64) for array in problem]
    weights, velocities = [kernel, bias], [np.zeros_like(kernel), np.zeros_like(bias)]
    for step in range(STEPS):
        error = 2 * (inputs @ weights[0] + weights[1] - targets) / targets.size
        gradients = [inputs.T @ error, error.sum(axis=0)]
        for i, own_rate in enumerate([1.0, bias_rate]):
            gradient = gradients[i] + l2 * weights[i]
            change = own_rate * base_rate(step) * gradient
            velocities[i] = momentum * velocities[i] - change
            weights[i] = weights[i] + (momentum * velocities[i] - change if nesterov else velocities[i])
    return weights


def train_by_hand(model, optimizer, inputs, targets):
    @tf.function
    def update():
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(inputs) - targets))
        variables = model.trainable_variables
        optimizer.apply(tape.gradient(loss, [variable.value for variable in variables]), variables)

    optimizer.build(model.trainable_variables)
    for _ in range(STEPS):
        update()


def train_by_fit(model, optimizer, inputs, targets):
    model.compile(optimizer, loss="mse")
    repeated = [np.tile(array, (STEPS, 1)) for array in (inputs, targets)]
    model.fit(*repeated, batch_size=len(inputs), epochs=1, shuffle=False, verbose=0)


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_fifty_updates_follow_the_rule(problem, model, settings):
    optimizer = sgd(settings, InversePower(BASE, gamma=0.02))
    train_by_hand(model, optimizer, *problem[:2])
    # Fifty contracting steps on weights of order one, a few roundings of 6e-8 each.
    for weight, expected in zip(model.get_weights(), expected_weights(problem, **settings), strict=True):
        np.testing.assert_allclose(weight, expected, rtol=0, atol=3e-6)


def test_fit_follows_the_rule(problem, model):
    train_by_fit(model, sgd(SETTINGS[3], InversePower(BASE, gamma=0.02)), *problem[:2])
    for weight, expected in zip(model.get_weights(), expected_weights(problem, **SETTINGS[3]), strict=True):
        np.testing.assert_allclose(weight, expected, rtol=0, atol=3e-6)


def test_the_settings_under_test_tell_each_other_apart(problem):
    kernels = [expected_weights(problem, **settings) for settings in SETTINGS]
    for i, first in enumerate(kernels):
        for second in kernels[i + 1 :]:
            assert max(np.abs(a - b).max() for a, b in zip(first, second, strict=True)) > 1e-3


def test_only_variables_named_bias_have_the_rate_of_biases():
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), keras.layers.BatchNormalization()])
    optimizer = SGD(learning_rate=1.0, bias_rate=2.0)
    optimizer.build(model.trainable_variables)
    before = model.get_weights()[:4]
    optimizer.apply([tf.ones(variable.shape) for variable in model.trainable_variables])
    moved = {v.name: b - v.numpy() for v, b in zip(model.trainable_variables, before, strict=True)}
    assert {name: round(float(change.mean()), 5) for name, change in moved.items()} == {
        "kernel": 1.0,
        "bias": 2.0,
        "gamma": 1.0,
        "beta": 1.0,
    }


def test_a_plain_float_rate_is_accepted():
    assert float(sgd(SETTINGS[0], 0.125).learning_rate) == 0.125


def test_the_catalogue_s_defaults_are_plain_gradient_descent():
    parameters = OPTIMIZERS["sgd"](name="sgd").model_dump(exclude={"name"})
    optimizer = OPTIMIZERS.load("sgd")(parameters, 0.1)
    assert (optimizer.momentum, optimizer.nesterov, optimizer.l2, optimizer.bias_rate) == (
        0.0,
        False,
        0.0,
        1.0,
    )


@pytest.mark.parametrize("wrong", [{"l2": -1.0}, {"bias_rate": -1.0}, {"momentum": 1.5}])
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        SGD(**wrong)

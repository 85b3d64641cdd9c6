"""Optimizers as functions from state to state, against the same optimizers changing variables in place."""

from functools import cache

import keras
import numpy as np
import pytest
import tensorflow as tf

from hpbench.engine.stateless import is_stateless, stateless_apply
from hpbench.parts.optimizers import SGD
from hpbench.parts.schedules import InversePower

STEPS = 60
SHAPES = {"kernel": (5, 4), "bias": (4,)}


def schedule():
    return InversePower(0.02, gamma=0.01, power=0.75)


OPTIMIZERS = {
    "sgd": lambda: keras.optimizers.SGD(schedule()),
    "momentum": lambda: keras.optimizers.SGD(schedule(), momentum=0.9),
    "nesterov": lambda: keras.optimizers.SGD(0.02, momentum=0.9, nesterov=True),
    "caffe": lambda: SGD(schedule(), momentum=0.9, l2=5e-4, bias_rate=2.0),
    "adam": lambda: keras.optimizers.Adam(schedule()),
    "adam-amsgrad": lambda: keras.optimizers.Adam(0.01, amsgrad=True),
    "rmsprop": lambda: keras.optimizers.RMSprop(0.01),
    "rmsprop-momentum": lambda: keras.optimizers.RMSprop(schedule(), momentum=0.9, centered=True),
    "adamw": lambda: keras.optimizers.AdamW(0.01, weight_decay=0.01),
    "clipped": lambda: keras.optimizers.SGD(0.02, clipnorm=0.5),
    "adagrad": lambda: keras.optimizers.Adagrad(0.02),
    "adadelta": lambda: keras.optimizers.Adadelta(0.5),
    "adamax": lambda: keras.optimizers.Adamax(0.01),
    "ftrl": lambda: keras.optimizers.Ftrl(0.02),
    "lion": lambda: keras.optimizers.Lion(0.001),
    "lamb": lambda: keras.optimizers.Lamb(0.01),
}


def variables():
    generator = np.random.default_rng(0)
    return [
        keras.Variable(generator.normal(size=shape).astype(np.float32), name=name) for name, shape in SHAPES.items()
    ]


def gradients():
    generator = np.random.default_rng(1)
    return [[generator.normal(size=shape).astype(np.float32) for shape in SHAPES.values()] for _ in range(STEPS)]


@cache
def in_place(name):
    """An optimizer that has updated variables in place, and those variables."""
    own, optimizer = variables(), OPTIMIZERS[name]()
    optimizer.build(own)
    for row in gradients():
        optimizer.apply([tf.constant(gradient) for gradient in row], own)
    return optimizer, own


@pytest.mark.parametrize("xla", [True, False], ids=["xla", "graph"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_60_updates_agree_with_keras(name, xla):
    """The same gradients; sums are ordered differently under XLA, so a float32 may end a hundred ulp away."""
    optimizer, own = in_place(name)
    others, function = variables(), OPTIMIZERS[name]()
    function.build(others)
    assert is_stateless(OPTIMIZERS[name]())

    @tf.function(jit_compile=xla, autograph=False)
    def update(state, row, weights):
        return stateless_apply(function, state, row, weights)

    weights = [tf.convert_to_tensor(variable.value) for variable in others]
    state = [tf.convert_to_tensor(variable.value) for variable in function.variables]
    for row in gradients():
        weights, state = update(state, [tf.constant(gradient) for gradient in row], weights)
    for expected, found in zip(own, weights, strict=True):
        np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=STEPS * 2**-24, atol=STEPS * 2**-24)
    assert int(optimizer.iterations) == int(state[0]) == STEPS
    for before, variable in zip(variables(), others, strict=True):
        np.testing.assert_array_equal(before.numpy(), variable.numpy(), "the variables themselves are left alone")


def test_the_optimizer_works_as_before_afterwards():
    first, second = variables(), variables()
    plain, used = keras.optimizers.Adam(0.01), keras.optimizers.Adam(0.01)
    for optimizer, own in ((plain, first), (used, second)):
        optimizer.build(own)
    assert is_stateless(used)
    row = gradients()[0]
    for optimizer, own in ((plain, first), (used, second)):
        optimizer.apply([tf.constant(gradient) for gradient in row], own)
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


def test_a_rate_of_its_own_takes_the_place_of_the_schedule():
    own = variables()
    optimizer = keras.optimizers.SGD(schedule())
    optimizer.build(own)
    row = gradients()[0]
    weights, _ = stateless_apply(
        optimizer,
        [tf.convert_to_tensor(variable.value) for variable in optimizer.variables],
        [tf.constant(gradient) for gradient in row],
        [tf.convert_to_tensor(variable.value) for variable in own],
        tf.constant(0.5),
    )
    for before, gradient, after in zip(own, row, weights, strict=True):
        np.testing.assert_allclose(after.numpy(), before.numpy() - 0.5 * gradient, rtol=1e-6, atol=1e-6)


class Unknown(keras.optimizers.schedules.LearningRateSchedule):
    """One that Keras can neither describe nor make again."""

    def __call__(self, step):
        return 0.1 / (1 + keras.ops.cast(step, "float32"))


def test_a_schedule_of_ones_own_is_no_hindrance():
    assert is_stateless(keras.optimizers.Adam(Unknown()))


@pytest.mark.parametrize(
    "optimizer",
    [
        lambda: keras.optimizers.Nadam(0.01),  # it has an own way with TensorFlow's variables
        lambda: keras.optimizers.SGD(0.02, use_ema=True, ema_momentum=0.9, ema_overwrite_frequency=7),
        lambda: keras.optimizers.SGD(0.02, gradient_accumulation_steps=3),
    ],
    ids=["nadam", "averaged", "accumulated"],
)
def test_an_optimizer_that_cannot_be_written_as_a_function_is_recognised(optimizer):
    assert not is_stateless(optimizer())

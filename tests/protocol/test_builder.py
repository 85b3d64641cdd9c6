"""Model builders of one's own: what they may leave out, and what is said of those that cannot be used."""

import functools

import keras
import numpy as np
import pytest

from hpbench.parts.own import OwnCodeError
from hpbench.protocol import ProtocolError
from hpbench.protocol.builder import Builder
from hpbench.protocol.trainee import without_regularisation

RNG = np.random.default_rng(0)
BATCH = RNG.random((16, 4), dtype=np.float32), np.arange(16) % 3


def compiled(optimizer, *layers, loss="sparse_categorical_crossentropy"):
    model = keras.Sequential([keras.Input((4,)), *layers, keras.layers.Dense(3, activation="softmax")])
    model.compile(optimizer=optimizer, loss=loss)
    return model


def whole(learning_rate=0.1, weight_decay=0.0):
    return compiled(keras.optimizers.Adam(learning_rate, weight_decay=weight_decay))


def no_default(learning_rate, weight_decay):
    return whole(learning_rate, weight_decay)


def only_decay(weight_decay=0.0):
    return compiled(keras.optimizers.SGD(0.3, weight_decay=weight_decay))


def nothing():
    return compiled("sgd")


def schedule(learning_rate=0.1):
    return compiled(keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(learning_rate, 50)))


def scaled(learning_rate=0.1):
    return compiled(keras.optimizers.SGD(learning_rate / 2))


def anything(**fields):
    return whole(**fields)


@pytest.mark.parametrize(
    ("build", "own", "takes_decay", "remarks"),
    [
        (whole, 0.1, True, 0),
        (no_default, None, True, 0),
        (only_decay, 0.3, True, 1),
        (nothing, 0.01, False, 2),
        (schedule, 0.1, False, 2),
        (scaled, 0.05, False, 2),
        (anything, 0.1, True, 0),
        (functools.partial(whole, weight_decay=0.0), 0.1, True, 0),
    ],
)
def test_what_a_builder_may_leave_out(build, own, takes_decay, remarks):
    builder = Builder(build, BATCH, 0)
    assert builder.own_rate == (None if own is None else pytest.approx(own))
    assert builder.takes_decay is takes_decay
    assert len(builder.remarks) == remarks
    assert builder.at(0.02).learning_rate == pytest.approx(0.01 if build is scaled else 0.02)


@pytest.mark.parametrize("build", [whole, schedule])
def test_a_rate_starts_from_the_same_weights_every_time(build):
    builder = Builder(build, BATCH, 3)
    first = [builder.at(0.05).train(BATCH), builder.at(0.05).train(BATCH)]
    trained = builder.at(0.5)
    for _ in range(5):
        trained.train(BATCH)
    again = builder.at(0.05)
    assert [again.train(BATCH) for _ in range(1)] == [first[0]] == [first[1]]
    third = [Builder(build, BATCH, 3).at(0.05) for _ in range(2)]
    losses = [[trainee.train(BATCH) for _ in range(4)] for trainee in third]
    assert losses[0] == losses[1]


def test_setting_a_rate_is_the_same_as_building_with_it():
    built = Builder(lambda learning_rate=0.3: whole(learning_rate), BATCH, 1)
    fixed = Builder(lambda: whole(0.3), BATCH, 1)
    one, other = built.at(0.02), fixed.at(0.02)
    assert [one.train(BATCH) for _ in range(5)] == [other.train(BATCH) for _ in range(5)]


def needs_more(learning_rate, units):
    return whole(learning_rate)


def ignores_the_rate(learning_rate=0.1):
    return compiled(keras.optimizers.SGD(0.7))


def fixed_schedule():
    return schedule()


def not_compiled():
    return keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])


def no_model():
    return "model"


def regression():
    return compiled("sgd", loss="mse")


def three_dimensions():
    return compiled("sgd", keras.layers.Reshape((2, 2)))


def other_shape():
    model = keras.Sequential([keras.Input((5,)), keras.layers.Dense(3)])
    model.compile("sgd", "sparse_categorical_crossentropy")
    return model


def broken():
    raise KeyError("units")


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (needs_more, "needs units"),
        (ignores_the_rate, "does not use it"),
        (fixed_schedule, "let the function take learning_rate"),
        (not_compiled, "not compiled"),
        (no_model, "it returned a str"),
        (regression, "regression"),
        (three_dimensions, "one output of shape"),
        (other_shape, "takes inputs of shape (5,), and the data gives (4,)"),
        (broken, "KeyError: 'units'"),
        ("whole", "has to be a function"),
    ],
)
def test_a_builder_that_cannot_be_used_is_told_why(build, words):
    with pytest.raises((ProtocolError, OwnCodeError)) as told:
        Builder(build, BATCH, 0, "mine")
    assert words in str(told.value)
    assert "mine" in str(told.value)
    assert len(str(told.value)) < 800


def test_regularisation_is_switched_off_for_the_first_steps():
    def build(weight_decay=0.0):
        dense = keras.layers.Dense(8, kernel_regularizer="l2")
        inner = keras.Sequential([keras.Input((8,)), keras.layers.Dropout(0.5)])
        return compiled(keras.optimizers.SGD(0.1, weight_decay=0.1), dense, inner, keras.layers.GaussianNoise(1.0))

    builder = Builder(build, BATCH, 0)
    trainee, switched = builder.bare()
    assert len(switched) == 4
    assert trainee.penalty() == 0
    assert np.array_equal(trainee.training_outputs(BATCH[0]), trainee.training_outputs(BATCH[0]))
    assert builder.at(0.1).penalty() > 0
    assert without_regularisation(whole()) == []


def test_weights_that_do_not_move_are_found():
    def build():
        frozen = keras.layers.Dense(4)
        frozen.trainable = False
        return compiled("sgd", frozen, keras.layers.Dense(4, activation=lambda x: 0 * x))

    trainee = Builder(build, BATCH, 0).at(0.1)
    trainee.train(BATCH)
    unmoved = trainee.unmoved()
    assert len(unmoved) == 3  # the last layer sees zeros: of all weights only its bias moves

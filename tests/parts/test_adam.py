"""The document's Adam follows the equations of its docstring, computed in float64 with NumPy."""

import math
from itertools import pairwise

import keras
import numpy as np
import pytest
import tensorflow as tf

from hpbench.catalogue.optimizers import OPTIMIZERS
from hpbench.engine.stateless import is_stateless
from hpbench.parts.adam import CORRECTIONS, AdamEpsilonInRoot

RATE, BETA_1, BETA_2, EPSILON = 0.05, 0.9, 0.99, 1e-8
STEPS = 40


@pytest.fixture
def problem():
    """Inputs (16, 3), targets (16, 2), kernel (3, 2) and bias (2,) of a linear regression, float32."""
    generator = np.random.default_rng(3)
    return [generator.normal(size=shape).astype(np.float32) for shape in [(16, 3), (16, 2), (3, 2), (2,)]]


def by_hand(correction, gradients_of, weights, steps=STEPS):
    """The weights after so many updates."""
    weights = [weight.astype(np.float64) for weight in weights]
    v, s = ([np.zeros_like(weight) for weight in weights] for _ in range(2))
    for t in range(1, steps + 1):
        for i, gradient in enumerate(gradients_of(weights)):
            v[i] = BETA_1 * v[i] + (1 - BETA_1) * gradient
            s[i] = BETA_2 * s[i] + (1 - BETA_2) * gradient**2
            used_v, used_s = v[i], s[i]
            if correction != "none":
                used_v, used_s = v[i] / (1 - BETA_1**t), s[i] / (1 - BETA_2**t)
            if correction == "overwriting":
                v[i], s[i] = used_v, used_s
            weights[i] = weights[i] - RATE / np.sqrt(used_s + EPSILON) * used_v
    return weights


def regression(inputs, targets):
    def gradients(weights):
        error = 2 * (inputs @ weights[0] + weights[1] - targets) / targets.size
        return inputs.T @ error, error.sum(axis=0)

    return gradients


@pytest.mark.parametrize("correction", CORRECTIONS)
def test_it_follows_its_equations(problem, correction):
    inputs, targets, kernel, bias = problem
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.set_weights([kernel, bias])
    optimizer = AdamEpsilonInRoot(RATE, correction=correction)
    for _ in range(STEPS):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean((model(inputs) - targets) ** 2)
        optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
    exact = [array.astype(np.float64) for array in (inputs, targets)]
    for found, expected in zip(
        model.get_weights(), by_hand(correction, regression(*exact), [kernel, bias]), strict=True
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)  # 40 updates in float32


def steps_of(correction, count):
    """Sizes of the first updates along a constant gradient, as shares of the rate."""
    weight = keras.Variable([0.0])
    optimizer = AdamEpsilonInRoot(1.0, correction=correction)
    places = [0.0]
    for _ in range(count):
        optimizer.apply([tf.constant([2.0])], [weight])
        places.append(float(weight.numpy()[0]))
    return [before - after for before, after in pairwise(places)]


def test_corrected_as_usual_a_constant_gradient_gives_steps_of_the_rate():
    np.testing.assert_allclose(steps_of("usual", 20), 1.0, rtol=1e-5)


def test_without_correction_the_first_step_has_its_closed_form():
    assert steps_of("none", 1)[0] == pytest.approx((1 - BETA_1) / math.sqrt(1 - BETA_2), rel=1e-5)


def test_overwriting_shrinks_the_step_to_a_five_hundredth_by_the_tenth_update():
    first, *_, tenth = steps_of("overwriting", 10)
    assert first == pytest.approx(1.0, rel=1e-5)
    assert tenth == pytest.approx(0.002, abs=0.0005)


def test_epsilon_stands_under_the_root():
    """With a gradient of nothing but epsilon's size the two places differ by a factor of thousands."""
    weight = keras.Variable([0.0])
    AdamEpsilonInRoot(1.0, epsilon=1e-8).apply([tf.constant([1e-6])], [weight])
    assert float(weight.numpy()[0]) == pytest.approx(-1e-6 / math.sqrt(1e-12 + 1e-8), rel=1e-4)


def test_with_a_negligible_epsilon_it_is_keras_adam(problem):
    inputs, targets, kernel, bias = problem
    found = []
    for optimizer in (
        AdamEpsilonInRoot(RATE, epsilon=1e-30),
        keras.optimizers.Adam(RATE, beta_1=BETA_1, beta_2=BETA_2, epsilon=1e-30),
    ):
        weights = [keras.Variable(kernel), keras.Variable(bias)]
        for _ in range(STEPS):
            gradients = regression(inputs, targets)([weight.numpy() for weight in weights])
            optimizer.apply([tf.constant(gradient) for gradient in gradients], weights)
        found.append([weight.numpy() for weight in weights])
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("correction", CORRECTIONS)
def test_it_can_be_written_as_a_function_as_xla_needs_it(correction):
    assert is_stateless(AdamEpsilonInRoot(RATE, correction=correction))


def test_it_comes_back_from_its_configuration():
    optimizer = AdamEpsilonInRoot(0.5, beta_1=0.8, beta_2=0.7, epsilon=1e-3, correction="none")
    again = keras.optimizers.deserialize(keras.optimizers.serialize(optimizer))
    assert isinstance(again, AdamEpsilonInRoot)
    assert again.get_config() == optimizer.get_config()


def test_another_correction_is_refused():
    with pytest.raises(ValueError, match="correction is one of none, usual, overwriting; found 'late'"):
        AdamEpsilonInRoot(correction="late")


def test_the_catalogue_makes_the_documents():
    parameters = OPTIMIZERS["adam_epsilon_in_root"].model_validate({"name": "adam_epsilon_in_root"})
    made = OPTIMIZERS.load("adam_epsilon_in_root")(parameters.model_dump(exclude={"name"}), 0.0001)
    assert (made.beta_1, made.beta_2, made.epsilon, made.correction) == (0.9, 0.99, 1e-8, "usual")

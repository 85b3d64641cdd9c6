"""Every schedule gives, for every step, the rate that its formula gives in float64."""

import numpy as np
import pytest
import tensorflow as tf

from hpbench.catalogue.schedules import SCHEDULES

BASE = 0.01
ITERATIONS = 1000
STEPS = np.arange(ITERATIONS + 1)

# Relative error of a rate in float32: at most ten roundings of 2^-24 each, on the way to it or in a power.
ROUNDING = 10 * 2.0**-24


def recursion(gamma, power):
    rates = [BASE]
    for step in range(ITERATIONS):
        rates.append(rates[-1] * (1 + gamma * step) ** -power)
    return np.array(rates)


REFERENCES = {
    "constant": ({}, lambda: np.full(len(STEPS), BASE)),
    "step": (
        {"factor": 0.1, "every": 300},
        lambda: np.array([BASE * 0.1 ** (n // 300) for n in STEPS.tolist()]),
    ),
    "exponential": ({"factor": 0.999}, lambda: BASE * 0.999 ** STEPS.astype(float)),
    "inverse_power": ({"gamma": 0.001, "power": 0.75}, lambda: BASE * (1 + 0.001 * STEPS) ** -0.75),
    "recursive_inverse_power": ({"gamma": 0.0001, "power": 0.75}, lambda: recursion(0.0001, 0.75)),
    "polynomial": ({"power": 2.0}, lambda: BASE * (1 - STEPS / ITERATIONS) ** 2),
    "cosine": ({}, lambda: BASE * (1 + np.cos(np.pi * STEPS / ITERATIONS)) / 2),
}


def make(name, iterations=ITERATIONS):
    return SCHEDULES.load(name).for_training(REFERENCES[name][0], BASE, iterations)


@tf.function(autograph=False)
def rates(schedule):
    """The rate of each step, one after the other in a loop, as in a training."""
    return tf.map_fn(schedule, tf.constant(STEPS), fn_output_signature=tf.float32)


@pytest.fixture(params=list(SCHEDULES))
def name(request):
    return request.param


def test_every_step_has_the_rate_of_the_formula(name):
    expected = REFERENCES[name][1]()
    # Near its end the cosine is a difference of nearly equal numbers: there the error is absolute.
    np.testing.assert_allclose(rates(make(name)), expected, rtol=ROUNDING, atol=BASE * 2.0**-23)


def test_polynomial_keeps_its_digits_to_the_end():
    expected = REFERENCES["polynomial"][1]()
    found = rates(make("polynomial"))
    np.testing.assert_allclose(found, expected, rtol=ROUNDING)
    assert found[-1] == 0


@pytest.mark.parametrize("compiled", [False, True], ids=["graph", "xla"])
def test_tensors_and_compiled_functions_give_the_rate_of_a_plain_step(name, compiled):
    schedule = make(name)
    inside = tf.function(schedule, jit_compile=compiled, input_signature=[tf.TensorSpec((), tf.int64)])
    for step in (0, 1, 99, 299, 300, 999, 1000, 1200):
        plain = float(schedule(step))
        assert float(schedule(tf.constant(step, tf.int64))) == plain
        assert float(schedule(tf.constant(step, tf.int32))) == plain
        assert float(inside(tf.constant(step, tf.int64))) == pytest.approx(plain, rel=ROUNDING, abs=BASE * 2.0**-23)


def test_a_rate_is_a_float32_scalar(name):
    rate = make(name)(tf.constant(7, tf.int64))
    assert rate.shape == ()
    assert rate.dtype == tf.float32


def test_the_first_update_uses_the_base_rate(name):
    assert float(make(name)(0)) == np.float32(BASE)


@pytest.mark.parametrize("finite", ["recursive_inverse_power", "polynomial", "cosine"])
def test_after_the_training_the_last_rate_holds(finite):
    schedule = make(finite, iterations=50)
    assert float(schedule(51)) == float(schedule(10**6)) == float(schedule(50))


@pytest.mark.parametrize("finite", ["recursive_inverse_power", "polynomial", "cosine"])
def test_a_training_without_iterations_is_refused(finite):
    with pytest.raises(ValueError, match="at least 1"):
        make(finite, iterations=0)


def test_the_recursion_falls_far_below_the_closed_form():
    recursive = SCHEDULES.load("recursive_inverse_power")(1.0, iterations=100)
    closed = SCHEDULES.load("inverse_power")(1.0)
    expected = np.prod([(1 + 0.001 * k) ** -0.75 for k in range(100)])
    assert expected == pytest.approx(0.027, abs=0.0005)
    assert float(recursive(100)) == pytest.approx(expected, rel=ROUNDING)
    assert float(closed(100)) == pytest.approx(1.1**-0.75, rel=ROUNDING)


def test_a_step_drops_exactly_at_each_multiple():
    schedule = SCHEDULES.load("step")(1.0, factor=0.5, every=7)
    for drops in range(1, 20):
        assert float(schedule(7 * drops - 1)) == 0.5 ** (drops - 1)
        assert float(schedule(7 * drops)) == 0.5**drops

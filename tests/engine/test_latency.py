"""The latency procedure in whole trials: a planted sleep is seen, and a ratio to the model beside it."""

import pytest

CODE = """
import time
import keras
import tensorflow as tf

class Wait(keras.layers.Layer):
    def __init__(self, seconds, **keywords):
        super().__init__(**keywords)
        self.seconds = seconds

    def call(self, x):
        def wait(y):
            time.sleep(self.seconds)
            return y
        y = tf.numpy_function(wait, [x], x.dtype)
        return tf.ensure_shape(y, x.shape)

def slow(input_shape, classes, seconds):
    inputs = keras.Input(input_shape)
    x = Wait(seconds)(keras.layers.Flatten()(inputs))
    return keras.Model(inputs, keras.layers.Dense(classes)(x))
"""


def latency(trials, seconds, **procedure):
    spec = {"name": "latency", "windows": 5, **procedure}
    (done,) = trials(
        [], model={"name": "mine:slow", "seconds": seconds}, training__procedure=spec, compute__compile="graph"
    )
    assert done.result.outcome == "ok", done.result.message
    return done


def test_a_planted_wait_is_measured_by_batch_and_image(trials):
    done = latency(trials, 0.05, batch_sizes=[1, 4])
    found = {item.labels["batch"]: item.value for item in done.result.observations if item.name == "seconds_per_image"}
    assert 0.05 <= found["1"] < 0.1
    assert 0.0125 <= found["4"] < 0.025


def test_the_ratio_is_to_the_model_beside_it(trials):
    done = latency(trials, 0.15, batch_sizes=[1], beside={"name": "mine:slow", "seconds": 0.05})
    assert done.values("inference_ratio") == [pytest.approx(3.0, rel=0.25)]


def test_a_model_beside_itself_takes_as_long(trials):
    done = latency(trials, 0.05, batch_sizes=[1], beside={"name": "mine:slow", "seconds": 0.05})
    assert done.values("inference_ratio") == [pytest.approx(1.0, rel=0.25)]

"""Parts with a planted fault: what they do wrong is known, so the measurement can be held against it."""

import time

import keras
import numpy as np
import tensorflow as tf

kept = []
"""What leaks."""


def wait(seconds):
    """Be busy for so long; sleeping would take some 60 us more than asked."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


@keras.saving.register_keras_serializable(package="planted")
class Waiting(keras.layers.Layer):
    """Hands its input on, and in training waits before."""

    def __init__(self, seconds, **options):
        super().__init__(**options)
        self.seconds = seconds

    def call(self, x, training=False):
        """The input; the wait is an operation on which it depends."""
        if not training:
            return x
        with tf.control_dependencies([tf.numpy_function(self._wait, [], tf.float32)]):
            return tf.identity(x)

    def _wait(self):
        wait(self.seconds)
        return np.float32(0)

    def get_config(self):
        """The layer's arguments."""
        return {**super().get_config(), "seconds": self.seconds}


def dense(input_shape, classes, units=512, leaked_megabytes=0, step_seconds=0.0):
    """Dense layers; building it may leak, a step of it may take longer than it needs."""
    kept.append(np.ones(leaked_megabytes * 10**6, dtype=np.uint8))
    return keras.Sequential(
        [
            keras.Input(input_shape),
            keras.layers.Flatten(),
            Waiting(step_seconds),
            keras.layers.Dense(units, activation="relu"),
            keras.layers.Dense(units, activation="relu"),
            keras.layers.Dense(classes),
        ]
    )


class Wait(keras.callbacks.Callback):
    """Waits at every evaluation."""

    def __init__(self, seconds):
        super().__init__()
        self.seconds = seconds

    def on_epoch_end(self, epoch, logs=None):
        """Wait."""
        wait(self.seconds)

"""The recording callbacks add their value to the logs they are given."""

import keras
import numpy as np
import pytest

from hpbench.parts.callbacks import RecordLearningRate, RecordWeightNorm
from hpbench.parts.optimizers import SGD
from hpbench.parts.schedules import Exponential


@pytest.fixture
def model():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1), keras.layers.BatchNormalization()])
    model.compile(SGD(Exponential(0.5, factor=0.5)), loss="mse")
    return model


def observed(callback, model):
    logs = {"test_accuracy": 0.5}
    callback.set_model(model)
    callback.on_epoch_end(0, logs)
    assert logs.pop("test_accuracy") == 0.5
    return logs


def test_the_learning_rate_is_that_of_the_next_update(model):
    assert observed(RecordLearningRate(), model) == {"learning_rate": 0.5}
    model.optimizer.iterations.assign(3)
    assert observed(RecordLearningRate(), model) == {"learning_rate": 0.0625}


def test_the_weight_norm_is_that_of_all_trainable_weights_together(model):
    kernel, bias, gamma, beta = [
        np.array([[3.0], [4.0]]),
        np.array([12.0]),
        np.array([84.0]),
        np.array([0.0]),
    ]
    model.set_weights([kernel, bias, gamma, beta, np.array([1e6]), np.array([1e6])])
    assert observed(RecordWeightNorm(), model) == {"weight_norm": 85.0}


def test_values_are_python_floats(model):
    for callback in (RecordLearningRate(), RecordWeightNorm()):
        assert [type(value) for value in observed(callback, model).values()] == [float]


def test_weights_that_are_not_numbers_are_observed_as_such(model):
    model.set_weights([np.full(weight.shape, np.nan) for weight in model.get_weights()])
    assert np.isnan(observed(RecordWeightNorm(), model)["weight_norm"])


def test_large_weights_do_not_overflow(model):
    weights = [np.zeros_like(weight) for weight in model.get_weights()]
    weights[0][0] = 1e30
    model.set_weights(weights)
    assert observed(RecordWeightNorm(), model)["weight_norm"] == pytest.approx(1e30)


def test_without_logs_nothing_happens(model):
    callback = RecordWeightNorm()
    callback.set_model(model)
    callback.on_epoch_end(0)


def test_fit_keeps_the_values_in_its_history(model):
    history = model.fit(
        np.ones((4, 2)), np.ones(4), batch_size=2, epochs=2, verbose=0, callbacks=[RecordLearningRate()]
    )
    assert history.history["learning_rate"] == [0.125, 0.03125]

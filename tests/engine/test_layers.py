"""Instruments that look at layers: gradients as NumPy computes them, sizes as counted by hand; nothing is changed."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest

from hpbench.catalogue.instruments import GradientNorms, Size
from hpbench.engine.heads import Heads
from hpbench.engine.layers import gradient_norms, size
from hpbench.engine.trial_run import Phase
from tests.engine.programs import Unconfigured

SPEC = GradientNorms(name="gradient_norms", images=8)


@pytest.fixture
def run():
    generator = np.random.default_rng(2)
    data = generator.normal(size=(20, 3, 3, 1)).astype(np.float32), generator.integers(0, 4, 20).astype(np.int32)
    return SimpleNamespace(heads=Heads(), splits={"train": data, "test": data}, backend=Unconfigured())


def phase():
    return Phase(np.arange(20, dtype=np.int32), None, 1)


def net(*inside):
    keras.utils.set_random_seed(1)
    flat = keras.layers.Flatten()
    return keras.Sequential([keras.Input((3, 3, 1)), flat, *inside, keras.layers.Dense(4, name="out")])


def norms(found):
    return {one.labels["layer"]: one.value for one in found if one.name == "gradient_norm"}


def test_gradients_of_two_layers_are_those_of_numpy(run):
    model = net(keras.layers.Dense(5, activation="tanh", name="first"))
    w1, b1, w2, b2 = (weight.astype(np.float64) for weight in model.get_weights())
    x, y = run.splits["train"][0][:8].reshape(8, 9).astype(np.float64), run.splits["train"][1][:8]
    hidden = np.tanh(x @ w1 + b1)
    logits = hidden @ w2 + b2
    p = np.exp(logits - logits.max(1, keepdims=True))
    delta = (p / p.sum(1, keepdims=True) - np.eye(4)[y]) / 8
    first = x.T @ ((delta @ w2.T) * (1 - hidden**2))
    found = list(gradient_norms(SPEC, model, run, phase()))
    expected = {"first": np.linalg.norm(first), "out": np.linalg.norm(hidden.T @ delta)}
    assert norms(found) == pytest.approx(expected, rel=1e-4)
    (ratio,) = [one.value for one in found if one.name == "log10_gradient_ratio"]
    assert ratio == pytest.approx(np.log10(expected["first"] / expected["out"]), abs=1e-4)


def test_reading_changes_nothing_of_the_model(run):
    dropout = keras.layers.Dropout(0.5, seed=1)
    model = net(keras.layers.Dense(5, name="first"), keras.layers.BatchNormalization(), dropout)
    before = [variable.numpy() for variable in model.variables]
    norms(gradient_norms(SPEC, model, run, phase()))
    for variable, value in zip(model.variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)


def test_residual_connections_change_the_gradients_of_a_deep_net(run):
    from hpbench.parts.models.conv_stack import conv_stack

    found = []
    for residual in (False, True):
        keras.utils.set_random_seed(1)
        model = conv_stack({"depth": 56, "width": 2, "residual": residual, "normalisation": "none"}, (3, 3, 1), 4)
        found.append(norms(gradient_norms(SPEC, model, run, phase())))
    plain, residual = found
    assert plain.keys() == residual.keys()
    assert plain["conv-001"] < 0.5 * residual["conv-001"]


def test_a_depthwise_convolution_counts_its_kernel_at_every_position(run):
    """Each of 2 channels has its own 9 weights, used at 3 x 3 positions."""
    depthwise = keras.layers.DepthwiseConv2D(3, strides=2, padding="same", use_bias=False)
    model = keras.Sequential([keras.Input((6, 6, 2)), depthwise])
    found = {one.name: one.value for one in size(Size(name="size"), model, run, phase())}
    assert found == {"parameters": 18, "multiply_adds": 18 * 9}


def test_size_is_counted_by_hand(run):
    keras.utils.set_random_seed(1)
    convolution, dense = keras.layers.Conv2D(4, 3, padding="same"), keras.layers.Dense(5)
    model = keras.Sequential([keras.Input((6, 6, 2)), convolution, keras.layers.Flatten(), dense])
    found = {one.name: one.value for one in size(Size(name="size"), model, run, phase())}
    assert found == {"parameters": 9 * 2 * 4 + 4 + 144 * 5 + 5, "multiply_adds": 9 * 2 * 4 * 36 + 144 * 5}

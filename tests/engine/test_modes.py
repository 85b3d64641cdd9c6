"""Compile modes: the rule of ``auto``, the same training in each, divergence inside the loop, state that survives."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from hpbench.engine.backend import CannotCompileError
from hpbench.engine.batches import batch_indices
from hpbench.parts.models.lenet import lenet
from tests.engine.programs import compiled
from tests.engine.test_against_fit import dense, digits_like, distance, regularised, with_state

BATCH = 16


@pytest.fixture(scope="module")
def data():
    return digits_like(np.random.default_rng(0))


@pytest.fixture(scope="module")
def batches():
    return batch_indices(160, BATCH, 200, seed=5)


def built(build, data):
    keras.utils.set_random_seed(3)
    return build(data[0].shape[1:])


def fitted(build, data, batches, optimizer, *, xla=False):
    model = built(build, data)
    model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True), jit_compile=xla)
    x, y = data[0][batches.ravel()], data[1][batches.ravel()]
    model.fit(tf.data.Dataset.from_tensor_slices((x, y)).batch(BATCH), epochs=1, verbose=0, shuffle=False)
    return model


def convolution(shape):
    layers = [keras.layers.SeparableConv2D(4, 3), keras.layers.Flatten(), keras.layers.Dense(10)]
    return keras.Sequential([keras.Input(shape), *layers])


def caffe_lenet(shape):
    return lenet({"variant": "caffe"}, shape, 10)


class Hidden(keras.Model):
    """A convolution that no layer tells of."""

    def build(self, shape):
        self.kernel = self.add_weight(shape=(3, 3, 1, 4), name="kernel")
        self.head = keras.layers.Dense(10)
        self.head.build((None, 26 * 26 * 4))

    def call(self, x, training=False):
        return self.head(keras.ops.reshape(keras.ops.conv(x, self.kernel), (-1, 26 * 26 * 4)))


def hidden(shape):
    model = Hidden()
    model.build((None, *shape))
    return model


def unknown_to_xla(shape):
    """A layer that leaves TensorFlow for Python."""
    inputs = keras.Input(shape)
    flat = keras.layers.Flatten()(inputs)
    same = keras.layers.Lambda(lambda x: tf.ensure_shape(tf.numpy_function(np.copy, [x], tf.float32), x.shape))(flat)
    return keras.Model(inputs, keras.layers.Dense(10)(same))


@pytest.mark.parametrize(
    ("build", "mode"),
    [(dense, "xla"), (convolution, "graph"), (caffe_lenet, "graph"), (hidden, "graph")],
)
def test_auto_is_a_rule_about_convolutions(build, mode, data):
    assert compiled(built(build, data), keras.optimizers.SGD(0.01), data).mode == mode


def test_auto_falls_back_to_the_graph_and_says_why(data, batches):
    program = compiled(built(unknown_to_xla, data), keras.optimizers.SGD(0.01), data)
    assert program.mode == "graph"
    assert program.reason.startswith("XLA cannot compile this model (")
    assert program.run(batches[:20]).iterations == 20
    program = compiled(built(dense, data), keras.optimizers.Nadam(0.01), data)
    assert (program.mode, program.reason) == ("graph", "Nadam cannot be written as a function of its state")


@pytest.mark.parametrize(
    ("build", "optimizer"), [(unknown_to_xla, keras.optimizers.SGD), (dense, keras.optimizers.Nadam)]
)
def test_xla_asked_for_where_it_cannot_be_had_is_an_error(build, optimizer, data):
    with pytest.raises(CannotCompileError, match="use compile: graph, or auto"):
        compiled(built(build, data), optimizer(0.01), data, "xla")


class Noise(keras.layers.Layer):
    """Draws from the seed that the whole process shares."""

    def call(self, x):
        return x + keras.random.normal(keras.ops.shape(x))


def test_numbers_from_the_global_seed_are_refused(data):
    keras.backend.clear_session()
    model = keras.Sequential([keras.Input(data[0].shape[1:]), Noise(), keras.layers.Flatten(), keras.layers.Dense(10)])
    with pytest.raises(CannotCompileError, match=r"give its layer a keras\.random\.SeedGenerator"):
        compiled(model, keras.optimizers.SGD(0.01), data, "graph")
    keras.backend.clear_session()


@pytest.fixture(scope="module")
def by_fit(data, batches):
    """The weights of a dense net after 60 iterations by ``fit``."""
    return fitted(dense, data, batches[:60], keras.optimizers.SGD(0.02, momentum=0.9)).get_weights()


@pytest.mark.parametrize("mode", ["xla", "graph", "eager"])
def test_every_mode_trains_as_fit_does(mode, data, batches, by_fit):
    batches = batches[:60]
    model = built(dense, data)
    program = compiled(model, keras.optimizers.SGD(0.02, momentum=0.9), data, mode, stretch=25)
    done = [program.run(batches[start : start + 25]).iterations for start in range(0, 60, 25)]
    assert (program.mode, done) == (mode, [25, 25, 10])
    assert distance(by_fit, model.get_weights()) <= 1e-5


@pytest.mark.parametrize("mode", ["xla", "graph"])
def test_batch_normalisation_dropout_and_seeds_go_round_the_loop_as_in_fit(mode, data, batches):
    """Two stretches, so that all state has to come out of the first and into the second.

    XLA draws other numbers for dropout than the graph does, with ``fit`` as here.
    """
    expected = fitted(with_state, data, batches, keras.optimizers.SGD(0.02), xla=mode == "xla")
    model = built(with_state, data)
    program = compiled(model, keras.optimizers.SGD(0.02), data, mode, stretch=120)
    program.run(batches[:120])
    without = model.get_weights()
    program.run(batches[120:])
    assert distance(expected.get_weights(), model.get_weights()) <= 1e-4
    for other, variable in zip(expected.non_trainable_variables, model.non_trainable_variables, strict=True):
        np.testing.assert_allclose(other.numpy(), variable.numpy(), rtol=1e-3, atol=1e-4)
    assert distance(expected.get_weights(), without) > 1e-2


@pytest.mark.parametrize("mode", ["xla", "graph", "eager"])
def test_the_loop_ends_at_the_first_loss_that_is_not_finite(mode, data, batches):
    """Against the same training one iteration at a time, where every loss is looked at."""
    batches = batches[:50]
    program = compiled(built(regularised, data), keras.optimizers.SGD(1e3), data, mode, stretch=50)
    losses = [program.run(row[None]).loss for row in batches]
    first = int(np.argmin(np.isfinite(losses))) + 1
    assert 1 < first < 50
    program.reset(built(regularised, data))
    stretch = program.run(batches)
    assert stretch.iterations == first
    assert not np.isfinite(stretch.loss)
    assert not stretch.finite


def masking(shape):
    """A layer that hides what is not a number, as ReLU and pooling do in some kernels."""
    inputs = keras.Input(shape)
    hidden_units = keras.layers.Dense(8, name="hidden")(keras.layers.Flatten()(inputs))
    return keras.Model(inputs, keras.layers.Dense(10)(keras.layers.Lambda(keras.ops.nan_to_num)(hidden_units)))


@pytest.mark.parametrize("mode", ["xla", "graph"])
def test_a_weight_that_is_not_finite_is_seen_though_the_loss_is(mode, data, batches):
    model = built(masking, data)
    program = compiled(model, keras.optimizers.SGD(0.01), data, mode)
    assert program.run(batches).finite
    model.get_layer("hidden").bias.assign(np.full(8, np.nan))
    stretch = program.run(batches)
    assert np.isfinite(stretch.loss)
    assert (stretch.iterations, stretch.finite) == (200, False)


@pytest.mark.parametrize("mode", ["xla", "graph"])
def test_warming_up_leaves_no_trace(mode, data, batches):
    model = built(with_state, data)
    program = compiled(model, keras.optimizers.Adam(0.01), data, mode)
    weights = []
    for warm in (False, True):
        if warm:
            program.reset(built(with_state, data))
            program.warm_up(64)
        stretch = program.run(batches)
        weights.append(((stretch, program.evaluate("test", 64)), model.get_weights()))
    (numbers, cold), (warmed_numbers, warmed) = weights
    assert numbers == warmed_numbers
    for one, other in zip(cold, warmed, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_stretch_reports_the_mean_accuracy_of_its_batches(data, batches):
    program = compiled(built(dense, data), keras.optimizers.SGD(0.02), data, stretch=5)
    accuracies = [program.run(row[None]).batch_accuracy for row in batches[:5]]
    program.reset(built(dense, data))
    stretch = program.run(batches[:5])
    assert stretch.accuracy == (pytest.approx(np.mean(accuracies)),)
    assert stretch.batch_accuracy == pytest.approx(accuracies[-1])


def test_a_split_is_evaluated_on_its_first_images_if_asked(data):
    program = compiled(built(dense, data), keras.optimizers.SGD(0.02), data, "graph")
    first = (data[0][:50], data[1][:50])
    alone = compiled(built(dense, data), keras.optimizers.SGD(0.02), first, "graph")
    loss, accuracies = alone.evaluate("train", 16)
    assert program.evaluate("train", 16, 50) == (pytest.approx(loss, rel=1e-6), accuracies)

"""The suite's loop gives the weights of ``model.fit`` fed the same batches in the same order."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from hpbench.engine.batches import batch_indices
from hpbench.parts.optimizers import sgd
from hpbench.parts.schedules import InversePower
from tests.engine.programs import compiled

STEPS, BATCH = 200, 16
OPTIMIZER = {"momentum": 0.9, "nesterov": False, "l2": 5e-4, "bias_rate": 2.0}


def dense(shape):
    return keras.Sequential(
        [
            keras.Input(shape),
            keras.layers.Flatten(),
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dense(10),
        ]
    )


def convolutions(shape):
    return keras.Sequential(
        [
            keras.Input(shape),
            keras.layers.Conv2D(6, 5),
            keras.layers.MaxPooling2D(2),
            keras.layers.Conv2D(12, 5),
            keras.layers.MaxPooling2D(2),
            keras.layers.Flatten(),
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dense(10),
        ]
    )


def digits_like(generator, count=160):
    """Noise with a bright bar whose place is the class: learnable, and different for every image."""
    labels = generator.integers(0, 10, count).astype(np.int32)
    images = generator.uniform(0, 0.3, (count, 28, 28, 1)).astype(np.float32)
    for image, label in zip(images, labels, strict=True):
        image[2 * label + 3 : 2 * label + 6] += 0.6
    return images, labels


def schedule(offset=0):
    class Shifted(InversePower):
        def __call__(self, step):
            return super().__call__(step + offset)

    return Shifted(0.02, gamma=0.01, power=0.75)


def by_fit(build, data, batches, rate):
    keras.utils.set_random_seed(3)
    model = build(data[0].shape[1:])
    x, y = data[0][batches.ravel()], data[1][batches.ravel()]
    model.compile(sgd(OPTIMIZER, rate), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    model.fit(tf.data.Dataset.from_tensor_slices((x, y)).batch(BATCH), epochs=1, verbose=0, shuffle=False)
    return model.get_weights()


def by_suite(build, data, batches, rate, stretch, mode="auto"):
    keras.utils.set_random_seed(3)
    model = build(data[0].shape[1:])
    program = compiled(model, sgd(OPTIMIZER, rate), data, mode)
    for start in range(0, STEPS, stretch):
        program.run(batches[start : start + stretch])
    return model.get_weights()


def distance(first, second):
    """Largest difference of any weight, relative to the largest weight."""
    largest = max(np.abs(weight).max() for weight in first)
    return max(np.abs(a - b).max() for a, b in zip(first, second, strict=True)) / largest


@pytest.fixture(scope="module")
def data():
    return digits_like(np.random.default_rng(0))


@pytest.fixture(scope="module")
def batches():
    return batch_indices(160, BATCH, STEPS, seed=5)


def regularised(shape):
    """Losses of its own: of a kernel and of an activity."""
    layers = [
        keras.layers.Flatten(),
        keras.layers.Dense(32, activation="relu", kernel_regularizer=keras.regularizers.L2(0.01)),
        keras.layers.ActivityRegularization(l2=0.001),
        keras.layers.Dense(10),
    ]
    return keras.Sequential([keras.Input(shape), *layers])


@pytest.mark.parametrize(("build", "tolerance"), [(dense, 1e-5), (convolutions, 1e-4), (regularised, 1e-5)])
def test_same_weights_as_fit_after_200_steps(build, tolerance, data, batches):
    expected = by_fit(build, data, batches, schedule())
    assert distance(expected, by_suite(build, data, batches, schedule(), stretch=50)) <= tolerance
    off_by_one = by_suite(build, data, batches, schedule(offset=1), stretch=50, mode="graph")
    assert distance(expected, off_by_one) > 10 * tolerance, (
        "the comparison would not see a schedule that is off by one step"
    )


def test_the_length_of_a_stretch_does_not_matter(data, batches):
    keras.utils.set_random_seed(3)
    model = dense(data[0].shape[1:])
    start, found = keras.models.clone_model(model), []
    start.set_weights(model.get_weights())
    program = compiled(model, sgd(OPTIMIZER, schedule()), data)
    for stretch in (200, 7):
        program.reset(start)
        for first in range(0, STEPS, stretch):
            program.run(batches[first : first + stretch])
        found.append(model.get_weights())
    assert distance(*found) == 0
    assert distance(found[0], start.get_weights()) > 0.01


def with_state(shape):
    """Dropout has a seed, and batch normalisation statistics, beside the weights."""
    layers = [
        keras.layers.Flatten(),
        keras.layers.Dense(32, activation="relu"),
        keras.layers.BatchNormalization(),
        keras.layers.Dropout(0.3),
        keras.layers.Dense(10),
    ]
    return keras.Sequential([keras.Input(shape), *layers])


@pytest.mark.parametrize(
    ("optimizer", "mode"),
    [
        (lambda: sgd(OPTIMIZER, schedule()), "xla"),
        (lambda: keras.optimizers.Nadam(0.01), "graph"),  # one of its variables starts at 1
        (lambda: keras.optimizers.Adagrad(0.01), "graph"),  # its accumulators start at 0.1
    ],
    ids=["sgd", "nadam", "adagrad"],
)
def test_reset_program_repeats_a_fresh_one(optimizer, mode, data, batches):
    def fresh():
        keras.utils.set_random_seed(3)
        return with_state(data[0].shape[1:])

    model = fresh()
    program = compiled(model, optimizer(), data, "graph" if mode == "graph" else "auto")
    assert program.mode == mode
    first = program.run(batches)
    once = model.get_weights()
    program.reset(fresh())
    second = program.run(batches)
    assert distance(once, model.get_weights()) == 0
    assert first == second


def test_a_rate_that_a_callback_changes_acts_on_the_next_stretch(data, batches):
    """One stretch at 0.02 and one at 0.002 are two trainings by fit, the second with the rate set by hand."""
    keras.utils.set_random_seed(3)
    model = dense(data[0].shape[1:])
    plain = OPTIMIZER | {"momentum": 0.0}
    optimizer = sgd(plain, 0.02)
    program = compiled(model, optimizer, data)
    program.run(batches[:100])
    optimizer.learning_rate = 0.002
    program.run(batches[100:])
    keras.utils.set_random_seed(3)
    other = dense(data[0].shape[1:])
    other.compile(sgd(plain, 0.02), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    for rate, rows in ((0.02, batches[:100]), (0.002, batches[100:])):
        other.optimizer.learning_rate = rate
        x, y = data[0][rows.ravel()], data[1][rows.ravel()]
        other.fit(tf.data.Dataset.from_tensor_slices((x, y)).batch(BATCH), epochs=1, verbose=0, shuffle=False)
    assert distance(other.get_weights(), model.get_weights()) <= 1e-5
    program.reset(dense(data[0].shape[1:]))
    assert float(optimizer.learning_rate) == np.float32(0.02)


def test_evaluation_is_a_mean_over_images_whatever_the_batch_size(data):
    keras.utils.set_random_seed(3)
    model = dense(data[0].shape[1:])
    program = compiled(model, sgd(OPTIMIZER, schedule()), data, "graph")
    logits = model.predict(data[0], verbose=0).astype(np.float64)
    shifted = logits - logits.max(axis=1, keepdims=True)
    log_probability = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    loss = -log_probability[np.arange(len(logits)), data[1]].mean()
    accuracy = (logits.argmax(axis=1) == data[1]).mean()
    for batch_size in (7, 64, 160, 1000):
        assert program.evaluate("test", batch_size) == (pytest.approx(loss, rel=1e-5), pytest.approx((accuracy,)))


def test_a_stretch_reports_mean_loss_and_last_batch_accuracy(data, batches):
    keras.utils.set_random_seed(3)
    model = dense(data[0].shape[1:])
    program = compiled(model, sgd(OPTIMIZER | {"momentum": 0.0, "l2": 0.0}, schedule()), data)
    losses, accuracy = [], 0.0
    start = keras.models.clone_model(model)
    start.set_weights(model.get_weights())
    for row in batches[:5]:
        x, y = data[0][row], data[1][row]
        logits = model(x).numpy()
        losses.append(float(keras.ops.mean(keras.losses.sparse_categorical_crossentropy(y, logits, from_logits=True))))
        accuracy = float((logits.argmax(1) == y).mean())
        program.run(row[None])
    program.reset(start)
    stretch = program.run(batches[:5])
    assert stretch.loss == pytest.approx(np.mean(losses), rel=1e-5)
    assert stretch.batch_accuracy == pytest.approx((accuracy,))

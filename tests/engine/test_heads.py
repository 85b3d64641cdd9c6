"""Two heads: the loss is the sum of theirs, each has the gradient of its own, and each is counted by itself."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from hpbench.engine.heads import Heads
from hpbench.engine.instruments import softmax
from hpbench.engine.selection import NoSuchImagesError, select
from hpbench.engine.tensorflow_program import TensorFlowProgram
from tests.engine.programs import Unconfigured

HEADS = Heads({"domain": ("a", "b", "c"), "item": ("p", "q")})


@pytest.fixture
def data():
    """Images (40, 3, 3, 1) and labels (40, 2)."""
    generator = np.random.default_rng(5)
    labels = np.stack([generator.integers(0, 3, 40), generator.integers(0, 2, 40)], axis=1).astype(np.int32)
    return generator.normal(size=(40, 3, 3, 1)).astype(np.float32), labels


def linear():
    keras.utils.set_random_seed(4)
    return keras.Sequential([keras.Input((3, 3, 1)), keras.layers.Flatten(), keras.layers.Dense(5)])


def by_hand(logits, labels):
    """Losses (n,) and their gradient with respect to the logits, (n, 5): of each head softmax less the answer."""
    losses, gradients = np.zeros(len(labels)), []
    for part, answers in ((logits[:, :3], labels[:, 0]), (logits[:, 3:], labels[:, 1])):
        probabilities = softmax(part)
        losses -= np.log(probabilities[np.arange(len(answers)), answers])
        gradients.append(probabilities - np.eye(part.shape[1])[answers])
    return losses, np.concatenate(gradients, axis=1)


def test_the_loss_is_the_sum_of_the_heads_and_its_gradient_that_of_each(data):
    _, labels = data
    logits = tf.Variable(np.random.default_rng(6).normal(size=(40, 5)).astype(np.float32))
    with tf.GradientTape() as tape:
        losses = HEADS.losses(labels, logits)
    expected, gradient = by_hand(logits.numpy().astype(np.float64), labels)
    np.testing.assert_allclose(losses, expected, rtol=1e-5)
    np.testing.assert_allclose(tape.gradient(losses, logits), gradient, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("mode", ["xla", "graph", "eager"])
def test_a_program_trains_both_heads_as_numpy_does(data, mode):
    """Twenty updates of a linear model by hand, in float64."""
    images, labels = data
    model, rate = linear(), 0.1
    kernel, bias = (weight.astype(np.float64) for weight in model.get_weights())
    program = _program(model, data, mode, rate)
    batches = np.random.default_rng(7).integers(0, 40, (20, 8)).astype(np.int32)
    stretch = program.run(batches)
    flat = images.reshape(40, 9).astype(np.float64)
    right = np.zeros(2)
    for rows in batches:
        logits = flat[rows] @ kernel + bias
        right += [
            (logits[:, :3].argmax(1) == labels[rows, 0]).sum(),
            (logits[:, 3:].argmax(1) == labels[rows, 1]).sum(),
        ]
        _, gradient = by_hand(logits, labels[rows])
        kernel, bias = kernel - rate * flat[rows].T @ gradient / 8, bias - rate * gradient.mean(axis=0)
    for found, expected in zip(model.get_weights(), (kernel, bias), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    assert stretch.accuracy == pytest.approx(tuple(right / 160))
    loss, accuracies = program.evaluate("train", 16)
    logits = flat @ kernel + bias
    assert loss == pytest.approx(by_hand(logits, labels)[0].mean(), rel=1e-4)
    assert accuracies == pytest.approx(
        ((logits[:, :3].argmax(1) == labels[:, 0]).mean(), (logits[:, 3:].argmax(1) == labels[:, 1]).mean())
    )


def _program(model, data, mode, rate) -> TensorFlowProgram:
    optimizer = keras.optimizers.SGD(rate)
    return Unconfigured().compile(
        model, optimizer, {"train": data, "test": data}, mode, batch_size=8, stretch=20, heads=HEADS
    )


def test_chance_is_the_sum_over_the_heads():
    assert HEADS.chance_loss(5) == pytest.approx(np.log(3) + np.log(2))
    assert Heads().chance_loss(5) == pytest.approx(np.log(5))


def test_images_of_a_class_of_a_head_are_chosen(data):
    _, labels = data
    assert select(labels, {"domain": "b"}, HEADS).tolist() == np.flatnonzero(labels[:, 0] == 1).tolist()
    both = select(labels, {"domain": "b", "item": "q"}, HEADS)
    assert both.tolist() == np.flatnonzero((labels == [1, 1]).all(axis=1)).tolist()


@pytest.mark.parametrize(
    ("only", "message"),
    [
        ({"colour": "a"}, "no head 'colour'; there are: domain, item"),
        ({"domain": "z"}, "the head 'domain' has no class 'z'; there are: a, b, c"),
        ({"domain": "a", "item": "p"}, "there are no images of domain a, item p"),
    ],
)
def test_a_selection_that_the_data_does_not_have_is_refused(only, message):
    with pytest.raises(NoSuchImagesError, match=message):
        select(np.array([[0, 1], [1, 0]], dtype=np.int32), only, HEADS)

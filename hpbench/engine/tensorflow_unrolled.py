"""TensorFlow: the gradient of a validation loss through unrolled iterations of plain SGD."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from hpbench.engine.backend import Rows, Unrolled
from hpbench.engine.heads import Heads
from hpbench.engine.tensorflow_program import right_answers

Tensors = Sequence[Any]


class TensorFlowUnrolled:
    """Reverse mode through all iterations, one tape around those of their gradients (Maclaurin et al. 2015, section 2).

    Weights and statistics of every iteration, and what its gradient was computed from, are held until the end: memory
    grows with the iterations. The weights before the first count as given, as if no rate had acted on them.

    Args:
        model: A Keras model, built, from images to logits.
        training: Images and labels, on the device.
        validation: The same of the validation split.
        mode: ``xla``, ``graph`` or ``eager``.
        heads: Which logits answer which question.
    """

    def __init__(self, model: Any, training: Any, validation: Any, mode: str, heads: Heads) -> None:
        self._model = model
        self._variables = [*model.trainable_variables, *model.non_trainable_variables]
        self._training = training
        self._validation = validation
        self._heads = heads
        self._differentiated: Any = self._differentiate
        if mode != "eager":
            self._differentiated = tf.function(self._differentiate, autograph=False, jit_compile=mode == "xla")

    def __call__(self, batches: NDArray[np.int32], rows: Rows, learning_rate: float, weight_decay: float) -> Unrolled:
        """Move the model on by w = w - learning_rate (g + weight_decay w), a row of ``batches`` after the other."""
        after, finite, losses, right, loss, gradient = self._computed(batches, rows, learning_rate, weight_decay)
        for variable, value in zip(self._variables, after, strict=True):
            variable.assign(value)
        return Unrolled(
            losses=losses.numpy(),
            right=right.numpy(),
            validation_loss=float(loss),
            gradient=gradient.numpy().astype(np.float64),
            finite=bool(finite),
        )

    def warm_up(self, shape: tuple[int, int], images: int) -> None:
        """Compile for batches of this shape (iterations, batch size) and as many validation images; nothing changes."""
        self._computed(np.zeros(shape, np.int32), np.zeros(images, np.int32), 0.0, 0.0)

    def _computed(self, batches: NDArray[np.int32], rows: Rows, learning_rate: float, weight_decay: float) -> Any:
        rate, decay = (tf.constant(value, keras.config.floatx()) for value in (learning_rate, weight_decay))
        state = [tf.convert_to_tensor(variable.value) for variable in self._variables]
        return self._differentiated(state, tf.constant(batches), tf.constant(rows), rate, decay)

    def _differentiate(self, state: Tensors, batches: Any, rows: Any, rate: Any, decay: Any) -> Any:
        """State after it, and whether it is finite; losses and right answers; validation loss and its gradient."""
        weights, statistics = self._parted(state)
        losses, right = [], []
        with _moments_of_any_order(), tf.GradientTape() as tape:
            tape.watch([rate, decay])
            for index in range(batches.shape[0]):
                batch = [tf.gather(part, batches[index]) for part in self._training]
                loss, correct, statistics, gradients = self._gradient(weights, statistics, batch)
                weights = [w - rate * (g + decay * w) for w, g in zip(weights, gradients, strict=True)]
                losses.append(loss)
                right.append(correct)
            validation_loss = self._loss_after(weights, statistics, rows)
        slopes = tape.gradient(validation_loss, [rate, decay])
        logarithmic = tf.stack([rate * slopes[0], decay * slopes[1]])
        finite = tf.reduce_all([tf.reduce_all(tf.math.is_finite(weight)) for weight in weights])
        return [*weights, *statistics], finite, tf.stack(losses), tf.stack(right), validation_loss, logarithmic

    def _parted(self, state: Tensors) -> tuple[list[Any], list[Any]]:
        count = len(self._model.trainable_variables)
        return list(state[:count]), list(state[count:])

    def _gradient(self, weights: list[Any], statistics: Tensors, batch: Sequence[Any]) -> Any:
        """Loss and right answers of a batch, the statistics after it, and the gradient, one a weight."""
        images, labels = batch
        with tf.GradientTape() as tape:
            tape.watch(weights)
            logits, statistics, added = self._model.stateless_call(
                weights, list(statistics), images, training=True, return_losses=True
            )
            loss = self._heads.mean_loss(labels, logits, added)
        return loss, right_answers(self._heads, labels, logits), statistics, tape.gradient(loss, weights)

    def _loss_after(self, weights: list[Any], statistics: Tensors, rows: Any) -> Any:
        images, labels = (tf.gather(part, rows) for part in self._validation)
        logits, _ = self._model.stateless_call(weights, list(statistics), images, training=False)
        return self._heads.mean_loss(labels, logits)


@contextmanager
def _moments_of_any_order() -> Iterator[None]:
    """Let Keras' normalisation be differentiated twice.

    ``tf.nn.moments`` holds the mean in the variance constant. That changes no first derivative, as the deviations from
    the mean add up to zero, but it does change the second ones.
    """
    module = keras.src.backend.tensorflow.nn
    usual = module._compute_moments
    module._compute_moments = _moments
    try:
        yield
    finally:
        module._compute_moments = usual


def _moments(x: Any, axes: Sequence[int], keepdims: bool) -> tuple[Any, Any]:
    """Mean and variance over the axes."""
    mean = tf.reduce_mean(x, axes, keepdims=True)
    variance = tf.reduce_mean(tf.square(x - mean), axes, keepdims=True)
    return (mean, variance) if keepdims else (tf.squeeze(mean, axes), tf.squeeze(variance, axes))

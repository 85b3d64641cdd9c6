"""TensorFlow: the iterations between two evaluations are one ``tf.while_loop`` in one ``tf.function``.

No XLA: on the CPU its convolutions inside a loop are ten times slower than TensorFlow's own kernels.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from hpbench.engine.backend import Split, Stretch


class TensorFlowBackend:
    """TensorFlow for this process.

    Args:
        threads: Threads of one operation; operations run one after another.
        deterministic: Whether operations have to give the same bits every time.
    """

    def __init__(self, *, threads: int, deterministic: bool) -> None:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        for device in tf.config.list_physical_devices("GPU"):
            tf.config.experimental.set_memory_growth(device, True)
        self._deterministic = deterministic
        if deterministic:
            tf.config.experimental.enable_op_determinism()
        self._gpus = [device.name for device in tf.config.list_logical_devices("GPU")]

    def resolve(self, mode: str, model: Any) -> str:
        """``auto`` is ``graph`` here."""
        return "graph" if mode == "auto" else mode

    def compile(self, model: Any, optimizer: Any, data: dict[str, Split], mode: str) -> TensorFlowProgram:
        """Put the data on the device and compile training and evaluation."""
        return TensorFlowProgram(model, optimizer, data)

    def synchronise(self) -> None:
        """Wait for the devices: their queues are in order, so one value back from each is enough."""
        for name in self._gpus:
            with tf.device(name):
                tf.constant(0.0).numpy()

    def device_memory(self) -> list[int]:
        """Peak bytes of TensorFlow's allocator, one a GPU."""
        return [int(tf.config.experimental.get_memory_info(_short(name))["peak"]) for name in self._gpus]

    def reset_device_memory(self) -> None:
        """Set the allocator's peaks back to the present level."""
        for name in self._gpus:
            tf.config.experimental.reset_memory_stats(_short(name))

    def describe(self) -> dict[str, str]:
        """Devices and determinism, to be recorded."""
        return {"devices": ", ".join(self._gpus) or "CPU", "deterministic": str(self._deterministic).lower()}


def _short(name: str) -> str:
    """``/device:GPU:0`` as the memory functions want it: ``GPU:0``."""
    return name.split("device:")[-1]


class TensorFlowProgram:
    """A compiled model over data on the device.

    The training loss is the cross-entropy of logits and integer labels and what the model's layers add to it; the loss
    of an evaluation is the cross-entropy alone.
    """

    def __init__(self, model: Any, optimizer: Any, data: dict[str, Split]) -> None:
        self._model = model
        self._optimizer = optimizer
        self._data = {split: (tf.constant(x), tf.constant(y)) for split, (x, y) in data.items()}
        optimizer.build(model.trainable_variables)
        self._optimizer_start = [_unless_zero(variable.numpy()) for variable in optimizer.variables]
        self._train = tf.function(
            self._loop, input_signature=[tf.TensorSpec([None, None], tf.int32)], autograph=False
        ).get_concrete_function()
        self._score = tf.function(self._totals, autograph=False, reduce_retracing=True)
        self._train(tf.zeros([0, 1], tf.int32))

    def reset(self, fresh: Any) -> None:
        """Take the state of a model just made (weights, statistics, seeds), and the optimizer's state at its start."""
        for variable, start in zip(self._model.variables, fresh.variables, strict=True):
            variable.assign(start)
        for variable, start in zip(self._optimizer.variables, self._optimizer_start, strict=True):
            variable.assign(tf.zeros_like(variable.value) if start is None else start)

    def run(self, batches: NDArray[np.int32]) -> Stretch:
        """Do one update a row of ``batches`` (iterations, batch size), indices into the training images."""
        loss, correct = self._train(tf.constant(batches))
        return Stretch(float(loss) / len(batches), float(correct) / batches.shape[1])

    def evaluate(self, split: str, batch_size: int) -> tuple[float, float]:
        """Mean loss and accuracy on a split, in batches of that size and one smaller remainder."""
        images, labels = self._data[split]
        count = len(labels)
        loss = correct = 0.0
        for start in range(0, count, batch_size):
            end = min(start + batch_size, count)
            batch_loss, batch_correct = self._score(images[start:end], labels[start:end])
            loss += float(batch_loss)
            correct += float(batch_correct)
        return loss / count, correct / count

    def _loop(self, batches: Any) -> Any:
        images, labels = self._data["train"]
        count = tf.shape(batches)[0]

        def body(i: Any, total: Any, _: Any) -> Any:
            rows = batches[i]
            x, y = tf.gather(images, rows), tf.gather(labels, rows)
            with tf.GradientTape() as tape:
                logits = self._model(x, training=True)
                loss = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(y, logits, from_logits=True))
                loss += sum(self._model.losses)  # regularisation, and what layers add
            variables = self._model.trainable_variables
            self._optimizer.apply(tape.gradient(loss, variables), variables)
            return i + 1, total + loss, _correct(logits, y)

        start = (tf.constant(0), tf.constant(0.0), tf.constant(0.0))
        _, total, correct = tf.while_loop(lambda i, *_: i < count, body, start, parallel_iterations=1)
        return total, correct

    def _totals(self, x: Any, y: Any) -> Any:
        logits = self._model(x, training=False)
        losses = keras.losses.sparse_categorical_crossentropy(y, logits, from_logits=True)
        return tf.reduce_sum(losses), _correct(logits, y)


def _unless_zero(value: NDArray[Any]) -> NDArray[Any] | None:
    """The value, or None where it is zero throughout, as momenta are at the start: that need not be kept."""
    return value if value.any() else None


def _correct(logits: Any, labels: Any) -> Any:
    return tf.reduce_sum(tf.cast(tf.argmax(logits, -1, labels.dtype) == labels, tf.float32))

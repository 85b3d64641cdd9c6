"""TensorFlow: a model compiled over data on the device; the iterations between two evaluations are one loop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from hpbench.engine.backend import Accuracies, CannotCompileError, Rows, Stretch
from hpbench.engine.framework import draws_from_global_seed
from hpbench.engine.heads import Heads
from hpbench.engine.steps import Step
from hpbench.engine.tensorflow_state import Batch, Carried, Held, InVariables
from hpbench.measure.memory import give_back

WARM_UP = 2
"""Updates before the clocks and counters start: the second meets the memory that the first has left."""


class TensorFlowProgram:
    """A compiled model over data on the device.

    The training loss is that of the heads and what the model's layers add to it; an evaluation's that of the heads.
    """

    def __init__(
        self,
        model: Any,
        optimizer: Any,
        data: dict[str, Any],
        *,
        mode: str,
        reason: str,
        batch_size: int,
        stretch: int,
        step: Step,
        rows: Rows | None = None,
        heads: Heads,
    ) -> None:
        self.mode = mode
        self.reason = reason
        self._model = model
        self._optimizer = optimizer
        self._data = data
        self._heads = heads
        self._shape = (stretch, batch_size)
        self._start = [_unless_zero(variable.numpy()) for variable in optimizer.variables]
        rows = np.arange(len(data["train"][1]), dtype=np.int32) if rows is None else rows
        self._seen = tf.Variable(rows, trainable=False) if step.sees_all_images else None
        everything = self._everything if step.sees_all_images else None
        self._state: InVariables | Carried = _state(model, optimizer, mode, step, heads, everything)
        self._train, self._score = self._compiled(mode)
        self._train(np.zeros(self._shape, np.int32), np.int32(0))
        if draws_from_global_seed():
            raise CannotCompileError(
                "the model draws random numbers from Keras' global seed, which cannot be set back from trial to trial; "
                "give its layer a keras.random.SeedGenerator, or a seed"
            )

    def _compiled(self, mode: str) -> tuple[Any, Any]:
        if mode == "eager":
            return self._loop, self._totals
        shape = self._shape if mode == "xla" else (None, self._shape[1])
        signature = [tf.TensorSpec(shape, tf.int32), tf.TensorSpec([], tf.int32)]
        train = tf.function(self._loop, input_signature=signature, autograph=False, jit_compile=mode == "xla")
        return train.get_concrete_function(), tf.function(self._totals, autograph=False, reduce_retracing=True)

    def _everything(self) -> Batch:
        """All training images of the trial."""
        images, labels = self._data["train"]
        rows = tf.convert_to_tensor(self._seen)
        return tf.gather(images, rows), tf.gather(labels, rows)

    def reset(
        self, fresh: Any, rows: Rows | None = None, step: Step | None = None, optimizer: Any | None = None
    ) -> None:
        """Take the state of a model just made (weights, statistics, seeds), and the optimizer's state at its start.

        An optimizer that is not built has the variables that another one begins with, and none besides.
        """
        for index, variable in enumerate(optimizer.variables if optimizer is not None else ()):
            self._start[index] = _unless_zero(variable.numpy())
        for variable, start in zip(self._model.variables, fresh.variables, strict=True):
            variable.assign(start)
        for variable, start in zip(self._optimizer.variables, self._start, strict=True):
            variable.assign(tf.zeros_like(variable.value) if start is None else start)
        self._state.reset(step)
        if self._seen is not None and rows is not None:
            self._seen.assign(rows)

    def warm_up(self, batch_size: int) -> None:
        """Evaluate a batch of that size, make two updates, then put all state back.

        In this order, so that what evaluation has freed is handed back to the system and training's own memory is in
        place when its clock starts.
        """
        variables = [*self._model.variables, *self._optimizer.variables, *self._state.own]
        before = [variable.numpy() for variable in variables]
        for split in self._data:
            self.evaluate(split, batch_size, min(batch_size, len(self._data[split][1])))
        give_back()
        self.run(np.zeros((min(WARM_UP, self._shape[0]), self._shape[1]), np.int32))
        for variable, value in zip(variables, before, strict=True):
            variable.assign(value)

    def run(self, batches: NDArray[np.int32]) -> Stretch:
        """Do one update a row of ``batches`` (iterations, batch size), indices into the training images."""
        size = self._shape[0] if self.mode == "xla" else len(batches)  # a compiled shape is a fixed one
        total, iterations, finite = 0.0, 0, True
        correct = last = np.zeros(len(self._heads.names))
        for start in range(0, len(batches), size):
            done = self._call(batches[start : start + size])
            total, correct, iterations = total + float(done[1]), correct + done[2].numpy(), iterations + int(done[0])
            last, finite = done[3].numpy(), bool(done[4])
            if not finite:
                break
        return Stretch(
            loss=total / iterations,
            batch_accuracy=_shares(last, batches.shape[1]),
            accuracy=_shares(correct, iterations * batches.shape[1]),
            iterations=iterations,
            finite=finite,
        )

    def _call(self, batches: NDArray[np.int32]) -> Any:
        """One compiled loop; the count of its iterations need not be the compiled one."""
        asked = len(batches)
        if self.mode == "xla" and asked < self._shape[0]:
            batches = np.concatenate([batches, np.zeros((self._shape[0] - asked, self._shape[1]), np.int32)])
        return self._train(tf.constant(batches), tf.constant(asked))

    def observed(self) -> Mapping[str, float]:
        """What the step wants to be observed of what it keeps, after the last iteration."""
        return self._state.observed()

    def evaluate(
        self, split: str, batch_size: int, images: int | None = None, rows: Rows | None = None
    ) -> tuple[float, Accuracies]:
        """Mean loss, and accuracy of each head, on a split, on its first ``images``, or on those of ``rows``.

        In batches of that size and a remainder.
        """
        x, y = self._data[split]
        if rows is not None:
            x, y = tf.gather(x, rows), tf.gather(y, rows)
        count = len(y) if images is None else images
        loss, correct = self._score(x, y, tf.constant(count), tf.constant(batch_size))
        return float(loss) / count, _shares(correct.numpy(), count)

    def _loop(self, batches: Any, count: Any) -> Any:
        """Until the iterations are done or a loss was not finite; no value leaves the device before."""
        images, labels = self._data["train"]

        def body(i: Any, total: Any, correct: Any, _: Any, carried: Any) -> Any:
            rows = batches[i]
            x, y = tf.gather(images, rows), tf.gather(labels, rows)
            (loss, logits), carried = self._state.advance((x, y), carried)
            right = right_answers(self._heads, y, logits)
            return i + 1, total + loss, correct + right, right, carried

        def go_on(i: Any, total: Any, *_: Any) -> Any:
            return tf.logical_and(i < count, tf.math.is_finite(total))

        none = tf.zeros(len(self._heads.names))
        start = (tf.constant(0), tf.constant(0.0), none, none, self._state.begin())
        i, total, correct, last, carried = tf.while_loop(go_on, body, start, parallel_iterations=1)
        self._state.end(carried)
        return i, total, correct, last, tf.reduce_all([tf.math.is_finite(total), *self._finite()])

    def _finite(self) -> list[Any]:
        """Of each weight, whether it is finite throughout."""
        return [tf.reduce_all(tf.math.is_finite(variable.value)) for variable in self._model.trainable_variables]

    def _totals(self, images: Any, labels: Any, count: Any, size: Any) -> Any:
        """Summed loss, and number of right answers, over the first ``count`` images."""

        def body(start: Any, loss: Any, correct: Any) -> Any:
            end = tf.minimum(start + size, count)
            x, y = images[start:end], labels[start:end]
            logits = self._model(x, training=False)
            losses = self._heads.losses(y, logits)
            right = right_answers(self._heads, y, logits)
            return end, loss + tf.cast(tf.reduce_sum(losses), tf.float64), correct + right

        first = (tf.constant(0), tf.constant(0.0, tf.float64), tf.zeros(len(self._heads.names)))
        _, loss, correct = tf.while_loop(lambda start, *_: start < count, body, first, parallel_iterations=1)
        return loss, correct


def _state(
    model: Any, optimizer: Any, mode: str, step: Step, heads: Heads, everything: Callable[[], Batch] | None
) -> InVariables | Carried:
    if mode == "xla":
        return Carried(model, optimizer, step, everything, heads.mean_loss)
    if type(step) is Step:
        return InVariables(model, optimizer, heads.mean_loss)
    return Held(model, optimizer, step, everything, heads.mean_loss)


def _unless_zero(value: NDArray[Any]) -> NDArray[Any] | None:
    """The value, or None where it is zero throughout, as momenta are at the start: that need not be kept."""
    return value if value.any() else None


def right_answers(heads: Heads, labels: Any, logits: Any) -> Any:
    """How many answers of each head are right, float32 (heads,)."""
    pairs = zip(heads.answers(labels), heads.parts(logits), strict=True)
    found = [tf.argmax(part, -1, answers.dtype) == answers for answers, part in pairs]
    return tf.stack([tf.reduce_sum(tf.cast(one, tf.float32)) for one in found])


def _shares(correct: NDArray[Any], images: int) -> Accuracies:
    """Right answers of each head as shares."""
    return tuple(float(count) / images for count in correct)

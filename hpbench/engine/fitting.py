"""A step strategy in a Keras model of one's own, trained by ``model.fit``::

from hpbench.engine.fitting import with_step
from hpbench.engine.rate_search import LearningRateSearch

model = with_step(model, LearningRateSearch(proposals=(0.01, 0.1, 1.0)))
model.compile(optimizer="sgd", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(images, labels, batch_size=4, epochs=20)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
from keras import ops

from hpbench.engine.stateless import is_stateless
from hpbench.engine.steps import Step
from hpbench.engine.tensorflow_state import Held


def with_step(model: keras.Model, step: Step) -> SteppedModel:
    """The model with another ``train_step``: what ``fit`` does with a batch is up to the step.

    Args:
        model: Built, on the backend TensorFlow. Its weights are trained in place.
        step: A step strategy, such as ``LearningRateSearch``.

    Raises:
        ValueError: The model is not built, or the step asks for all training images, which ``fit`` does not give.
    """
    if not model.built:
        raise ValueError("the model is not built: give it an Input, or call it once")
    if step.sees_all_images:
        raise ValueError("this step asks for all training images, and model.fit gives it a batch at a time")
    return SteppedModel(model, step)


class SteppedModel(keras.Model):
    """A Keras model around another one, made by ``with_step``.

    Attributes:
        inner: The model that is trained.
        step: The step strategy.
    """

    def __init__(self, inner: keras.Model, step: Step) -> None:
        super().__init__(name=inner.name)
        self.inner = inner
        self.step = step
        self.built = True

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """The inner model's output."""
        return self.inner(inputs, training=training)

    def compile(self, optimizer: Any = "sgd", loss: Any = None, **arguments: Any) -> None:
        """As Keras' ``compile``; the loss is one loss of labels and outputs, by name or as an object.

        Raises:
            ValueError: The optimizer cannot be written as a function of its state, as a step needs it.
        """
        super().compile(optimizer=optimizer, loss=loss, **arguments)
        if not is_stateless(self.optimizer):
            raise ValueError(f"{type(self.optimizer).__name__} cannot be written as a function of its state")
        self.optimizer.build(self.inner.trainable_variables)
        measured = keras.losses.get(loss)
        self._held = Held(
            self.inner,
            self.optimizer,
            self.step,
            loss=lambda labels, outputs, added: ops.mean(measured(labels, outputs)) + sum(added),
        )

    def train_step(self, data: Any) -> Mapping[str, Any]:
        """One iteration of the step on a batch; the metrics are those of the batch before its update."""
        x, y, _ = keras.utils.unpack_x_y_sample_weight(data)
        (loss, outputs), _ = self._held.advance((x, y), ())
        self._loss_tracker.update_state(loss, sample_weight=ops.shape(x)[0])
        logs: Mapping[str, Any] = self.compute_metrics(x, y, outputs)
        return logs

    @property
    def own(self) -> list[Any]:
        """The variables in which the step keeps what it keeps."""
        return self._held.own

    def observed(self) -> Mapping[str, float]:
        """What the step observes of what it keeps: the bound of the rate, the rate chosen last."""
        return self._held.observed()

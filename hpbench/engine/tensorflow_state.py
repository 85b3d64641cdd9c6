"""TensorFlow: the ways in which a training's state goes round the loop.

Each gives ``begin`` (what the loop carries), ``advance`` (one iteration: loss, logits, and what is carried on) and
``end`` (all state is in the variables again).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import tensorflow as tf
from keras import ops

from hpbench.engine.heads import Heads
from hpbench.engine.stateless import stateless_apply
from hpbench.engine.steps import State, Step, Tensors, Value

Batch = tuple[Any, Any]
Pass = tuple[Any, Any]
"""Loss and logits of an iteration."""
Loss = Callable[[Any, Any, Sequence[Any]], Any]
"""From labels, logits and what the model's layers add."""


class InVariables:
    """Keras' own way, for any optimizer and the plain step: variables, changed in place.

    Attributes:
        own: Variables that the step itself keeps.
    """

    def __init__(self, model: Any, optimizer: Any, loss: Loss) -> None:
        self._model = model
        self._optimizer = optimizer
        self._loss = loss
        self.own: list[Any] = []

    def reset(self, step: Step | None) -> None:
        """Nothing is kept by the plain step."""

    def observed(self) -> Mapping[str, float]:
        """Nothing is kept by the plain step."""
        return {}

    def begin(self) -> Any:
        """Nothing goes round the loop."""
        return ()

    def advance(self, batch: Batch, carried: Any) -> tuple[Pass, Any]:
        """One gradient by the tape, one update by the optimizer."""
        x, y = batch
        with tf.GradientTape() as tape:
            logits = self._model(x, training=True)
            loss = self._loss(y, logits, self._model.losses)
        variables = self._model.trainable_variables
        self._optimizer.apply(tape.gradient(loss, variables), variables)
        return (loss, logits), carried

    def end(self, carried: Any) -> None:
        """Nothing is left to do."""


class Carried:
    """State as tensors from iteration to iteration, as XLA wants it, and for any step.

    Args:
        model: A Keras model, built.
        optimizer: Its optimizer, built, that can be written as a function.
        step: What an iteration does.
        everything: Gives all training images and labels, for a step that asks for them.
        loss: Instead of the cross-entropy of one head's logits.
    """

    def __init__(
        self,
        model: Any,
        optimizer: Any,
        step: Step,
        everything: Callable[[], Batch] | None = None,
        loss: Loss | None = None,
    ) -> None:
        self._model = model
        self._optimizer = optimizer
        self._step = step
        self._everything = everything
        self._loss = loss or Heads().mean_loss
        self._own_structure = self._beginning(step)
        self.own = [tf.Variable(tensor, trainable=False) for tensor in tf.nest.flatten(self._own_structure)]

    def reset(self, step: Step | None) -> None:
        """Begin anew with what the step itself keeps; another step differs in nothing but its values."""
        step = step or self._step
        for variable, start in zip(self.own, tf.nest.flatten(self._beginning(step)), strict=True):
            variable.assign(start)

    def _beginning(self, step: Step) -> Any:
        weights = [_read(variable) for variable in self._model.trainable_variables]
        return step.begin(weights, ops.convert_to_tensor(self._optimizer.learning_rate))

    def observed(self) -> Mapping[str, float]:
        """What the step wants to be observed of what it keeps."""
        own = [variable.numpy() for variable in self.own]
        return self._step.observe(tf.nest.pack_sequence_as(self._own_structure, own)) if own else {}

    def begin(self) -> State:
        """The values of all variables."""
        return State(
            [_read(variable) for variable in self._model.trainable_variables],
            [_read(variable) for variable in self._model.non_trainable_variables],
            [_read(variable) for variable in self._optimizer.variables],
            tf.nest.pack_sequence_as(self._own_structure, [variable.read_value() for variable in self.own]),
        )

    def advance(self, batch: Batch, carried: State) -> tuple[Pass, State]:
        """One iteration of the step strategy."""
        state, value = self._step(carried, batch, self._value_and_gradient, self._update)
        return (value.loss, value.logits), state

    def end(self, carried: State) -> None:
        """Put the values into the variables."""
        variables = [
            *self._model.trainable_variables,
            *self._model.non_trainable_variables,
            *self._optimizer.variables,
            *self.own,
        ]
        tensors = [*carried.weights, *carried.statistics, *carried.optimizer, *tf.nest.flatten(carried.own)]
        for variable, tensor in zip(variables, tensors, strict=True):
            variable.assign(tensor)

    def _value_and_gradient(self, state: State, batch: Batch | None) -> tuple[Value, Tensors]:
        x, y = self._all_images() if batch is None else batch
        weights = list(state.weights)
        with tf.GradientTape() as tape:
            tape.watch(weights)
            logits, statistics, added = self._model.stateless_call(
                weights, list(state.statistics), x, training=True, return_losses=True
            )
            loss = self._loss(y, logits, added)
        return Value(loss, logits, state._replace(statistics=statistics)), tape.gradient(loss, weights)

    def _all_images(self) -> Batch:
        if self._everything is None:
            raise ValueError("a step that takes gradients over all training images has to set sees_all_images")
        return self._everything()

    def _update(self, state: State, gradients: Tensors, learning_rate: Any = None) -> State:
        weights, optimizer = stateless_apply(self._optimizer, state.optimizer, gradients, state.weights, learning_rate)
        return state._replace(weights=weights, optimizer=optimizer)


class Held(Carried):
    """State in the variables between iterations, read and written in each: for any step, where XLA is not used."""

    def begin(self) -> Any:
        """Nothing goes round the loop."""
        return ()

    def advance(self, batch: Batch, carried: Any) -> tuple[Pass, Any]:
        """Read the variables, do one iteration of the step strategy, write them."""
        result, state = super().advance(batch, super().begin())
        super().end(state)
        return result, carried

    def end(self, carried: Any) -> None:
        """Nothing is left to do."""


def _read(variable: Any) -> Any:
    return tf.convert_to_tensor(variable.value)

"""TensorFlow: the ways in which a training's state goes round the loop.

Each gives ``begin`` (what the loop carries), ``advance`` (one iteration: loss, logits, and what is carried on) and
``end`` (all state is in the variables again).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from hpbench.engine.stateless import stateless_apply
from hpbench.engine.steps import State, Step, Tensors, Value

Batch = tuple[Any, Any]
Pass = tuple[Any, Any]
"""Loss and logits of an iteration."""


def mean_loss(labels: Any, logits: Any, added: Sequence[Any]) -> Any:
    """Cross-entropy of logits and integer labels, and what the model's layers add to it."""
    loss = tf.reduce_mean(keras.losses.sparse_categorical_crossentropy(labels, logits, from_logits=True))
    return loss + sum(added)


class InVariables:
    """Keras' own way, for any optimizer and the plain step: variables, changed in place.

    Attributes:
        own: Variables that the step itself keeps.
    """

    def __init__(self, model: Any, optimizer: Any) -> None:
        self._model = model
        self._optimizer = optimizer
        self.own: list[Any] = []

    def reset(self) -> None:
        """Nothing is kept by the plain step."""

    def begin(self) -> Any:
        """Nothing goes round the loop."""
        return ()

    def advance(self, batch: Batch, carried: Any) -> tuple[Pass, Any]:
        """One gradient by the tape, one update by the optimizer."""
        x, y = batch
        with tf.GradientTape() as tape:
            logits = self._model(x, training=True)
            loss = mean_loss(y, logits, self._model.losses)
        variables = self._model.trainable_variables
        self._optimizer.apply(tape.gradient(loss, variables), variables)
        return (loss, logits), carried

    def end(self, carried: Any) -> None:
        """Nothing is left to do."""


class Carried:
    """State as tensors from iteration to iteration, as XLA wants it, and for any step."""

    def __init__(self, model: Any, optimizer: Any, step: Step) -> None:
        self._model = model
        self._optimizer = optimizer
        self._step = step
        self._own_structure = step.start()
        self.own = [tf.Variable(tensor, trainable=False) for tensor in tf.nest.flatten(self._own_structure)]

    def reset(self) -> None:
        """Begin anew with what the step itself keeps."""
        for variable, start in zip(self.own, tf.nest.flatten(self._step.start()), strict=True):
            variable.assign(start)

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

    def _value_and_gradient(self, state: State, batch: Batch) -> tuple[Value, Tensors]:
        x, y = batch
        weights = list(state.weights)
        with tf.GradientTape() as tape:
            tape.watch(weights)
            logits, statistics, added = self._model.stateless_call(
                weights, list(state.statistics), x, training=True, return_losses=True
            )
            loss = mean_loss(y, logits, added)
        return Value(loss, logits, state._replace(statistics=statistics)), tape.gradient(loss, weights)

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

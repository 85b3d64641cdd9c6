"""A compiled model that goes back to its first weights, so that every rate is tried from the same place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np

from hpbench.errors import MachineError
from hpbench.execution.interrupts import heed_interrupt
from hpbench.parts.own import OwnCodeError, faults_told
from hpbench.protocol.data import Array, Batch
from hpbench.protocol.losses import loss_of
from hpbench.protocol.step import ProtocolError
from hpbench.report.markup import shortened

LONGEST = 600
"""Characters of a framework's message that are shown."""

_COLOUR = re.compile(r"\x1b\[[\d;]*m")

PREDICTED_AT_ONCE = 256
"""Examples that the model sees at once where nothing is trained."""


def as_array(value: Any) -> Array:
    """A copy of what a variable or a tensor holds, or of what can be one."""
    return np.array(value.numpy() if hasattr(value, "numpy") else keras.ops.convert_to_numpy(value))


class Trainee:
    """A model with its weights, its optimizer's state and its random states as they were at first.

    Args:
        model: Compiled; built here if it is not.
        name: Of the model, for messages.
        batch: One batch of the data.

    Attributes:
        model: The model.
        loss: What its loss expects.
        settable: Whether the optimizer's rate can be changed.
        classes: How many the model tells apart.

    Raises:
        ProtocolError: The model is not compiled, or does not take such data.
    """

    def __init__(self, model: Any, name: str, batch: Batch) -> None:
        if not isinstance(model, keras.Model):
            raise ProtocolError(f"{name} has to return a compiled keras.Model; it returned a {type(model).__name__}")
        if getattr(model, "optimizer", None) is None:
            raise ProtocolError(
                f"{name} returned a model that is not compiled; call "
                'model.compile(optimizer=..., loss="sparse_categorical_crossentropy") before it is returned'
            )
        self.model, self._name = model, name
        self.loss = loss_of(model.loss, name)
        outputs = self._first_outputs(batch[0][:1])
        shape = tuple(getattr(outputs, "shape", ()))
        if len(shape) != 2:
            raise ProtocolError(f"{name}: the model has to give one output of shape (n, classes); it gives {shape}")
        self.classes = self.loss.classes(int(shape[1]))
        self.settable = _settable(model.optimizer)
        self._states = [*model.variables, *model.optimizer.variables]
        self._first = [as_array(state) for state in self._states]

    def _first_outputs(self, x: Array) -> Any:
        """What the model says of one example; builds it and its optimizer."""
        try:
            with self._told():
                outputs = self.model(x, training=False)
                self.model.optimizer.build(self.model.trainable_variables)
        except OwnCodeError as error:
            takes = getattr(self.model, "input_shape", None)
            if not isinstance(takes, tuple) or takes[1:] == x.shape[1:]:
                raise
            raise ProtocolError(
                f"{self._name}: the model takes inputs of shape {takes[1:]}, and the data gives {x.shape[1:]}"
            ) from error
        return outputs

    @property
    def last_activation(self) -> str:
        """Name of the last layer's activation; empty if it has none, or if the model does not say."""
        last = (getattr(self.model, "layers", None) or [None])[-1]
        if isinstance(last, keras.layers.Softmax):
            return "softmax"
        return str(getattr(getattr(last, "activation", None), "__name__", ""))

    @property
    def learning_rate(self) -> float:
        """The optimizer's rate now; with a schedule, that of the next iteration."""
        return float(as_array(self.model.optimizer.learning_rate))

    def restart(self, learning_rate: float | None = None) -> None:
        """Go back to the first state, and take another rate if one is given and can be set."""
        heed_interrupt()
        for state, value in zip(self._states, self._first, strict=True):
            state.assign(value)
        if learning_rate is not None and self.settable:
            self.model.optimizer.learning_rate = learning_rate

    def train(self, batch: Batch) -> float:
        """One iteration; the batch's loss before its update, in nats, with penalties on weights if there are any."""
        heed_interrupt()
        with self._told():
            logs = self.model.train_on_batch(*batch, return_dict=True)
        if "loss" not in logs:
            raise ProtocolError(f"{self._name}: the model's train_step has to return its loss as 'loss'")
        return float(logs["loss"])

    def outputs(self, x: Array) -> Array:
        """What the trained model says, (n, classes)."""
        size = PREDICTED_AT_ONCE
        parts = []
        for start in range(0, len(x), size):
            heed_interrupt()
            part = x[start : start + size]
            # Always as many examples: every other number of them would be compiled anew.
            filled = np.concatenate([part, np.repeat(part[-1:], size - len(part), axis=0)])
            with self._told():
                parts.append(np.asarray(self.model.predict_on_batch(filled))[: len(part)])
        predicted: Array = np.concatenate(parts)
        return predicted

    def training_outputs(self, x: Array) -> Array:
        """What the model says in training, (n, classes): with batch normalisation by the batch."""
        with self._told():
            said: Array = as_array(self.model(x, training=True))
        return said

    def judge(self, x: Array, y: Array) -> tuple[float, float]:
        """Mean loss in nats without penalties, and accuracy, of the trained model."""
        outputs = self.outputs(x)
        with self._told():
            return self.loss.mean(y, outputs), self.loss.accuracy(y, outputs)

    def penalty(self) -> float:
        """What regularisers of weights add to the loss, in nats."""
        regularised = [weight for weight in self.model.trainable_variables if weight.regularizer is not None]
        return float(sum(float(as_array(weight.regularizer(weight))) for weight in regularised))

    def unmoved(self) -> list[str]:
        """Paths of the trainable weights that are exactly as they were at first."""
        first = {id(state): value for state, value in zip(self._states, self._first, strict=True)}
        return [
            weight.path
            for weight in self.model.trainable_variables
            if np.array_equal(as_array(weight), first[id(weight)])
        ]

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Faults of the model's code, and of how it fits the data, told with its name and in a few words."""
        try:
            with faults_told(self._name):
                yield
        except OwnCodeError as error:
            raise OwnCodeError(shortened(_COLOUR.sub("", str(error)), LONGEST)) from error
        except Exception as error:  # only memory that runs out comes through as it is
            words = (
                f"{self._name}: the memory ran out ({type(error).__name__}); take smaller batches or a smaller model"
            )
            raise MachineError(words) from error


def without_regularisation(model: Any) -> list[str]:
    """Switch off what holds a model back from overfitting; before its first iteration.

    Returns:
        What was switched off, in words: penalties on weights, the optimizer's weight decay, dropout and noise.
    """
    switched: list[str] = []
    penalised = [weight for weight in model.trainable_variables if weight.regularizer is not None]
    for weight in penalised:
        weight.regularizer = None
    if penalised:
        switched.append(f"penalties on {len(penalised)} weights")
    if getattr(model.optimizer, "weight_decay", None):
        model.optimizer.weight_decay = None
        switched.append("the optimizer's weight decay")
    for layer in _layers(model):
        for kind, field in ((_DROPOUT, "rate"), (_NOISE, "stddev")):
            if isinstance(layer, kind) and getattr(layer, field, None):
                setattr(layer, field, 0.0)
                switched.append(f"the layer {layer.name}")
    return switched


_DROPOUT = (keras.layers.Dropout, keras.layers.AlphaDropout, keras.layers.GaussianDropout)
_NOISE = (keras.layers.GaussianNoise,)


def _layers(model: Any) -> Iterator[Any]:
    """All layers of a model, also those within others."""
    for layer in model.layers:
        yield layer
        if getattr(layer, "layers", None):
            yield from _layers(layer)


def _settable(optimizer: Any) -> bool:
    """Whether the rate is a number that can be changed, and no schedule."""
    try:
        optimizer.learning_rate = float(as_array(optimizer.learning_rate))
    except (TypeError, AttributeError, ValueError):
        return False
    return True

"""What a compiled loss expects of the model: probabilities or logits, classes as numbers or one-hot."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from hpbench.protocol.data import Array
from hpbench.protocol.step import ProtocolError

CROSS_ENTROPIES = {
    "sparsecategoricalcrossentropy": "sparse",
    "categoricalcrossentropy": "categorical",
    "binarycrossentropy": "binary",
}
"""Names of Keras' losses without underscores and in small letters, to what labels they take."""

OF_REGRESSION = ("error", "huber", "logcosh", "cosinesimilarity", "poisson")


@dataclass(frozen=True)
class Loss:
    """A model's loss.

    Attributes:
        function: Called with labels and outputs; one number, or one an example.
        kind: ``sparse``, ``categorical``, ``binary``, or ``other`` for code of one's own.
        from_logits: Whether it expects logits; None if that is not known.
        name: As it was compiled.
    """

    function: Any
    kind: str
    from_logits: bool | None
    name: str

    def mean(self, labels: Array, outputs: Array) -> float:
        """Mean loss of these outputs in nats, without any penalty on weights.

        Args:
            labels: (n,), or (n, classes).
            outputs: (n, classes), or (n, 1).
        """
        if self.kind == "binary":
            labels = labels.reshape(outputs.shape).astype(outputs.dtype)
        return float(np.mean(keras.ops.convert_to_numpy(self.function(labels, outputs))))

    def classes(self, columns: int) -> int:
        """Of a model with so many outputs: two where each of them is a yes or no."""
        return 2 if self.kind == "binary" or columns == 1 else columns

    def accuracy(self, labels: Array, outputs: Array) -> float:
        """Share of examples whose class is the one with the largest output, or on the right side of one half."""
        if outputs.shape[1] == 1:
            predicted = outputs[:, 0] > (0.0 if self.from_logits else 0.5)
            return float(np.mean(predicted == (labels.reshape(-1) > 0.5)))
        return float(np.mean(np.argmax(outputs, axis=1) == class_numbers(labels)))


def class_numbers(labels: Array) -> Array:
    """Labels as numbers of classes, (n,): of one-hot labels, where the one is."""
    if labels.ndim > 1 and labels.shape[-1] > 1:
        numbers: Array = np.argmax(labels, axis=-1)
        return numbers
    return labels.reshape(-1)


def loss_of(loss: Any, name: str) -> Loss:
    """What is known of a model's loss.

    Args:
        loss: As ``model.loss`` has it: a name, a function, or an instance of ``keras.losses.Loss``.
        name: Of the model, for messages.

    Raises:
        ProtocolError: There is none, there are several, or it is one of regression.
    """
    if loss is None or isinstance(loss, (list, tuple, dict)):
        what = "none" if loss is None else "several"
        raise ProtocolError(f"{name}: the model has to be compiled with one loss of a classification; it has {what}")
    loss = keras.losses.get(loss)
    called = _called(loss)
    plain = called.replace("_", "").lower()
    if plain in CROSS_ENTROPIES:
        return Loss(loss, CROSS_ENTROPIES[plain], _from_logits(loss), called)
    if any(word in plain for word in OF_REGRESSION):
        raise ProtocolError(
            f"{name}: the loss {called} is one of regression; the protocol examines classification, with a "
            "cross-entropy such as keras.losses.SparseCategoricalCrossentropy(from_logits=True)"
        )
    return Loss(loss, "other", None, called)


def _called(loss: Any) -> str:
    if isinstance(loss, functools.partial):
        return _called(loss.func)
    return str(getattr(loss, "__name__", None) or type(loss).__name__)


def _from_logits(loss: Any) -> bool:
    if isinstance(loss, functools.partial):
        return bool(loss.keywords.get("from_logits", False))
    return bool(getattr(loss, "from_logits", False))

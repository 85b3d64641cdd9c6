"""Keras callbacks that observe a training; an evaluation is the end of an epoch."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from typing import Any, Self

import keras
import numpy as np


class Recorder(keras.callbacks.Callback):
    """Base of callbacks that add one value to the logs at the end of an epoch.

    Attributes:
        observes: Name of the value in the logs.
    """

    observes: str

    def value(self) -> float:
        """The value now, from ``self.model``."""
        raise NotImplementedError

    def on_epoch_end(self, epoch: int, logs: MutableMapping[str, Any] | None = None) -> None:
        """Add the value to ``logs`` under the name ``observes``.

        Args:
            epoch: Index of the epoch or evaluation; not used.
            logs: Values by name; changed in place.
        """
        if logs is not None:
            logs[self.observes] = self.value()

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments: none."""
        return {}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make the callback that ``get_config`` describes."""
        return cls(**config)


@keras.saving.register_keras_serializable(package="hpbench")
class RecordLearningRate(Recorder):
    """Observes ``learning_rate``: the rate of the next update, of ``self.model.optimizer``."""

    observes = "learning_rate"

    def value(self) -> float:
        """The rate of the next update, before any factor for single variables."""
        return float(self.model.optimizer.learning_rate)


@keras.saving.register_keras_serializable(package="hpbench")
class RecordWeightNorm(Recorder):
    """Observes ``weight_norm``: the Euclidean norm of all trainable weights together."""

    observes = "weight_norm"

    def value(self) -> float:
        """The square root of the sum of squares, summed in float64; NaN or infinity where a weight is."""
        weights = [variable.numpy() for variable in self.model.trainable_variables]
        return float(np.sqrt(sum(np.sum(np.square(weight, dtype=np.float64)) for weight in weights)))


@keras.saving.register_keras_serializable(package="hpbench")
class ReduceOnPlateau(keras.callbacks.ReduceLROnPlateau):
    """Keras' ``ReduceLROnPlateau``, whose epochs are evaluations; it observes ``learning_rate``.

    Args:
        monitor: Value in the logs; an accuracy is better when larger, a loss when smaller.
        factor: What the rate is multiplied by.
        patience: Evaluations without improvement before that.
        min_delta: Smallest change that counts as one.
        cooldown: Evaluations after a reduction that do not count.
        min_learning_rate: Where the rate stays.
    """

    def __init__(
        self,
        monitor: str = "test_loss",
        factor: float = 0.1,
        patience: int = 10,
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_learning_rate: float = 0.0,
    ) -> None:
        self._config = {
            "monitor": monitor,
            "factor": factor,
            "patience": patience,
            "min_delta": min_delta,
            "cooldown": cooldown,
            "min_learning_rate": min_learning_rate,
        }
        super().__init__(
            monitor=monitor,
            factor=factor,
            patience=patience,
            mode="max" if monitor.endswith("accuracy") else "min",
            min_delta=min_delta,
            cooldown=cooldown,
            min_lr=min_learning_rate,
        )

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments."""
        return dict(self._config)

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Make the callback that ``get_config`` describes."""
        return cls(**config)

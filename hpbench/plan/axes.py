"""Axes of a search as keras-tuner's hyperparameters, and the values of a grid: the code behind ``catalogue.spaces``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from keras_tuner.engine.hyperparameters import Boolean as KerasTunerBoolean
from keras_tuner.engine.hyperparameters import Choice as KerasTunerChoice
from keras_tuner.engine.hyperparameters import Float as KerasTunerFloat
from keras_tuner.engine.hyperparameters import Int as KerasTunerInt

from hpbench.catalogue import spaces


@dataclass(frozen=True)
class Searched:
    """An axis as it is searched.

    Attributes:
        hyperparameter: Keras-tuner's, by the path of the setting; of a choice it holds the index of the value.
        grid: Values of a grid, in order, as the hyperparameter holds them.
        choices: Of a choice its values; else none.
    """

    hyperparameter: Any
    grid: tuple[Any, ...]
    choices: tuple[Any, ...] = ()

    def setting(self, value: Any) -> Any:
        """The setting's value for a value of the hyperparameter."""
        return self.choices[value] if self.choices else value


def linear(axis: spaces.Linear, path: str) -> Searched:
    """A float, evenly spread."""
    return Searched(KerasTunerFloat(path, axis.low, axis.high), _floats(np.linspace, axis))


def log(axis: spaces.Log, path: str) -> Searched:
    """A float, its logarithm evenly spread."""
    return Searched(KerasTunerFloat(path, axis.low, axis.high, sampling="log"), _floats(np.geomspace, axis))


def integer(axis: spaces.Integer, path: str) -> Searched:
    """A whole number; a grid without ``points`` has all of them."""
    count = axis.points or axis.high - axis.low + 1
    rounded = np.rint(np.linspace(axis.low, axis.high, count)).astype(int).tolist()
    return Searched(KerasTunerInt(path, axis.low, axis.high), tuple(dict.fromkeys(rounded)))


def choice(axis: spaces.Choice, path: str) -> Searched:
    """One of the values, by its index: keras-tuner takes no blocks, and no values of several types."""
    indices = list(range(len(axis.values)))
    return Searched(KerasTunerChoice(path, indices, ordered=False), tuple(indices), axis.values)


def boolean(_axis: spaces.Boolean, path: str) -> Searched:
    """No or yes."""
    return Searched(KerasTunerBoolean(path), (False, True))


def _floats(spaced: Any, axis: spaces.Linear | spaces.Log) -> tuple[float, ...]:
    """Both ends exactly, whatever rounding does."""
    if axis.points is None:
        return ()
    values: Sequence[float] = spaced(axis.low, axis.high, axis.points).tolist()
    return (axis.low, *values[1:-1], axis.high)

"""A Keras optimizer on TensorFlow as a function from state to state.

Keras writes an update rule once, with ``self.assign``, and offers ``stateless_apply`` on the other backends. On
TensorFlow it refuses, because a few methods are replaced to serve ``tf.distribute``. While a step is traced, those that
the optimizer's own class has not replaced again stand back for the general ones.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import MethodType
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

_GENERAL, _DISTRIBUTED = (
    next(cls for cls in keras.optimizers.Optimizer.__mro__ if cls.__name__ == name)
    for name in ("BaseOptimizer", "TFOptimizer")
)
_REPLACED = (
    *("assign", "assign_add", "assign_sub", "stateless_apply"),
    *("_apply_weight_decay", "_backend_update_step", "_clip_by_norm"),
    *("_backend_increment_gradient_accumulators", "_overwrite_model_variables_with_average_value"),
)

_SHAPES = {"kernel": (3, 2), "bias": (2,)}
_UPDATES = 3
"""Of the trial by which an optimizer is known to be a function."""


def stateless_apply(
    optimizer: Any, state: Sequence[Any], gradients: Sequence[Any], weights: Sequence[Any], learning_rate: Any = None
) -> tuple[list[Any], list[Any]]:
    """One update.

    Args:
        optimizer: A Keras optimizer, built.
        state: Tensors, one for each of ``optimizer.variables``.
        gradients: Tensors, one a weight.
        weights: Tensors, one for each variable the optimizer was built with.
        learning_rate: Shape (); instead of the optimizer's own.

    Returns:
        The weights and the state after the update.
    """
    with _general(optimizer), _rate(optimizer, learning_rate):
        after: tuple[list[Any], list[Any]] = optimizer.stateless_apply(list(state), list(gradients), list(weights))
    return after


def is_stateless(optimizer: Any) -> bool:
    """Whether this optimizer can be written as a function: copies are tried both ways on a few numbers.

    Averaged weights and accumulated gradients cannot: Keras writes them with conditions on variables.
    """
    if optimizer.use_ema or optimizer.gradient_accumulation_steps:
        return False
    try:
        return _agrees(_copy(optimizer), _copy(optimizer))
    except Exception:  # whatever a class of somebody else does there
        return False


def _copy(optimizer: Any) -> Any:
    """One like it, not built, with a constant rate: a schedule need not be one that can be made again."""
    rate = optimizer._learning_rate
    optimizer.__dict__["_learning_rate"] = keras.Variable(0.01)
    try:
        return type(optimizer).from_config(optimizer.get_config())
    finally:
        optimizer.__dict__["_learning_rate"] = rate


def _agrees(in_place: Any, function: Any) -> bool:
    """Whether a few updates of variables in place and as a function give the same."""
    changed, kept = ([keras.Variable(_numbers(shape), name=shape) for shape in _SHAPES] for _ in range(2))
    in_place.build(changed)
    function.build(kept)
    weights, state = (
        [tf.convert_to_tensor(variable.value) for variable in found] for found in (kept, function.variables)
    )
    for _ in range(_UPDATES):
        gradients = [tf.constant(0.1 * _numbers(shape)) for shape in _SHAPES]
        in_place.apply(gradients, changed)
        weights, state = stateless_apply(function, state, gradients, weights)
    found, expected = [*weights, *state], [*changed, *in_place.variables]
    return all(
        np.allclose(one, other.numpy(), rtol=1e-5, atol=1e-6) for one, other in zip(found, expected, strict=True)
    )


def _numbers(name: str) -> NDArray[np.float32]:
    """Numbers of both signs, no two alike."""
    count = math.prod(_SHAPES[name])
    return np.linspace(-1.0, 1.1, count, dtype=np.float32).reshape(_SHAPES[name])


@contextmanager
def _general(optimizer: Any) -> Iterator[None]:
    cls = type(optimizer)
    known = {id(variable): optimizer._var_key(variable) for variable in optimizer._trainable_variables}
    shadows: dict[str, Any] = {
        name: MethodType(getattr(_GENERAL, name), optimizer)
        for name in _REPLACED
        if getattr(cls, name, None) is getattr(_DISTRIBUTED, name, None) and hasattr(_GENERAL, name)
    }
    shadows["_var_key"] = lambda variable: known[id(variable)]  # the usual key is that of TensorFlow's variable
    optimizer.__dict__.update(shadows)
    try:
        yield
    finally:
        for name in shadows:
            del optimizer.__dict__[name]


@contextmanager
def _rate(optimizer: Any, learning_rate: Any) -> Iterator[None]:
    if learning_rate is not None:
        optimizer.__dict__["_get_current_learning_rate"] = lambda: learning_rate
    try:
        yield
    finally:
        optimizer.__dict__.pop("_get_current_learning_rate", None)

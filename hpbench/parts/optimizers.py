"""Optimizers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
from keras import ops


@keras.saving.register_keras_serializable(package="hpbench")
class SGD(keras.optimizers.SGD):
    """Stochastic gradient descent with coupled L2 regularisation and an own rate for biases, as in Caffe.

    For a variable w with gradient g, rate r (``bias_rate`` x r for biases) and velocity v::

        g = g + l2 * w
        v = momentum * v - r * g
        w = w + v                          (nesterov: w = w + momentum * v - r * g)

    ``l2`` acts on kernels and biases alike (Caffe's ``weight_decay`` with ``decay_mult`` 1) and, entering
    before the momentum, is not the decoupled ``weight_decay`` of Keras. A clipped gradient is clipped before
    ``l2`` is added, as in Caffe's ``SGDSolver::ApplyUpdate``.

    Args:
        learning_rate: A float, or a schedule.
        momentum: Share of the velocity that is kept, from 0 to 1.
        nesterov: Whether the step looks ahead along the velocity.
        l2: What a weight is multiplied by before it is added to its gradient.
        bias_rate: What the rate is multiplied by for variables named ``bias`` (Caffe's ``lr_mult``).
        **keywords: Further arguments of ``keras.optimizers.SGD``.

    Raises:
        ValueError: ``momentum`` is outside [0, 1], or ``l2`` or ``bias_rate`` is negative.
    """

    def __init__(
        self,
        learning_rate: Any = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        l2: float = 0.0,
        bias_rate: float = 1.0,
        **keywords: Any,
    ) -> None:
        if l2 < 0 or bias_rate < 0:
            raise ValueError(f"l2 and bias_rate must not be negative: l2 = {l2}, bias_rate = {bias_rate}")
        super().__init__(learning_rate=learning_rate, momentum=float(momentum), nesterov=nesterov, **keywords)
        self.l2 = float(l2)
        self.bias_rate = float(bias_rate)
        self._biases: frozenset[int] = frozenset()
        self._l2 = self.add_variable((), keras.initializers.Constant(self.l2), name="l2") if self.l2 else None

    def build(self, variables: list[Any]) -> None:
        """Create the velocities, and note which variables are biases.

        Args:
            variables: The trainable variables, as ``keras.Variable``.
        """
        # ``update_step`` may be given the backend's own variable, whose name is another.
        self._biases = frozenset(index for index, variable in enumerate(variables) if variable.name == "bias")
        super().build(variables)

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable.

        Args:
            gradient: Tensor of the variable's shape.
            variable: The variable, Keras's or the backend's own.
            learning_rate: Rate of this update, tensor of shape ().
        """
        if self._l2 is not None:
            gradient = ops.add(gradient, ops.multiply(ops.cast(self._l2, variable.dtype), variable))
        if self._get_variable_index(variable) in self._biases:
            learning_rate = ops.multiply(learning_rate, self.bias_rate)
        super().update_step(gradient, variable, learning_rate)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments."""
        return super().get_config() | {"l2": self.l2, "bias_rate": self.bias_rate}


def sgd(parameters: Mapping[str, Any], learning_rate: Any) -> keras.optimizers.Optimizer:
    """Make the optimizer of one training.

    Args:
        parameters: Fields of the catalogue's ``Sgd`` without ``name``.
        learning_rate: A float, or a schedule.
    """
    return SGD(learning_rate=learning_rate, **parameters)


def adam(parameters: Mapping[str, Any], learning_rate: Any) -> keras.optimizers.Optimizer:
    """Make Keras' Adam.

    Args:
        parameters: Fields of the catalogue's ``Adam`` without ``name``.
        learning_rate: A float, or a schedule.
    """
    return keras.optimizers.Adam(learning_rate=learning_rate, **parameters)


def rmsprop(parameters: Mapping[str, Any], learning_rate: Any) -> keras.optimizers.Optimizer:
    """Make Keras' RMSprop.

    Args:
        parameters: Fields of the catalogue's ``RmsProp`` without ``name``.
        learning_rate: A float, or a schedule.
    """
    return keras.optimizers.RMSprop(learning_rate=learning_rate, **parameters)

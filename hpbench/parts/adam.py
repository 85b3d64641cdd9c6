"""Adam as a document writes it: epsilon under the root, and its moments corrected in one of three ways."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
from keras import ops

CORRECTIONS = ("none", "usual", "overwriting")


@keras.saving.register_keras_serializable(package="hpbench")
class AdamEpsilonInRoot(keras.optimizers.Optimizer):
    """Adam with epsilon inside of the root.

    With gradient g, rate r and moments V and S, which begin at zero, update t = 1, 2, ... is::

        V = beta_1 * V + (1 - beta_1) * g
        S = beta_2 * S + (1 - beta_2) * g^2
        w = w - r / sqrt(S + epsilon) * V

    ``correction`` says what becomes of the moments between these lines:

    - ``none``: nothing;
    - ``usual``: the last line has V / (1 - beta_1^t) and S / (1 - beta_2^t) in the place of V and S (Kingma and Ba
      2015, algorithm 1);
    - ``overwriting``: V = V / (1 - beta_1^t) and S = S / (1 - beta_2^t), so that the next update begins with the
      corrected moments. V then grows by about 1 / (1 - beta_1^t) each time and S by more: steps shrink at once.

    Source: document 001, equations of its section on Adam, where the correction is written as an assignment. It calls S
    information of second order and explains it as the gradient's derivative; its equation squares the gradient, and so
    does this.

    Args:
        learning_rate: A float, or a schedule.
        beta_1: Share of the first moment that is kept.
        beta_2: Share of the second moment that is kept.
        epsilon: Added to the second moment under the root.
        correction: One of ``none``, ``usual`` and ``overwriting``.
        **keywords: Further arguments of ``keras.optimizers.Optimizer``.

    Raises:
        ValueError: ``correction`` is none of these.

    Example:
        >>> AdamEpsilonInRoot(0.1, correction="none").get_config()["epsilon"]
        1e-08
    """

    def __init__(
        self,
        learning_rate: Any = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
        epsilon: float = 1e-8,
        correction: str = "usual",
        **keywords: Any,
    ) -> None:
        if correction not in CORRECTIONS:
            raise ValueError(f"correction is one of {', '.join(CORRECTIONS)}; found {correction!r}")
        super().__init__(learning_rate=learning_rate, **{"name": "adam_epsilon_in_root", **keywords})
        self.beta_1, self.beta_2, self.epsilon, self.correction = beta_1, beta_2, epsilon, correction

    def build(self, variables: list[Any]) -> None:
        """Create the moments, at zero.

        Args:
            variables: The trainable variables, as ``keras.Variable``.
        """
        if self.built:
            return
        super().build(variables)
        self._first = [self.add_variable_from_reference(one, name="first_moment") for one in variables]
        self._second = [self.add_variable_from_reference(one, name="second_moment") for one in variables]

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Update one variable.

        Args:
            gradient: Tensor of the variable's shape.
            variable: The variable, Keras's or the backend's own.
            learning_rate: Rate of this update, tensor of shape ().
        """
        place = self._get_variable_index(variable)
        first, second = self._first[place], self._second[place]
        gradient, rate = ops.cast(gradient, variable.dtype), ops.cast(learning_rate, variable.dtype)
        v = ops.add(first, ops.multiply(ops.subtract(gradient, first), 1 - self.beta_1))
        s = ops.add(second, ops.multiply(ops.subtract(ops.square(gradient), second), 1 - self.beta_2))
        corrected_v, corrected_s = v, s
        if self.correction != "none":
            update = ops.cast(ops.add(self.iterations, 1), variable.dtype)
            corrected_v = ops.divide(v, 1 - ops.power(ops.cast(self.beta_1, variable.dtype), update))
            corrected_s = ops.divide(s, 1 - ops.power(ops.cast(self.beta_2, variable.dtype), update))
        if self.correction == "overwriting":
            v, s = corrected_v, corrected_s
        self.assign(first, v)
        self.assign(second, s)
        root = ops.sqrt(ops.add(corrected_s, self.epsilon))
        self.assign_sub(variable, ops.multiply(ops.divide(rate, root), corrected_v))

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments."""
        own = {name: getattr(self, name) for name in ("beta_1", "beta_2", "epsilon", "correction")}
        return super().get_config() | own


def adam_epsilon_in_root(parameters: Mapping[str, Any], learning_rate: Any) -> keras.optimizers.Optimizer:
    """Make the optimizer of one training.

    Args:
        parameters: Fields of the catalogue's ``AdamEpsilonInRoot`` without ``name``.
        learning_rate: A float, or a schedule.
    """
    return AdamEpsilonInRoot(learning_rate=learning_rate, **parameters)

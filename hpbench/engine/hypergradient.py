"""Hypergradient descent (Baydin et al. 2018), as a step strategy: the learning rate descends the loss, too."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

from keras import ops

from hpbench.engine.steps import State, Step, Tensors, Update, Value, ValueAndGradient

Batch = tuple[Any, Any]


class Hypergradient(Step):
    """SGD-HD of Baydin et al. (2018, section 3).

    The gradient g_t of the loss on an iteration's batch, with respect to the weights w_{t-1}, tells how that loss
    depends on the rate of the update before: it is - g_t . g_{t-1}, the product over all weights. The rate follows it,
    and takes the place of the optimizer's::

        additive         rate_t = rate_{t-1} + rate_of_rate * g_t . g_{t-1}
        multiplicative   rate_t = rate_{t-1} * (1 + rate_of_rate * g_t . g_{t-1} / (|g_t| |g_{t-1}|))
        both             w_t = w_{t-1} - rate_t * g_t

    The first rate is the optimizer's at its first iteration; before the second there is no product. Nothing bounds the
    rate, which may become negative in the additive form. The derivative is that of an update by plain SGD; of an ``l2``
    of the optimizer's, which is added to g_t in the update, the products know nothing.

    Args:
        rate_of_rate: The paper's beta.
        form: ``additive``, whose beta has the unit of the rate over that of the squared gradient, or
            ``multiplicative``, whose beta has none: a rate changes by a share of at most beta in an iteration.

    Raises:
        ValueError: ``rate_of_rate`` is no positive number.

    Example:
        >>> step = Hypergradient(rate_of_rate=1e-3)
    """

    def __init__(self, rate_of_rate: float = 1e-3, form: Literal["additive", "multiplicative"] = "additive") -> None:
        if not (math.isfinite(rate_of_rate) and rate_of_rate > 0):
            raise ValueError(f"rate_of_rate has to be a positive number, such as 0.001; found {rate_of_rate}")
        self._beta = rate_of_rate
        self._moved = {"additive": self._added, "multiplicative": self._multiplied}[form]

    def begin(self, weights: Tensors, learning_rate: Any) -> dict[str, Any]:
        """The optimizer's first rate, and no gradient yet: zeros, whose product with any is 0."""
        return {"rate": learning_rate, "gradients": [ops.zeros_like(weight) for weight in weights]}

    def observe(self, own: Mapping[str, Any]) -> Mapping[str, float]:
        """The rate of the last update."""
        return {"chosen_rate": float(own["rate"])}

    def __call__(
        self, state: State, batch: Batch, value_and_gradient: ValueAndGradient, update: Update
    ) -> tuple[State, Value]:
        """One update of the rate, and one of the weights with it."""
        value, gradients = value_and_gradient(state, batch)
        rate = self._moved(state.own["rate"], gradients, state.own["gradients"])
        after = update(value.state, gradients, rate)
        return after._replace(own={"rate": rate, "gradients": list(gradients)}), value

    def _added(self, rate: Any, gradients: Tensors, before: Tensors) -> Any:
        return rate + self._beta * _product(gradients, before)

    def _multiplied(self, rate: Any, gradients: Tensors, before: Tensors) -> Any:
        """The share is 0 where one of the gradients is."""
        norms = ops.sqrt(_product(gradients, gradients)) * ops.sqrt(_product(before, before))
        cosine = _product(gradients, before) / ops.where(norms > 0, norms, ops.ones_like(norms))
        return rate * (1.0 + self._beta * cosine)


def _product(one: Tensors, other: Tensors) -> Any:
    """Scalar product of two gradients, over all weights together, shape ()."""
    return sum(ops.sum(a * b) for a, b in zip(one, other, strict=True))

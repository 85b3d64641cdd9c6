"""The learning-rate search of Kim et al. for few-shot learning (figure 1 of their paper), as a step strategy.

First an upper bound of the rate is searched: proposals of it are tried, and what counts is how many signs of the
gradient an update with each would change. Then every iteration takes the bound or half of it, whichever gives the
smaller loss on its batch. A rate so chosen takes the place of the optimizer's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import keras
from keras import ops

from hpbench.engine.steps import State, Step, Tensors, Update, Value, ValueAndGradient

Batch = tuple[Any, Any]
SHRINK = 10.0
"""What the proposals are divided by when even the best of them changes too many signs."""
SHARES = (0.5, 1.0)
"""Of the bound: the rates of set K."""


class LearningRateSearch(Step):
    """Steps 1 to 5 of the algorithm.

    The proposals H = (eta_1, eta_2, ...) stand before the search. In each of its rounds, G(x) is the percentage of
    gradient components whose sign is another one after an update with the rate x:

    (a) max G > alpha: all proposals are divided by 10;
    (b) max G < beta: the bound is delta = argmax G, the first of several, and the search is over;
    (c) otherwise: one update with eta_1.

    Then K = {delta / 2, delta}, and every iteration takes of K the rate after whose update the loss on the batch is
    least, the smaller rate of two that give the same. A component of the gradient that is not finite after the update
    has changed, and a loss that is not finite is the largest.

    Args:
        proposals: H, in the order of their use: the first is eta_1.
        alpha: Percentage above which the proposals shrink.
        beta: Percentage below which the bound is found.
        components: Which components of the gradient G is a percentage of: ``all``, or those that are ``nonzero``
            before the update.
        zero: Whether a zero has a sign of its own (``sign``), so that becoming zero and leaving it is a change, or not
            (``no-sign``).
        biases: Whether components of biases count: of weights with one axis.
        batch: The images on which the signs are compared, and not those the update is made from, which are always the
            iteration's: ``current`` for the iteration's, ``all`` for all training images.
        rounds: ``iterations``: a round without an update uses up its iteration; ``free``: the batch is used again
            until there was an update.
        bounded: Whether the bound is searched; else every iteration takes of H the rate that gives the least loss, as
            in the paper's preliminary experiment.

    Raises:
        ValueError: Nothing to choose from, or a rate or percentage that cannot be one.

    Example:
        >>> search = LearningRateSearch(proposals=(0.01, 0.1, 1.0))
    """

    def __init__(
        self,
        proposals: Sequence[float] = (0.01, 0.1, 1.0),
        alpha: float = 8.0,
        beta: float = 5.0,
        components: Literal["all", "nonzero"] = "all",
        zero: Literal["sign", "no-sign"] = "sign",
        biases: bool = True,
        batch: Literal["current", "all"] = "current",
        rounds: Literal["iterations", "free"] = "iterations",
        bounded: bool = True,
    ) -> None:
        if not proposals or not all(math.isfinite(rate) and rate > 0 for rate in proposals):
            raise ValueError(f"proposals have to be positive rates, such as (0.01, 0.1, 1); found {proposals}")
        if not 0 <= beta <= alpha <= 100:
            raise ValueError(f"beta and alpha are percentages, beta the smaller one; found {beta} and {alpha}")
        self._proposals = tuple(float(rate) for rate in proposals)
        self._alpha = alpha
        self._beta = beta
        self._nonzero = components == "nonzero"
        self._zero_has_sign = zero == "sign"
        self._biases = biases
        self._free = rounds == "free"
        self._bounded = bounded
        self.sees_all_images = bounded and batch == "all"

    def start(self) -> dict[str, Any]:
        """The proposals, no bound, and nothing counted."""
        counts = ("bound", "rate", "rounds", "shrinks", "updates", "picks", "full_picks")
        return {"proposals": _numbers(self._proposals)} | {name: _numbers(0.0) for name in counts}

    def observe(self, own: Mapping[str, Any]) -> Mapping[str, float]:
        """The rate of the last update, and what the search has found and cost."""
        picks = float(own["picks"])
        found = {"chosen_rate": float(own["rate"]) or math.nan}
        if not self._bounded:
            return found
        return found | {
            "rate_bound": float(own["bound"]) or math.nan,
            "search_rounds": float(own["rounds"]),
            "search_shrinks": float(own["shrinks"]),
            "search_updates": float(own["updates"]),
            "full_bound_share": float(own["full_picks"]) / picks if picks else math.nan,
        }

    def __call__(
        self, state: State, batch: Batch, value_and_gradient: ValueAndGradient, update: Update
    ) -> tuple[State, Value]:
        """One iteration: a round of the search, or an update with the rate that gives the least loss."""
        value, gradients = value_and_gradient(state, batch)
        state = value.state
        trial = _Trial(state, batch, gradients, value_and_gradient, update)
        if not self._bounded:
            return self._least_loss(trial, state.own, state.own["proposals"], len(self._proposals)), value
        weights, optimizer, own = ops.cond(
            state.own["bound"] > 0,
            lambda: _changeable(self._pick(trial, state.own)),
            lambda: _changeable(self._search(trial, state.own)),
        )
        return State(weights, state.statistics, optimizer, own), value

    def _pick(self, trial: _Trial, own: dict[str, Any]) -> State:
        """Step 5: of K the rate that gives the least loss."""
        rates = own["bound"] * _numbers(SHARES)
        after = self._least_loss(trial, own, rates, len(SHARES))
        full = _as_number(after.own["rate"] == own["bound"])
        counted = {"picks": own["picks"] + 1, "full_picks": own["full_picks"] + full}
        return after._replace(own=after.own | counted)

    def _least_loss(self, trial: _Trial, own: dict[str, Any], rates: Any, count: int) -> State:
        losses = ops.stack([trial.loss_after(rates[index]) for index in range(count)])
        losses = ops.where(ops.isfinite(losses), losses, math.inf)
        rate = ops.take(rates, ops.argmin(losses))  # and no slice: XLA would compile anew for every batch
        return trial.updated(rate)._replace(own=own | {"rate": rate})

    def _search(self, trial: _Trial, own: dict[str, Any]) -> State:
        """Step 2: one round, or as many on the same batch as it takes until there was an update."""
        before = trial.gradients if not self.sees_all_images else trial.gradient(trial.state, everywhere=True)

        def percentages(proposals: Any) -> Any:
            return _of_each(proposals, lambda rate: self._changed(trial, before, rate))

        proposals, shrinks = own["proposals"], _numbers(0.0)
        changed = percentages(proposals)
        if self._free:
            proposals, changed, shrinks = ops.while_loop(
                lambda _, changed, __: ops.max(changed) > self._alpha,
                lambda proposals, _, shrinks: (
                    proposals / SHRINK,
                    percentages(proposals / SHRINK),
                    shrinks + 1,
                ),
                (proposals, changed, shrinks),
            )
            return self._decided(trial, own, proposals, changed, shrinks)
        too_many = ops.max(changed) > self._alpha
        shrunk = own | {
            "proposals": proposals / SHRINK,
            "shrinks": own["shrinks"] + 1,
            "rounds": own["rounds"] + 1,
        }
        decided = self._decided(trial, own, proposals, changed, shrinks)
        return _either(too_many, trial.state._replace(own=shrunk), decided)

    def _decided(self, trial: _Trial, own: dict[str, Any], proposals: Any, changed: Any, shrinks: Any) -> State:
        """(b) or (c), for proposals of which none changes too many signs."""
        own = own | {
            "proposals": proposals,
            "shrinks": own["shrinks"] + shrinks,
            "rounds": own["rounds"] + shrinks + 1,
        }
        found = own | {"bound": ops.take(proposals, ops.argmax(changed))}
        after_found = self._pick(trial, found) if self._free else trial.state._replace(own=found)
        first = proposals[0]
        moved = trial.updated(first)._replace(own=own | {"updates": own["updates"] + 1, "rate": first})
        return _either(ops.max(changed) < self._beta, after_found, moved)

    def _changed(self, trial: _Trial, before: Tensors, rate: Any) -> Any:
        """G(x): the percentage of components whose sign is another one after an update with this rate."""
        after = trial.gradient(trial.updated(rate), everywhere=self.sees_all_images)
        changed, counted = [], []
        for one, other in zip(before, after, strict=True):
            if len(one.shape) < 2 and not self._biases:
                continue
            differs = ops.sign(one) != ops.sign(other) if self._zero_has_sign else one * other < 0
            differs = ops.logical_or(differs, ops.logical_not(ops.isfinite(other)))
            counts = one != 0 if self._nonzero else ops.ones_like(one, "bool")
            changed.append(ops.sum(_as_number(ops.logical_and(differs, counts))))
            counted.append(ops.sum(_as_number(counts)))
        return 100.0 * sum(changed) / ops.maximum(sum(counted), 1.0)


class _Trial:
    """An iteration under way: what an update with a rate would do."""

    def __init__(
        self,
        state: State,
        batch: Batch,
        gradients: Tensors,
        value_and_gradient: ValueAndGradient,
        update: Callable[..., State],
    ) -> None:
        self.state = state
        self.gradients = gradients
        self._batch = batch
        self._value_and_gradient = value_and_gradient
        self._update = update

    def updated(self, rate: Any) -> State:
        """The state after an update with this rate."""
        return self._update(self.state, self.gradients, rate)

    def gradient(self, state: State, everywhere: bool) -> Tensors:
        """The gradient at a state, over the iteration's batch or over all training images."""
        return self._value_and_gradient(state, None if everywhere else self._batch)[1]

    def loss_after(self, rate: Any) -> Any:
        """The loss on the iteration's batch after an update with this rate."""
        return self._value_and_gradient(self.updated(rate), self._batch)[0].loss


def _of_each(rates: Any, function: Callable[[Any], Any]) -> Any:
    """The function of each rate, shape of ``rates``: a loop, which compiles the gradient in it once."""
    places = ops.arange(rates.shape[0], dtype="int32")

    def one(index: Any, found: Any) -> tuple[Any, Any]:
        return index + 1, ops.where(places == index, function(ops.take(rates, index)), found)

    return ops.while_loop(lambda index, _: index < rates.shape[0], one, (ops.zeros((), "int32"), rates))[1]


def _numbers(values: float | Sequence[float]) -> Any:
    return ops.convert_to_tensor(values, keras.config.floatx())


def _as_number(truth: Any) -> Any:
    return ops.cast(truth, keras.config.floatx())


def _changeable(state: State) -> tuple[list[Any], list[Any], dict[str, Any]]:
    """What an iteration may change beside the statistics, in one form for both branches."""
    return list(state.weights), list(state.optimizer), dict(state.own)


def _either(condition: Any, one: State, other: State) -> State:
    """The one state if the condition is true, else the other, tensor by tensor."""

    def chosen(here: Sequence[Any], there: Sequence[Any]) -> list[Any]:
        return [ops.where(condition, a, b) for a, b in zip(here, there, strict=True)]

    own = {name: ops.where(condition, one.own[name], other.own[name]) for name in one.own}
    return State(chosen(one.weights, other.weights), one.statistics, chosen(one.optimizer, other.optimizer), own)

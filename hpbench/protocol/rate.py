"""Step 3: a learning rate that lets the loss fall within 100 iterations, on all training data."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import islice

import numpy as np

from hpbench.protocol.budget import Budget, BudgetEndedError
from hpbench.protocol.builder import Builder
from hpbench.protocol.data import Data
from hpbench.protocol.initial_loss_causes import ABOVE
from hpbench.protocol.step import Cause, Step, Tell, causes_of, shown, times

TITLE = "Find a learning rate"
ITERATIONS = 100
RATES = tuple(float(f"{10 ** (power / 2):.3g}") for power in range(-12, 3))
"""From 1e-6 to 10, two a decade."""

AVERAGED = 10
"""Last iterations whose mean loss is a rate's result: single batches differ too much."""

LEARNS = 0.9
"""A rate learns if its loss falls to this share of the initial one, or lower."""

BEYOND = 1.5
"""How far outside the range found a rate may lie: neighbouring rates are sqrt(10) = 3.2 times apart."""

HOPELESS = 100.0
"""Times the initial loss at which a rate is given up."""

BEST = "rate with the lowest loss"


@dataclass(frozen=True)
class RateCurve:
    """The losses of one rate.

    Attributes:
        learning_rate: The rate.
        losses: Of each iteration's batch before its update, in nats; the last may not be finite.
    """

    learning_rate: float
    losses: tuple[float, ...]

    @property
    def final(self) -> float:
        """Mean loss of the last iterations; infinity if one of them is not finite."""
        last = self.losses[-AVERAGED:]
        return float(np.mean(last)) if last and np.isfinite(last).all() else math.inf


@dataclass(frozen=True)
class RateFacts:
    """What the rules look at.

    Attributes:
        initial: Loss of the untrained model, in nats.
        curves: One a rate, from the smallest rate on; the builder's own is among them.
        own: The builder's own rate; None if it has none.
        labels_unseen: Whether step 2 could not compare labels between passes.
    """

    initial: float
    curves: tuple[RateCurve, ...]
    own: float | None
    labels_unseen: bool = False

    @property
    def learning(self) -> tuple[float, ...]:
        """The rates at which the loss falls."""
        return tuple(curve.learning_rate for curve in self.curves if curve.final <= LEARNS * self.initial)

    @property
    def best(self) -> RateCurve | None:
        """The rate whose loss is lowest in the end; None if none learns."""
        learning = [curve for curve in self.curves if curve.learning_rate in self.learning]
        return min(learning, key=lambda curve: curve.final) if learning else None


def measured(builder: Builder, data: Data, budget: Budget, curves: list[RateCurve], tell: Tell) -> bool:
    """Train at each rate from the same initial weights on the same batches.

    Args:
        builder: Of the model.
        data: All training data.
        budget: Where its time ends, no further rate is tried.
        curves: Is filled, so that what was done is kept if it is interrupted.
        tell: Is told the progress.

    Returns:
        Whether all rates were tried.
    """
    batches = list(islice(data.endless(), ITERATIONS))
    rates = _rates(builder.own_rate)
    for number, rate in enumerate(rates, 1):
        tell(f"step 3: learning rate {rate:g} ({number} of {len(rates)})")
        trainee = builder.at(rate)
        losses: list[float] = []
        try:
            for batch in batches:
                budget.require_time()
                losses.append(trainee.train(batch))
                if not math.isfinite(losses[-1]) or losses[-1] > HOPELESS * max(losses[0], 1.0):
                    losses[-1] = math.inf
                    break
        except BudgetEndedError:
            return False
        curves.append(RateCurve(rate, tuple(losses)))
    return True


def judged(
    curves: list[RateCurve], own: float | None, classes: int, ended: str = "", labels_unseen: bool = False
) -> Step:
    """The step, from what was measured.

    Args:
        curves: At least one.
        own: The builder's own rate.
        classes: How many the model tells apart.
        ended: What ended it before all rates were tried, in words; empty if they were.
        labels_unseen: Whether step 2 could not compare labels between passes.
    """
    ordered = tuple(sorted(curves, key=lambda curve: curve.learning_rate))
    # The smallest rate has hardly moved by then.
    initial = float(np.mean([loss for loss in ordered[0].losses[:AVERAGED] if math.isfinite(loss)] or [math.nan]))
    facts = RateFacts(initial, ordered, own, labels_unseen)
    best = facts.best
    causes = causes_of(facts, RULES)
    tried = f"{len(curves)} of {len(_rates(own))}" if ended else len(curves)
    found: dict[str, float | int | str] = {"initial loss (nat)": facts.initial, "rates tried": tried}
    if best:
        found[BEST] = best.learning_rate
        found[f"its loss after {ITERATIONS} iterations (nat)"] = best.final
        found["rates at which the loss falls"] = f"{facts.learning[0]:g} to {facts.learning[-1]:g}"
        concluded = (
            f"With rate {best.learning_rate:g} the loss falls from {shown(facts.initial)} to {shown(best.final)} "
            f"within {ITERATIONS} iterations. It falls at rates from {facts.learning[0]:g} to {facts.learning[-1]:g}."
        )
    else:
        concluded = f"At no rate does the loss fall to {LEARNS:.0%} of the initial one within {ITERATIONS} iterations."
    if own:
        found["your own rate"] = own
        if best and causes:
            concluded += f" Your own rate {own:g} is not among these."
    remarks = [] if own else ["The function has no rate of its own (no default) that could be compared."]
    if initial > math.log(classes) + ABOVE:
        remarks.append(
            f"The loss begins at {shown(initial)}, and log({classes}) is {shown(math.log(classes))}: step 1 of hpbench "
            "tune says what may be wrong."
        )
    if ended:
        remarks.append(f"{ended} before all rates were tried; the one that was under way is left out.")
    checked = (
        f"{ITERATIONS} iterations on all training data at each of {len(curves)} rates, from the same initial weights "
        "and on the same batches; your own rate is one of them."
    )
    return Step(3, TITLE, checked, found, concluded, best is not None and not causes, causes, tuple(remarks))


def own_rate_too_high(facts: RateFacts) -> Cause | None:
    """The builder's own rate lies above all that learn."""
    if not facts.own or not facts.learning or facts.own in facts.learning:
        return None
    ratio = facts.own / facts.learning[-1]
    if ratio <= BEYOND:
        return None
    return Cause(
        "rate_too_high",
        f"Your rate {facts.own:g} is too high: {times(ratio)} times the largest at which the loss still falls "
        f"({facts.learning[-1]:g}), and {times(facts.own / _begin(facts))} times the one at which it falls furthest "
        f"({_begin(facts):g}).",
        f"Begin with {_begin(facts):g}, where the loss fell furthest.",
    )


def own_rate_too_low(facts: RateFacts) -> Cause | None:
    """The builder's own rate lies below all that learn."""
    if not facts.own or not facts.learning or facts.own in facts.learning:
        return None
    ratio = facts.learning[0] / facts.own
    if ratio <= BEYOND:
        return None
    return Cause(
        "rate_too_low",
        f"Your rate {facts.own:g} is too low: {times(ratio)} times smaller than the smallest at which the loss falls "
        f"within {ITERATIONS} iterations ({facts.learning[0]:g}).",
        f"Begin with {_begin(facts):g}, where the loss fell furthest.",
    )


def labels_unseen(facts: RateFacts) -> Cause | None:
    """Nothing is learnt, and whether labels stay with their inputs could not be seen."""
    if facts.learning or not facts.labels_unseen:
        return None
    return Cause(
        "labels_unseen",
        "Inputs and labels may be shuffled independently of each other: a few batches were learnt by heart, no rate "
        "lets the loss fall on all data, and step 2 could not compare labels, as no input came again in the next pass.",
        "Shuffle both with one permutation: order = rng.permutation(len(x)); x, y = x[order], y[order]. To have step 2 "
        "compare labels, switch off what changes inputs from pass to pass, such as augmentation.",
    )


def no_rate_learns(facts: RateFacts) -> Cause | None:
    """What could be learnt in step 2 is lost on all data."""
    if facts.learning:
        return None
    if all(not math.isfinite(curve.final) for curve in facts.curves):
        return Cause(
            "all_diverge",
            "The loss explodes at every rate.",
            "Scale the inputs, and look at single batches for values that are far larger than others.",
        )
    return Cause(
        "no_rate_learns",
        f"No rate lets the loss fall within {ITERATIONS} iterations: the labels may not belong to their inputs, or the "
        "model begins on a plateau.",
        "Look at examples with their labels; try another initialisation, normalisation, or larger batches.",
    )


RULES = (own_rate_too_high, own_rate_too_low, labels_unseen, no_rate_learns)
"""The likeliest cause first."""


def _begin(facts: RateFacts) -> float:
    return facts.best.learning_rate if facts.best else math.nan


def _rates(own: float | None) -> list[float]:
    """All rates to be tried, in order; the builder's own is among them."""
    return sorted({*RATES, *([own] if own and own > 0 and not _among(own) else [])}, key=_from_the_middle)


def _among(rate: float) -> bool:
    return any(math.isclose(rate, other, rel_tol=1e-6) for other in RATES)


def _from_the_middle(rate: float) -> tuple[float, float]:
    """The usual rates first, so that a small budget is not spent on the edges."""
    return round(abs(math.log10(rate) + 2.0), 6), rate

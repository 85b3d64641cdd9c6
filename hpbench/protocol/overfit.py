"""Step 2: can the model learn a few batches by heart, to 100 % accuracy, without regularisation?"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from hpbench.protocol.budget import Budget, BudgetEndedError
from hpbench.protocol.builder import Builder
from hpbench.protocol.data import Data
from hpbench.protocol.overfit_causes import RULES, TOO_LITTLE_TIME, UNKNOWN, Attempt, OverfitFacts
from hpbench.protocol.sample import BATCHES, Sample, sampled
from hpbench.protocol.step import Cause, Step, Tell, causes_of
from hpbench.protocol.trainee import Trainee

TITLE = "Overfit a few batches"
PASSES = 100
"""Over the few batches, at each rate."""

EVERY = 4
"""Passes after which the model is judged."""

RATES = (1e-2, 1e-1, 1e-3, 1.0, 1e-4)
"""Rates tried one after another until one reaches 100 %; the builder's own comes first."""

NOT_COMPARED = "No input came again in the next pass, so labels could not be compared between passes."

CHECKED = (
    f"Whether each input keeps its label from pass to pass; then {BATCHES} batches without regularisation, {PASSES} "
    "passes at each rate until one reaches 100 % accuracy."
)


def overfit(builder: Builder, data: Data, budget: Budget, attempts: list[Attempt], tell: Tell) -> Step:
    """Do the step.

    Args:
        builder: Of the model.
        data: The first ``BATCHES`` batches are learnt.
        budget: Where its time ends, the step ends and says so.
        attempts: Is filled, also by the attempt under way where it is interrupted: see ``unfinished``.
        tell: Is told the progress.
    """
    sample = sampled(data)
    own = builder.own_rate
    rates = [*([own] if own else []), *(rate for rate in RATES if rate != own)]
    trainee, _ = builder.bare(rates[0])
    try:
        for rate in [] if sample.apart else rates:
            tell(f"step 2: {BATCHES} batches at learning rate {rate:g}")
            trainee, _ = builder.bare(rate)
            attempted(trainee, rate, sample, budget, attempts)
            if attempts[-1].best == 1.0:
                break
    except BudgetEndedError:
        return unfinished(attempts, "The budget's time ended", (TOO_LITTLE_TIME,))
    inputs = [x for x, _ in sample.batches]
    facts = OverfitFacts(
        tuple(attempts),
        sample,
        tuple(weight.path for weight in trainee.model.trainable_variables),
        _frozen(trainee),
        builder.classes,
        max(max(abs(float(x.min())), abs(float(x.max()))) for x in inputs),
    )
    return judged(facts)


def attempted(trainee: Trainee, rate: float, sample: Sample, budget: Budget, attempts: list[Attempt]) -> None:
    """Train on the sample at one rate until it is known by heart, for ``PASSES`` passes at most.

    A rate is given up where the loss is not finite, or is higher after a quarter of the passes than in the first ones.
    What was done is added to ``attempts``, also where it is interrupted.
    """
    iterations: list[int] = []
    losses: list[float] = []
    accuracies: list[float] = []
    recent: list[float] = []
    x, y = (np.concatenate(part) for part in zip(*sample.batches, strict=True))
    try:
        for number in range(1, PASSES + 1):
            for batch in sample.batches:
                budget.require_time()
                recent.append(trainee.train(batch))
            finite = bool(np.isfinite(recent).all())
            if number % EVERY and finite:
                continue
            iterations.append(number * len(sample.batches))
            losses.append(float(np.mean(recent)) if finite else math.nan)
            accuracies.append(trainee.judge(x, y)[1] if finite else 0.0)
            recent = []
            hopeless = number > PASSES // 4 and losses[-1] > losses[0]
            if not finite or hopeless or accuracies[-1] == 1.0:
                break
    finally:
        unmoved = trainee.unmoved() if iterations else ()
        attempts.append(Attempt(rate, tuple(iterations), tuple(losses), tuple(accuracies), tuple(unmoved)))


def judged(facts: OverfitFacts) -> Step:
    """The step, from its facts."""
    sample = facts.sample
    passed = facts.best == 1.0 and not sample.apart
    causes = () if passed else causes_of(facts, RULES) or (UNKNOWN,)
    found: dict[str, float | int | str] = {"examples": sample.examples, **_accuracies(facts.attempts)}
    if sample.compared:
        found["inputs with another label in the next pass"] = f"{sample.changed} of {sample.compared}"
    if passed:
        rate = next(attempt.learning_rate for attempt in facts.attempts if attempt.best == 1.0)
        concluded = f"The model learns {sample.examples} examples by heart, with rate {rate:g}: it can learn."
    elif sample.apart:
        concluded = "Inputs get other labels from pass to pass: there is nothing to learn, and no training was begun."
    else:
        concluded = (
            f"The model does not learn {sample.examples} examples by heart: {facts.best:.1%} at best. What cannot "
            "learn a few batches cannot learn the whole data."
        )
    remarks = []
    if sample.loader and not sample.compared:
        remarks.append(NOT_COMPARED)
    return Step(2, TITLE, CHECKED, found, concluded, passed, causes, tuple(remarks))


def unfinished(attempts: Sequence[Attempt], why: str, causes: tuple[Cause, ...] = ()) -> Step:
    """How far the step came.

    Args:
        attempts: Until then.
        why: What ended it: ``The budget's time ended``.
        causes: Of that, where there is anything to advise.
    """
    best = max((attempt.best for attempt in attempts), default=0.0)
    concluded = f"{why} before the examples were learnt: {best:.1%} at best until then."
    return Step(2, TITLE, CHECKED, _accuracies(attempts), concluded, passed=False, causes=causes, unfinished=True)


def _accuracies(attempts: Sequence[Attempt]) -> dict[str, float | int | str]:
    return {
        f"accuracy at rate {attempt.learning_rate:g}": _reached(attempt) + ", diverged" * attempt.diverged
        for attempt in attempts
    }


def _reached(attempt: Attempt) -> str:
    """The accuracy in the end; and the best one where that was higher."""
    if not attempt.iterations:
        return "not judged"
    last = f"after {attempt.iterations[-1]} iterations"
    if attempt.accuracies[-1] == attempt.best:
        return f"{attempt.best:.1%} {last}"
    highest = attempt.iterations[attempt.accuracies.index(attempt.best)]
    return f"at best {attempt.best:.1%} (iteration {highest}), {attempt.accuracies[-1]:.1%} {last}"


def _frozen(trainee: Trainee) -> int:
    """Weights of layers that are not trainable, moving averages of normalisation aside."""
    frozen = [layer for layer in trainee.model.layers if not layer.trainable]
    return sum(len(layer.weights) for layer in frozen)

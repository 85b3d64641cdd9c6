"""Step 2: can the model learn a few batches by heart, to 100 % accuracy, without regularisation?"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import chain

import numpy as np

from hpbench.protocol.budget import Budget, BudgetEndedError
from hpbench.protocol.builder import Builder
from hpbench.protocol.data import Data
from hpbench.protocol.overfit_causes import RULES, TOO_LITTLE_TIME, UNKNOWN, Attempt, OverfitFacts, labels_change
from hpbench.protocol.sample import BATCHES, Sample, sampled
from hpbench.protocol.step import Step, causes_of
from hpbench.protocol.trainee import Trainee

TITLE = "Overfit a few batches"
PASSES = 100
"""Over the few batches, at each rate; the model is judged after every ``EVERY`` of them."""

EVERY = 4

RATES = (1e-2, 1e-1, 1e-3, 1.0, 1e-4)
"""Rates tried one after another until one reaches 100 %; the builder's own comes first."""

CONFIRMING = 2
"""Rates tried where labels are known to change from pass to pass: none will do."""

Tell = Callable[[str], None]


def overfit(builder: Builder, data: Data, budget: Budget, attempts: list[Attempt], tell: Tell) -> Step:
    """Do the step.

    Args:
        builder: Of the model.
        data: The first ``BATCHES`` batches are learnt.
        budget: Where its time ends, the step ends and says so.
        attempts: Is filled, so that what was done is kept if it is interrupted.
        tell: Is told the progress.
    """
    sample = sampled(data)
    own = builder.own_rate
    rates = [*([own] if own else []), *(rate for rate in RATES if rate != own)]
    if sample.changed:
        rates = rates[:CONFIRMING]
    ended = False
    trainee, _ = builder.bare(rates[0])
    constant = False
    try:
        for rate in rates:
            tell(f"step 2: {BATCHES} batches at learning rate {rate:g}")
            trainee, _ = builder.bare(rate)
            attempts.append(attempted(trainee, rate, sample, budget))
            if attempts[-1].best == 1.0:
                break
            constant = constant or _constant(trainee, sample)
    except BudgetEndedError:
        ended = True
    x = np.concatenate([x for x, _ in sample.passes[0]])
    weights = trainee.model.trainable_variables
    facts = OverfitFacts(
        tuple(attempts),
        sample,
        tuple(weight.path for weight in weights),
        _frozen(trainee),
        constant,
        trainee.loss.classes(trainee.outputs(x[:1])),
        float(np.abs(x.astype(np.float64)).max()),
    )
    return judged(facts, ended)


def attempted(trainee: Trainee, rate: float, sample: Sample, budget: Budget) -> Attempt:
    """Train on the sample at one rate until it is known by heart, for ``PASSES`` passes at most.

    A rate is given up where the loss is not finite, or is higher after a quarter of the passes than in the first ones.
    """
    iterations: list[int] = []
    losses: list[float] = []
    accuracies: list[float] = []
    recent: list[float] = []
    x, y = (np.concatenate(part) for part in zip(*chain(*sample.passes), strict=True))
    done = 0
    for number in range(PASSES):
        for batch in sample.passes[number % len(sample.passes)]:
            budget.require_time()
            recent.append(trainee.train(batch))
            done += 1
        finite = bool(np.isfinite(recent).all())
        if (number + 1) % EVERY and finite:
            continue
        iterations.append(done)
        losses.append(float(np.mean(recent)) if finite else math.nan)
        accuracies.append(trainee.judge(x, y)[1] if finite else 0.0)
        recent = []
        hopeless = number >= PASSES // 4 and losses[-1] > losses[0]
        if not finite or hopeless or accuracies[-1] == 1.0:
            break
    return Attempt(rate, tuple(iterations), tuple(losses), tuple(accuracies), tuple(trainee.unmoved()))


def judged(facts: OverfitFacts, ended: bool = False) -> Step:
    """The step, from its facts; ``ended``, when the budget's time was over before all rates were tried."""
    passed = facts.best == 1.0 and not labels_change(facts)
    causes = () if passed else causes_of(facts, RULES)
    if not passed and not causes:
        causes = (UNKNOWN,)
    sample = facts.sample
    found: dict[str, float | int | str] = {"examples": sample.examples}
    for attempt in facts.attempts:
        words = f"{attempt.best:.1%} after {attempt.iterations[-1] if attempt.iterations else 0} iterations"
        found[f"accuracy at rate {attempt.learning_rate:g}"] = words + ", diverged" * attempt.diverged
    if sample.compared:
        found["inputs with another label in another pass"] = f"{sample.changed} of {sample.compared}"
    if passed:
        rate = next(attempt.learning_rate for attempt in facts.attempts if attempt.best == 1.0)
        concluded = f"The model learns {sample.examples} examples by heart, with rate {rate:g}: it can learn."
    elif ended:
        concluded = f"The budget's time ended at {facts.best:.1%}, before the examples were learnt."
        causes = (*causes_of(facts, (labels_change,)), TOO_LITTLE_TIME)
    elif facts.best == 1.0:
        concluded = "The few examples were learnt, but the data changes its labels from pass to pass."
    else:
        concluded = (
            f"The model does not learn {sample.examples} examples by heart: {facts.best:.1%} at best. What cannot "
            "learn a few batches cannot learn the whole data."
        )
    remarks = []
    if sample.loader and not sample.compared:
        remarks.append("No input came in every pass, so labels could not be compared between passes.")
    checked = (
        f"{BATCHES} batches without regularisation, {PASSES} passes at each rate until one reaches 100 % accuracy; "
        "whether each input keeps its label from pass to pass."
    )
    return Step(2, TITLE, checked, found, concluded, passed, causes, tuple(remarks))


def _constant(trainee: Trainee, sample: Sample) -> bool:
    """Whether outputs are finite and the same for all examples."""
    outputs = trainee.outputs(np.concatenate([x for x, _ in sample.passes[0]]))
    return bool(np.isfinite(outputs).all() and len(outputs) > 1 and np.ptp(outputs, axis=0).max() < 1e-6)


def _frozen(trainee: Trainee) -> int:
    """Weights of layers that are not trainable, moving averages of normalisation aside."""
    frozen = [layer for layer in trainee.model.layers if not layer.trainable]
    return sum(len(layer.weights) for layer in frozen)

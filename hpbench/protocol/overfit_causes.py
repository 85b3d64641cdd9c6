"""Why a model may not learn a few batches by heart: the rules of step 2."""

from __future__ import annotations

import math
from dataclasses import dataclass

from hpbench.protocol.sample import Sample
from hpbench.protocol.step import Cause, shown
from hpbench.report.numerals import plural


@dataclass(frozen=True)
class Attempt:
    """Training on the few batches at one rate.

    Attributes:
        learning_rate: The rate.
        iterations: Iterations at which the model was judged.
        losses: Mean training loss in nats since the judgement before; the last may not be finite.
        accuracies: On the few batches.
        unmoved: Trainable weights that did not change at all.
    """

    learning_rate: float
    iterations: tuple[int, ...]
    losses: tuple[float, ...]
    accuracies: tuple[float, ...]
    unmoved: tuple[str, ...]

    @property
    def best(self) -> float:
        """The highest accuracy; 0 where it was never judged."""
        return max(self.accuracies, default=0.0)

    @property
    def diverged(self) -> bool:
        """Whether the loss was not finite in the end."""
        return bool(self.losses) and not math.isfinite(self.losses[-1])


@dataclass(frozen=True)
class OverfitFacts:
    """What the rules look at.

    Attributes:
        attempts: At each rate.
        sample: The examples.
        trainable: Names of the trainable weights.
        frozen: How many weights are not trainable and could be.
        classes: How many the loss tells apart.
        inputs: Largest absolute input.
    """

    attempts: tuple[Attempt, ...]
    sample: Sample
    trainable: tuple[str, ...]
    frozen: int
    classes: int
    inputs: float = 1.0

    @property
    def best(self) -> float:
        """The highest accuracy at any rate."""
        return max((attempt.best for attempt in self.attempts), default=0.0)

    @property
    def dead(self) -> tuple[str, ...]:
        """Trainable weights that moved at no rate at which the loss stayed finite."""
        counted = [set(attempt.unmoved) for attempt in self.attempts if not attempt.diverged]
        return tuple(sorted(set.intersection(*counted))) if counted else ()


def labels_change(facts: OverfitFacts) -> Cause | None:
    """Inputs and labels are shuffled apart from each other."""
    sample = facts.sample
    if not sample.changed:
        return None
    says = f"{sample.changed} of {sample.compared} inputs had another label in the next pass over the data: "
    if not sample.apart:
        return Cause(
            "some_labels_change",
            says + "some inputs have several labels, or labels are drawn at random.",
            "Look at these inputs; switch off what changes labels until the model learns.",
        )
    return Cause(
        "labels_change_between_passes",
        says + "inputs and labels are shuffled independently of each other.",
        "Shuffle both with one permutation: order = rng.permutation(len(x)); x, y = x[order], y[order].",
    )


def same_input_other_label(facts: OverfitFacts) -> Cause | None:
    """Nobody can learn two labels of one input."""
    if not facts.sample.twice:
        return None
    return Cause(
        "same_input_other_label",
        f"The few batches hold {plural(facts.sample.twice, 'input')} more than once, with different labels.",
        "Look for duplicates in the data, for inputs that are all alike, and for labels read from another file.",
    )


def nothing_trainable(facts: OverfitFacts) -> Cause | None:
    """All layers are frozen."""
    if facts.trainable:
        return None
    return Cause(
        "nothing_trainable",
        "The model has no trainable weights.",
        "Set trainable = True for the layers that have to learn, before the model is compiled.",
    )


def no_gradient(facts: OverfitFacts) -> Cause | None:
    """Weights that get no gradient at any rate."""
    if not facts.dead or not facts.trainable:
        return None
    count, names = len(facts.dead), ", ".join(facts.dead[:3]) + (", ..." if len(facts.dead) > 3 else "")
    all_of_them = count == len(facts.trainable)
    which = (
        "No trainable weight ever moved" if all_of_them else f"{count} of {len(facts.trainable)} weights never moved"
    )
    return Cause(
        "no_gradient",
        f"{which} ({names}): no gradient arrives there. Units are dead, or a layer is not connected to the loss.",
        "Look for units that are 0 for every input (a large negative bias, a large rate with ReLU), for argmax, round "
        "or stop_gradient, and for activations that are saturated.",
    )


def most_are_frozen(facts: OverfitFacts) -> Cause | None:
    """Some layers learn; others are not allowed to."""
    if not facts.frozen or not facts.trainable:
        return None
    return Cause(
        "most_are_frozen",
        f"{facts.frozen} weights are frozen.",
        "Set trainable = True for their layers, before the model is compiled, if they have to learn.",
    )


def all_diverged(facts: OverfitFacts) -> Cause | None:
    """No rate is low enough."""
    if not facts.attempts or not all(attempt.diverged for attempt in facts.attempts):
        return None
    return Cause(
        "all_diverged",
        "The loss was not finite at any rate"
        + (f"; the inputs go up to {shown(facts.inputs)}, which is not scaled." if facts.inputs > 10 else "."),
        "Scale the inputs, and look for a log, a division or an exponential in the model or the loss.",
    )


def still_falling(facts: OverfitFacts) -> Cause | None:
    """More iterations would have helped."""
    falling = [
        attempt
        for attempt in facts.attempts
        if not attempt.diverged and len(attempt.losses) > 2 and attempt.losses[-1] < 0.97 * attempt.losses[-3]
    ]
    if not falling or labels_change(facts):
        return None
    rate = max(falling, key=lambda attempt: attempt.best).learning_rate
    return Cause(
        "still_falling",
        f"The loss was still falling at rate {rate:g}: the model learns, but slowly.",
        "Look at the initialisation and the scale of the inputs, or use another optimizer.",
    )


def too_small(facts: OverfitFacts) -> Cause | None:
    """It learns something and stops."""
    chance = 1 / facts.classes
    learnt = [attempt for attempt in facts.attempts if not attempt.diverged and attempt.best > 1.5 * chance]
    if not learnt or labels_change(facts) or same_input_other_label(facts) or still_falling(facts):
        return None
    return Cause(
        "too_small",
        "The model learns something and then stops: it is too small, or loses too much of the input.",
        "Add units or layers, or pool less.",
    )


TOO_LITTLE_TIME = Cause(
    "too_little_time", "The budget was too small for this step.", "Give more minutes, or smaller batches."
)
UNKNOWN = Cause(
    "unknown",
    "None of the known causes fits.",
    "Look at single examples with their labels; make the model simpler until it learns, then add what was taken away.",
)

RULES = (
    labels_change,
    same_input_other_label,
    nothing_trainable,
    all_diverged,
    no_gradient,
    most_are_frozen,
    still_falling,
    too_small,
)
"""The likeliest cause first."""

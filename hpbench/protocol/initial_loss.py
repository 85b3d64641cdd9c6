"""Step 1: is the loss of the untrained model log(number of classes)?

A model that knows nothing gives every class the same probability, and loses log(classes) nats. The document prints
-log(classes), which is negative where there is more than one class: a slip of its sign, since a cross-entropy is not.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from hpbench.protocol.builder import Builder
from hpbench.protocol.data import Array, Batch, Data
from hpbench.protocol.initial_loss_causes import RULES, UNKNOWN, InitialFacts, labels_out_of_range
from hpbench.protocol.losses import Loss, class_numbers
from hpbench.protocol.step import Step, causes_of, shown
from hpbench.protocol.trainee import Trainee

TITLE = "Check the initial loss"
CHECKED = (
    "The loss of the untrained model on its first batches, without weight decay, beside log(classes): what a model "
    "loses that gives every class the same probability."
)
BATCHES = 10
"""First batches whose losses are averaged; each from the initial weights."""


def initial_loss(builder: Builder, data: Data) -> Step:
    """Do the step.

    Args:
        builder: Of the model.
        data: Its first batches are used; arrays are looked at as a whole.

    Raises:
        ProtocolError: The model does not take the data.
    """
    trainee, switched = builder.bare()
    batches = data.first(BATCHES)
    outputs = np.concatenate([trainee.training_outputs(x) for x, _ in batches])
    facts = described(data.examined(batches), outputs, trainee.loss, trainee.last_activation)
    if labels_out_of_range(facts) is None:
        facts = replace(facts, loss=_mean_loss(trainee, batches))
    return judged(facts, switched)


def _mean_loss(trainee: Trainee, batches: list[Batch]) -> float:
    losses = []
    for batch in batches:
        trainee.restart()
        losses.append(trainee.train(batch))
    trainee.restart()
    return float(np.mean(losses))


def described(examined: list[Batch], outputs: Array, loss: Loss, activation: str) -> InitialFacts:
    """The facts, without the loss.

    Args:
        examined: Inputs (n, ...) and labels (n,) or (n, classes).
        outputs: Of the untrained model, (n, classes).
        loss: What it expects.
        activation: Of the last layer; empty if it has none.
    """
    labels = [y for _, y in examined]
    sums = outputs.sum(axis=1, dtype=np.float64)
    return InitialFacts(
        loss=None,
        classes=loss.classes(outputs.shape[1]),
        kind=loss.kind,
        from_logits=loss.from_logits,
        loss_name=loss.name,
        activation=activation,
        outputs=(float(outputs.min()), float(outputs.max())),
        sums=(float(sums.min()), float(sums.max())),
        columns=outputs.shape[1],
        labels=(float(min(y.min() for y in labels)), float(max(y.max() for y in labels))),
        label_columns=1 if examined[0][1].ndim == 1 else examined[0][1].shape[-1],
        whole_labels=all(bool((y == np.round(y)).all()) for y in labels),
        distinct_labels=len(set().union(*(np.unique(class_numbers(y)).tolist() for _, y in examined))),
        inputs=max(max(abs(float(x.min())), abs(float(x.max()))) for x, _ in examined),
        examples=sum(len(x) for x, _ in examined),
        bad_examples=sum(int((~np.isfinite(x.reshape(len(x), -1)).all(axis=1)).sum()) for x, _ in examined),
    )


def judged(facts: InitialFacts, switched: list[str]) -> Step:
    """The step, from its facts; ``switched`` is what was switched off of the regularisation."""
    causes = causes_of(facts, RULES)
    if not causes and not facts.near:
        causes = (UNKNOWN,)
    low, high = facts.passing
    found: dict[str, float | int | str] = {
        "initial loss (nat)": "not computed" if facts.loss is None else facts.loss,
        f"log({facts.classes}) (nat)": facts.expected,
        "what passes (nat)": f"{shown(low)} to {shown(high)}",
        "smallest and largest output": f"{shown(facts.outputs[0])} to {shown(facts.outputs[1])}",
        "loss": f"{facts.loss_name}, {_expects(facts)}",
    }
    remarks = [f"Switched off for steps 1 and 2: {', '.join(switched)}."] if switched else []
    if facts.kind == "other":
        del found["what passes (nat)"]
        remarks.append(f"The loss {facts.loss_name} is code of your own; log(classes) holds for a cross-entropy only.")
    elif facts.kind == "sparse" and not causes and facts.columns > facts.labels[1] + 1:
        remarks.append(f"The model has {facts.columns} outputs, and the labels go up to {facts.labels[1]:g} only.")
    return Step(1, TITLE, CHECKED, found, _concluded(facts, not causes), not causes, causes, tuple(remarks))


def _concluded(facts: InitialFacts, passed: bool) -> str:
    expected = f"log({facts.classes}) = {shown(facts.expected)}"
    if facts.loss is None:
        return "Labels and model do not fit each other, so that there is no loss to compute."
    if passed and facts.kind == "other":
        return f"The initial loss is {shown(facts.loss)}; whether that is right cannot be said of such a loss."
    if passed:
        return f"The initial loss {shown(facts.loss)} is about {expected}."
    if facts.near:
        return f"The initial loss {shown(facts.loss)} is about {expected}, but model, loss and data do not fit."
    return f"The initial loss is {shown(facts.loss)}, and not about {expected}: a bug before anything is trained."


def _expects(facts: InitialFacts) -> str:
    return {None: "own code", True: "expects logits", False: "expects probabilities"}[facts.from_logits]

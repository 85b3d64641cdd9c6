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

TITLE = "Check the initial loss"
CHECKED = (
    "The loss of the untrained model on its first batches, without weight decay, beside log(classes): what a model "
    "loses that gives every class the same probability. (The document prints -log; a cross-entropy is not negative.)"
)
BATCHES = 10
"""First batches whose losses are averaged; each from the initial weights."""


def initial_loss(builder: Builder, data: Data) -> Step:
    """Do the step.

    Args:
        builder: Of the model.
        data: Its first batches are used.

    Raises:
        ProtocolError: The model does not take the data.
    """
    facts, switched = gathered(builder, data.first(BATCHES))
    return judged(facts, switched)


def gathered(builder: Builder, batches: list[Batch]) -> tuple[InitialFacts, list[str]]:
    """The facts of a model without regularisation on these batches, and what was switched off for that."""
    trainee, switched = builder.bare()
    inputs = np.concatenate([x for x, _ in batches])
    labels = np.concatenate([y for _, y in batches])
    outputs = np.concatenate([trainee.training_outputs(x) for x, _ in batches])
    facts = described(inputs, labels, outputs, trainee.loss, _activation(trainee.model))
    if labels_out_of_range(facts) is None:
        losses = []
        for batch in batches:
            trainee.restart()
            losses.append(trainee.train(batch))
        facts = replace(facts, loss=float(np.mean(losses)))
    trainee.restart()
    return facts, switched


def described(inputs: Array, labels: Array, outputs: Array, loss: Loss, activation: str) -> InitialFacts:
    """The facts of these arrays, without the loss."""
    finite = bool(np.isfinite(outputs).all())
    sums = outputs.sum(axis=1, dtype=np.float64)
    numbers = class_numbers(labels) if loss.kind != "categorical" else labels
    return InitialFacts(
        loss=np.nan,
        classes=loss.classes(outputs),
        kind=loss.kind,
        from_logits=loss.from_logits,
        loss_name=loss.name,
        activation=activation,
        outputs=(float(outputs.min()), float(outputs.max())),
        sums=(float(sums.min()), float(sums.max())),
        spread=float(outputs.std(axis=1, dtype=np.float64).mean()) if finite else np.nan,
        labels=(float(numbers.min()), float(numbers.max())),
        label_columns=1 if labels.ndim == 1 else int(labels.shape[-1]),
        columns=int(outputs.shape[1]),
        inputs=float(np.abs(inputs.astype(np.float64)).max()),
        inputs_finite=bool(np.isfinite(inputs).all()),
        outputs_finite=finite,
    )


def judged(facts: InitialFacts, switched: list[str]) -> Step:
    """The step, from its facts."""
    causes = causes_of(facts, RULES)
    if not causes and not facts.near:
        causes = (UNKNOWN,)
    found: dict[str, float | int | str] = {
        "initial loss (nat)": facts.loss,
        f"log({facts.classes}) (nat)": facts.expected,
        "smallest and largest output": f"{shown(facts.outputs[0])} to {shown(facts.outputs[1])}",
        "loss": f"{facts.loss_name}, {_expects(facts)}",
    }
    if facts.kind == "other" and not causes:
        concluded = f"The initial loss is {shown(facts.loss)}; whether that is right cannot be said of such a loss."
    elif facts.near and not causes:
        concluded = f"The initial loss {shown(facts.loss)} is about log({facts.classes}) = {shown(facts.expected)}."
    elif facts.near:
        concluded = f"The initial loss is about log({facts.classes}), but model and loss do not fit each other."
    else:
        concluded = f"The initial loss is {shown(facts.loss)}, and not about log({facts.classes}) = " + (
            f"{shown(facts.expected)}: there is a bug before anything is trained."
        )
    remarks = [f"Switched off for steps 1 and 2: {', '.join(switched)}."] if switched else []
    if facts.kind == "other":
        remarks.append(f"The loss {facts.loss_name} is code of your own; log(classes) holds for a cross-entropy only.")
    return Step(1, TITLE, CHECKED, found, concluded, not causes, causes, tuple(remarks))


def _expects(facts: InitialFacts) -> str:
    return {None: "own code", True: "expects logits", False: "expects probabilities"}[facts.from_logits]


def _activation(model: object) -> str:
    layers = getattr(model, "layers", None) or []
    activation = getattr(layers[-1], "activation", None) if layers else None
    if activation is None:
        return type(layers[-1]).__name__.lower() if layers and type(layers[-1]).__name__ == "Softmax" else ""
    return str(getattr(activation, "__name__", activation))

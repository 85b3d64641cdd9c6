"""Why an initial loss may not be log(classes): the rules of step 1."""

from __future__ import annotations

import math
from dataclasses import dataclass

from hpbench.protocol.step import Cause, shown
from hpbench.report.numerals import plural

ABOVE = 1.0
"""Nats over log(classes) that pass.

Logits that are normal with variance s^2 lose s^2 / 2 more than equal ones, since log(mean(exp(z))) = s^2 / 2. He's
initialisation of the last layer (He et al. 2015) gives s^2 = 2 for inputs whose mean square is 1.
"""

BELOW = 0.25
"""Share of log(classes) that the loss may be lower: chance alone, since nothing is known before training.

Of 320 examples and two classes with logits as above it is 0.17 nat, three standard errors of the mean loss.
"""

UNSCALED = 10.0
"""Inputs larger than this are not scaled: standardised ones hardly ever are."""

SURE = 1e-3
"""How far outputs may be from 0 to 1, and their sum from 1, to be probabilities: rounding of half precision."""


@dataclass(frozen=True)
class InitialFacts:
    """What the rules look at.

    Attributes:
        loss: Mean initial loss in nats; None if labels and model do not fit, so that there is none.
        classes: How many the loss tells apart.
        kind: Of the loss: ``sparse``, ``categorical``, ``binary``, ``other``.
        from_logits: Whether the loss expects logits; None if not known.
        loss_name: As it was compiled.
        activation: Of the last layer; empty if it has none.
        outputs: Smallest and largest output.
        sums: Smallest and largest sum of an example's outputs.
        columns: Columns of the outputs.
        labels: Smallest and largest label.
        label_columns: Columns of the labels; 1 for numbers of classes.
        whole_labels: Whether labels are whole numbers.
        distinct_labels: How many classes occur.
        inputs: Largest absolute input.
        examples: How many were looked at for labels and inputs.
        bad_examples: Of these, how many have an input that is NaN or infinite.
    """

    loss: float | None
    classes: int
    kind: str
    from_logits: bool | None
    loss_name: str
    activation: str
    outputs: tuple[float, float]
    sums: tuple[float, float]
    columns: int
    labels: tuple[float, float]
    label_columns: int
    whole_labels: bool
    distinct_labels: int
    inputs: float
    examples: int
    bad_examples: int

    @property
    def expected(self) -> float:
        """log(classes), in nats."""
        return math.log(self.classes)

    @property
    def passing(self) -> tuple[float, float]:
        """Smallest and largest loss that is about log(classes), in nats: see ``BELOW`` and ``ABOVE``."""
        return (1 - BELOW) * self.expected, self.expected + ABOVE

    @property
    def near(self) -> bool:
        """Whether the loss is about what it has to be, if that is known: it is not for a loss of one's own."""
        if self.loss is None:
            return False
        if self.kind == "other":
            return math.isfinite(self.loss)
        return self.passing[0] <= self.loss <= self.passing[1]

    @property
    def too_high(self) -> bool:
        """Whether the loss lies above what passes."""
        return self.loss is not None and not self.near and self.loss > self.expected

    @property
    def outputs_finite(self) -> bool:
        """Whether all outputs are finite numbers."""
        return all(map(math.isfinite, self.outputs))

    @property
    def probabilities(self) -> bool:
        """Whether the outputs lie between 0 and 1, and add up to 1 where the classes exclude each other."""
        within = self.outputs[0] >= -SURE and self.outputs[1] <= 1 + SURE
        whole = self.sums[0] >= 1 - SURE and self.sums[1] <= 1 + SURE
        return within and (whole or self.kind == "binary")


def inputs_not_finite(facts: InitialFacts) -> Cause | None:
    """NaN or infinity among the inputs."""
    if not facts.bad_examples:
        return None
    return Cause(
        "inputs_not_finite",
        f"{facts.bad_examples} of {facts.examples} examples have inputs that are NaN or infinite.",
        "Look for missing values and divisions by zero where the inputs are prepared.",
    )


def labels_out_of_range(facts: InitialFacts) -> Cause | None:
    """Labels that the loss or the outputs do not take: the loss is then not computed."""
    low, high = facts.labels
    if facts.kind == "sparse":
        return _numbers_out_of_range(facts)
    if facts.kind != "other" and facts.columns > 1 and facts.label_columns != facts.columns:
        return Cause(
            "label_columns",
            f"The model gives {facts.columns} outputs, and the labels have "
            f"{facts.label_columns} column{'s' * (facts.label_columns > 1)}; {facts.loss_name} takes one an output.",
            "Use sparse_categorical_crossentropy for labels that are numbers, or keras.utils.to_categorical.",
        )
    if facts.kind in ("categorical", "binary") and (low < 0 or high > 1):
        return Cause(
            "labels_out_of_range",
            f"The labels go from {low:g} to {high:g}; {facts.loss_name} takes 0 to 1.",
            "Use sparse_categorical_crossentropy for labels that are numbers, or keras.utils.to_categorical.",
        )
    return None


def _numbers_out_of_range(facts: InitialFacts) -> Cause | None:
    """The same of a loss whose labels are numbers of classes."""
    low, high = facts.labels
    if facts.label_columns > 1:
        return Cause(
            "one_hot_labels_to_sparse_loss",
            f"The labels have {facts.label_columns} columns (one-hot?), and the loss {facts.loss_name} takes numbers.",
            "Use categorical_crossentropy, or hand over numpy.argmax(labels, axis=1).",
        )
    if not facts.whole_labels:
        return Cause(
            "labels_not_whole",
            f"The labels are no whole numbers: a target of regression, and {facts.loss_name} takes classes.",
            "The protocol is for classification. Hand over the class of each example, counted from 0.",
        )
    if low >= 0 and high < facts.columns:
        return None
    from_one = low == 1 and high == facts.columns
    advice = "Subtract 1 from the labels" if from_one else f"Give the last layer {high + 1:g} units, one a class"
    return Cause(
        "labels_out_of_range",
        f"The labels go from {low:g} to {high:g}, and the model has {plural(facts.columns, 'output')}"
        + (f", for 0 to {facts.columns - 1}." if facts.columns > 1 else "."),
        ("Look for labels that are missing or masked" if low < 0 else advice) + "; labels count from 0.",
    )


def one_class_only(facts: InitialFacts) -> Cause | None:
    """There is nothing to tell apart."""
    if facts.distinct_labels > 1 or facts.kind not in ("sparse", "categorical"):
        return None
    return Cause(
        "one_class_only",
        f"All of {facts.examples} labels are of one class.",
        "Look at how the labels are read; where a loader gives one class after the other, shuffle.",
    )


def outputs_not_finite(facts: InitialFacts) -> Cause | None:
    """NaN or infinity come out although none went in."""
    if facts.outputs_finite or facts.bad_examples:
        return None
    return Cause(
        "outputs_not_finite",
        "The untrained model gives NaN or infinite outputs for finite inputs.",
        "Look for too large initial weights, and for a log or a division in the model.",
    )


def logits_to_probability_loss(facts: InitialFacts) -> Cause | None:
    """The loss takes a logarithm of what are no probabilities."""
    if facts.from_logits is not False or not facts.outputs_finite or facts.probabilities:
        return None
    last = "sigmoid" if facts.kind == "binary" else "softmax"
    has = f"the activation {facts.activation}" if facts.activation not in ("", "linear") else "no activation"
    return Cause(
        "logits_to_probability_loss",
        f"Logits are given to a loss that expects probabilities: {facts.loss_name} has from_logits=False, and the "
        f"outputs go from {shown(facts.outputs[0])} to {shown(facts.outputs[1])}"
        + ("" if facts.kind == "binary" else " and do not add up to 1")
        + f"; the last layer has {has}.",
        f"Compile with the loss's from_logits=True, or give the last layer activation='{last}'.",
    )


def probabilities_to_logit_loss(facts: InitialFacts) -> Cause | None:
    """The softmax is taken twice: gradients are small, and the loss cannot get to zero."""
    ends = facts.activation in ("softmax", "sigmoid")
    if not facts.from_logits or not (ends or (facts.kind != "binary" and facts.columns > 1 and facts.probabilities)):
        return None
    return Cause(
        "probabilities_to_logit_loss",
        f"Probabilities are given to a loss that expects logits: {facts.loss_name} has from_logits=True, and the "
        f"outputs lie between 0 and 1{f' (activation {facts.activation})' if ends else ''}. The loss then normalises a "
        "second time and cannot come near 0; Keras sees through it in some cases only.",
        "Take the activation out of the last layer, or compile with from_logits=False.",
    )


def activation_on_logits(facts: InitialFacts) -> Cause | None:
    """Logits have to be free to go to either side."""
    if not facts.from_logits or facts.activation not in ("relu", "tanh"):
        return None
    return Cause(
        "activation_on_logits",
        f"The last layer has the activation {facts.activation}, which cuts off logits that {facts.loss_name} needs.",
        "Take the activation out of the last layer.",
    )


def inputs_not_scaled(facts: InitialFacts) -> Cause | None:
    """Inputs such as pixels up to 255."""
    if not facts.too_high or facts.bad_examples or facts.inputs <= UNSCALED:
        return None
    return Cause(
        "inputs_not_scaled",
        f"The inputs are not scaled: the largest is {shown(facts.inputs)}.",
        "Bring them to about -1 to 1: divide pixels by 255, or subtract the mean and divide by the deviation.",
    )


def initial_weights_too_large(facts: InitialFacts) -> Cause | None:
    """The untrained model is sure of itself."""
    usual = facts.inputs <= UNSCALED and facts.outputs_finite
    if not facts.too_high or not usual or logits_to_probability_loss(facts) is not None:
        return None
    return Cause(
        "initial_weights_too_large",
        f"The initial weights are too large: the untrained model's outputs go from {shown(facts.outputs[0])} to "
        f"{shown(facts.outputs[1])}, so it is sure of itself and wrong.",
        "Use Glorot's or He's initialisation, and begin the last layer with small weights.",
    )


def loss_too_low(facts: InitialFacts) -> Cause | None:
    """Something is known before training."""
    if facts.loss is None or facts.near or not facts.loss < facts.expected:
        return None
    return Cause(
        "loss_too_low",
        "The untrained model does better than guessing.",
        "Look whether the function loads trained weights, whether the labels are part of the inputs, and whether the "
        "loss is divided or weighted.",
    )


UNKNOWN = Cause(
    "unknown",
    "None of the known causes fits.",
    "Compute the loss of one batch by hand and compare: labels, order of the classes, weights of the loss.",
)

RULES = (
    inputs_not_finite,
    labels_out_of_range,
    one_class_only,
    outputs_not_finite,
    logits_to_probability_loss,
    probabilities_to_logit_loss,
    activation_on_logits,
    inputs_not_scaled,
    initial_weights_too_large,
    loss_too_low,
)
"""The likeliest cause first."""

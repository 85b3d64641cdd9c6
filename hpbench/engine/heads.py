"""A model's heads: which of its logits answer which question, and their loss.

With several heads the logits of all stand side by side, and a label has a column for each. The loss is the sum of the
heads' cross-entropies, so that the gradient with respect to a head's logits is that of its own loss.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, pairwise
from typing import Any

import keras
from keras import ops


@dataclass(frozen=True)
class Heads:
    """The heads.

    Args:
        classes: Name of each head to the names of its classes, in the order of logits and labels; none if the model
            has one head, to which all logits belong.
    """

    classes: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """One a head; the only one has no name."""
        return tuple(self.classes) or ("",)

    def parts(self, values: Any) -> Iterator[Any]:
        """Of logits (n, classes), those of each head."""
        if not self.classes:
            yield values
            return
        ends = [0, *accumulate(len(names) for names in self.classes.values())]
        yield from (values[..., start:end] for start, end in pairwise(ends))

    def answers(self, labels: Any) -> Iterator[Any]:
        """Of labels (n,) or (n, heads), those of each head, (n,)."""
        if not self.classes:
            yield labels
            return
        yield from (labels[..., place] for place in range(len(self.classes)))

    def chance_loss(self, classes: int) -> float:
        """Loss of a model that gives every class of a head the same probability.

        Args:
            classes: Of the only head, where there are no names.
        """
        return sum(math.log(len(names)) for names in self.classes.values()) or math.log(classes)

    def losses(self, labels: Any, logits: Any) -> Any:
        """Cross-entropy of each image, (n,), summed over the heads: L = L1 + L2."""
        found = [
            keras.losses.sparse_categorical_crossentropy(answers, part, from_logits=True)
            for answers, part in zip(self.answers(labels), self.parts(logits), strict=True)
        ]
        total = found[0]
        for one in found[1:]:
            total = total + one
        return total

    def mean_loss(self, labels: Any, logits: Any, added: Sequence[Any] = ()) -> Any:
        """Mean over the images, shape (), and what the model's layers add to it."""
        return ops.mean(self.losses(labels, logits)) + sum(added)


def head_label(name: str) -> dict[str, str]:
    """The labels of an observation of a head."""
    return {"head": name} if name else {}


def headed(metric: str, name: str) -> str:
    """What a metric of a head is called where there are no labels: ``test_accuracy.item``."""
    return f"{metric}.{name}" if name else metric

"""The learning curves of one training."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from hpbench.analysis.statistics import Floats

Points = tuple[Floats, Floats]
"""Places from 0, the first evaluation, to 1, the last one, and the values there."""


@dataclass(frozen=True, eq=False)
class LearningCurves:
    """Losses, accuracies and learning rate by iteration, each of shape (n,); NaN in all but ``train_loss`` is no value.

    Attributes:
        iterations: Updates done, or epochs; ascending.
        train_loss: Of training images; what is not finite here is a training that diverged.
        test_loss: Of images not trained on.
        train_accuracy: Share of training images, 0 to 1.
        test_accuracy: Share of images not trained on, 0 to 1.
        learning_rate: Of the next update.
        classes: Number of classes, which gives the loss of chance, log(classes); of several heads the product.

    Raises:
        ValueError: If the curves differ in length.
    """

    iterations: Floats
    train_loss: Floats
    test_loss: Floats | None = None
    train_accuracy: Floats | None = None
    test_accuracy: Floats | None = None
    learning_rate: Floats | None = None
    classes: int | None = None

    def __post_init__(self) -> None:
        columns = (self.train_loss, self.test_loss, self.train_accuracy, self.test_accuracy, self.learning_rate)
        if any(column is not None and column.shape != self.iterations.shape for column in columns):
            raise ValueError("curves of one training have a value for each iteration")

    @cached_property
    def places(self) -> Floats:
        """Where each evaluation lies between the first, 0, and the last one, 1; shape (n,)."""
        first, last = (float(self.iterations[i]) for i in (0, -1)) if self.iterations.size else (0.0, 0.0)
        return (self.iterations - first) / (last - first) if last > first else np.zeros_like(self.iterations)

    @cached_property
    def reference(self) -> float:
        """What losses are measured by: that of chance, or the first one if the number of classes is not known."""
        if self.classes is not None and self.classes > 1:
            return math.log(self.classes)
        finite = self.train_loss[np.isfinite(self.train_loss)]
        return float(finite[0]) if finite.size and finite[0] > 0 else 1.0

    def points(self, values: Floats | None) -> Points | None:
        """A curve where it has finite values; None if there is none."""
        if values is None or not np.isfinite(values).any():
            return None
        kept = np.isfinite(values)
        return self.places[kept], values[kept]

"""Two simple rivals of the diagnosis: the shape whose mean over known curves is nearest."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from hpbench.analysis.learning_curves import LearningCurves
from hpbench.analysis.signs import end_level
from hpbench.analysis.statistics import Floats

PLACES = 32
"""Points along each resampled curve."""
HIGHEST = 3.0
"""Losses, over chance's, are cut off there; it also stands for what is not finite."""

Features = Callable[[LearningCurves], Floats]
"""Curves to numbers, shape (d,)."""


def last_values(curves: LearningCurves) -> Floats:
    """Losses, over chance's, and accuracies at the end, shape (4,)."""
    return np.array([end_level(column) for column in _columns(curves)])


def resampled(curves: LearningCurves) -> Floats:
    """Both losses, over chance's, and both accuracies at ``PLACES`` equal steps of the training, shape (4 PLACES,)."""
    steps = np.linspace(0, 1, PLACES)
    return np.concatenate([np.interp(steps, curves.places, column) for column in _columns(curves)])


def _columns(curves: LearningCurves) -> list[Floats]:
    """Finite columns of bounded values; zeros for one that is missing."""
    losses = [None if loss is None else loss / curves.reference for loss in (curves.train_loss, curves.test_loss)]
    columns = [*losses, curves.train_accuracy, curves.test_accuracy]
    ends = [(HIGHEST, HIGHEST)] * 2 + [(1.0, 0.0)] * 2
    return [
        np.zeros_like(curves.iterations)
        if column is None
        else np.clip(np.nan_to_num(column, nan=missing, posinf=highest), 0.0, highest)
        for column, (highest, missing) in zip(columns, ends, strict=True)
    ]


class NearestMean:
    """The label whose mean is nearest, in features of unit variance (Hastie, Tibshirani and Friedman 2009, 4.3).

    Args:
        features: What is compared.
        known: Curves whose labels are known, at least one.
        labels: One a curve.
    """

    def __init__(self, features: Features, known: Sequence[LearningCurves], labels: Sequence[str]) -> None:
        self._features = features
        found = np.stack([features(curves) for curves in known])
        spread = found.std(axis=0)
        self._centre, self._spread = found.mean(axis=0), np.where(spread > 0, spread, 1.0)
        scaled = (found - self._centre) / self._spread
        self._labels = list(dict.fromkeys(labels))
        belongs = np.array(labels)
        self._means = np.stack([scaled[belongs == label].mean(axis=0) for label in self._labels])

    def __call__(self, curves: LearningCurves) -> str:
        """The label for further curves; of equally near ones the first."""
        scaled = (self._features(curves) - self._centre) / self._spread
        return self._labels[int(((self._means - scaled) ** 2).sum(axis=1).argmin())]

"""The learning curves of stored trials."""

from __future__ import annotations

import math

import numpy as np

from hpbench.analysis.evidence import Evidence
from hpbench.analysis.learning_curves import LearningCurves
from hpbench.analysis.statistics import Floats


def stored_curves(evidence: Evidence, case: str) -> dict[int, LearningCurves]:
    """Seed to the curves of that trial of a case; empty if no training loss was observed over the iterations."""
    return {
        seed: curves
        for seed in evidence.seeds(case, "train_loss")
        if (curves := _of_trial(evidence, case, seed)) is not None
    }


def _of_trial(evidence: Evidence, case: str, seed: int) -> LearningCurves | None:
    loss = evidence.curve(case, "train_loss", seed)
    if loss is None or np.isnan(loss.iterations).any():
        return None
    names = ("test_loss", "train_accuracy", "test_accuracy", "learning_rate")
    others = {name: _column(evidence, case, seed, name, loss.iterations) for name in names}
    return LearningCurves(loss.iterations, loss.values, **others, classes=classes(evidence))


def classes(evidence: Evidence) -> int:
    """Number of classes; of several heads, whose losses are added, the product."""
    heads = evidence.tables.data.get("heads") or {}
    return math.prod(len(names) for names in heads.values()) if heads else int(evidence.tables.data["classes"])


def _column(evidence: Evidence, case: str, seed: int, metric: str, iterations: Floats) -> Floats | None:
    """The values at the iterations, NaN where there are none; None if the metric was not observed."""
    curve = evidence.curve(case, metric, seed)
    if curve is None:
        return None
    values = dict(zip(curve.iterations.tolist(), curve.values.tolist(), strict=True))
    return np.array([values.get(iteration, math.nan) for iteration in iterations.tolist()])

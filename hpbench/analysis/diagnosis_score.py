"""How often curves that were made to have a shape are given its name: by the diagnosis, and by two simple rivals."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from hpbench.analysis.diagnosis import diagnose
from hpbench.analysis.evidence import Evidence
from hpbench.analysis.learning_curves import LearningCurves
from hpbench.analysis.nearest_mean import NearestMean, last_values, resampled
from hpbench.analysis.stored_curves import stored_curves
from hpbench.catalogue.shapes import ShapeName

RULES, WITHOUT_RATE = "rules", "rules, learning rate not shown"
LAST_VALUES, MEAN_CURVE = "last values", "nearest mean curve"
Namer = Callable[[LearningCurves], str]
"""Gives curves a name."""


@dataclass(frozen=True, eq=False)
class Made:
    """Curves of a trial that was made to have a shape."""

    case: str
    seed: int
    intended: str
    curves: LearningCurves


@dataclass(frozen=True)
class Score:
    """What one namer calls one set of curves.

    Attributes:
        namer: Its name.
        counts: (intended, named) to number of curves.
    """

    namer: str
    counts: Mapping[tuple[str, str], int]

    @property
    def n(self) -> int:
        """Number of curves."""
        return sum(self.counts.values())

    @property
    def recalls(self) -> dict[str, float]:
        """Shape to the share of the curves made to have it that are called so."""
        totals: Counter[str] = Counter()
        for (intended, _), count in self.counts.items():
            totals[intended] += count
        return {shape: self.counts.get((shape, shape), 0) / total for shape, total in totals.items()}

    @property
    def balanced_accuracy(self) -> float:
        """Mean of the recalls, so that every shape weighs alike; NaN without curves."""
        recalls = self.recalls.values()
        return math.fsum(recalls) / len(recalls) if recalls else math.nan


@dataclass(frozen=True)
class MistakenCase:
    """A case some of whose curves are given another name than intended: name to number of curves."""

    case: str
    intended: str
    named: Mapping[str, int]


@dataclass(frozen=True)
class SetScores:
    """One set of curves.

    Attributes:
        made_of: Data sets and models of its cases.
        cases: Number of cases.
        scores: One a namer.
        mistaken: Cases that the rules name otherwise.
    """

    made_of: tuple[str, ...]
    cases: int
    scores: tuple[Score, ...]
    mistaken: tuple[MistakenCase, ...]


@dataclass(frozen=True)
class ShapeScores:
    """Both sets; None where none of its trials has curves."""

    tuned_on: SetScores | None
    held_out: SetScores | None


def shape_scores(evidence: Evidence) -> ShapeScores | None:
    """Of the trials that the definition says are made to have a shape; None if it says of none."""
    asked = evidence.definition.shapes
    if asked is None:
        return None
    tuned_on, held_out = _made(evidence, asked.tuned_on), _made(evidence, asked.held_out)
    namers: dict[str, Namer] = {
        RULES: lambda curves: diagnose(curves).shape,
        WITHOUT_RATE: lambda curves: diagnose(replace(curves, learning_rate=None)).shape,
    }
    if tuned_on:
        known, labels = [one.curves for one in tuned_on], [one.intended for one in tuned_on]
        namers |= {
            LAST_VALUES: NearestMean(last_values, known, labels),
            MEAN_CURVE: NearestMean(resampled, known, labels),
        }
    return ShapeScores(*(_scores(evidence, made, namers) if made else None for made in (tuned_on, held_out)))


def _made(evidence: Evidence, cases: Mapping[ShapeName, Sequence[str]]) -> list[Made]:
    members = evidence.definition.members
    return [
        Made(case, seed, shape, curves)
        for shape, names in cases.items()
        for name in names
        for case in members.get(name, (name,))
        for seed, curves in stored_curves(evidence, case).items()
    ]


def _scores(evidence: Evidence, made: Sequence[Made], namers: Mapping[str, Namer]) -> SetScores:
    scores = tuple(
        Score(name, Counter((one.intended, namer(one.curves)) for one in made)) for name, namer in namers.items()
    )
    cases = list(dict.fromkeys(one.case for one in made))
    parts = [f"{evidence.setting(case, 'model.name')} on {evidence.setting(case, 'dataset.name')}" for case in cases]
    return SetScores(tuple(dict.fromkeys(parts)), len(cases), scores, tuple(_mistaken(made)))


def _mistaken(made: Sequence[Made]) -> list[MistakenCase]:
    named: dict[tuple[str, str], Counter[str]] = {}
    for one in made:
        named.setdefault((one.case, one.intended), Counter())[diagnose(one.curves).shape] += 1
    return [
        MistakenCase(case, intended, dict(counts))
        for (case, intended), counts in named.items()
        if set(counts) != {intended}
    ]

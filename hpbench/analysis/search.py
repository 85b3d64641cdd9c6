"""What a search found: its course, its best point and how far that can be trusted, and which axis matters."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from hpbench.analysis.evidence import Evidence
from hpbench.analysis.statistics import Floats, Interval, mean_interval_or_undefined
from hpbench.catalogue.takes import Final
from hpbench.definition.searching import WINNER, Search

EDGE = 0.05
"""Share of an axis at either end that counts as its edge."""
RESAMPLES = 2_000
"""Of the points, for intervals of the expected best."""


@dataclass(frozen=True)
class Point:
    """A point that was trained.

    Attributes:
        case: Name of its case.
        settings: Path of an axis to its value; an axis whose condition did not hold is not there.
        scores: The objective, one a seed; NaN where it is not finite.
        diverged: Of these seeds, the share that diverged.
        seconds: Wall time of its trials, added up; others may have run beside them.
    """

    case: str
    settings: Mapping[str, Any]
    scores: tuple[float, ...]
    diverged: float
    seconds: float = math.nan

    @property
    def mean(self) -> float:
        """Of the scores; NaN if one is not finite."""
        return math.fsum(self.scores) / len(self.scores) if all(map(math.isfinite, self.scores)) else math.nan


@dataclass(frozen=True)
class Searched:
    """A search that was run.

    Attributes:
        study: Its name.
        search: What was asked for.
        points: In the order in which they were proposed.
        again: The objective of the best point, run again with fresh seeds: mean and 95 % interval.
        again_scores: The same, one a seed.
    """

    study: str
    search: Search
    points: tuple[Point, ...]
    again: Interval
    again_scores: tuple[float, ...]

    @cached_property
    def sign(self) -> float:
        """1 if larger is better, else -1."""
        return 1.0 if self.search.objective.goal == "max" else -1.0

    @cached_property
    def best(self) -> Point:
        """The best point; the first of equal ones."""
        return max(self.points, key=lambda point: (math.isfinite(point.mean), self.sign * point.mean))

    @property
    def diverged(self) -> float:
        """Share of the trials that diverged."""
        return math.fsum(point.diverged for point in self.points) / len(self.points)

    @property
    def luck(self) -> float:
        """By how much the best score was better than the same point's with fresh seeds."""
        return self.sign * (self.best.mean - self.again.mean)

    def best_so_far(self) -> Floats:
        """The best mean up to each point, shape (n,); NaN before the first that is finite."""
        means = np.array([self.sign * point.mean for point in self.points])
        return self.sign * np.fmax.accumulate(means)

    def seconds(self) -> Floats:
        """Wall time of the trials up to each point, added up, shape (n,)."""
        return np.cumsum([point.seconds for point in self.points])

    def on_edge(self) -> dict[str, str]:
        """Each numeric axis at whose ``low`` or ``high`` end the best point lies: the space may be too small there."""
        found = {}
        for path, axis in self.search.space.items():
            value = self.best.settings.get(path)
            if value is None or axis.name not in ("linear", "log", "integer"):
                continue
            place = place_along(axis, float(value))
            if place <= EDGE or place >= 1 - EDGE:
                found[path] = "low" if place <= EDGE else "high"
        return found


def searched(evidence: Evidence) -> Iterator[Searched]:
    """Every search of the definition that was run, under the default reading."""
    for study, body in evidence.definition.studies.items():
        if body.search is None:
            continue
        points = tuple(_points(evidence, study, body.search))
        if points:
            again = evidence.values(f"{study}/{WINNER}", body.search.objective.metric, Final())
            scores = tuple(again.values())
            yield Searched(study, body.search, points, mean_interval_or_undefined(scores), scores)


def _points(evidence: Evidence, study: str, search: Search) -> Iterator[Point]:
    trials = evidence.tables.trials
    names = [
        case
        for case in dict.fromkeys(trials["case"])
        if case.startswith(f"{study}/") and case.removeprefix(f"{study}/").isdigit()
    ]
    for case in sorted(names):
        mine = trials[trials["case"] == case]
        values = evidence.values(case, search.objective.metric, Final())
        if not len(mine):
            continue
        scores = tuple(values.get(int(seed), math.nan) for seed in mine["seed"])
        settings = {
            path: value for path in search.space if (value := _active(evidence, case, path, search)) is not None
        }
        yield Point(case, settings, scores, float((mine["outcome"] == "diverged").mean()), float(mine["elapsed"].sum()))


def _active(evidence: Evidence, case: str, path: str, search: Search) -> Any:
    """The setting, or None where a condition does not hold."""
    for parent, allowed in search.space[path].when.items():
        value = _active(evidence, case, parent, search)
        if value is None or value not in allowed:
            return None
    return _as_asked(search.space[path], evidence.setting(case, path))


def _as_asked(axis: Any, value: Any) -> Any:
    """The value as the axis has it: a part that was chosen stands in the settings with all its defaults."""
    for one in axis.values if axis.name == "choice" and isinstance(value, Mapping) else ():
        if isinstance(one, Mapping) and all(value.get(key) == wanted for key, wanted in one.items()):
            return one
    return value


def expected_best(scores: Sequence[float], count: int, sign: float = 1.0) -> float:
    """The expected best of ``count`` points drawn with replacement from those that were trained.

    The sum over the ordered scores of score times ((i / n)^count - ((i - 1) / n)^count) (Dodge et al. 2019).

    Args:
        scores: Finite, at least one.
        count: Points drawn.
        sign: 1 if larger is better, else -1.
    """
    ordered = np.sort(sign * np.asarray(scores, dtype=np.float64))
    n = len(ordered)
    weights = np.diff((np.arange(n + 1) / n) ** count)
    return float(sign * (ordered @ weights))


def expected_best_interval(scores: Sequence[float], count: int, sign: float = 1.0) -> Interval:
    """The same with its 95 % percentile interval, from resampled points."""
    sample = np.asarray(scores, dtype=np.float64)
    generator = np.random.default_rng(0)
    drawn = np.sort(sign * sample[generator.integers(0, len(sample), (RESAMPLES, len(sample)))], axis=1)
    weights = np.diff((np.arange(len(sample) + 1) / len(sample)) ** count)
    low, high = np.percentile(sign * (drawn @ weights), [2.5, 97.5])
    return Interval(expected_best(sample.tolist(), count, sign), float(low), float(high), len(sample))


def place_along(axis: Any, value: float) -> float:
    """Where a value lies along a numeric axis of a space, from 0 to 1; along a log axis by its logarithm."""
    low, high = float(axis.low), float(axis.high)
    if axis.name == "log":
        return math.log(value / low) / math.log(high / low)
    return (value - low) / (high - low)

"""Curves of a metric over the iterations, and final values by case: what the charts draw."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from hpbench.analysis.evidence import Evidence, default_evidence
from hpbench.analysis.statistics import FEWEST, Interval, mean_interval, mean_interval_or_undefined
from hpbench.catalogue.takes import Final
from hpbench.definition.readings import DEFAULT
from hpbench.definition.resolve import Resolved
from hpbench.records.tables import RunTables


@dataclass(frozen=True)
class CurvePoint:
    """The metric of one case at one iteration.

    Attributes:
        iteration: Updates done.
        values: Seed to value.
        interval: Mean and 95 % interval over the seeds; NaN where a value is not finite.
    """

    iteration: float
    values: dict[int, float]
    interval: Interval


@dataclass(frozen=True)
class Series:
    """One case's curve.

    Attributes:
        case: The case's name.
        seeds: Number of seeds.
        points: By iteration.
    """

    case: str
    seeds: int
    points: tuple[CurvePoint, ...]

    @property
    def few(self) -> bool:
        """Whether there are too few seeds for a band."""
        return self.seeds < FEWEST


@dataclass(frozen=True)
class Mark:
    """The final value of one case.

    Attributes:
        case: The case's name.
        values: One a seed.
        interval: Mean and 95 % interval over them.
    """

    case: str
    values: tuple[float, ...]
    interval: Interval


def drawn_evidence(tables: RunTables, resolved: Resolved, metrics: Collection[str]) -> Evidence:
    """The trials of the default reading, with these metrics only."""
    observations = tables.observations
    wanted = (observations["reading"] == DEFAULT) & observations["metric"].isin(list(metrics))
    return default_evidence(replace(tables, observations=observations[wanted]), resolved)


def curves(evidence: Evidence, metric: str, cases: Sequence[str]) -> list[Series]:
    """The curves of a metric in the cases' order; a case that was not measured is left out."""
    return [series for case in cases if (series := _series(evidence, metric, case)).points]


def marks(evidence: Evidence, metric: str, cases: Sequence[str]) -> list[Mark]:
    """The final values of a metric in the cases' order; a case without a finite value is left out."""
    found = []
    for case in cases:
        values = evidence.values(case, metric, Final()).values()
        finite = tuple(value for value in values if math.isfinite(value))
        if finite:
            found.append(Mark(case, finite, mean_interval(finite)))
    return found


def _series(evidence: Evidence, metric: str, case: str) -> Series:
    at: dict[float, dict[int, float]] = {}
    seeds = evidence.seeds(case, metric)
    for seed in seeds:
        curve = evidence.curve(case, metric, seed)
        if curve is None:
            continue
        for iteration, value in zip(curve.iterations.tolist(), curve.values.tolist(), strict=True):
            if not math.isnan(iteration):
                at.setdefault(iteration, {})[seed] = value
    points = (CurvePoint(key, at[key], mean_interval_or_undefined(at[key].values())) for key in sorted(at))
    return Series(case, len(seeds), tuple(points))

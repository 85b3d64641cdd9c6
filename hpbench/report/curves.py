"""Curves of a metric over the iterations, and final values by case: what the charts draw."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from hpbench.analysis.evidence import Evidence, evidence_by_reading
from hpbench.analysis.statistics import FEWEST, Interval, mean_interval, mean_interval_or_undefined
from hpbench.catalogue.takes import Final
from hpbench.definition.document import Figure
from hpbench.definition.resolve import Resolved
from hpbench.records.metrics import base_name
from hpbench.records.tables import RunTables


@dataclass(frozen=True)
class CurvePoint:
    """The metric of one case at one iteration.

    Attributes:
        iteration: Updates done; in other charts than curves the place on the axis.
        values: One (seed, value) a seed.
        interval: Mean and 95 % interval over the seeds; NaN where a value is not finite.
    """

    iteration: float
    values: tuple[tuple[int, float], ...]
    interval: Interval


@dataclass(frozen=True)
class Series:
    """One case's curve.

    Attributes:
        case: The case's name.
        reading: The reading's name.
        seeds: Number of seeds.
        points: By iteration.
    """

    case: str
    reading: str
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


def drawn_evidence(tables: RunTables, resolved: Resolved, figures: Sequence[Figure]) -> dict[str, Evidence]:
    """Reading to its trials, default first, with the metrics and cases that the figures draw and no others."""
    observations, members = tables.observations, resolved.definition.members
    metrics = {base_name(figure.metric) for figure in figures}
    cases = {case for figure in figures for name in figure.cases for case in members.get(name, (name,))}
    wanted = observations["metric"].isin(metrics) & observations["case"].isin(cases)
    return evidence_by_reading(replace(tables, observations=observations[wanted]), resolved)


def curve(evidence: Evidence, metric: str, case: str) -> Series | None:
    """The curve of a metric of one case; None if it was not measured."""
    series = _series(evidence, metric, case)
    return series if series.points else None


def distinct(series: Sequence[Series]) -> list[tuple[Series, int]]:
    """Each curve once, with the number of further ones that are just like it: readings may share their trials."""
    alike: dict[tuple[CurvePoint, ...], list[Series]] = {}
    for one in series:
        alike.setdefault(one.points, []).append(one)
    return [(found[0], len(found) - 1) for found in alike.values()]


def mark(evidence: Evidence, metric: str, case: str) -> Mark | None:
    """The final values of a metric of one case; None without a finite one."""
    values = evidence.values(case, metric, Final()).values()
    finite = tuple(value for value in values if math.isfinite(value))
    return Mark(case, finite, mean_interval(finite)) if finite else None


def _series(evidence: Evidence, metric: str, case: str) -> Series:
    at: dict[float, list[tuple[int, float]]] = {}
    seeds = evidence.seeds(case, metric)
    for seed in seeds:
        found = evidence.curve(case, metric, seed)
        if found is None:
            continue
        for iteration, value in zip(found.iterations.tolist(), found.values.tolist(), strict=True):
            if not math.isnan(iteration):
                at.setdefault(iteration, []).append((seed, value))
    points = (
        CurvePoint(key, tuple(at[key]), mean_interval_or_undefined(value for _, value in at[key])) for key in sorted(at)
    )
    return Series(case, evidence.reading, len(seeds), tuple(points))

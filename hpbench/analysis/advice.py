"""Optimisation advice from the trials of the default reading."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from hpbench.analysis.evidence import Evidence, SeriesIndex, default_evidence, paired, quotient
from hpbench.analysis.statistics import Interval, mean_interval, mean_interval_or_undefined
from hpbench.analysis.takes import Curve
from hpbench.catalogue.part import Parameters
from hpbench.catalogue.takes import At, Final, IterationsTo, IterationsToLimit, SecondsTo
from hpbench.definition.cells import study_cases
from hpbench.definition.document import Advice
from hpbench.definition.resolve import Resolved
from hpbench.definition.schema import Study
from hpbench.records.tables import RunTables


@dataclass(frozen=True)
class Limit:
    """Where a case's accuracy reaches its limit.

    Attributes:
        case: Its name.
        accuracy: The last value of the advice's metric, over the seeds.
        iterations: First iteration from which on the metric stays within ``advice.within`` of its last value.
        seconds: Training seconds up to there, over the timed seeds; None if not timed.
        still_rising: Whether in some seed that was the last evaluation: the limit may lie beyond the run.
    """

    case: str
    accuracy: Interval
    iterations: Interval
    seconds: Interval | None
    still_rising: bool


@dataclass(frozen=True)
class Recommendation:
    """How many iterations one point of a grid needs.

    Attributes:
        case: Name of the grid's case.
        batch_size: Of the point.
        learning_rate: Base rate of the point.
        iterations: The largest, over the seeds, of the iterations to the limit.
        accuracy: The metric there, over the seeds.
        still_rising: Whether that is the last evaluation: the limit may lie beyond the run.
    """

    case: str
    batch_size: int
    learning_rate: float
    iterations: int
    accuracy: Interval
    still_rising: bool


@dataclass(frozen=True)
class HalfBatch:
    """The rule "halve the batch, double the rate", between two cases that differ in nothing else.

    The test batch size may differ, and both run the same iterations: the half batch sees half the images.

    Attributes:
        case: With batch size b and rate r.
        half: With batch size b / 2 and rate 2 r.
        batch_size: b.
        learning_rate: r.
        accuracy_difference: Last value of ``half`` minus that of ``case``, paired by seed.
        seconds_ratio: Time of 100 iterations of ``half`` over that of ``case``, paired by seed; None if
            not timed.
    """

    case: str
    half: str
    batch_size: int
    learning_rate: float
    accuracy_difference: Interval
    seconds_ratio: Interval | None


@dataclass(frozen=True)
class Reached:
    """What a case needs to reach a target: seconds of training, or iterations, over its seeds."""

    case: str
    cost: Interval


@dataclass(frozen=True)
class Cheapest:
    """The case that reaches a target at the least cost. A case counts if it reaches the target in every seed.

    Attributes:
        target: Of the advice's metric.
        measure: What the cost is.
        best: None if no case reaches the target.
        runner_up: None if no second case reaches it.
        measured: Whether any case was measured so: without timed trials there are no seconds.
    """

    target: float
    measure: Literal["seconds", "iterations"]
    best: Reached | None
    runner_up: Reached | None
    measured: bool


@dataclass(frozen=True)
class Recommendations:
    """All the advice.

    Attributes:
        metric: What it is computed for.
        limits: One a case, studies' cases too.
        grid: One a point of each grid over batch size and learning rate.
        half_batch: One a pair of cases that the rule "halve the batch, double the rate" connects.
        cheapest: By target, for seconds and for iterations, among the document's cases.
    """

    metric: str
    limits: tuple[Limit, ...]
    grid: tuple[Recommendation, ...]
    half_batch: tuple[HalfBatch, ...]
    cheapest: tuple[Cheapest, ...]


def advise(tables: RunTables, resolved: Resolved, index: SeriesIndex | None = None) -> Recommendations | None:
    """All the advice; None if the definition asks for none."""
    definition = resolved.definition
    if definition.advice is None:
        return None
    evidence = default_evidence(tables, resolved, index)
    metric = definition.advice.metric
    studies = [tuple(study_cases(name, body.cases, body.grid)) for name, body in definition.studies.items()]
    pairs = [
        pair for family in (tuple(definition.own_cases), *studies) for pair in half_batch(evidence, family, metric)
    ]
    return Recommendations(
        metric=metric,
        limits=tuple(limits(evidence, resolved.all_cases, definition.advice)),
        grid=tuple(recommended_iterations(evidence, definition.studies, definition.advice)),
        half_batch=tuple(pairs),
        cheapest=tuple(cheapest(evidence, tuple(definition.own_cases), definition.advice)),
    )


def limits(evidence: Evidence, cases: Sequence[str], advice: Advice) -> list[Limit]:
    """Where each case's curve reaches its limit; a case without a finite curve is left out."""
    found = []
    for case in cases:
        reached = _finite(evidence.values(case, advice.metric, _to_limit(advice)))
        if not reached:
            continue
        curves = {seed: curve for seed in reached if (curve := evidence.curve(case, advice.metric, seed))}
        clocked = {seed: curve.clock for seed, curve in curves.items() if curve.clock is not None}
        seconds = [clock[_position(curves[seed], reached[seed])] for seed, clock in clocked.items()]
        found.append(
            Limit(
                case=case,
                accuracy=mean_interval(curve.values[-1] for curve in curves.values()),
                iterations=mean_interval(reached.values()),
                seconds=mean_interval_or_undefined(seconds) if seconds else None,
                still_rising=any(reached[seed] == curve.iterations[-1] for seed, curve in curves.items()),
            )
        )
    return found


def recommended_iterations(evidence: Evidence, studies: Mapping[str, Study], advice: Advice) -> list[Recommendation]:
    """The iterations that each point of each grid over batch size and learning rate alone needs."""
    found = []
    for study, body in studies.items():
        if set(body.grid) == {"batch_size", "learning_rate"}:
            for case in study_cases(study, {}, body.grid):
                found += _recommendation(evidence, case, advice)
    return found


def half_batch(evidence: Evidence, cases: Sequence[str], metric: str) -> list[HalfBatch]:
    """Every pair of cases that the rule "halve the batch, double the rate" connects."""
    run = [case for case in cases if evidence.seeds(case, metric)]
    return [
        HalfBatch(
            case=case,
            half=half,
            batch_size=int(evidence.setting(case, "batch_size")),
            learning_rate=float(evidence.setting(case, "learning_rate")),
            accuracy_difference=mean_interval_or_undefined(_last(evidence, half, case, metric, operator.sub)),
            seconds_ratio=mean_interval_or_undefined(ratios) if ratios else None,
        )
        for case in run
        for half in run
        if _halves(evidence, case, half)
        for ratios in [_last(evidence, half, case, "seconds_per_100_iterations", quotient)]
    ]


def cheapest(evidence: Evidence, cases: Sequence[str], advice: Advice) -> list[Cheapest]:
    """For each target the two cases that reach it at the least mean cost: in seconds, then in iterations."""
    found = []
    for target in advice.targets:
        takes: list[tuple[Literal["seconds", "iterations"], Parameters]] = [
            ("seconds", SecondsTo(name="seconds_to", value=target)),
            ("iterations", IterationsTo(name="iterations_to", value=target)),
        ]
        for measure, take in takes:
            costs = {case: evidence.values(case, advice.metric, take) for case in cases}
            reached = [
                Reached(case, mean_interval(values.values()))
                for case, values in costs.items()
                if values and all(map(math.isfinite, values.values()))
            ]
            best, runner_up, *_ = [*sorted(reached, key=lambda item: item.cost.mean), None, None]
            found.append(Cheapest(target, measure, best, runner_up, any(costs.values())))
    return found


def _recommendation(evidence: Evidence, case: str, advice: Advice) -> list[Recommendation]:
    """The recommendation for one point; empty if it was not run."""
    reached = _finite(evidence.values(case, advice.metric, _to_limit(advice)))
    if not reached:
        return []
    curves = [curve for seed in reached if (curve := evidence.curve(case, advice.metric, seed))]
    iterations = int(max(reached.values()))
    there = evidence.values(case, advice.metric, At(name="at", iteration=iterations))
    return [
        Recommendation(
            case=case,
            batch_size=int(evidence.setting(case, "batch_size")),
            learning_rate=float(evidence.setting(case, "learning_rate")),
            iterations=iterations,
            accuracy=mean_interval(_finite(there).values()),
            still_rising=bool(iterations == max(curve.iterations[-1] for curve in curves)),
        )
    ]


def _halves(evidence: Evidence, case: str, half: str) -> bool:
    """Whether ``half`` is ``case`` with half the batch and twice the rate, and otherwise the same."""
    if 2 * evidence.setting(half, "batch_size") != evidence.setting(case, "batch_size"):
        return False
    rate, doubled = evidence.setting(case, "learning_rate"), evidence.setting(half, "learning_rate")
    return math.isclose(2 * rate, doubled) and _others(evidence, case) == _others(evidence, half)


def _others(evidence: Evidence, case: str) -> dict[str, Any]:
    """The case's settings apart from batch sizes and rate."""
    settings = dict(evidence.tables.settings[case, evidence.reading])
    free = {"batch_size", "test_batch_size", "learning_rate"}
    settings["training"] = {key: value for key, value in settings["training"].items() if key not in free}
    return settings


def _last(evidence: Evidence, a: str, b: str, metric: str, combine: Callable[[float, float], float]) -> list[float]:
    """Last values of two cases combined, at the seeds that both have."""
    return paired(evidence.values(a, metric, Final()), evidence.values(b, metric, Final()), combine)


def _to_limit(advice: Advice) -> IterationsToLimit:
    return IterationsToLimit(name="iterations_to_limit", within=advice.within)


def _finite(values: Mapping[int, float]) -> dict[int, float]:
    return {seed: value for seed, value in values.items() if math.isfinite(value)}


def _position(curve: Curve, iteration: float) -> int:
    return int(np.flatnonzero(curve.iterations == iteration)[0])

"""What the trials of one reading say, by case, metric and seed."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from hpbench.analysis.groups import grouped
from hpbench.analysis.statistics import Floats
from hpbench.analysis.takes import Curve, NotMeasuredError, take
from hpbench.catalogue.part import Parameters
from hpbench.definition import readings
from hpbench.definition.changes import case_changes
from hpbench.definition.resolve import Resolved
from hpbench.definition.schema import Definition
from hpbench.records.metrics import dotted
from hpbench.records.tables import RunTables

CLOCK = "training_clock"
Series = tuple[Floats, Floats]
"""Iterations and values."""


class SeriesIndex:
    """The observations of a run, found by (reading, case, metric) and seed; a metric with labels by its dotted name."""

    def __init__(self, tables: RunTables) -> None:
        self._series: dict[tuple[str, str, str], dict[int, Series]] = {}
        named = lru_cache(maxsize=None)(lambda metric, labels: dotted(metric, json.loads(labels)))
        for key, iterations, values in grouped(tables.observations, ("reading", "case", "metric", "labels", "seed")):
            reading, case, metric, labels, seed = key
            self._series.setdefault((reading, case, named(metric, labels)), {})[int(seed)] = (iterations, values)

    def __call__(self, reading: str, case: str, metric: str) -> Mapping[int, Series]:
        """Seed to iterations and values; empty if there is nothing."""
        return self._series.get((reading, case, metric), {})


class Evidence:
    """The trials of one reading.

    Args:
        tables: The run.
        reading: Name of the reading.
        definition: Under that reading: its claims and reported numbers may differ from the default's.
        index: Made from ``tables``, to be shared by the readings of a run.
    """

    def __init__(
        self, tables: RunTables, reading: str, definition: Definition, index: SeriesIndex | None = None
    ) -> None:
        self.tables = tables
        self.reading = reading
        self.definition = definition
        self._index = index or SeriesIndex(tables)
        trials = tables.trials[tables.trials["reading"] == reading]
        self._cases = set(trials["case"])

    def classes(self, metric: str) -> int:
        """Number of classes of the data really used; of the head, if the metric is one of a head."""
        heads = self.tables.data.get("heads") or {}
        head = next((name for name in metric.split(".")[1:] if name in heads), None)
        return len(heads[head]) if head else int(self.tables.data["classes"])

    def seeds(self, case: str, metric: str) -> list[int]:
        """Seeds with an observation of the metric, ascending."""
        return sorted(self._index(self.reading, case, metric))

    def curve(self, case: str, metric: str, seed: int) -> Curve | None:
        """The metric of one trial over the iterations; None if it was not observed."""
        series = self._index(self.reading, case, metric).get(seed)
        if series is None:
            return None
        iterations, values = series
        return Curve(iterations, values, self._clock(case, seed, iterations))

    def values(self, case: str, metric: str, parameters: Parameters) -> dict[int, float]:
        """Seed to the number that ``parameters``, a take, asks for.

        NaN where it is undefined, such as a target never reached; a seed that was not measured is left out. Of a group
        the mean of its cases, at the seeds that all have.
        """
        if members := self.definition.members.get(case):
            values = [self.values(member, metric, parameters) for member in members]
            return {seed: math.fsum(one[seed] for one in values) / len(values) for seed in common_seeds(values)}
        found: dict[int, float] = {}
        for seed in self.seeds(case, metric):
            curve = self.curve(case, metric, seed)
            try:
                found[seed] = take(parameters, curve) if curve else math.nan
            except NotMeasuredError:
                continue
        return found

    def why_missing(self, case: str, metric: str, parameters: Parameters) -> str:
        """Why ``values`` has nothing; empty if it has something."""
        if members := self.definition.members.get(case):
            reasons = (self.why_missing(member, metric, parameters) for member in members)
            return next(filter(None, reasons), f"no seed is common to the cases of {case}")
        seeds = self.seeds(case, metric)
        if not seeds:
            known = f"{metric} of {case} was not measured" if case in self._cases else f"{case} was not run"
            return f"{known} under this reading"
        reason = ""
        for seed in seeds:
            curve = self.curve(case, metric, seed)
            try:
                if curve:
                    take(parameters, curve)
                    return ""
            except NotMeasuredError as error:
                reason = str(error)
        return f"{metric} of {case}: {reason}"

    def setting(self, case: str, name: str) -> Any:
        """A setting of the case: a dotted path, or a bare name of a training field; None if it has none."""
        path = next(iter(case_changes({name: None})))
        node: Any = self.tables.settings.get((case, self.reading), {})
        for part in path.split("."):
            node = node.get(part) if isinstance(node, Mapping) else None
        return node

    def reported_ratio(self, metric: str, a: str, b: str) -> float | None:
        """The document's ratio of two cases under this reading; None if it reports none."""
        reported = self.definition.reported_values.get(metric)
        return reported.values.get(f"{a} / {b}") if reported else None

    def _clock(self, case: str, seed: int, iterations: Floats) -> Floats | None:
        """Training seconds at the iterations."""
        clock = self._index(self.reading, case, CLOCK).get(seed)
        if clock is None:
            return None
        if np.array_equal(clock[0], iterations):
            return clock[1]
        seconds = dict(zip(clock[0].tolist(), clock[1].tolist(), strict=True))
        return np.array([seconds.get(iteration, math.nan) for iteration in iterations.tolist()])


def evidence_by_reading(tables: RunTables, resolved: Resolved, index: SeriesIndex | None = None) -> dict[str, Evidence]:
    """Evidence for every reading present in the trials, in the definition's order.

    Here and elsewhere ``index`` is one made from the tables before, which saves making it again.
    """
    index = index or SeriesIndex(tables)
    present = set(tables.trials["reading"])
    names = [name for name in map(readings.name, resolved.readings) if name in present]
    return {name: Evidence(tables, name, resolved.under(name), index) for name in names}


def default_evidence(tables: RunTables, resolved: Resolved, index: SeriesIndex | None = None) -> Evidence:
    """Evidence for the default reading, possibly empty."""
    return Evidence(tables, readings.DEFAULT, resolved.definition, index)


def common_seeds(values: Iterable[Mapping[int, float]]) -> list[int]:
    """Seeds that all have, ascending."""
    sets = [set(seeds) for seeds in values]
    return sorted(set.intersection(*sets)) if sets else []


def paired(
    first: Mapping[int, float], second: Mapping[int, float], combine: Callable[[float, float], float]
) -> list[float]:
    """Both combined, seed by seed, at the seeds that both have."""
    return [combine(first[seed], second[seed]) for seed in common_seeds((first, second))]


def quotient(a: float, b: float) -> float:
    """``a / b``; NaN for a division by zero."""
    return a / b if b else math.nan

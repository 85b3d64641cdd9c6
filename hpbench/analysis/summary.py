"""Tables of the run: final values a case, and reproduced beside reported numbers."""

from __future__ import annotations

import json
import math
import operator
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hpbench.analysis.evidence import Evidence, SeriesIndex, evidence_by_reading, paired, quotient
from hpbench.analysis.groups import grouped
from hpbench.analysis.statistics import mean_interval_or_undefined, prediction_interval
from hpbench.catalogue.takes import Final
from hpbench.definition import readings
from hpbench.definition.resolve import Resolved
from hpbench.records.metrics import METRICS, dotted
from hpbench.records.metrics import metric as metric_of
from hpbench.records.tables import RunTables
from hpbench.records.trial import Outcome


@dataclass(frozen=True)
class Row:
    """The final value of one metric of one case under one reading.

    Attributes:
        case: Name of the case, those of studies as ``study/case``.
        reading: Name of the reading.
        settings: The case's resolved settings: dataset, model, training, compute.
        labels: What tells the metric from others of its name: split, head, layer, device.
        metric: See ``hpbench.records.metrics``.
        unit: Of ``mean``, ``low``, ``high`` and ``reported``.
        n: Number of seeds with this metric; a diverged trial counts.
        diverged: How many of these seeds diverged.
        mean: Over the seeds, of the last value; NaN if the value of a seed is not finite.
        low: Lower end of the 95 % interval of the mean; NaN for n < 3.
        high: Upper end of the 95 % interval of the mean; NaN for n < 3.
        reported: The document's number for this case and metric under this reading; None if it gives none.
        device: The device of a metric that is measured by device; else None.
    """

    case: str
    reading: str
    settings: Mapping[str, Any]
    labels: Mapping[str, str]
    metric: str
    unit: str
    n: int
    diverged: int
    mean: float
    low: float
    high: float
    reported: float | None
    device: str | None


@dataclass(frozen=True)
class Comparison:
    """A number of the document beside ours.

    Attributes:
        key: ``"CASE1"``, ``"A / B"`` (ratio) or ``"A - B"`` (difference); the latter two are paired by seed.
        metric: See ``hpbench.records.metrics``.
        unit: Of all numbers here: the metric's, or ``1`` for a ratio.
        reading: Name of the reading.
        reported: The document's number.
        mean: Ours, over the seeds; NaN if not measured or not finite.
        low: Lower end of the 95 % interval of the mean; NaN for n < 3.
        high: Upper end of the 95 % interval of the mean; NaN for n < 3.
        predicted_low: Lower end of the 95 % prediction interval of one run; NaN for n < 3.
        predicted_high: Upper end of the 95 % prediction interval of one run; NaN for n < 3.
        n: Number of seeds; 0 if not measured under this reading.
        inside: Whether the document's number lies in the prediction interval; None for n < 3.
        where: Where the document says so.
    """

    key: str
    metric: str
    unit: str
    reading: str
    reported: float
    mean: float
    low: float
    high: float
    predicted_low: float
    predicted_high: float
    n: int
    inside: bool | None
    where: str


def rows(tables: RunTables, resolved: Resolved) -> list[Row]:
    """Final values: by reading, then case, in the definition's order; then metric, then labels."""
    trials = tables.trials
    diverged = trials[trials["outcome"] == Outcome.DIVERGED.value]
    places = set(zip(diverged["case"], diverged["reading"], diverged["seed"], strict=True))
    ended = finals(tables)
    order = _Order(resolved)
    return [
        _row(tables, resolved, key, ended[key], sum((key[0], key[1], seed) in places for seed in ended[key]))
        for key in sorted(ended, key=order.position)
        if key[1] in order.readings
    ]


def finals(tables: RunTables) -> dict[tuple[str, str, str, str], dict[int, float]]:
    """(case, reading, metric, labels as canonical JSON) to seed to the last value, in the metric's unit."""
    found: dict[tuple[str, str, str, str], dict[int, float]] = {}
    columns = ("case", "reading", "metric", "labels", "seed")
    for (case, reading, metric, labels, seed), _, values in grouped(tables.observations, columns):
        found.setdefault((case, reading, metric, labels), {})[int(seed)] = float(values[-1])
    return found


class _Order:
    """The definition's order of readings and cases, and that of the metrics; unknown names come last."""

    def __init__(self, resolved: Resolved) -> None:
        self.readings = {readings.name(reading): position for position, reading in enumerate(resolved.readings)}
        self.cases = {case: position for position, case in enumerate(resolved.all_cases)}
        self.metrics = {metric: position for position, metric in enumerate(METRICS)}

    def position(self, key: tuple[str, str, str, str]) -> tuple[int, int, str, int, str, str]:
        """Sort key of (case, reading, metric, labels)."""
        case, reading, metric, labels = key
        return (
            self.readings.get(reading, len(self.readings)),
            self.cases.get(case, len(self.cases)),
            case,
            self.metrics.get(metric, len(self.metrics)),
            metric,
            labels,
        )


def _row(
    tables: RunTables,
    resolved: Resolved,
    key: tuple[str, str, str, str],
    finals: Mapping[int, float],
    diverged: int,
) -> Row:
    """The row of (case, reading, metric, labels), whose seeds ended with ``finals``."""
    case, reading, metric, labels_text = key
    labels: dict[str, str] = json.loads(labels_text)
    reported = resolved.under(reading).reported_values.get(dotted(metric, labels))
    interval = mean_interval_or_undefined(finals.values())
    return Row(
        case=case,
        reading=reading,
        settings=tables.settings.get((case, reading), {}),
        labels=labels,
        metric=metric,
        unit=metric_of(metric).unit,
        n=interval.n,
        diverged=diverged,
        mean=interval.mean,
        low=interval.low,
        high=interval.high,
        reported=reported.values.get(case) if reported else None,
        device=labels.get("device"),
    )


def _comparison(evidence: Evidence, metric: str, key: str) -> list[Comparison]:
    """The comparison under one reading; empty if that reading takes the number back."""
    reported = evidence.definition.reported_values.get(metric)
    if reported is None or key not in reported.values:
        return []
    number, values = reported.values[key], _reproduced(evidence, metric, key)
    finite = all(map(math.isfinite, values))
    interval = mean_interval_or_undefined(values)
    predicted = prediction_interval(values if finite else [])
    inside = predicted.low <= number <= predicted.high if predicted.bounded else None
    return [
        Comparison(
            key=key,
            metric=metric,
            unit="1" if " / " in key else metric_of(metric).unit,
            reading=evidence.reading,
            reported=number,
            mean=interval.mean,
            low=interval.low,
            high=interval.high,
            predicted_low=predicted.low,
            predicted_high=predicted.high,
            n=interval.n,
            inside=inside,
            where=reported.where,
        )
    ]


def _reproduced(evidence: Evidence, metric: str, key: str) -> list[float]:
    """Our number of that key, one a seed: a case's last value, or a ratio or difference paired by seed."""
    for sign, combine in _COMBINATIONS.items():
        a, found, b = key.partition(sign)
        if found:
            return paired(evidence.values(a, metric, Final()), evidence.values(b, metric, Final()), combine)
    return list(evidence.values(key, metric, Final()).values())


_COMBINATIONS = {" / ": quotient, " - ": operator.sub}


def comparisons(tables: RunTables, resolved: Resolved, index: SeriesIndex | None = None) -> list[Comparison]:
    """Every reported number under every reading present: in the definition's order, then readings."""
    by_reading = evidence_by_reading(tables, resolved, index)
    found = []
    for metric, default in resolved.definition.reported_values.items():
        for key in default.values:
            for evidence in by_reading.values():
                found += _comparison(evidence, metric, key)
    return found

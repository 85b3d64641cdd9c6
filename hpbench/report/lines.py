"""Lines that are not over iterations: over the layers of a net, and over a setting of cases."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from hpbench.analysis.evidence import Evidence
from hpbench.analysis.layers import by_layer
from hpbench.analysis.statistics import mean_interval_or_undefined
from hpbench.catalogue.takes import Final
from hpbench.definition.document import Figure
from hpbench.report.curves import CurvePoint, Series


def over_layers(evidence: Evidence, figure: Figure, case: str) -> Series | None:
    """A case's metric by the number of the layer; None if it was not measured."""
    layers = by_layer(evidence, figure.metric, case, figure.at, log=figure.scale == "log")
    points = tuple(
        CurvePoint(number, tuple(one.values.items()), one.interval) for number, one in enumerate(layers, start=1)
    )
    seeds = min((len(point.values) for point in points), default=0)
    return Series(case, evidence.reading, seeds, points) if points else None


def over_setting(evidence: Evidence, figure: Figure, line: str, cases: Iterable[str]) -> Series | None:
    """The final values of a line's cases by their setting; None if none was measured, or has such a number."""
    points = []
    for case in cases:
        values = evidence.values(case, figure.metric, Final())
        setting = evidence.setting(case, figure.to or "")
        if values and isinstance(setting, int | float):
            points.append(_point(float(setting), values))
    points.sort(key=lambda point: point.iteration)
    seeds = min((len(point.values) for point in points), default=0)
    return Series(line, evidence.reading, seeds, tuple(points)) if points else None


def _point(place: float, values: Mapping[int, float]) -> CurvePoint:
    finite = tuple((seed, value) for seed, value in values.items() if math.isfinite(value))
    return CurvePoint(place, finite, mean_interval_or_undefined(value for _, value in finite))

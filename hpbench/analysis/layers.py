"""Metrics that have a value for each layer, such as gradient norms, in the order of the layers."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from hpbench.analysis.evidence import Evidence
from hpbench.analysis.statistics import Interval, mean_interval
from hpbench.catalogue.takes import At, Final
from hpbench.records.metrics import dotted

LAYER = "layer"


@dataclass(frozen=True)
class LayerValues:
    """A metric of one layer of one case.

    Attributes:
        layer: Its name.
        values: Seed to value.
        interval: Mean over the seeds and its 95 % interval; of the logarithms, if that was asked for.
    """

    layer: str
    values: Mapping[int, float]
    interval: Interval


def by_layer(
    evidence: Evidence, metric: str, case: str, at: int | None = None, *, log: bool = False
) -> list[LayerValues]:
    """The metric of each layer, from the first to the last; empty if it was not measured.

    Args:
        evidence: Of one reading.
        metric: Its name, without labels.
        case: The case.
        at: The iteration at which it was read; None for the last one.
        log: Whether the mean and its interval are those of the logarithms: of norms that differ by magnitudes.
    """
    frame = evidence.tables.observations
    wanted = (frame["reading"] == evidence.reading) & (frame["case"] == case) & (frame["metric"] == metric)
    labels = (json.loads(text) for text in dict.fromkeys(frame.loc[wanted, "labels"]))
    take = Final() if at is None else At(name="at", iteration=at)
    found = [(one[LAYER], evidence.values(case, dotted(metric, one), take)) for one in labels if LAYER in one]
    return [LayerValues(layer, values, _interval(values.values(), log)) for layer, values in found if values]


def _interval(values: Iterable[float], log: bool) -> Interval:
    """Over those that are finite, and positive if their logarithms are taken."""
    if not log:
        return mean_interval(value for value in values if math.isfinite(value))
    logs = mean_interval(math.log(value) for value in values if 0 < value < math.inf)
    return Interval(math.exp(logs.mean), math.exp(logs.low), math.exp(logs.high), logs.n)

"""Cases that transfer what they learned elsewhere beside those that learn the same from scratch."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hpbench.analysis.by_fit import rest_of_settings
from hpbench.analysis.evidence import Evidence, paired, quotient
from hpbench.analysis.statistics import Interval, mean_interval, mean_interval_or_undefined
from hpbench.catalogue.takes import Final
from hpbench.definition.readings import DEFAULT

NUMBERS = ("trainable_weights", "seconds_training")


@dataclass(frozen=True)
class Transferred:
    """A pair of cases.

    Attributes:
        transfer: The case that begins with what it learned on other images.
        scratch: The one like it that begins fresh.
        means: Case to metric to the mean over its seeds: trainable weights, seconds of training.
        ratios: Of these metrics, transfer over scratch, paired by seed.
        source_seconds: Training on the other images, before.
        accuracies: Case to metric of accuracy to its mean over the seeds.
        differences: Metric of accuracy to transfer less scratch, paired by seed.
    """

    transfer: str
    scratch: str
    means: Mapping[str, Mapping[str, Interval]]
    ratios: Mapping[str, Interval]
    source_seconds: Interval
    accuracies: Mapping[str, Mapping[str, Interval]]
    differences: Mapping[str, Interval]


def transfers(evidence: Evidence) -> Iterator[Transferred]:
    """Every pair under the default reading."""
    settings = {case: found for (case, reading), found in evidence.tables.settings.items() if reading == DEFAULT}
    heads = [f"test_accuracy.{head}" for head in evidence.tables.data.get("heads") or ()] or ["test_accuracy"]
    for case, found in settings.items():
        if found["training"]["procedure"]["name"] != "transfer":
            continue
        for scratch, other in settings.items():
            alike = rest_of_settings(other) == rest_of_settings(found)
            if alike and other["training"]["procedure"]["name"] == "train" and _study(scratch) == _study(case):
                yield _pair(evidence, case, scratch, heads)


def _pair(evidence: Evidence, case: str, scratch: str, accuracies: list[str]) -> Transferred:
    def values(name: str, metric: str) -> Mapping[int, float]:
        return evidence.values(name, metric, Final())

    def mean(name: str, metric: str) -> Interval:
        return mean_interval_or_undefined(list(values(name, metric).values()))

    def ratio(metric: str) -> Interval:
        return mean_interval_or_undefined(paired(values(case, metric), values(scratch, metric), quotient))

    def difference(metric: str) -> Interval:
        return mean_interval(
            one for one in paired(values(case, metric), values(scratch, metric), operator.sub) if math.isfinite(one)
        )

    both = (case, scratch)
    return Transferred(
        case,
        scratch,
        {name: {metric: mean(name, metric) for metric in NUMBERS} for name in both},
        {metric: ratio(metric) for metric in NUMBERS},
        mean(case, "seconds_training.source"),
        {name: {metric: mean(name, metric) for metric in accuracies} for name in both},
        {metric: difference(metric) for metric in accuracies},
    )


def _study(case: str) -> str:
    return case.rpartition("/")[0]

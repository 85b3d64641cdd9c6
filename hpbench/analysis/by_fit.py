"""Cases that were trained by ``model.fit`` beside those that differ in nothing else: how much longer it took."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hpbench.analysis.evidence import Evidence, paired, quotient
from hpbench.analysis.statistics import Interval, mean_interval, mean_interval_or_undefined
from hpbench.catalogue.takes import Final
from hpbench.definition.readings import DEFAULT

TIMES = ("seconds_training", "seconds_compile")


@dataclass(frozen=True)
class ByFit:
    """A pair of cases.

    Attributes:
        fit: The case trained by ``model.fit``.
        own: The one like it.
        ratios: Metric of time to the ratio of the two, ``fit`` over its like: geometric mean over seeds, 95 % interval.
        accuracy: Difference of their test accuracies, paired by seed.
    """

    fit: str
    own: str
    ratios: Mapping[str, Interval]
    accuracy: Interval


def by_fit(evidence: Evidence) -> Iterator[ByFit]:
    """Every pair under the default reading."""
    settings = {case: found for (case, reading), found in evidence.tables.settings.items() if reading == DEFAULT}
    for fit, found in settings.items():
        if _procedure(found) != "fit":
            continue
        trained = (case for case, other in settings.items() if _procedure(other) == "train")
        alike = [case for case in trained if rest_of_settings(settings[case]) == rest_of_settings(found)]
        same_study = [case for case in alike if case.rpartition("/")[0] == fit.rpartition("/")[0]]
        for own in (*same_study, *alike)[:1]:
            ratios = {name: _ratio(evidence, fit, own, name) for name in TIMES}
            differences = _paired(evidence, fit, own, "test_accuracy", operator.sub)
            yield ByFit(fit, own, ratios, mean_interval_or_undefined(differences))


def _procedure(settings: Mapping[str, Any]) -> str:
    return str(settings["training"]["procedure"]["name"])


def rest_of_settings(settings: Mapping[str, Any]) -> dict[str, Any]:
    """All but the procedure."""
    training = {name: value for name, value in settings["training"].items() if name != "procedure"}
    return {**settings, "training": training}


def _ratio(evidence: Evidence, fit: str, own: str, metric: str) -> Interval:
    ratios = _paired(evidence, fit, own, metric, quotient)
    found = mean_interval(math.log(ratio) for ratio in ratios if math.isfinite(ratio) and ratio > 0)
    return Interval(math.exp(found.mean), math.exp(found.low), math.exp(found.high), found.n)


def _paired(
    evidence: Evidence, fit: str, own: str, metric: str, combine: Callable[[float, float], float]
) -> list[float]:
    return paired(evidence.values(fit, metric, Final()), evidence.values(own, metric, Final()), combine)

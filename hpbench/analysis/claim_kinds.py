"""Kinds of claim: from trials to quantities, each with the interval in which it has to lie.

Comparisons are paired by seed: only seeds that all of a quantity's cases have. The code behind
``hpbench.catalogue.claims``.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from hpbench.analysis.evidence import Evidence, common_seeds, paired, quotient
from hpbench.analysis.verdicts import Quantity
from hpbench.catalogue import claims as catalogue
from hpbench.catalogue.claims import ClaimTest


def at_chance(test: catalogue.AtChance, evidence: Evidence) -> list[Quantity]:
    """The value of each case; allowed within ``margin`` of one over the number of classes of the metric's head."""
    chance = 1 / evidence.classes(test.metric)
    return [_value(test, evidence, case, chance - test.margin, chance + test.margin) for case in test.cases]


def between(test: catalogue.Between, evidence: Evidence) -> list[Quantity]:
    """The value of each case; allowed from ``low`` to ``high``."""
    return [_value(test, evidence, case, *_ends(test.low, test.high)) for case in test.cases]


def equal(test: catalogue.Equal, evidence: Evidence) -> list[Quantity]:
    """Each later case minus the first; allowed within the tolerance."""
    first, *others = test.cases
    quantities = []
    for case in others:
        label, found = f"{case} - {first}", measured(test, evidence, (case, first))
        if isinstance(found, str):
            quantities.append(Quantity(label, (), missing=found))
            continue
        allowed = test.tolerance * (_scale(found[1]) if test.relative else 1.0)
        quantities.append(quantity(label, paired(found[0], found[1], operator.sub), low=-allowed, high=allowed))
    return quantities


def paired_equal(test: catalogue.PairedEqual, evidence: Evidence) -> list[Quantity]:
    """Each case minus the one it is compared to; allowed within the tolerance."""
    quantities = []
    for case, other in zip(test.cases, test.to, strict=True):
        label, found = f"{case} - {other}", measured(test, evidence, (case, other))
        if isinstance(found, str):
            quantities.append(Quantity(label, (), missing=found))
            continue
        differences = paired(found[0], found[1], operator.sub)
        quantities.append(quantity(label, differences, low=-test.tolerance, high=test.tolerance))
    return quantities


def greater(test: catalogue.Greater, evidence: Evidence) -> list[Quantity]:
    """Each of ``cases`` minus each of ``than``; allowed above the margin."""
    return [_exceeds(test, evidence, case, other) for case in test.cases for other in test.than]


def difference_in_differences(test: catalogue.DifferenceInDifferences, evidence: Evidence) -> list[Quantity]:
    """(First less second of ``cases``) minus (first less second of ``than``), per seed; allowed above the margin."""
    cases = (*test.cases, *test.than)
    label = "({} - {}) - ({} - {})".format(*cases)
    found = measured(test, evidence, cases)
    if isinstance(found, str):
        return [Quantity(label, (), missing=found)]
    values = [math.fsum((a[seed], -b[seed], -c[seed], d[seed])) for a, b, c, d in [found] for seed in a]
    return [quantity(label, values, low=test.margin, strict=True)]


def at_least(test: catalogue.AtLeast, evidence: Evidence) -> list[Quantity]:
    """Each of ``cases`` minus each of ``than``; allowed down to the tolerance below zero."""
    quantities = []
    for case, other in ((case, other) for case in test.cases for other in test.than):
        label, found = f"{case} - {other}", measured(test, evidence, (case, other))
        if isinstance(found, str):
            quantities.append(Quantity(label, (), missing=found))
            continue
        quantities.append(quantity(label, paired(found[0], found[1], operator.sub), low=-test.tolerance))
    return quantities


def increasing(test: catalogue.Increasing, evidence: Evidence) -> list[Quantity]:
    """Each case minus the one before it; allowed above the margin."""
    return [_exceeds(test, evidence, later, earlier) for earlier, later in pairwise(test.cases)]


def ratio(test: catalogue.Ratio, evidence: Evidence) -> list[Quantity]:
    """The ratio of ``case`` to each of ``to``, per seed; a ratio to zero is undefined."""
    quantities = []
    for other in test.to:
        label, found = f"{test.case} / {other}", measured(test, evidence, (test.case, other))
        allowed = _allowed_ratio(test, evidence, other)
        if isinstance(found, str) or isinstance(allowed, str):
            missing = found if isinstance(found, str) else str(allowed)
            quantities.append(Quantity(label, (), missing=missing))
            continue
        ratios = paired(found[0], found[1], quotient)
        quantities.append(quantity(label, ratios, *allowed))
    return quantities


def proportional(test: catalogue.Proportional, evidence: Evidence) -> list[Quantity]:
    """The least-squares slope of log metric on log setting, per seed; allowed within ``exponent``."""
    label, found = f"exponent of {test.to}", measured(test, evidence, test.cases)
    if isinstance(found, str):
        return [Quantity(label, (), missing=found)]
    settings = [evidence.setting(case, test.to) for case in test.cases]
    if not all(isinstance(setting, int | float) and setting > 0 for setting in settings) or len(set(settings)) < 2:
        shown = ", ".join(map(str, settings))
        return [Quantity(label, (), missing=f"{test.to} has to be positive and to differ: {shown}")]
    x = np.log(np.array(settings, dtype=np.float64))
    x -= x.mean()
    slopes = []
    for seed in found[0]:
        metric = np.array([values[seed] for values in found])
        slopes.append(float(x @ np.log(metric) / (x @ x)) if (metric > 0).all() else math.nan)
    return [quantity(label, slopes, *test.exponent)]


def tracks(test: catalogue.Tracks, evidence: Evidence) -> list[Quantity]:
    """The mean absolute difference over the iterations that both curves have, per seed; at most the tolerance."""
    return [_distance(test, evidence, high=test.tolerance)]


def apart(test: catalogue.Apart, evidence: Evidence) -> list[Quantity]:
    """The same distance; more than the margin."""
    return [_distance(test, evidence, low=test.margin, strict=True)]


def _distance(
    test: catalogue.Tracks | catalogue.Apart,
    evidence: Evidence,
    low: float = -math.inf,
    high: float = math.inf,
    strict: bool = False,
) -> Quantity:
    label = f"mean |{test.case} - {test.reference}|"
    distances = []
    for seed in evidence.seeds(test.case, test.metric):
        case = evidence.curve(test.case, test.metric, seed)
        reference = evidence.curve(test.reference, test.metric, seed)
        if case and reference:
            _, here, there = np.intersect1d(case.iterations, reference.iterations, return_indices=True)
            if here.size:
                distances.append(float(np.abs(case.values[here] - reference.values[there]).mean()))
    if not distances:
        reasons = [evidence.why_missing(case, test.metric, test.take) for case in (test.case, test.reference)]
        missing = next(filter(None, reasons), f"no iteration or no seed is common to {test.case} and {test.reference}")
        return Quantity(label, (), missing=missing)
    return quantity(label, distances, low, high, strict)


def _value(test: ClaimTest, evidence: Evidence, case: str, low: float, high: float) -> Quantity:
    """One case's own value."""
    found = measured(test, evidence, (case,))
    if isinstance(found, str):
        return Quantity(case, (), missing=found)
    return quantity(case, list(found[0].values()), low, high)


def _exceeds(test: catalogue.Greater | catalogue.Increasing, evidence: Evidence, case: str, other: str) -> Quantity:
    """``case`` minus ``other``; allowed strictly above the margin, so that equality does not count."""
    label, found = f"{case} - {other}", measured(test, evidence, (case, other))
    if isinstance(found, str):
        return Quantity(label, (), missing=found)
    margin = test.margin * (_scale(found[1]) if test.relative else 1.0)
    return quantity(label, paired(found[0], found[1], operator.sub), low=margin, strict=True)


def measured(test: ClaimTest, evidence: Evidence, cases: Sequence[str]) -> list[dict[int, float]] | str:
    """Each case's values at the seeds that all have, or what is missing."""
    values = [evidence.values(case, test.metric, test.take) for case in cases]
    for case, found in zip(cases, values, strict=True):
        if not found:
            return evidence.why_missing(case, test.metric, test.take)
    seeds = common_seeds(values)
    if not seeds:
        return f"no seed is common to {', '.join(cases)}"
    return [{seed: found[seed] for seed in seeds} for found in values]


def _allowed_ratio(test: catalogue.Ratio, evidence: Evidence, other: str) -> tuple[float, float] | str:
    """The allowed interval of a ratio, or what is missing."""
    if test.around_reported is None:
        return _ends(test.low, test.high)
    reported = evidence.reported_ratio(test.metric, test.case, other)
    if reported is None:
        return f"no ratio {test.case} / {other} of {test.metric} is reported"
    return reported * (1 - test.around_reported), reported * (1 + test.around_reported)


def quantity(
    label: str,
    values: Sequence[float],
    low: float = -math.inf,
    high: float = math.inf,
    strict: bool = False,
) -> Quantity:
    """The quantity, with the values that are not finite counted as undefined."""
    defined = tuple(value for value in values if math.isfinite(value))
    return Quantity(label, defined, len(values) - len(defined), low, high, strict)


def _scale(values: Mapping[int, float]) -> float:
    """Size of the mean that a relative tolerance is a share of; its own spread is left out of account."""
    defined = [value for value in values.values() if math.isfinite(value)]
    return abs(math.fsum(defined) / len(defined)) if defined else 0.0


def _ends(low: float | None, high: float | None) -> tuple[float, float]:
    """Open ends as infinities."""
    return -math.inf if low is None else low, math.inf if high is None else high

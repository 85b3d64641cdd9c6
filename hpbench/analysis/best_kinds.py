"""Kinds of claim that compare the best of some cases with the best of others.

The code behind ``hpbench.catalogue.claims``, as ``claim_kinds``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from hpbench.analysis.claim_kinds import measured, quantity
from hpbench.analysis.evidence import Evidence, quotient
from hpbench.analysis.verdicts import Quantity
from hpbench.catalogue import claims as catalogue


def best_of(test: catalogue.BestOf, evidence: Evidence) -> list[Quantity]:
    """How much better the best of ``cases`` is, per seed; allowed above the margin.

    What is undefined, such as a target never reached, is no candidate; without any the difference is undefined.
    """
    sign = 1.0 if test.goal == "max" else -1.0
    label = f"best of {_listed(test.cases)} less best of {_listed(test.than)}"
    found = measured(test, evidence, (*test.cases, *test.than))
    if isinstance(found, str):
        return [Quantity(label, (), missing=found)]
    here, there = found[: len(test.cases)], found[len(test.cases) :]
    differences = [
        sign * (_best(sign, (one[seed] for one in here)) - _best(sign, (one[seed] for one in there)))
        for seed in found[0]
    ]
    return [quantity(label if sign > 0 else f"{label}, negated", differences, low=test.margin, strict=True)]


def higher_limit(test: catalogue.HigherLimit, evidence: Evidence) -> list[Quantity]:
    """The ratio, per seed, of the largest settings at which the cases reach the value; allowed above ``factor``."""
    label = f"largest {test.to}: {_listed(test.cases)} / {_listed(test.than)}"
    names = (*test.cases, *test.than)
    found = measured(test, evidence, names)
    if isinstance(found, str):
        return [Quantity(label, (), missing=found)]
    settings = [evidence.setting(case, test.to) for case in names]
    if not all(isinstance(value, int | float) for value in settings):
        return [Quantity(label, (), missing=f"{test.to} is not a number in every case")]
    ratios = []
    for seed in found[0]:
        reached = [
            float(setting) if values[seed] >= test.value else math.nan
            for setting, values in zip(settings, found, strict=True)
        ]
        ends = _best(1.0, reached[: len(test.cases)]), _best(1.0, reached[len(test.cases) :])
        ratios.append(quotient(*ends))
    return [quantity(label, ratios, low=test.factor, strict=True)]


def _best(sign: float, values: Iterable[float]) -> float:
    """The largest of those that are finite, or with a negative sign the smallest; NaN without any."""
    finite = [value for value in values if math.isfinite(value)]
    return sign * max(sign * value for value in finite) if finite else math.nan


def _listed(cases: Sequence[str]) -> str:
    return cases[0] if len(cases) == 1 else f"{cases[0]} ... {cases[-1]}"

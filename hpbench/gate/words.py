"""Numbers of a comparison as text, in the units that reports use."""

from __future__ import annotations

import math
from collections.abc import Iterable

from hpbench.analysis.statistics import Interval, mean_interval_or_undefined
from hpbench.definition.gated import Gated
from hpbench.gate.compare import Pair
from hpbench.records.metrics import metric as described
from hpbench.report.markup import Markup
from hpbench.report.numerals import BYTES_PER_MEGABYTE, MISSING, interval, number, significant, unit_name

PERCENT = 100


def value(of: Interval, unit: str) -> Markup:
    """``0.953 [0.949, 0.957]``, with the unit behind if it has one."""
    if math.isnan(of.mean):
        return MISSING
    return Markup(f"{interval(of, unit)}{_behind(unit)}")


def difference(pair: Pair) -> Markup:
    """With its sign: ``-0.012 [-0.020, -0.004]``; shares in percent."""
    found, unit = pair.difference, pair.unit
    if math.isnan(found.mean):
        return MISSING
    numbers = (found.mean, found.low, found.high)
    mean, low, high = (_signed(one, unit, pair.relative) for one in numbers)
    ends = f" [{low}, {high}]" if found.bounded else ""
    return Markup(f"{mean}{ends}{' %' if pair.relative else _behind(unit)}")


def threshold(gated: Gated) -> str:
    """``0.02``, ``10 %``, ``30.0 MB``."""
    unit = described(gated.metric).unit
    if gated.relative:
        return f"{PERCENT * gated.threshold:g} %"
    return f"{_shown(gated.threshold, unit):g}{_behind(unit)}"


def spread(size: float, gated: Gated) -> str:
    """A standard deviation in the threshold's unit."""
    if math.isnan(size):
        return MISSING
    unit = described(gated.metric).unit
    return f"{PERCENT * size:.2g} %" if gated.relative else f"{significant(_shown(size, unit))}{_behind(unit)}"


def probability(p: float) -> str:
    """``0.0012``, or ``< 0.0001``."""
    return "< 0.0001" if p < 1e-4 else f"{p:.2g}"


def _signed(size: float, unit: str, relative: bool) -> str:
    if not math.isfinite(size):
        return MISSING
    sign = "-" if size < 0 else "+"
    return sign + (f"{abs(PERCENT * size):.1f}" if relative else number(abs(size), unit))


def _shown(size: float, unit: str) -> float:
    return size / BYTES_PER_MEGABYTE if unit == "B" else size


def _behind(unit: str) -> str:
    name = unit_name(unit)
    return f" {name}" if name else ""


def of_values(values: Iterable[float | None], metric: str) -> Markup:
    """As ``value``, of last values; None is one that was not finite."""
    unit = described(metric).unit
    return value(mean_interval_or_undefined(math.nan if one is None else one for one in values), unit)

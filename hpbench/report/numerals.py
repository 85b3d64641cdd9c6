"""Numbers as a reader wants them: accuracies with 3 decimals, times with 3 significant digits, memory in MB."""

from __future__ import annotations

import math

from hpbench.analysis.statistics import Interval
from hpbench.records.metrics import metric as described
from hpbench.report.markup import Markup

MISSING = Markup("–")
BYTES_PER_MEGABYTE = 1e6


def significant(value: float) -> str:
    """Three significant digits, in full from 0.001 to a million.

    >>> [significant(value) for value in (0.01234, 5.0, 41.26, 12345)]
    ['0.0123', '5.00', '41.3', '12300']
    """
    if value and not 1e-3 <= abs(value) < 1e6:
        return f"{value:.2e}"
    if abs(value) >= 99.95:
        return f"{float(f'{value:.2e}'):.0f}"
    return f"{value:#.3g}"


def number(value: float, unit: str) -> Markup:
    """A number in the unit it is shown in; a dash if it is not finite."""
    if not math.isfinite(value):
        return MISSING
    if unit == "fraction":
        return Markup(f"{value:.3f}")
    if unit == "B":
        return Markup(f"{value / BYTES_PER_MEGABYTE:.1f}")
    return Markup(significant(value))


def interval(value: Interval, unit: str) -> Markup:
    """``0.953 [0.949, 0.957]``; only the mean where there is no interval."""
    return bounds(value.mean, value.low, value.high, unit)


def bounds(mean: float, low: float, high: float, unit: str) -> Markup:
    """As ``interval``, from its three numbers."""
    shown = number(mean, unit)
    if not math.isfinite(low) or not math.isfinite(high):
        return shown
    return Markup(f"{shown} [{number(low, unit)}, {number(high, unit)}]")


def counted(value: Interval, unit: str) -> Markup:
    """As ``interval``, with the number of seeds where there is no interval: ``0.953 (n = 2)``."""
    shown = interval(value, unit)
    return shown if value.bounded or not value.n else Markup(f"{shown} (n = {value.n})")


def full_title(metric: str) -> str:
    """A metric's title that stands by itself: ``time, per 100 iterations``."""
    unit, title = described(metric)
    return {"s": "time, ", "B": "memory, "}.get(unit, "") + title


def plural(count: int, noun: str) -> str:
    """``1 seed``, ``3 seeds``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def unit_name(unit: str) -> str:
    """The unit as a column's title names it; empty for a number without one."""
    return {"B": "MB", "fraction": "", "1": ""}.get(unit, unit)


def with_unit(title: str, unit: str) -> str:
    """``training (s)``; the title alone where there is no unit."""
    name = unit_name(unit)
    return f"{title} ({name})" if name else title

"""What the calibration workload gave: readings of a machine's speed beside a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

BEFORE = "before"
AFTER = "after"
"""When a reading was taken: before a run's first timed trial, and after its last one."""


class Reading(NamedTuple):
    """How fast one operation ran on all threads.

    Args:
        name: The operation, with the device where it is not the CPU.
        value: Median over the windows, in ``unit``.
        unit: ``GFLOP/s`` or ``GB/s`` (powers of 1000).
        spread: Interquartile range over the windows, in ``unit``.
    """

    name: str
    value: float
    unit: str
    spread: float


Calibration = Mapping[str, Sequence[Reading]]
"""Moment to readings; empty where no timed trial was run."""

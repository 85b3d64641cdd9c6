"""What trials were run under: the machine's speed before and after, other processes beside them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from hpbench.records.calibration import AFTER, BEFORE, Calibration, Reading
from hpbench.records.metrics import NOT_ALONE
from hpbench.records.tables import RunTables
from hpbench.records.trial import canonical_json

TrialPlace = tuple[str, str, int]
"""Case, reading and seed."""


class Drift(NamedTuple):
    """A reading of the calibration workload before a run's timed trials, and the same after them."""

    name: str
    unit: str
    before: Reading | None
    after: Reading | None

    @property
    def change(self) -> float:
        """By what share of the first reading the second is higher; NaN where one of them is missing."""
        return self.after.value / self.before.value - 1 if self.before and self.after else math.nan


def drifts(calibration: Calibration) -> list[Drift]:
    """Every reading of a run, in the order in which they were taken."""
    moments = [{reading.name: reading for reading in calibration.get(moment, ())} for moment in (BEFORE, AFTER)]
    before, after = moments
    units = {reading.name: reading.unit for found in moments for reading in found.values()}
    return [Drift(name, unit, before.get(name), after.get(name)) for name, unit in units.items()]


def other_loads(tables: RunTables) -> dict[TrialPlace, float]:
    """Cores busy with other processes during each timed trial, as far as it lasted long enough to tell.

    Of a trial with several trainings the most.
    """
    found = tables.observations[tables.observations["metric"] == "other_load"]
    loads: dict[TrialPlace, float] = {}
    for case, reading, seed, value in zip(*(found[name] for name in ("case", "reading", "seed", "value")), strict=True):
        if math.isfinite(value):
            place = (case, reading, int(seed))
            loads[place] = max(float(value), loads.get(place, 0.0))
    return loads


class NotAlone(NamedTuple):
    """Timed trials beside which other processes computed.

    Args:
        trials: How many.
        known: Of how many it is known whether they were alone.
        worst: The one with the most beside it.
        cores: Cores that were busy with others then, on average.
    """

    trials: int
    known: int
    worst: TrialPlace
    cores: float


def not_alone(loads: Mapping[TrialPlace, float], settings: Mapping[tuple[str, str], object]) -> NotAlone | None:
    """Trials that were not alone, those that several cases or readings share counted once; None if all were."""
    known = {place: canonical_json(settings[place]) for place in {place[:2] for place in loads}}
    distinct = {(known[case, reading], seed): cores for (case, reading, seed), cores in loads.items()}
    disturbed = sum(cores >= NOT_ALONE for cores in distinct.values())
    if not disturbed:
        return None
    worst = max(loads, key=lambda place: loads[place])
    return NotAlone(disturbed, len(distinct), worst, loads[worst])

"""What is compared: a run of a store, or what a reference file keeps of one, with all that has to be equal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from hpbench.definition.gated import Gated
from hpbench.definition.readings import DEFAULT
from hpbench.records.metrics import base_name

SHOWN: Mapping[str, Literal["higher", "lower"]] = {
    "test_accuracy": "higher",
    "train_accuracy": "higher",
    "test_loss": "lower",
    "train_loss": "lower",
    "seconds_per_100_iterations": "lower",
    "seconds_per_image": "lower",
    "seconds_training": "lower",
    "seconds_compile": "lower",
    "host_memory_training": "lower",
    "host_memory_peak": "lower",
    "device_memory_peak": "lower",
}
"""Metrics that every comparison shows, to the direction that is better."""


class Block(BaseModel):
    """Base of what a side keeps: unknown fields are errors, instances do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class CaseSide(Block):
    """One case under one reading.

    Attributes:
        settings: Digest of its settings without backend and precision.
        data: Fingerprint of its data.
        code: Fingerprint of the code and the libraries that made it.
        curves: Seed to a fingerprint of the bits of all that was observed but times and memory.
        loads: Seed to cores busy with other processes, of timed trials that were not alone.
        stale: Seeds whose result is of older code.
        values: Metric, with labels after dots, to seed to its last value in the metric's unit; None if not finite.
    """

    settings: str
    data: str
    code: str
    curves: dict[int, str]
    loads: dict[int, float] = {}
    stale: tuple[int, ...] = ()
    values: dict[str, dict[int, float | None]]


class Asked(Block):
    """What was asked for on the command line but the profile, as ``hpbench.definition.resolve.Selection`` has it."""

    changes: dict[str, object] = {}
    seeds: int | None = Field(None, ge=1)
    cases: tuple[str, ...] = ()
    readings: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    gated: bool = False

    @property
    def options(self) -> list[str]:
        """As options of ``hpbench run``."""
        words = [word for path, value in self.changes.items() for word in ("--set", f"{path}={json.dumps(value)}")]
        for option, names in (("--case", self.cases), ("--reading", self.readings), ("--claim", self.claims)):
            words += [word for name in names for word in (option, name)]
        words += ["--gated"] if self.gated else []
        return words + (["--seeds", str(self.seeds)] if self.seeds else [])


class Speed(Block):
    """A reading of the calibration workload: the mean of those before and after the timed trials, in ``unit``."""

    value: float = Field(gt=0)
    unit: str


class BenchmarkSide(Block):
    """One run of one benchmark.

    Attributes:
        version: Of the definition.
        file: Name of the definition's file.
        profile: Of the run.
        selection: What else was asked for.
        created: When the run was started, ISO 8601, UTC.
        backend: Name of the backend.
        precision: Of the numbers.
        data: Title of the data.
        generated: Whether the data was made up.
        machine: Facts about the machine, without its name.
        machine_id: Fingerprint of the hardware: times are compared where it is the same.
        calibration: Operation on the CPU to its speed.
        gated: What the definition gates.
        groups: Group of cases, of those gated, to its cases.
        failures: Trials without a result, in words.
        cases: Case to reading to what is known of it.
    """

    version: int
    file: str
    profile: str
    selection: Asked
    created: str
    backend: str
    precision: str
    data: str
    generated: bool = False
    machine: dict[str, str]
    machine_id: str
    calibration: dict[str, Speed] = {}
    gated: tuple[Gated, ...] = ()
    groups: dict[str, Annotated[tuple[str, ...], Field(min_length=1)]] = {}
    failures: tuple[str, ...] = ()
    cases: dict[str, dict[str, CaseSide]]

    def members(self, case: str) -> tuple[str, ...]:
        """The cases that a name stands for: those of a group, or itself."""
        return self.groups.get(case, (case,))

    def gated_cases(self, gated: Gated) -> tuple[str, ...]:
        """Names of cases or groups that an entry gates: those it names, or the document's own."""
        return gated.cases or tuple(case for case in self.cases if "/" not in case)

    def has(self, case: str) -> bool:
        """Whether a case, or all of a group, was run."""
        return all(DEFAULT in self.cases.get(member, {}) for member in self.members(case))

    def values(self, case: str, reading: str, metric: str) -> dict[int, float | None]:
        """Seed to last value; of a group the mean of its cases, at the seeds that all have."""
        members = [self._values(member, reading, metric) for member in self.members(case)]
        seeds = sorted(set.intersection(*(set(one) for one in members)))
        if len(members) == 1:
            return {seed: members[0][seed] for seed in seeds}
        return {seed: _mean([one[seed] for one in members]) for seed in seeds}

    def _values(self, case: str, reading: str, metric: str) -> dict[int, float | None]:
        found = self.cases.get(case, {}).get(reading)
        return found.values.get(metric, {}) if found else {}

    def stale(self, case: str, reading: str) -> set[int]:
        """Seeds whose result, of a case or of any of a group, is of older code."""
        sides = (self.cases.get(member, {}).get(reading) for member in self.members(case))
        return {seed for side in sides if side for seed in side.stale}

    @property
    def options(self) -> list[str]:
        """What was asked for, as options of ``hpbench run``."""
        return ["--profile", self.profile, *self.selection.options]

    @property
    def measured(self) -> bool:
        """Whether it has any value."""
        return any(side.values for readings in self.cases.values() for side in readings.values())

    def only_gated(self) -> BenchmarkSide:
        """What the gate needs: the gated cases under the default reading."""
        named = (case for gated in self.gated for case in self.gated_cases(gated))
        wanted = {member for case in named for member in self.members(case)}
        kept = {
            case: {DEFAULT: sides[DEFAULT]} for case, sides in self.cases.items() if case in wanted and DEFAULT in sides
        }
        return self.model_copy(update={"cases": kept})


class Side(Block):
    """What stands on one side of a comparison: a name for it, and benchmark to run."""

    name: str
    benchmarks: dict[str, BenchmarkSide]


def direction(metric: str) -> Literal["higher", "lower"]:
    """Which way is better, of a metric in ``SHOWN``."""
    return SHOWN[base_name(metric)]


def _mean(values: list[float | None]) -> float | None:
    finite = [value for value in values if value is not None]
    return sum(finite) / len(finite) if len(finite) == len(values) else None

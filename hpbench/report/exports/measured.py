"""What exports for tools of speed and of course over commits take of a run: final values, and which time counts."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from hpbench.analysis.summary import Row, finals
from hpbench.definition import readings
from hpbench.records.trial import canonical_json
from hpbench.report.facts import Facts

TIMES = ("seconds_per_100_iterations", "seconds_training", "seconds_per_image")
"""The time of a case is the first of these that was measured.

That of 100 iterations is comparable between profiles, which differ in their iterations; the whole training stands for
trainings too short for it, and inference for cases that do not train.
"""


class Measured(NamedTuple):
    """A metric of a case under a reading: the row of the report, and seed to final value, finite ones only."""

    row: Row
    values: dict[int, float]

    @property
    def place(self) -> str:
        """Case, then what tells it from others of its name: ``CASE1, sgd=plain, batch=32``."""
        reading = [] if self.row.reading == readings.DEFAULT else [self.row.reading]
        labels = [f"{name}={value}" for name, value in self.row.labels.items()]
        return ", ".join([self.row.case, *reading, *labels])


def measured(facts: Facts) -> Iterator[Measured]:
    """Every metric of every case with its final values, each trial under the first reading that has it."""
    ended = finals(facts.tables)
    for row in facts.own_rows:
        values = ended[row.case, row.reading, row.metric, canonical_json(dict(row.labels))]
        yield Measured(row, {seed: value for seed, value in sorted(values.items()) if math.isfinite(value)})


def times(found: list[Measured]) -> list[Measured]:
    """Of each case under each reading the time that counts, with at least one value."""
    by_case: dict[tuple[str, str], dict[str, list[Measured]]] = {}
    for one in found:
        if one.row.metric in TIMES and one.values:
            by_case.setdefault((one.row.case, one.row.reading), {}).setdefault(one.row.metric, []).append(one)
    return [one for known in by_case.values() for one in known[min(known, key=TIMES.index)]]

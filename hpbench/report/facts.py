"""All that a report tells, gathered once from the run's tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hpbench.analysis.advice import Recommendations, advise
from hpbench.analysis.claims import findings
from hpbench.analysis.effects import Effects, effects
from hpbench.analysis.evidence import SeriesIndex
from hpbench.analysis.summary import Comparison, Row, comparisons, rows
from hpbench.analysis.verdicts import Finding
from hpbench.definition import readings
from hpbench.definition.resolve import Resolved
from hpbench.definition.schema import Definition
from hpbench.records.tables import RunTables
from hpbench.report.circumstances import TrialPlace, other_loads


@dataclass(frozen=True)
class Facts:
    """A run and what the analysis found in it.

    Attributes:
        tables: The run.
        resolved: The definition as it was asked for.
        readings: Names of the readings of the run, default first.
        findings: (claim id, reading) to finding.
        rows: Final values.
        comparisons: Reported numbers beside ours.
        effects: Study to the effects of its grid.
        advice: The optimisation advice, if the definition asks for it.
        loads: (case, reading, seed) of timed trials to the cores that were busy with other processes.
    """

    tables: RunTables
    resolved: Resolved
    readings: tuple[str, ...]
    findings: Mapping[tuple[str, str], Finding]
    rows: tuple[Row, ...]
    comparisons: tuple[Comparison, ...]
    effects: Mapping[str, Effects]
    advice: Recommendations | None
    loads: Mapping[TrialPlace, float]

    @property
    def own_rows(self) -> list[Row]:
        """Rows of a reading's own trials, without those that it shares with the default reading."""
        settings = self.tables.settings
        return [
            row
            for row in self.rows
            if row.reading == readings.DEFAULT or row.settings != settings.get((row.case, readings.DEFAULT))
        ]

    @property
    def definition(self) -> Definition:
        """The definition under the default reading."""
        return self.resolved.definition


def gather(tables: RunTables, resolved: Resolved) -> Facts:
    """Analyse the run."""
    index = SeriesIndex(tables)
    found = {study: effects(tables, resolved, study, index) for study in resolved.definition.studies}
    return Facts(
        tables=tables,
        resolved=resolved,
        readings=_readings(tables, resolved),
        findings={(finding.claim, finding.reading): finding for finding in findings(tables, resolved, index)},
        rows=tuple(rows(tables, resolved)),
        comparisons=tuple(comparisons(tables, resolved, index)),
        effects={study: effect for study, effect in found.items() if effect is not None},
        advice=advise(tables, resolved, index),
        loads=other_loads(tables),
    )


def _readings(tables: RunTables, resolved: Resolved) -> tuple[str, ...]:
    """Readings with trials, in the order in which they were asked for."""
    present = set(tables.trials["reading"].unique())
    asked = [readings.name(reading) for reading in resolved.readings]
    return tuple(name for name in asked if name in present) or (readings.DEFAULT,)

"""All that a report tells, gathered once from the run's tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from hpbench.analysis.advice import Recommendations, advise
from hpbench.analysis.by_fit import ByFit, by_fit
from hpbench.analysis.claims import findings
from hpbench.analysis.diagnosis_score import ShapeScores, shape_scores
from hpbench.analysis.document_table import DocumentTable, document_table
from hpbench.analysis.effects import Effects, effects
from hpbench.analysis.evidence import SeriesIndex, default_evidence, evidence_by_reading
from hpbench.analysis.inference import Inference, Matched, inferences, matched
from hpbench.analysis.predictions import Alike, alike, confusions
from hpbench.analysis.search import Searched, searched
from hpbench.analysis.summary import Comparison, Row, comparisons, rows
from hpbench.analysis.transfer import Transferred, transfers
from hpbench.analysis.verdicts import Finding
from hpbench.definition import readings
from hpbench.definition.cells import table_cases
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
        table: The document's table, if the definition has one.
        by_fit: Cases trained by ``model.fit`` beside those like them.
        transfers: Cases that transfer what they learned beside those that learn from scratch.
        inferences: What a forward pass takes, of cases that measure it.
        matched: Cases trained at equal latency.
        searches: Searches that were run.
        alike: How alike the predictions are, of cases that were read for that.
        shapes: How often curves that were made to have a shape are given its name, if the definition has such.
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
    table: DocumentTable | None
    by_fit: tuple[ByFit, ...]
    transfers: tuple[Transferred, ...]
    inferences: tuple[Inference, ...]
    matched: tuple[Matched, ...]
    searches: tuple[Searched, ...]
    alike: tuple[Alike, ...]
    shapes: ShapeScores | None
    loads: Mapping[TrialPlace, float]

    @cached_property
    def table_cases(self) -> frozenset[str]:
        """The cases that are cells of the document's table."""
        table = self.definition.table
        return frozenset(table_cases(table.model_dump() if table else None))

    def is_shown(self, case: str) -> bool:
        """Whether a case stands in the lists of other readings: of a table's cells only those it names for that."""
        table = self.definition.table
        return table is None or case not in self.table_cases or case in (table.by_reading or self.table_cases)

    @property
    def generated(self) -> bool:
        """Whether the data was made up."""
        return bool(self.tables.data.get("generated"))

    @cached_property
    def confusions(self) -> dict[str, dict[str, dict[tuple[str, str], float]]]:
        """Head to case to (true, predicted) class to the share of the true class's images."""
        return confusions(self.tables)

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
        table=document_table(evidence_by_reading(tables, resolved, index)),
        by_fit=tuple(by_fit(default_evidence(tables, resolved, index))),
        transfers=tuple(transfers(default_evidence(tables, resolved, index))),
        inferences=tuple(inferences(default_evidence(tables, resolved, index))),
        matched=matched(default_evidence(tables, resolved, index)),
        searches=tuple(searched(default_evidence(tables, resolved, index))),
        alike=tuple(alike(tables)),
        shapes=shape_scores(default_evidence(tables, resolved, index)),
        loads=other_loads(tables),
    )


def _readings(tables: RunTables, resolved: Resolved) -> tuple[str, ...]:
    """Readings with trials, in the order in which they were asked for."""
    present = set(tables.trials["reading"].unique())
    asked = [readings.name(reading) for reading in resolved.readings]
    return tuple(name for name in asked if name in present) or (readings.DEFAULT,)

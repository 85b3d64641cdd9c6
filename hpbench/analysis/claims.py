"""Every claim of a definition under every reading that was run."""

from __future__ import annotations

from hpbench.analysis.evidence import Evidence, SeriesIndex, evidence_by_reading
from hpbench.analysis.takes import has_target
from hpbench.analysis.verdicts import Finding, Quantity, decide
from hpbench.catalogue.claims import CLAIMS
from hpbench.definition.document import Claim
from hpbench.definition.resolve import Resolved
from hpbench.records.tables import RunTables


def findings(tables: RunTables, resolved: Resolved, index: SeriesIndex | None = None) -> list[Finding]:
    """One finding a claim and reading present in the tables: claims in the definition's order, then readings.

    A reading may change the claim itself, such as the metric it is about; the changed one is judged.
    """
    by_reading = evidence_by_reading(tables, resolved, index)
    found = []
    for claim in resolved.definition.claims:
        for reading, evidence in by_reading.items():
            judged = next(other for other in evidence.definition.claims if other.id == claim.id)
            found.append(finding(judged, reading, evidence))
    return found


def finding(claim: Claim, reading: str, evidence: Evidence) -> Finding:
    """The finding on one claim."""
    quantities: list[Quantity] = CLAIMS.load(claim.test.name)(claim.test, evidence)
    why = "target not reached" if has_target(claim.test.take) else "undefined"
    decision = decide(quantities, why)
    return Finding(
        claim=claim.id,
        reading=reading,
        verdict=decision.verdict,
        holds=decision.holds,
        quantities=tuple(quantities),
        note=decision.note,
    )

"""The map of claims by readings, the open points, and each claim in detail."""

from __future__ import annotations

import math
from collections.abc import Sequence

from hpbench.analysis.verdicts import Finding, Quantity, Verdict
from hpbench.definition.document import Claim, OpenPoint
from hpbench.definition.readings import DEFAULT
from hpbench.records.trial import canonical_json
from hpbench.report.facts import Facts
from hpbench.report.markup import Markup, bold, bullets, code, escape, join, shortened, table
from hpbench.report.numerals import MISSING, significant
from hpbench.report.sections.circumstances import on_generated
from hpbench.report.settings_text import text as setting_text
from hpbench.report.verdict_words import LEGEND, OBSERVED, WORDS, word

READINGS_A_TABLE = 6


def claim_map(facts: Facts) -> Markup:
    """Claims by readings: under which answers does the document hold?"""
    if not facts.definition.claims:
        return Markup("")
    others = [name for name in facts.readings if name != DEFAULT]
    first = [name for name in facts.readings if name == DEFAULT]
    named = [*first, *others]
    groups = [named[start : start + READINGS_A_TABLE] for start in range(0, len(named), READINGS_A_TABLE)]
    return join(
        "## Claims by readings",
        "A reading says which answer each open point takes, where it is not the default one. "
        "Each claim links to its evidence.",
        on_generated(facts),
        *(_map_table(facts, group) for group in groups),
        LEGEND,
        _open_points(facts),
    )


def _map_table(facts: Facts, group: Sequence[str]) -> Markup:
    rows: list[list[str]] = [
        [_link(claim), *(word(facts.findings.get((claim.id, reading)), facts.generated) for reading in group)]
        for claim in facts.definition.claims
    ]
    rows.append([Markup("*holds / measured*"), *(_held(facts, reading) for reading in group)])
    return table(["claim", *group], rows)


def _link(claim: Claim) -> Markup:
    return Markup(f"[{escape(claim.id)}](#claim-{claim.id.lower()}): {escape(shortened(claim.text, 72))}")


def _held(facts: Facts, reading: str) -> Markup:
    """Claims that are supported or observed to hold, of those measured."""
    found = [facts.findings.get((claim.id, reading)) for claim in facts.definition.claims]
    measured = [finding for finding in found if finding and finding.verdict is not Verdict.NOT_MEASURED]
    held = [finding for finding in measured if finding.verdict is Verdict.SUPPORTED or finding.holds]
    return Markup(f"{len(held)} / {len(measured)}")


def _open_points(facts: Facts) -> Markup:
    points = facts.definition.open
    if not points:
        return Markup("")
    return join(
        "### What the document leaves open",
        bullets(Markup(f"{bold(name)}: {escape(point.why)} {_answers(point)}") for name, point in points.items()),
    )


def _answers(point: OpenPoint) -> Markup:
    """The answers, the default one first, with what each changes."""
    default, *others = point.answers
    said = [
        f"{escape(answer)} ({escape(', '.join(f'{p} = {setting_text(v)}' for p, v in point.answers[answer].items()))})"
        for answer in others
    ]
    return Markup(f"Answers: {escape(default)} (default), {', '.join(said)}.")


def claim_details(facts: Facts) -> Markup:
    """Each claim under the default reading: verdict, evidence, and where other readings differ."""
    if not facts.definition.claims:
        return Markup("")
    return join(
        "## Evidence for each claim",
        "Under the default reading. Differences and ratios are paired by seed.",
        on_generated(facts),
        *(_detail(facts, claim) for claim in facts.definition.claims),
    )


def _detail(facts: Facts, claim: Claim) -> Markup:
    finding = facts.findings.get((claim.id, DEFAULT))
    test = canonical_json(claim.test.model_dump(mode="json", exclude_none=True))
    items = [
        Markup(f"Where: {escape(claim.where)}"),
        Markup(f"Test: {code(test)}"),
        Markup(f"Tolerance from: {escape(claim.tolerance_from)}"),
        *([Markup(f"Note: {escape(finding.note)}")] if finding and finding.note else []),
        *([Markup(f"Remark: {escape(claim.remark)}")] if claim.remark else []),
        _other_readings(facts, claim.id, finding),
    ]
    return join(
        f'<a id="claim-{claim.id.lower()}"></a>',
        f"### {escape(claim.id)}: {word(finding, facts.generated)}",
        escape(claim.text),
        bullets(items),
        evidence_table(finding.quantities if finding else ()),
    )


def evidence_table(quantities: Sequence[Quantity]) -> Markup:
    """One row a quantity: what was found, and what is allowed."""
    if not quantities:
        return Markup("")
    rows = [[q.label, _found(q), str(q.seeds), str(q.undefined), allowed(q), _verdict(q)] for q in quantities]
    return table(["quantity", Markup("mean [95 % interval]"), "seeds", "undefined", "allowed", "verdict"], rows)


def _found(quantity: Quantity) -> Markup:
    interval = quantity.interval
    if not math.isfinite(interval.mean):
        return MISSING
    if not interval.bounded:
        return Markup(significant(interval.mean))
    ends = f"[{significant(interval.low)}, {significant(interval.high)}]"
    return Markup(f"{significant(interval.mean)} {ends}")


def allowed(quantity: Quantity) -> str:
    """The allowed interval in words."""
    low, high = (f"{end:.3g}" if abs(end) < 1000 else f"{end:.6g}" for end in (quantity.low, quantity.high))
    if math.isinf(quantity.low) and math.isinf(quantity.high):
        return "anything"
    if math.isinf(quantity.high):
        return f"more than {low}" if quantity.strict else f"at least {low}"
    if math.isinf(quantity.low):
        return f"less than {high}" if quantity.strict else f"at most {high}"
    return f"between {low} and {high}" if quantity.strict else f"{low} to {high}"


def _verdict(quantity: Quantity) -> str:
    if quantity.verdict is Verdict.OBSERVED:
        return OBSERVED[quantity.holds]
    return WORDS[quantity.verdict]


def _other_readings(facts: Facts, claim: str, finding: Finding | None) -> Markup:
    """Under which readings the verdict is another one; those that did not measure the claim apart."""
    others = [name for name in facts.readings if name != DEFAULT]
    if not others:
        return Markup("Other readings: none was run")
    mine = word(finding)
    found = {name: facts.findings.get((claim, name)) for name in others}
    measured = {name: item for name, item in found.items() if item and item.verdict is not Verdict.NOT_MEASURED}
    differing = [f"{escape(name)}: {word(item)}" for name, item in measured.items() if word(item) != mine]
    unmeasured = len(others) - len(measured)
    parts = [
        *([f"differ: {'; '.join(differing)}"] if differing else ["none that measured it differs" if measured else ""]),
        *([f"not measured under {unmeasured} of {len(others)}"] if unmeasured else []),
    ]
    return Markup("Other readings: " + "; ".join(part for part in parts if part))

"""Metrics layer by layer, as numbers: those that the definition's figures draw."""

from __future__ import annotations

from collections.abc import Sequence

from hpbench.analysis.evidence import default_evidence
from hpbench.analysis.layers import LayerValues, by_layer
from hpbench.definition.document import Figure
from hpbench.records.metrics import metric as described
from hpbench.report.curves import drawn_evidence
from hpbench.report.facts import Facts
from hpbench.report.markup import Markup, escape, folded, join, table
from hpbench.report.numerals import MISSING, number
from hpbench.report.sections.circumstances import on_generated


def layers(facts: Facts) -> Markup:
    """A table for each figure of layers, folded away: a row a layer, a column a case."""
    figures = [figure for figure in facts.definition.figures if figure.kind == "layers"]
    tables = [shown for figure in figures if (shown := _table(facts, figure))]
    if not tables:
        return Markup("")
    said = "Means over the seeds, under the default reading; of the logarithms where the figure's axis is logarithmic."
    return join("## Layer by layer", said, on_generated(facts), *tables)


def _table(facts: Facts, figure: Figure) -> Markup | None:
    evidence = drawn_evidence(facts.tables, facts.resolved, [figure])
    under = next(iter(evidence.values()), default_evidence(facts.tables, facts.resolved))
    members = facts.definition.members
    columns = {
        case: found
        for name in figure.cases
        for case in members.get(name, (name,))
        if (found := by_layer(under, figure.metric, case, figure.at, log=figure.scale == "log"))
    }
    if not columns:
        return None
    unit = described(figure.metric).unit
    rows = [
        [str(place + 1), *(_mean(found, place, unit) for found in columns.values())]
        for place in range(max(map(len, columns.values())))
    ]
    return folded(escape(figure.title), table(["layer", *columns], rows, numeric=0))


def _mean(found: Sequence[LayerValues], place: int, unit: str) -> Markup:
    return number(found[place].interval.mean, unit) if place < len(found) else MISSING

"""The document's table: reproduced beside reported, cell by cell and column by column."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from hpbench.analysis.document_table import Cell, DocumentTable
from hpbench.records.metrics import metric as described
from hpbench.report.facts import Facts
from hpbench.report.markup import Markup, escape, join, table
from hpbench.report.numerals import MISSING, full_title, interval, number, with_unit
from hpbench.report.sections.circumstances import on_generated

_Show = Callable[[Cell, str], Markup]

OUTSIDE = "\\*"
"""Marks a number of the document that a run of ours would hardly give."""
FEW_VALUES = 3
"""Up to as many different values are shown with the number of seeds that have each."""


def document_table(facts: Facts) -> Markup:
    """The table, a summary of its columns, further metrics cell by cell, and what each answer changes."""
    found = facts.table
    if found is None:
        return Markup("")
    parts: list[str] = [
        f"## {escape(found.table.title)}",
        Markup(f"Document: {escape(found.table.where)}."),
        on_generated(facts),
    ]
    for metric in found.table.reported:
        parts.append(f"### {escape(full_title(metric).capitalize())}")
        parts.append(
            "Mean over the seeds, in brackets the document's number; "
            "\\* where that lies outside of the 95 % prediction interval of one run."
        )
        parts.append(_grid(found, metric, _beside))
        parts.append(_columns(found, metric))
    for metric in found.table.also:
        if metric not in found.table.reported and any(key[0] == metric for key in found.cells):
            parts.append(f"### {escape(full_title(metric).capitalize())}")
            if described(metric).unit == "1":
                parts.append("Each value with its number of seeds; with more than three, their median and their range.")
                parts.append(_grid(found, metric, lambda cell, _: spread(cell.values)))
            else:
                parts.append("Mean over the seeds and its 95 % interval.")
                parts.append(_grid(found, metric, lambda cell, unit: interval(cell.interval, unit)))
    parts.append(_changes(found))
    return join(*parts)


def _grid(found: DocumentTable, metric: str, show: _Show) -> Markup:
    """One row a row, one column a column; rows without the metric are left out."""
    columns = list(found.table.columns)
    unit = described(metric).unit
    rows = []
    for row in found.table.rows:
        cells = [found.cells.get((metric, row, column)) for column in columns]
        if any(cells):
            rows.append([row, *(show(cell, unit) if cell else MISSING for cell in cells)])
    return table(["", *columns], rows, numeric=1) if rows else Markup("Not measured.")


def _beside(cell: Cell, unit: str) -> Markup:
    shown = number(cell.interval.mean, unit)
    if cell.reported is None:
        return shown
    return Markup(f"{shown} ({number(cell.reported, unit)}){OUTSIDE if cell.inside is False else ''}")


def _columns(found: DocumentTable, metric: str) -> Markup:
    """The document's rows share one draw of images: so the spread over draws is that of a column's mean."""
    unit = described(metric).unit
    rows = []
    for column in found.table.columns:
        one = found.columns.get((metric, column))
        if one is None:
            continue
        low, high = number(one.predicted.low, unit), number(one.predicted.high, unit)
        rows.append(
            [
                column,
                number(one.reported, unit),
                interval(one.interval, unit),
                MISSING if low == MISSING else Markup(f"{low} to {high}"),
                {None: "too few seeds", True: "yes", False: "no"}[one.inside],
                f"{one.cells_inside} of {one.cells}" if one.cells else MISSING,
            ]
        )
    if not rows:
        return Markup("")
    titles = [
        *("column", "reported, mean of the rows", Markup("ours [95 % interval]"), "95 % of single draws"),
        *("reported inside", "cells inside"),
    ]
    return join("The mean of each column, in which the rows share their draws:", table(titles, rows, numeric=1))


def _changes(found: DocumentTable) -> Markup:
    readings = {change.reading for change in found.changes}
    if len(readings) < 2:
        return Markup("")
    first, *others = found.metrics
    unit = described(first).unit
    rows = []
    for change in found.changes:
        values = change.values[first]
        shown = number(math.fsum(values) / len(values), unit) if values else MISSING
        difference = interval(change.difference, unit) if change.difference else MISSING
        rows.append(
            [
                change.case,
                change.reading,
                str(len(values)),
                shown,
                difference,
                *(spread(change.values[name]) for name in others),
            ]
        )
    titles = ["case", "reading", "n", full_title(first), "less that of the default reading"]
    return join(
        "### What each answer changes",
        "Cells under the readings that change them; differences are paired by seed, with their 95 % intervals.",
        table([*titles, *(with_unit(full_title(name), described(name).unit) for name in others)], rows, numeric=2),
    )


def spread(values: Sequence[float]) -> Markup:
    """Each value with its number of seeds if they are few; else the median, and the least and largest."""
    finite = sorted(value for value in values if math.isfinite(value))
    none = len(values) - len(finite)
    counts = Counter(_short(value) for value in finite)
    if len(counts) <= FEW_VALUES:
        said = [f"{value} × {count}" if len(values) > 1 else value for value, count in counts.items()]
    else:
        said = [f"{_short(float(np.median(finite)))} ({_short(finite[0])} to {_short(finite[-1])})"]
    return Markup(", ".join([*said, *([f"none × {none}"] if none else [])]) or MISSING)


def _short(value: float) -> str:
    """Three significant digits; a large whole number, such as a count, in full."""
    return f"{value:,.0f}" if value == round(value) and abs(value) >= 1000 else f"{value:.3g}"

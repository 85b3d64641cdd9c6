"""The document's table again: each cell over the seeds, each column over its draws, and what each answer changes."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from hpbench.analysis.evidence import Evidence, paired
from hpbench.analysis.statistics import Interval, mean_interval, mean_interval_or_undefined, prediction_interval
from hpbench.catalogue.takes import Final
from hpbench.definition.cells import cell
from hpbench.definition.document import Table
from hpbench.definition.readings import DEFAULT


@dataclass(frozen=True)
class Cell:
    """A metric in one cell.

    Attributes:
        values: One a seed; NaN where it is not finite.
        interval: Mean over the seeds and its 95 % interval.
        reported: The document's number, if it gives one.
        inside: Whether that lies in the 95 % prediction interval of one run; None if it cannot be said.
    """

    values: tuple[float, ...]
    interval: Interval
    reported: float | None
    inside: bool | None


@dataclass(frozen=True)
class Column:
    """A metric over a whole column, the mean of its rows.

    Attributes:
        reported: Mean of the document's numbers.
        interval: Ours: mean over the seeds and its 95 % interval.
        predicted: The 95 % prediction interval of one seed.
        inside: Whether the document's mean lies in it; None if it cannot be said.
        cells_inside: Number of the column's numbers that lie in the prediction intervals of their cells.
        cells: Number of the column's numbers that can be compared.
    """

    reported: float
    interval: Interval
    predicted: Interval
    inside: bool | None
    cells_inside: int
    cells: int


@dataclass(frozen=True)
class Change:
    """What a reading changes in a cell.

    Attributes:
        reading: Its name; the default one has no difference.
        case: The cell.
        difference: Of the table's first metric from the default reading, paired by seed.
        values: Metric to its values, one a seed.
    """

    reading: str
    case: str
    difference: Interval | None
    values: Mapping[str, tuple[float, ...]]


@dataclass(frozen=True)
class DocumentTable:
    """The table as it came out.

    Attributes:
        table: As the definition has it.
        cells: (metric, row, column) to what is in the cell; those that were not measured are not there.
        columns: (metric, column) to its summary, for reported metrics of columns that are measured in full.
        changes: Cell by cell, the default reading first, for readings that change the training.
    """

    table: Table
    cells: Mapping[tuple[str, str, str], Cell]
    columns: Mapping[tuple[str, str], Column]
    changes: tuple[Change, ...]

    @property
    def metrics(self) -> tuple[str, ...]:
        """Those reported, then the others that are shown."""
        return tuple(dict.fromkeys((*self.table.reported, *self.table.also)))


def document_table(evidence: Mapping[str, Evidence]) -> DocumentTable | None:
    """The definition's table; None if it has none, or if it was not run.

    Args:
        evidence: By reading, the default one among them.
    """
    default = evidence.get(DEFAULT)
    if default is None or default.definition.table is None:
        return None
    table = default.definition.table
    metrics = tuple(dict.fromkeys((*table.reported, *table.also)))
    places = [(metric, row, column) for metric in metrics for row in table.rows for column in table.columns]
    cells = {place: found for place in places if (found := _cell(default, table, *place))}
    columns = {
        (metric, column): summary
        for metric in table.reported
        for column in table.columns
        if (summary := _column(default, table, metric, column, cells))
    }
    return DocumentTable(table, cells, columns, tuple(_changes(evidence, table, metrics)))


def _cell(evidence: Evidence, table: Table, metric: str, row: str, column: str) -> Cell | None:
    values = tuple(evidence.values(cell(row, column), metric, Final()).values())
    if not values:
        return None
    numbers = table.reported.get(metric, {}).get(row)
    reported = numbers[list(table.columns).index(column)] if numbers else None
    finite = all(map(math.isfinite, values))
    predicted = prediction_interval(values if finite else ())
    return Cell(values, mean_interval_or_undefined(values), reported, _inside(reported, predicted))


def _column(
    evidence: Evidence, table: Table, metric: str, column: str, cells: Mapping[tuple[str, str, str], Cell]
) -> Column | None:
    """None where a row was not measured, or is not reported."""
    place = list(table.columns).index(column)
    numbers = [rows[place] for rows in table.reported[metric].values()]
    values = list(evidence.values(column, metric, Final()).values())
    if len(numbers) < len(table.rows) or not values or not all(map(math.isfinite, values)):
        return None
    found = [cells[metric, row, column] for row in table.rows if (metric, row, column) in cells]
    compared = [one.inside for one in found if one.inside is not None]
    predicted, reported = prediction_interval(values), math.fsum(numbers) / len(numbers)
    return Column(
        reported, mean_interval(values), predicted, _inside(reported, predicted), sum(compared), len(compared)
    )


def _inside(reported: float | None, predicted: Interval) -> bool | None:
    if reported is None or not predicted.bounded:
        return None
    return predicted.low <= reported <= predicted.high


def _changes(evidence: Mapping[str, Evidence], table: Table, metrics: Sequence[str]) -> Iterator[Change]:
    """The cells that are looked at under each reading whose settings there are others than the default's."""
    default = evidence[DEFAULT]
    settings = default.tables.settings
    shown = table.by_reading or tuple(default.definition.own_cases)
    for case in shown:
        for reading, under in evidence.items():
            same = settings.get((case, reading)) == settings.get((case, DEFAULT))
            found = {metric: under.values(case, metric, Final()) for metric in metrics}
            if not any(found.values()) or (same and reading != DEFAULT):
                continue
            difference = None
            if reading != DEFAULT:
                before = default.values(case, metrics[0], Final())
                difference = mean_interval_or_undefined(paired(found[metrics[0]], before, operator.sub))
            yield Change(reading, case, difference, {name: tuple(one.values()) for name, one in found.items()})

"""Reading a table of settings and reported numbers, one case a row, with every fault at its line and column."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from hpbench.definition.changes import case_changes, with_changes
from hpbench.definition.document import Name
from hpbench.definition.faults import DefinitionError, Fault, instead
from hpbench.definition.messages import describe
from hpbench.definition.schema import Settings, Training
from hpbench.definition.yaml_tree import read_text
from hpbench.records.metrics import METRICS

PARTS = ("dataset", "model", "training.optimizer", "training.schedule")
"""Fields whose cells name a part."""
_COLUMNS = [
    "case",
    "dataset",
    "model",
    *(name for name in Training.model_fields if name not in ("procedure", "callbacks")),
]
"""Columns that are no metrics."""
_NUMBER = re.compile(r"[-+]?([0-9]{1,20}\.?[0-9]{0,20}|\.[0-9]{1,20})([eE][-+]?[0-9]{1,2})?")
"""Of a size that a setting or a metric may have; anything larger is text."""
_WITH_COMMA = re.compile(r"[-+]?\d+,\d+\s*%?")


@dataclass(frozen=True)
class _Column:
    """A column of the table: its number from 1, its name, and the field it is for by dotted path."""

    number: int
    name: str
    path: str

    @property
    def metric(self) -> str | None:
        """The metric whose reported numbers it holds."""
        return self.path.removeprefix("reported.") if self.path.startswith("reported.") else None


@dataclass
class Row:
    """A case, as a line of the table gives it.

    Attributes:
        line: Where it stands.
        case: Its name.
        settings: Dotted path to value, parts before their fields.
        reported: Metric to number.
    """

    line: int
    case: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    reported: dict[str, float] = field(default_factory=dict)


def read_table(path: Path, base: Mapping[str, Any]) -> list[Row]:
    """The table's rows.

    Args:
        path: A CSV file with a header; cells apart by comma, semicolon or tab.
        base: A definition's values, whose settings stand where the table has none.

    Raises:
        DefinitionError: With every fault found; the column counts cells from 1.
    """
    file = str(path)
    faults: list[Fault] = []
    (top, header), *lines = _lines(path)
    columns = _columns(top, header, file, faults)
    rows = [row for line, cells in lines if (row := _row(line, cells, columns, file, faults))]
    _name_cases(rows, columns, file, faults)
    settings = {name: base[name] for name in Settings.model_fields if name in base}
    for row in rows:
        faults += _setting_faults(row, columns, top, settings, file)
    if faults:
        raise DefinitionError(faults)
    return rows


def _lines(path: Path) -> list[tuple[int, list[str]]]:
    """The header and the rows that are not empty, each with the number of its first line."""
    text = read_text(path).removeprefix("\ufeff")
    if "\0" in text:
        raise DefinitionError([Fault(str(path), 0, 0, "not a text file: save the table as CSV in UTF-8")])
    header = next((line for line in text.splitlines() if line.strip()), "")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=header.count), strict=True)
    found: list[tuple[int, list[str]]] = []
    start = 1
    try:
        for cells in reader:
            stripped = [cell.strip() for cell in cells]
            if any(stripped):
                found.append((start, stripped))
            start = reader.line_num + 1
    except csv.Error as error:
        raise DefinitionError([Fault(str(path), start, 1, f"not CSV: {error}")]) from None
    if len(found) < 2:
        missing = "no rows below the header: one for each case" if found else "empty: a header, then one row a case"
        raise DefinitionError([Fault(str(path), start, 1, missing)])
    return found


def _columns(line: int, header: Sequence[str], file: str, faults: list[Fault]) -> list[_Column]:
    columns: list[_Column] = []
    for number, name in enumerate(header, 1):
        path = _path(name)
        if path is None:
            faults.append(Fault(file, line, number, _unknown(name)))
            path = ""
        elif path in {column.path for column in columns}:
            faults.append(Fault(file, line, number, f"a second column for '{name}'"))
        columns.append(_Column(number, name, path))
    return columns


def _path(name: str) -> str | None:
    """The dotted path of the field that a column of this name is for; ``case`` for the names of cases."""
    root, dot, _ = name.partition(".")
    if name == "case" or (dot and root in Settings.model_fields):
        return name
    if name in _COLUMNS:
        return next(iter(case_changes({name: None})))
    metric = name.removeprefix("reported.")
    return f"reported.{metric}" if metric in METRICS else None


def _unknown(name: str) -> str:
    if not name:
        return "a column without a name"
    known = [*_COLUMNS, *METRICS, *(f"reported.{metric}" for metric in METRICS)]
    meant = instead(name.lower().replace(" ", "_"), known, _COLUMNS)
    return f"unknown column '{name}'; {meant}, dotted paths such as training.optimizer.momentum, and metrics"


def _row(line: int, cells: Sequence[str], columns: Sequence[_Column], file: str, faults: list[Fault]) -> Row | None:
    if len(cells) != len(columns):
        message = f"{len(cells)} cells, where the header has {len(columns)}"
        hint = "; a decimal comma cuts a number in two, write a point" if len(cells) > len(columns) else ""
        faults.append(Fault(file, line, min(len(cells), len(columns)) + 1, message + hint))
        return None
    row = Row(line)
    for column, cell in zip(columns, cells, strict=True):
        if column.path == "case":
            row.case = cell
        elif _WITH_COMMA.fullmatch(cell):
            message = (
                f"'{column.name}': a comma in the number '{cell}'; write a decimal point, and no thousands separator"
            )
            faults.append(Fault(file, line, column.number, message))
        elif cell and column.metric:
            try:
                row.reported[column.metric] = _reported(column.metric, cell)
            except ValueError as error:
                faults.append(Fault(file, line, column.number, f"'{column.name}': {error}"))
        elif cell and column.path:
            row.settings[column.path] = {"name": cell} if column.path in PARTS else _setting(cell)
    row.settings = dict(sorted(row.settings.items(), key=lambda item: item[0] not in PARTS))
    return row


def _reported(metric: str, cell: str) -> float:
    """A reported number; ``94.5 %`` is 0.945.

    Raises:
        ValueError: Saying what is wrong with the cell.
    """
    text = cell.removesuffix("%").rstrip()
    percent, fraction = text != cell, METRICS[metric].unit == "fraction"
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"'{cell}' is not a number; leave the cell empty where none is reported")
    if percent and not fraction:
        raise ValueError(f"'{cell}' is a share, but the metric has the unit {METRICS[metric].unit}")
    value = float(Decimal(text) / (100 if percent else 1))
    if fraction and not 0 <= value <= 1:
        raise ValueError(f"'{cell}' is not a fraction from 0 to 1; a percentage has a %, such as 94.5%")
    return value


def _setting(cell: str) -> Any:
    """A cell's value as YAML would have it: true and false, numbers, text."""
    if cell in ("true", "false"):
        return cell == "true"
    if not _NUMBER.fullmatch(cell):
        return cell
    return int(cell) if cell.lstrip("+-").isdigit() else float(cell)


def _name_cases(rows: Sequence[Row], columns: Sequence[_Column], file: str, faults: list[Fault]) -> None:
    """Check the cases' names; where the table has none they are CASE1, CASE2 and so on."""
    column = next((column.number for column in columns if column.path == "case"), None)
    if column is None:
        for number, row in enumerate(rows, 1):
            row.case = f"CASE{number}"
        return
    first: dict[str, int] = {}
    for row in rows:
        try:
            TypeAdapter(Name).validate_python(row.case)
        except ValidationError:
            message = f"'{row.case}' cannot name a case: letters, digits, '_', '-' and '.', such as CASE1"
            faults.append(Fault(file, row.line, column, message))
        if row.case in first:
            faults.append(Fault(file, row.line, column, f"case '{row.case}' stands in line {first[row.case]} already"))
        first.setdefault(row.case, row.line)


def _setting_faults(
    row: Row, columns: Sequence[_Column], top: int, base: Mapping[str, Any], file: str
) -> Iterator[Fault]:
    """What the schema finds in a row's settings, at the cell it is in; at the header, where no cell could be right."""
    try:
        Settings.model_validate(with_changes(base, row.settings))
    except KeyError as error:
        message = str(error.args[0])
        number = next((column.number for column in columns if message.startswith(f"{column.path}:")), 1)
        yield Fault(file, top, number, message)
    except ValidationError as error:
        unknown = {item["loc"][-1] for item in error.errors() if item["type"] == "extra_forbidden"}
        for location, message in describe(error):
            line = top if unknown.intersection(location[-1:]) else row.line
            yield Fault(file, line, _nearest_column(location, columns), message)


def _nearest_column(location: Sequence[str | int], columns: Sequence[_Column]) -> int:
    """The column that sets the field at ``location``, in which names of parts may stand between those of fields."""
    best = 1, 0
    for column in columns:
        names = column.path.split(".")
        rest = iter(location)
        if column.path and all(name in rest for name in names):
            best = max(best, (column.number, len(names)), key=lambda item: item[1])
    return best[0]

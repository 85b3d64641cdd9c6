"""Cases of a document's table, one a cell, and of studies, and groups of cases: worked out on plain values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

LARGEST_TABLE = 10_000
"""Cells that a table may have."""


def cell(row: str, column: str) -> str:
    """The name of the case in a cell."""
    return f"{row}-{column}"


def table_cases(table: Any) -> dict[str, dict[str, Any]]:
    """Name of each cell's case to what it changes, row by row; a column's change of the same field wins.

    Args:
        table: Fields of a ``Table``, or what a faulty definition has there: then there may be no cells.
    """
    rows, columns = (_blocks(table, name) for name in ("rows", "columns"))
    if len(rows) * len(columns) > LARGEST_TABLE:
        return {}
    return {cell(row, column): {**changes, **more} for row, changes in rows.items() for column, more in columns.items()}


def table_groups(table: Any) -> dict[str, tuple[str, ...]]:
    """Each row and each column of a table with its cases."""
    rows, columns = (_blocks(table, name) for name in ("rows", "columns"))
    by_row = {row: tuple(cell(row, column) for column in columns) for row in rows}
    return by_row | {column: tuple(cell(row, column) for row in rows) for column in columns}


def named_groups(patterns: Any, cases: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Each group with the cases that match one of its patterns, where ``*`` stands for anything.

    Cases of studies match only patterns that name the study, such as ``filters/*``.
    """
    cases = list(cases)
    found = patterns if isinstance(patterns, Mapping) else {}
    return {
        name: tuple(case for case in cases if any(_matches(case, str(pattern)) for pattern in wanted))
        for name, wanted in found.items()
        if isinstance(wanted, list | tuple)
    }


def _matches(case: str, pattern: str) -> bool:
    return case.count("/") == pattern.count("/") and fnmatchcase(case, pattern)


def study_cases(
    study: str, cases: Mapping[str, Any], grid: Mapping[str, tuple[Any, ...]]
) -> dict[str, Mapping[str, Any]]:
    """A study's cases by name: those it lists, and every point of its grid, first axis slowest."""
    named: dict[str, Mapping[str, Any]] = {f"{study}/{case}": changes for case, changes in cases.items()}
    points: list[dict[str, Any]] = [{}] if grid else []
    for axis, values in grid.items():
        points = [{**point, axis: value} for point in points for value in values]
    for point in points:
        named[f"{study}/" + ",".join(f"{axis}={value}" for axis, value in point.items())] = point
    return named


def _blocks(table: Any, name: str) -> dict[str, Mapping[str, Any]]:
    found = table.get(name) if isinstance(table, Mapping) else None
    if not isinstance(found, Mapping):
        return {}
    return {str(key): changes for key, changes in found.items() if isinstance(changes, Mapping)}

"""A document's table as cases, one a cell, and groups of cases: worked out on plain values."""

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
    """Each group with the cases that match one of its patterns, where ``*`` stands for anything."""
    cases = list(cases)
    found = patterns if isinstance(patterns, Mapping) else {}
    return {
        name: tuple(case for case in cases if any(fnmatchcase(case, str(pattern)) for pattern in wanted))
        for name, wanted in found.items()
        if isinstance(wanted, list | tuple)
    }


def _blocks(table: Any, name: str) -> dict[str, Mapping[str, Any]]:
    found = table.get(name) if isinstance(table, Mapping) else None
    if not isinstance(found, Mapping):
        return {}
    return {str(key): changes for key, changes in found.items() if isinstance(changes, Mapping)}

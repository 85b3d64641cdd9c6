"""The raw values as a long table, a row a value, for spreadsheets and data frames.

Numbers have as many digits as give the same bits again; what is not finite is ``nan``, ``inf`` or ``-inf``.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from hpbench.records.metrics import metric as described
from hpbench.records.tables import RunTables
from hpbench.report.facts import Facts
from hpbench.report.files import write_whole
from hpbench.report.markup import clean

COLUMNS = (
    *("benchmark", "version", "profile", "case", "reading", "seed", "outcome", "timed", "stale"),
    *("metric", "unit", "labels", "iteration", "value"),
)
"""``iteration`` is empty for a value of the whole trial."""
_FORMULA = ("=", "+", "-", "@")
"""What a cell begins with that a spreadsheet takes for a formula (https://owasp.org/www-community/attacks/CSV_Injection);
tabs and line ends, which do so, too, are taken out."""
_ROWS_AT_ONCE = 1000


def write(facts: Facts, output: Path) -> list[Path]:
    """One file a benchmark; trials without a result have no values, and so no rows."""
    path = output / f"{facts.definition.id}.csv"
    definition = facts.definition
    run = (definition.id, definition.version, facts.resolved.selection.profile)
    write_whole(path, lines(run, facts.tables))
    return [path]


def lines(run: tuple[Any, ...], tables: RunTables) -> Iterator[str]:
    """The table in pieces: columns, then rows in the order of the plan and as observed.

    Args:
        run: Benchmark, version and profile, which begin every row.
        tables: The run.
    """
    ends = {
        tuple(row[:3]): row[3:]
        for row in _rows(tables.trials, ("case", "reading", "seed", "outcome", "timed", "stale"))
    }
    units = {name: described(name).unit for name in tables.observations["metric"].unique()}
    yield _text([COLUMNS])
    many: list[Iterable[Any]] = []
    names = ("case", "reading", "seed", "metric", "labels", "iteration", "value")
    for case, reading, seed, metric, labels, iteration, value in _rows(tables.observations, names):
        whole = "" if np.isnan(iteration) else int(iteration)
        trial = (case, reading, seed, *ends[case, reading, seed])
        many.append((*run, *trial, metric, units[metric], labels, whole, repr(float(value))))
        if len(many) == _ROWS_AT_ONCE:
            yield _text(many)
            many.clear()
    yield _text(many)


def _rows(frame: Any, names: tuple[str, ...]) -> Iterator[tuple[Any, ...]]:
    return frame[list(names)].itertuples(index=False, name=None)  # type: ignore[no-any-return]


def _text(rows: Iterable[Iterable[Any]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(
        [_safe(cell) for cell in row[:-1]] + [row[-1]] for row in map(list, rows)
    )
    return text.getvalue()


def _safe(cell: Any) -> Any:
    """A text that no spreadsheet takes for a formula: an apostrophe before what looks like one."""
    if not isinstance(cell, str):
        return cell
    plain = clean(cell)
    return f"'{plain}" if plain.startswith(_FORMULA) else plain

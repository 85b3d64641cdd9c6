"""Pools of real runs: three arms that take turns, block by block, and what they have measured as rows."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import NamedTuple

from hpbench.gate.runs import of_run
from hpbench.gate.sides import BenchmarkSide
from hpbench.records.choose import load
from hpbench.records.store import Run, Store
from hpbench.report.files import write_whole

QUIET, BUSY = "quiet", "busy"
NORMAL, AGAIN, WORSE = ARMS = ("normal", "again", "worse")
"""The same code twice, and the copy with the fault."""
BENCHMARK, CASE = "gate-workload", "base"
TIME, MEMORY, ACCURACY = METRICS = ("seconds_per_100_iterations", "host_memory_training", "test_accuracy")
LOAD = "other_load"


class PoolError(Exception):
    """A pool that cannot be used; the message says why."""


@dataclass(frozen=True)
class Row:
    """One run.

    Attributes:
        pool: ``QUIET`` or ``BUSY``.
        block: Of three runs, one an arm, counted from 1.
        arm: Which code.
        position: In its block, from 1.
        seed: Of the trial.
        start: Of the run, ISO 8601, UTC.
        seconds_per_100_iterations: Median over the windows.
        host_memory_training: Bytes.
        test_accuracy: At the end.
        other_load: Cores busy with others meanwhile; NaN if that is not known.
    """

    pool: str
    block: int
    arm: str
    position: int
    seed: int
    start: str
    seconds_per_100_iterations: float
    host_memory_training: float
    test_accuracy: float
    other_load: float


Block = Mapping[str, Row]
"""Arm to its row."""


class Measured(NamedTuple):
    """What an arm's store holds: the side that a gate makes of it, and seed to start of the run and values."""

    side: BenchmarkSide
    runs: dict[int, tuple[str, dict[str, float]]]


def of_store(path: Path) -> Measured:
    """What an arm has measured."""
    with Store(path) as store:
        runs = [run for run in store.runs() if run.benchmark == BENCHMARK]
        if not runs:
            raise PoolError(f"{path} has no run of {BENCHMARK}")
        return Measured(of_run(store, runs[-1]), _values(store, runs))


def _values(store: Store, runs: Sequence[Run]) -> dict[int, tuple[str, dict[str, float]]]:
    starts = {cell.seed: run.created for run in runs for cell in store.cells(run.id) if cell.stands is None}
    found: dict[int, tuple[str, dict[str, float]]] = {}
    table = load(store, runs[-1]).observations
    table = table[table["metric"].isin((*METRICS, LOAD))].groupby(["seed", "metric"])["value"].last()
    for (seed, metric), value in table.items():
        found.setdefault(int(seed), (starts[int(seed)], {}))[1][metric] = float(value)
    return found


def rows_of(pool: str, arms: Mapping[str, Measured]) -> list[Row]:
    """Rows of the blocks of which every arm has a result; a block has one seed, and the seeds are counted from 0."""
    whole = sorted(set.intersection(*(set(measured.runs) for measured in arms.values())))
    rows = []
    for seed in whole:
        order = sorted(arms, key=lambda arm: arms[arm].runs[seed][0])
        for position, arm in enumerate(order, start=1):
            start, values = arms[arm].runs[seed]
            there = {LOAD: math.nan} | values
            rows.append(
                Row(pool, seed + 1, arm, position, seed, start, **{name: there[name] for name in (*METRICS, LOAD)})
            )
    return rows


def require_planted(arms: Mapping[str, Measured]) -> None:
    """That the arms ran the code that they are said to have run.

    Raises:
        PoolError: If the two that are alike are not, or the third is like them.
    """
    code = {arm: measured.side.cases[CASE]["default"].code for arm, measured in arms.items()}
    if code[NORMAL] != code[AGAIN] or code[NORMAL] == code[WORSE]:
        raise PoolError(f"the arms' code is not what it has to be: {code}")


def blocks_of(rows: Iterable[Row], pool: str) -> list[Block]:
    """The pool's blocks in their order."""
    found: dict[int, dict[str, Row]] = {}
    for row in rows:
        if row.pool == pool:
            found.setdefault(row.block, {})[row.arm] = row
    return [found[block] for block in sorted(found)]


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    """Write rows as CSV; a number comes back with the same bits."""
    text = io.StringIO()
    writer = csv.DictWriter(text, [field.name for field in fields(Row)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(row) for row in rows)
    write_whole(path, [text.getvalue()])


def read_rows(path: Path) -> list[Row]:
    """Rows from what ``write_rows`` wrote."""
    types: dict[str, Callable[[str], object]] = {"str": str, "int": int, "float": float}
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Row(**{field.name: types[str(field.type)](line[field.name]) for field in fields(Row)})  # type: ignore[arg-type]
            for line in csv.DictReader(file)
        ]

"""Several results files as one: of shards of a run, or of several machines. What contradicts itself is refused."""

from __future__ import annotations

import heapq
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any

from hpbench.records.contents import Contents, read
from hpbench.records.contradictions import contradictions
from hpbench.records.layout import StoreError, copy
from hpbench.records.store import Store

Join = Callable[[Store, Sequence[int]], list[str]]
"""Adds to a merged store the runs that its newest runs are shards of; gives back what it did, in words."""
_RUN = "benchmark, version, profile, definition, file, selection, command, created, machine, machine_id, data"
_ATTEMPT = "trial, machine_id, outcome, message, timed, code, resolved, ended, elapsed"


@dataclass(frozen=True)
class Merged:
    """What a merged results file holds.

    Args:
        attempts: Number of attempts.
        twice: Number of attempts left out because another file has them, too.
        machines: Fingerprint of each machine that has runs to its facts.
        runs: Number of runs as they were.
        notes: What was joined, and what was not, in words.
    """

    attempts: int
    twice: int
    machines: Mapping[str, Mapping[str, str]]
    runs: int
    notes: tuple[str, ...]

    def machines_told(self) -> list[str]:
        """How to tell several machines apart, a line each."""
        if len(self.machines) < 2:
            return []
        facts = (
            (name, [known[key] for key in ("CPU", "cores", "GPU") if key in known])
            for name, known in self.machines.items()
        )
        return [f"--machine {name}: {', '.join(found)}" for name, found in facts]


def merge(sources: Sequence[Path], target: Path, join: Join) -> Merged:
    """Write one results file with everything of several; these stay as they are.

    An attempt that several files have, to the last value and second, is kept once. Attempts of two machines at one
    trial stay two. Attempts keep the order in which they ended, so that the newest counts as before.

    Args:
        sources: The results files; older versions are fine.
        target: The new file, written whole or not at all.
        join: What to add for shards of one run.

    Raises:
        ContradictionError: If two files contradict each other.
        StoreError: If a source cannot be read, or the target exists.
    """
    if target.exists():
        raise StoreError(f"{target} exists; a merge writes a new file, so name another or take it away")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".merging-") as folder:
        copies = [Path(folder, f"{number}.sqlite") for number in range(len(sources))]
        for source, one in zip(sources, copies, strict=True):
            copy(source, one)
        contents = [read(one, str(source)) for source, one in zip(sources, copies, strict=True)]
        contradictions(contents)
        whole = Path(folder, "merged.sqlite")
        with Store(whole, create=True) as store:
            merged = _fill(store, copies, contents, join)
        whole.replace(target)
    return merged


def _fill(store: Store, copies: Sequence[Path], contents: Sequence[Contents], join: Join) -> Merged:
    attempts, fresh = _numbers([content.attempts for content in contents])
    runs, _ = _numbers([content.runs for content in contents])
    for number, one in enumerate(copies):
        with _attached(store.connection, one) as connection:
            _copy_attempts(connection, attempts[number], fresh[number])
            _copy_runs(connection, runs[number], attempts[number])
    newest = {runs[number][run] for number, content in enumerate(contents) for run in content.newest}
    notes = tuple(join(store, sorted(newest)))
    kept = sum(map(len, fresh))
    return Merged(
        attempts=kept,
        twice=sum(map(len, attempts)) - kept,
        machines={run.machine_id: run.machine for run in store.runs()},
        runs=len({new for mapping in runs for new in mapping.values()}),
        notes=notes,
    )


def _numbers(listed: Sequence[Sequence[tuple[str, int, str]]]) -> tuple[list[dict[int, int]], list[set[int]]]:
    """New numbers for what several files list, in the order of time; what is the same has the same.

    Args:
        listed: Of each file (when, number, digest), in the file's own order, which stays.

    Returns:
        Of each file old number to new one, and the old numbers that it is the first to have.
    """
    known: dict[str, int] = {}
    found: list[dict[int, int]] = [{} for _ in listed]
    first: list[set[int]] = [set() for _ in listed]
    named = [[(when, file, old, digest) for when, old, digest in items] for file, items in enumerate(listed)]
    for _, file, old, digest in heapq.merge(*named, key=itemgetter(0)):
        if digest not in known:
            known[digest] = len(known) + 1
            first[file].add(old)
        found[file][old] = known[digest]
    return found, first


@contextmanager
def _attached(connection: sqlite3.Connection, path: Path) -> Iterator[sqlite3.Connection]:
    """A copied file as ``source`` beside the merged one, and a transaction over both."""
    connection.execute("ATTACH DATABASE ? AS source", (str(path),))
    try:
        with connection:
            yield connection
    finally:
        connection.execute("DETACH DATABASE source")


def _copy_attempts(connection: sqlite3.Connection, numbers: dict[int, int], fresh: set[int]) -> None:
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS fresh (old INTEGER PRIMARY KEY, new INTEGER)")
    connection.execute("DELETE FROM fresh")
    connection.executemany("INSERT INTO fresh VALUES (?, ?)", [(old, numbers[old]) for old in sorted(fresh)])
    connection.execute("INSERT OR IGNORE INTO main.trial SELECT * FROM source.trial")
    connection.execute(
        f"INSERT INTO main.attempt (id, {_ATTEMPT}) SELECT new, {_ATTEMPT} FROM source.attempt JOIN fresh ON old = id"
    )
    for table, columns in (("observation", "position, name, value, iteration, labels"), ("output", "text")):
        connection.execute(
            f"INSERT INTO main.{table} SELECT new, {columns} FROM source.{table} JOIN fresh ON old = attempt"
        )


def _copy_runs(connection: sqlite3.Connection, numbers: dict[int, int], attempts: dict[int, int]) -> None:
    """Runs with their plans and calibration, those that are not there yet."""
    for old, new in numbers.items():
        if connection.execute("SELECT 1 FROM main.run WHERE id = ?", (new,)).fetchone():
            continue
        connection.execute(
            f"INSERT INTO main.run (id, {_RUN}) SELECT ?, {_RUN} FROM source.run WHERE id = ?", (new, old)
        )
        rows = connection.execute(
            "SELECT position, name, reading, seed, trial, timed, code, stands FROM source.cell WHERE run = ?", (old,)
        )
        cells: list[tuple[Any, ...]] = [(new, *row[:-1], attempts.get(row[-1])) for row in rows]
        connection.executemany("INSERT INTO main.cell VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", cells)
        connection.execute(
            """INSERT INTO main.calibration SELECT ?, moment, position, name, value, unit, spread
               FROM source.calibration WHERE run = ?""",
            (new, old),
        )

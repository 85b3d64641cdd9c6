"""What a results file holds, as far as a merge has to compare it: digests instead of values."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

from hpbench.records.metrics import is_cost
from hpbench.records.trial import Outcome, canonical_json

Value = tuple[str, int | None, str]
"""Metric, iteration and labels (canonical JSON) of an observed value."""


class Result(NamedTuple):
    """An attempt that gave a result, without its times and memory, which are never the same twice."""

    attempt: int
    outcome: str
    ended: str
    digest: str


class Place(NamedTuple):
    """Where two results have to agree: the same trial, machine and code, both alone in a job or both not."""

    trial: str
    machine: str
    code: str
    timed: bool


@dataclass(frozen=True)
class Contents:
    """What a results file holds.

    Args:
        name: What the person calls the file.
        path: Where it is read.
        attempts: (when ended, number, digest of everything), in the file's order.
        runs: (when started, number, digest of everything), in the file's order.
        newest: Number of the newest run of each benchmark, profile and machine.
        results: The newest result at each place, of trials that are deterministic.
        data: (benchmark, version, canonical JSON of a data set's settings) to the fingerprints of the data used.
    """

    name: str
    path: Path
    attempts: list[tuple[str, int, str]]
    runs: list[tuple[str, int, str]]
    newest: list[int]
    results: Mapping[Place, Result]
    data: Mapping[tuple[str, int, str], set[str]]

    def values(self, attempt: int) -> dict[Value, float | None]:
        """What an attempt observed but for times and memory."""
        with closing(sqlite3.connect(self.path)) as connection:
            rows = connection.execute(
                "SELECT name, iteration, labels, value FROM observation WHERE attempt = ?", (attempt,)
            )
            return {row[:3]: row[3] for row in rows if not is_cost(row[0])}

    def where(self, trial: str) -> str:
        """A trial in words: benchmark, case, reading and seed."""
        with closing(sqlite3.connect(self.path)) as connection:
            benchmark, seed = connection.execute(
                "SELECT benchmark, seed FROM trial WHERE identity = ?", (trial,)
            ).fetchone()
            cell = connection.execute("SELECT name, reading FROM cell WHERE trial = ? LIMIT 1", (trial,)).fetchone()
        return ", ".join([benchmark, *(cell or ()), f"seed {seed}"])


def read(path: Path, name: str) -> Contents:
    """The contents of a results file of this version."""
    with closing(sqlite3.connect(path)) as connection:
        attempts, results = _attempts(connection)
        return Contents(
            name, path, attempts, _runs(connection, attempts), _newest(connection), results, _data(connection)
        )


def _attempts(connection: sqlite3.Connection) -> tuple[list[tuple[str, int, str]], dict[Place, Result]]:
    costs = cache(is_cost)
    observed = _observed(connection)
    listed, results = [], {}
    rows = connection.execute(
        """SELECT attempt.id, trial, machine_id, outcome, code, timed, ended, message, resolved, elapsed, settings
           FROM attempt JOIN trial ON trial.identity = attempt.trial ORDER BY attempt.id"""
    )
    for number, trial, machine, outcome, code, timed, ended, *others, settings in rows:
        values = observed(number)
        listed.append((ended, number, _digest([trial, machine, outcome, code, timed, ended, *others, values])))
        if Outcome(outcome).is_result and json.loads(settings).get("compute", {}).get("deterministic", True):
            lasting = [value for value in values if not costs(value[0])]
            results[Place(trial, machine, code, bool(timed))] = Result(number, outcome, ended, _digest(lasting))
    return listed, results


def _observed(connection: sqlite3.Connection) -> Any:
    """A function of an attempt's number, to be called with rising ones: what it observed, in order."""
    rows = connection.execute(
        "SELECT attempt, name, value, iteration, labels FROM observation ORDER BY attempt, position"
    )
    groups = groupby(rows, key=itemgetter(0))
    ahead: list[tuple[int, list[Any]]] = []

    def values(number: int) -> list[Any]:
        while not ahead or ahead[0][0] < number:
            ahead[:] = [next(((key, [row[1:] for row in group]) for key, group in groups), (number + 1, []))]
        return ahead[0][1] if ahead[0][0] == number else []

    return values


def _runs(connection: sqlite3.Connection, attempts: list[tuple[str, int, str]]) -> list[tuple[str, int, str]]:
    """Runs with a plan; what a plan took over from before is told by that attempt's digest, not by its number."""
    digests = {number: digest for _, number, digest in attempts}
    listed = []
    for number, *columns in connection.execute("SELECT * FROM run ORDER BY id").fetchall():
        cells = [
            (*row[:-1], digests.get(row[-1]))
            for row in connection.execute(
                "SELECT name, reading, seed, trial, timed, code, stands FROM cell WHERE run = ? ORDER BY position",
                (number,),
            )
        ]
        if cells:
            listed.append((columns[7], number, _digest([columns, cells])))
    return listed


def _newest(connection: sqlite3.Connection) -> list[int]:
    query = """SELECT max(id) FROM run WHERE EXISTS (SELECT 1 FROM cell WHERE cell.run = run.id)
               GROUP BY benchmark, profile, machine_id ORDER BY 1"""
    return [number for (number,) in connection.execute(query)]


def _data(connection: sqlite3.Connection) -> dict[tuple[str, int, str], set[str]]:
    found: dict[tuple[str, int, str], set[str]] = {}
    rows: Iterator[tuple[str, int, str, str]] = connection.execute(
        """SELECT DISTINCT benchmark, version, settings, data FROM trial JOIN attempt ON attempt.trial = identity
           WHERE outcome IN ('ok', 'diverged')"""
    )
    for benchmark, version, settings, data in rows:
        dataset = canonical_json(json.loads(settings).get("dataset"))
        found.setdefault((benchmark, version, dataset), set()).add(data)
    return found


def _digest(value: Any) -> str:
    """SHA-256 of a value of lists, texts and numbers, floats by their bits."""
    return hashlib.sha256(repr(value).encode()).hexdigest()

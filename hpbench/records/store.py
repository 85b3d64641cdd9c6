"""The store: one SQLite file in WAL mode, written by the driver alone. Every observation is kept raw."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from hpbench.errors import UserError
from hpbench.records.trial import Cell, Observation, Outcome, Trial, TrialResult, canonical_json

SCHEMA_VERSION = 1
_SCHEMA = """
CREATE TABLE run (
    id INTEGER PRIMARY KEY, benchmark TEXT NOT NULL, version INTEGER NOT NULL, profile TEXT NOT NULL,
    definition TEXT NOT NULL, file TEXT NOT NULL, selection TEXT NOT NULL, command TEXT NOT NULL, created TEXT NOT NULL,
    machine TEXT NOT NULL, machine_id TEXT NOT NULL, data TEXT NOT NULL);
CREATE TABLE cell (
    run INTEGER NOT NULL REFERENCES run(id), position INTEGER NOT NULL, name TEXT NOT NULL, reading TEXT NOT NULL,
    seed INTEGER NOT NULL, trial TEXT NOT NULL REFERENCES trial(identity), timed INTEGER NOT NULL,
    PRIMARY KEY (run, position)) WITHOUT ROWID;
CREATE TABLE trial (
    identity TEXT PRIMARY KEY, benchmark TEXT NOT NULL, version INTEGER NOT NULL, settings TEXT NOT NULL,
    seed INTEGER NOT NULL, data TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE attempt (
    id INTEGER PRIMARY KEY, trial TEXT NOT NULL REFERENCES trial(identity), machine_id TEXT NOT NULL,
    outcome TEXT NOT NULL, message TEXT NOT NULL, timed INTEGER NOT NULL, code TEXT NOT NULL, resolved TEXT NOT NULL,
    ended TEXT NOT NULL, elapsed REAL NOT NULL);
CREATE INDEX attempt_trial ON attempt(trial, machine_id);
CREATE TABLE observation (
    attempt INTEGER NOT NULL REFERENCES attempt(id), position INTEGER NOT NULL, name TEXT NOT NULL, value REAL,
    iteration INTEGER, labels TEXT NOT NULL, PRIMARY KEY (attempt, position)) WITHOUT ROWID;
"""


class StoreError(UserError):
    """The results file cannot be used; the message says why and what to do."""


@dataclass(frozen=True)
class Run:
    """One invocation for one benchmark, as stored."""

    id: int
    benchmark: str
    version: int
    profile: str
    definition: str
    file: str
    selection: Mapping[str, Any]
    command: str
    created: str
    machine: Mapping[str, str]
    machine_id: str
    data: Mapping[str, Any]


@dataclass(frozen=True)
class Attempt:
    """What is known of one attempt at a trial, without its observations."""

    id: int
    trial: str
    outcome: Outcome
    timed: bool
    code: str
    message: str


class Store:
    """An open results file.

    Args:
        path: The file; made with its folder when it is missing and ``create`` is set.
        create: Whether a missing file is made; otherwise it is an error.

    Raises:
        StoreError: If it is missing, not a results file, of a newer version, or cannot be written.
    """

    def __init__(self, path: Path, *, create: bool = False) -> None:
        if not path.exists() and not create:
            raise StoreError(f"no results in {path}; 'hpbench run' makes them, or name another file with --results")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self.connection = sqlite3.connect(path)
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"{path} cannot be used as a results file: {error}") from None
        try:
            self._open(path, create)
        except sqlite3.Error as error:
            self.connection.close()
            raise StoreError(f"{path} cannot be used as a results file: {error}") from None
        except StoreError:
            self.connection.close()
            raise

    def _open(self, path: Path, create: bool) -> None:
        connection = self.connection
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if version == 0 and tables == 0 and create:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version={SCHEMA_VERSION}; COMMIT;")
        elif version > SCHEMA_VERSION:
            raise StoreError(
                f"{path} is of version {version}, newer than this hpbench, "
                f"which reads up to {SCHEMA_VERSION}; upgrade hpbench"
            )
        elif version != SCHEMA_VERSION:
            raise StoreError(f"{path} is not a results file of hpbench")
        connection.execute("PRAGMA synchronous=NORMAL")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.connection.close()

    # --- writing ---------------------------------------------------------------------------------------------------

    def add_run(self, run: Mapping[str, Any]) -> int:
        """Keep a run; returns its number. ``run`` has the fields of ``Run`` but ``id`` and ``created``."""
        values = {key: canonical_json(value) if isinstance(value, Mapping) else value for key, value in run.items()}
        values["created"] = datetime.now(UTC).isoformat(timespec="seconds")
        values["machine"] = json.dumps(dict(run["machine"]))
        with self.connection:
            names = ", ".join(values)
            marks = ", ".join(f":{name}" for name in values)
            number = self.connection.execute(f"INSERT INTO run ({names}) VALUES ({marks})", values).lastrowid
        assert number is not None
        return number

    def add_cells(self, run: int, cells: Iterable[Cell]) -> None:
        """Append a round of cells to a run's plan."""
        cells = list(cells)
        with self.connection:
            start = self.connection.execute("SELECT count(*) FROM cell WHERE run = ?", (run,)).fetchone()[0]
            self.connection.executemany(
                "INSERT OR IGNORE INTO trial VALUES (?, ?, ?, ?, ?, ?)",
                {_trial_row(cell.trial) for cell in cells},
            )
            self.connection.executemany(
                "INSERT INTO cell VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (run, start + i, c.case, c.reading, c.trial.seed, c.trial.identity, c.timed)
                    for i, c in enumerate(cells)
                ],
            )

    def add_result(self, result: TrialResult, machine_id: str, elapsed: float) -> int:
        """Keep one attempt with all its observations, at once or not at all; returns its number."""
        ended = datetime.now(UTC).isoformat(timespec="seconds")
        row = (
            result.trial,
            machine_id,
            str(result.outcome),
            result.message,
            result.timed,
            result.code,
            canonical_json(dict(result.resolved)),
            ended,
            elapsed,
        )
        with self.connection:
            cursor = self.connection.execute(
                """INSERT INTO attempt (trial, machine_id, outcome, message, timed, code, resolved, ended, elapsed)
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)""",
                row,
            )
            self.connection.executemany(
                "INSERT INTO observation VALUES (?, ?, ?, ?, ?, ?)",
                [(cursor.lastrowid, i, *_observation_row(item)) for i, item in enumerate(result.observations)],
            )
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    # --- reading ---------------------------------------------------------------------------------------------------

    def attempts(self, machine_id: str, trials: Iterable[str]) -> dict[str, list[Attempt]]:
        """Attempts at these trials on this machine, oldest first."""
        wanted = set(trials)
        found: dict[str, list[Attempt]] = {}
        rows = self.connection.execute(
            "SELECT id, trial, outcome, timed, code, message FROM attempt WHERE machine_id = ? ORDER BY id",
            (machine_id,),
        )
        for number, trial, outcome, timed, code, message in rows:
            if trial in wanted:
                found.setdefault(trial, []).append(Attempt(number, trial, Outcome(outcome), bool(timed), code, message))
        return found

    def attempt(self, number: int) -> tuple[Attempt, dict[str, str]]:
        """An attempt by its number, and what its job resolved."""
        row = self.connection.execute(
            "SELECT id, trial, outcome, timed, code, message, resolved FROM attempt WHERE id = ?", (number,)
        ).fetchone()
        found, trial, outcome, timed, code, message, resolved = row
        return Attempt(found, trial, Outcome(outcome), bool(timed), code, message), json.loads(resolved)

    def seconds_by_settings(self, machine_id: str) -> dict[str, float]:
        """Canonical JSON of settings to the mean seconds that successful attempts with them took on this machine."""
        query = """SELECT trial.settings, avg(attempt.elapsed) FROM attempt JOIN trial ON trial.identity = attempt.trial
                   WHERE attempt.machine_id = ? AND attempt.outcome IN ('ok', 'diverged') GROUP BY trial.settings"""
        return dict(self.connection.execute(query, (machine_id,)).fetchall())

    def runs(self, benchmark: str | None = None, profile: str | None = None) -> list[Run]:
        """Stored runs that came to have a plan, oldest first."""
        rows = self.connection.execute(
            """SELECT * FROM run WHERE (:benchmark IS NULL OR benchmark = :benchmark)
               AND (:profile IS NULL OR profile = :profile)
               AND EXISTS (SELECT 1 FROM cell WHERE cell.run = run.id) ORDER BY id""",
            {"benchmark": benchmark, "profile": profile},
        ).fetchall()
        return [_run(row) for row in rows]

    def cells(self, run: int) -> list[tuple[str, str, int, str, bool]]:
        """(case, reading, seed, trial, timed) of a run's plan, in order."""
        query = "SELECT name, reading, seed, trial, timed FROM cell WHERE run = ? ORDER BY position"
        return [(*row[:4], bool(row[4])) for row in self.connection.execute(query, (run,))]

    def settings(self, run: int) -> dict[tuple[str, str], dict[str, Any]]:
        """(case, reading) to settings."""
        query = """SELECT DISTINCT cell.name, cell.reading, trial.settings FROM cell
                   JOIN trial ON trial.identity = cell.trial
                   WHERE cell.run = ? ORDER BY cell.position"""
        return {(case, reading): json.loads(text) for case, reading, text in self.connection.execute(query, (run,))}

    def observations(self, attempts: Sequence[int]) -> list[tuple[int, str, float | None, int | None, str]]:
        """(attempt, name, value, iteration, labels) of these attempts, in the order observed."""
        self.connection.execute("CREATE TEMP TABLE IF NOT EXISTS chosen (attempt INTEGER PRIMARY KEY)")
        self.connection.execute("DELETE FROM chosen")
        self.connection.executemany("INSERT INTO chosen VALUES (?)", [(number,) for number in attempts])
        query = """SELECT observation.attempt, name, value, iteration, labels FROM observation
                   JOIN chosen ON chosen.attempt = observation.attempt ORDER BY observation.attempt, position"""
        return self.connection.execute(query).fetchall()


def _trial_row(trial: Trial) -> tuple[Any, ...]:
    return (
        trial.identity,
        trial.benchmark,
        trial.version,
        canonical_json(trial.settings),
        trial.seed,
        trial.data,
    )


def _observation_row(item: Observation) -> tuple[Any, ...]:
    value = None if item.value != item.value else float(item.value)
    return (item.name, value, item.iteration, canonical_json(dict(item.labels)))


def _run(row: Sequence[Any]) -> Run:
    values = dict(zip((field.name for field in fields(Run)), row, strict=True))
    return Run(**values | {name: json.loads(values[name]) for name in ("selection", "machine", "data")})

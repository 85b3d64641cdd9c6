"""The store: one SQLite file in WAL mode, written by the driver alone. Every observation is kept raw."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from hpbench.records.calibration import Reading
from hpbench.records.hold import held, holder
from hpbench.records.layout import SCHEMA_VERSION, StoreError, StoreFullError, connect
from hpbench.records.rows import Attempt, Failure, Run, StoredCell
from hpbench.records.trial import Cell, Observation, Outcome, Trial, TrialResult, canonical_json

__all__ = ["SCHEMA_VERSION", "Attempt", "Failure", "Run", "Store", "StoreError", "StoredCell"]


class Store:
    """An open results file.

    Args:
        path: The file; made with its folder when it is missing and ``create`` is set.
        create: Whether a missing file is made; otherwise it is an error.

    Raises:
        StoreError: If it is missing, not a results file, of a newer version, or cannot be written.
    """

    def __init__(self, path: Path, *, create: bool = False) -> None:
        self.path = path
        self.connection = connect(path, create=create)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.connection.close()

    def held(self, command: str) -> AbstractContextManager[None]:
        """Keep every other driver away for the time of the block; see ``hpbench.records.hold.held``."""
        return held(self.connection, self.path, command)

    def holder(self) -> str:
        """The driver that is running on the file, in words; empty if there is none."""
        return holder(self.connection)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """A transaction: all of it is kept, or nothing."""
        try:
            with self.connection:
                yield
        except sqlite3.OperationalError as error:
            raise StoreFullError(
                f"{self.path} cannot be written: {error}. What was stored before is kept; "
                "when there is room again, the same command goes on from there"
            ) from error

    # --- writing ---------------------------------------------------------------------------------------------------

    def add_run(self, run: Mapping[str, Any]) -> int:
        """Keep a run; returns its number. ``run`` has the fields of ``Run`` but ``id`` and ``created``."""
        values = {key: canonical_json(value) if isinstance(value, Mapping) else value for key, value in run.items()}
        values["created"] = datetime.now(UTC).isoformat(timespec="seconds")
        values["machine"] = json.dumps(dict(run["machine"]))
        with self._writing():
            names = ", ".join(values)
            marks = ", ".join(f":{name}" for name in values)
            number = self.connection.execute(f"INSERT INTO run ({names}) VALUES ({marks})", values).lastrowid
        assert number is not None
        return number

    def add_cells(
        self, run: int, cells: Iterable[Cell], code: Mapping[str, str], stands: Iterable[Attempt] = ()
    ) -> None:
        """Append a round of cells to a run's plan.

        Args:
            run: The run's number.
            cells: The round.
            code: Trial identity to the fingerprint of the code that the run would use for it.
            stands: Attempts whose results the run takes over.
        """
        standing = {attempt.trial: attempt.id for attempt in stands}
        cells = list(cells)
        with self._writing():
            start = self.connection.execute("SELECT count(*) FROM cell WHERE run = ?", (run,)).fetchone()[0]
            self.connection.executemany(
                "INSERT OR IGNORE INTO trial VALUES (?, ?, ?, ?, ?, ?)",
                {_trial_row(cell.trial) for cell in cells},
            )
            self.connection.executemany(
                "INSERT INTO cell VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (run, start + i, c.case, c.reading, c.trial.seed, key, c.timed, code[key], standing.get(key))
                    for i, c in enumerate(cells)
                    for key in (c.trial.identity,)
                ],
            )

    def copy_cells(self, run: int, cells: Iterable[StoredCell]) -> None:
        """Give a run without a plan the cells of other runs."""
        rows = [(run, position, *cell) for position, cell in enumerate(cells)]
        with self._writing():
            self.connection.executemany("INSERT INTO cell VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def add_result(self, result: TrialResult, machine_id: str, elapsed: float, output: str = "") -> int:
        """Keep one attempt with all its observations and its output, at once or not at all; returns its number."""
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
        with self._writing():
            cursor = self.connection.execute(
                """INSERT INTO attempt (trial, machine_id, outcome, message, timed, code, resolved, ended, elapsed)
                   VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)""",
                row,
            )
            self.connection.executemany(
                "INSERT INTO observation VALUES (?, ?, ?, ?, ?, ?)",
                [(cursor.lastrowid, i, *_observation_row(item)) for i, item in enumerate(result.observations)],
            )
            if output:
                self.connection.execute("INSERT INTO output VALUES (?, ?)", (cursor.lastrowid, output))
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def set_calibration(self, run: int, moment: str, readings: Iterable[Reading]) -> None:
        """Keep a run's readings of a moment, in the place of earlier ones."""
        rows = [(run, moment, place, *reading) for place, reading in enumerate(readings)]
        with self._writing():
            self.connection.execute("DELETE FROM calibration WHERE run = ? AND moment = ?", (run, moment))
            self.connection.executemany("INSERT INTO calibration VALUES (?, ?, ?, ?, ?, ?, ?)", rows)

    # --- reading ---------------------------------------------------------------------------------------------------

    def attempts(self, machine_id: str, trials: Iterable[str]) -> dict[str, list[Attempt]]:
        """Attempts at these trials on this machine, oldest first."""
        wanted = set(trials)
        found: dict[str, list[Attempt]] = {}
        rows = self.connection.execute(
            "SELECT id, trial, outcome, timed, code, message, elapsed FROM attempt WHERE machine_id = ? ORDER BY id",
            (machine_id,),
        )
        for number, trial, outcome, timed, code, message, elapsed in rows:
            if trial in wanted:
                attempt = Attempt(number, trial, Outcome(outcome), bool(timed), code, message, elapsed)
                found.setdefault(trial, []).append(attempt)
        return found

    def attempt(self, number: int) -> tuple[Attempt, dict[str, str]]:
        """An attempt by its number, and what its job resolved."""
        row = self.connection.execute(
            "SELECT id, trial, outcome, timed, code, message, resolved FROM attempt WHERE id = ?", (number,)
        ).fetchone()
        found, trial, outcome, timed, code, message, resolved = row
        return Attempt(found, trial, Outcome(outcome), bool(timed), code, message), json.loads(resolved)

    def resolved(self, attempts: Iterable[int]) -> Iterator[tuple[int, str]]:
        """What the jobs of these attempts resolved: (attempt, JSON)."""
        self._choose(attempts)
        return self.connection.execute("SELECT id, resolved FROM attempt JOIN chosen ON chosen.attempt = id")

    def calibration(self, run: int) -> dict[str, list[Reading]]:
        """Moment to readings of a run, in the order taken; empty where no timed trial was run."""
        query = "SELECT moment, name, value, unit, spread FROM calibration WHERE run = ? ORDER BY moment, position"
        found: dict[str, list[Reading]] = {}
        for moment, *reading in self.connection.execute(query, (run,)):
            found.setdefault(moment, []).append(Reading(*reading))
        return found

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

    def cells(self, run: int) -> list[StoredCell]:
        """A run's plan, in order."""
        query = "SELECT name, reading, seed, trial, timed, code, stands FROM cell WHERE run = ? ORDER BY position"
        return [StoredCell._make((*row[:4], bool(row[4]), *row[5:])) for row in self.connection.execute(query, (run,))]

    def settings(self, run: int) -> dict[tuple[str, str], dict[str, Any]]:
        """(case, reading) to settings."""
        query = """SELECT DISTINCT cell.name, cell.reading, trial.settings FROM cell
                   JOIN trial ON trial.identity = cell.trial
                   WHERE cell.run = ? ORDER BY cell.position"""
        return {(case, reading): json.loads(text) for case, reading, text in self.connection.execute(query, (run,))}

    def data(self, run: int) -> dict[tuple[str, str], str]:
        """(case, reading) to the fingerprint of the data of its trials."""
        query = (
            "SELECT name, reading, data FROM cell JOIN trial ON identity = cell.trial WHERE run = ? ORDER BY position"
        )
        return {(case, reading): data for case, reading, data in self.connection.execute(query, (run,))}

    def results_by_settings(
        self, benchmark: str, version: int, machine_id: str
    ) -> dict[tuple[str, int], list[tuple[bool, str]]]:
        """(canonical JSON of settings, seed) to (timed, code) of each result on this machine, whatever the data."""
        rows = self.connection.execute(
            """SELECT settings, seed, timed, code FROM trial JOIN attempt ON attempt.trial = identity
               WHERE benchmark = ? AND version = ? AND machine_id = ? AND outcome IN ('ok', 'diverged')""",
            (benchmark, version, machine_id),
        )
        found: dict[tuple[str, int], list[tuple[bool, str]]] = {}
        for settings, seed, timed, code in rows:
            found.setdefault((settings, seed), []).append((bool(timed), code))
        return found

    def failures(self, trial: str = "") -> list[Failure]:
        """Failed attempts of trials that have no later result and whose identity begins so, oldest first."""
        query = """SELECT attempt.trial, trial.benchmark,
                   coalesce((SELECT name || ', ' || reading FROM cell WHERE cell.trial = attempt.trial LIMIT 1), ''),
                   trial.seed, outcome, message, ended, coalesce(output.text, '')
                   FROM attempt JOIN trial ON trial.identity = attempt.trial
                   LEFT JOIN output ON output.attempt = attempt.id
                   WHERE substr(attempt.trial, 1, ?) = ? AND outcome NOT IN ('ok', 'diverged', 'interrupted')
                   AND NOT EXISTS (SELECT 1 FROM attempt AS later WHERE later.trial = attempt.trial
                                   AND later.id > attempt.id AND later.outcome IN ('ok', 'diverged'))
                   ORDER BY attempt.id"""
        return [Failure(*row) for row in self.connection.execute(query, (len(trial), trial))]

    def data_fingerprints(self, benchmark: str, version: int) -> dict[str, set[str]]:
        """Canonical JSON of a data set's settings to the fingerprints of the data that trials with a result used."""
        rows = self.connection.execute(
            """SELECT DISTINCT settings, data FROM trial WHERE benchmark = ? AND version = ? AND EXISTS
               (SELECT 1 FROM attempt WHERE attempt.trial = identity AND outcome IN ('ok', 'diverged'))""",
            (benchmark, version),
        )
        found: dict[str, set[str]] = {}
        for settings, data in rows:
            found.setdefault(canonical_json(json.loads(settings)["dataset"]), set()).add(data)
        return found

    def observations(self, attempts: Sequence[int]) -> list[tuple[int, str, float | None, int | None, str]]:
        """(attempt, name, value, iteration, labels) of these attempts, in the order observed."""
        self._choose(attempts)
        query = """SELECT observation.attempt, name, value, iteration, labels FROM observation
                   JOIN chosen ON chosen.attempt = observation.attempt ORDER BY observation.attempt, position"""
        return self.connection.execute(query).fetchall()

    def _choose(self, attempts: Iterable[int]) -> None:
        """Name the attempts that the next query is about."""
        self.connection.execute("CREATE TEMP TABLE IF NOT EXISTS chosen (attempt INTEGER PRIMARY KEY)")
        self.connection.execute("DELETE FROM chosen")
        self.connection.executemany("INSERT INTO chosen VALUES (?)", [(number,) for number in attempts])


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

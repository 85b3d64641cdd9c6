"""The tables of a results file, and how one is opened, made or brought up to date."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from hpbench.errors import MachineError, UserError

SCHEMA_VERSION = 3
_SCHEMA = """
CREATE TABLE run (
    id INTEGER PRIMARY KEY, benchmark TEXT NOT NULL, version INTEGER NOT NULL, profile TEXT NOT NULL,
    definition TEXT NOT NULL, file TEXT NOT NULL, selection TEXT NOT NULL, command TEXT NOT NULL, created TEXT NOT NULL,
    machine TEXT NOT NULL, machine_id TEXT NOT NULL, data TEXT NOT NULL);
CREATE TABLE cell (
    run INTEGER NOT NULL REFERENCES run(id), position INTEGER NOT NULL, name TEXT NOT NULL, reading TEXT NOT NULL,
    seed INTEGER NOT NULL, trial TEXT NOT NULL REFERENCES trial(identity), timed INTEGER NOT NULL,
    code TEXT NOT NULL DEFAULT '', stands INTEGER, PRIMARY KEY (run, position)) WITHOUT ROWID;
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
_SINCE_2 = """
CREATE TABLE output (attempt INTEGER PRIMARY KEY REFERENCES attempt(id), text TEXT NOT NULL);
CREATE TABLE holder (process INTEGER NOT NULL, host TEXT NOT NULL, command TEXT NOT NULL, since TEXT NOT NULL);
"""
_SINCE_3 = """
CREATE TABLE calibration (
    run INTEGER NOT NULL REFERENCES run(id), moment TEXT NOT NULL, position INTEGER NOT NULL, name TEXT NOT NULL,
    value REAL NOT NULL, unit TEXT NOT NULL, spread REAL NOT NULL, PRIMARY KEY (run, moment, position)) WITHOUT ROWID;
"""
_CELL_SINCE_2 = """
ALTER TABLE cell ADD COLUMN code TEXT NOT NULL DEFAULT '';
ALTER TABLE cell ADD COLUMN stands INTEGER;
"""
_SCRIPTS = {0: _SCHEMA + _SINCE_2 + _SINCE_3, 1: _CELL_SINCE_2 + _SINCE_2 + _SINCE_3, 2: _SINCE_3}
"""Version of a file, 0 for a new one, to what brings it up to date."""


class StoreError(UserError):
    """The results file cannot be used; the message says why and what to do."""


class StoreFullError(MachineError):
    """A result could not be written."""


def connect(path: Path, *, create: bool) -> sqlite3.Connection:
    """Open a results file; one of an older version is brought up to date.

    Args:
        path: The file.
        create: Whether it is to be written, and made with its folder where it is missing.

    Raises:
        StoreError: If it is missing, not a results file, of a newer version, or cannot be written.
    """
    if not path.exists() and not create:
        raise StoreError(f"no results in {path}; 'hpbench run' makes them, or name another file with --results")
    connection: sqlite3.Connection | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(_address(path, create), uri=True)
        _prepare(connection, path, create)
    except (sqlite3.Error, OSError) as error:
        if connection is not None:
            connection.close()
        raise StoreError(
            f"{path} cannot be used as a results file ({_reason(error)}); "
            "name another with --results, in a folder that you can write to"
        ) from None
    except StoreError:
        if connection is not None:
            connection.close()
        raise
    return connection


def copy(path: Path, target: Path) -> None:
    """Copy a results file and bring the copy up to date; the file itself stays as it is.

    Args:
        path: The file; another process may be writing it.
        target: Where the copy goes.

    Raises:
        StoreError: If it is missing, not a results file, or of a newer version.
    """
    if not path.is_file():
        raise StoreError(f"no results in {path}")
    try:
        with closing(sqlite3.connect(_unchanged(path), uri=True)) as source, closing(sqlite3.connect(target)) as found:
            source.backup(found)
            _prepare(found, path, create=False)
    except sqlite3.Error as error:
        raise StoreError(f"{path} cannot be used as a results file ({_reason(error)})") from None


def _address(path: Path, create: bool) -> str:
    """In a folder that cannot be written, SQLite cannot make the files beside the store that it reads with."""
    if create or os.access(path.resolve().parent, os.W_OK):
        return path.resolve().as_uri()
    return _unchanged(path)


def _unchanged(path: Path) -> str:
    """The address at which a file is read as it is, with what another process has not yet moved into it."""
    beside = path.resolve().with_name(f"{path.name}-wal")
    return f"{path.resolve().as_uri()}?{'mode=ro' if beside.exists() and beside.stat().st_size else 'immutable=1'}"


def _prepare(connection: sqlite3.Connection, path: Path, create: bool) -> None:
    version, tables = _state(connection)
    if version > SCHEMA_VERSION:
        raise StoreError(
            f"{path} is of version {version}, newer than this hpbench, "
            f"which reads up to {SCHEMA_VERSION}; upgrade hpbench"
        )
    if version == 0 and (tables or not create):
        raise StoreError(f"{path} is not a results file of hpbench")
    if version == 0:
        connection.execute("PRAGMA journal_mode=WAL")
    if version < SCHEMA_VERSION or create:
        connection.execute("BEGIN IMMEDIATE")
        version, _ = _state(connection)  # another process may have been faster
        for statement in filter(str.strip, _SCRIPTS.get(version, "").split(";")):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
        connection.commit()
    connection.execute("PRAGMA synchronous=NORMAL")


def _state(connection: sqlite3.Connection) -> tuple[int, int]:
    """Version of the file, and how many tables and indices it has."""
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    tables: int = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    return version, tables


def _reason(error: sqlite3.Error | OSError) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)

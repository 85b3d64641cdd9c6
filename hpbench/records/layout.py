"""The tables of a results file, and how one is opened, made or brought up to date."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from hpbench.errors import MachineError, UserError

SCHEMA_VERSION = 2
_SCHEMA = """
CREATE TABLE run (
    id INTEGER PRIMARY KEY, benchmark TEXT NOT NULL, version INTEGER NOT NULL, profile TEXT NOT NULL,
    definition TEXT NOT NULL, file TEXT NOT NULL, selection TEXT NOT NULL, command TEXT NOT NULL, created TEXT NOT NULL,
    machine TEXT NOT NULL, machine_id TEXT NOT NULL, data TEXT NOT NULL);
CREATE TABLE cell (
    run INTEGER NOT NULL REFERENCES run(id), position INTEGER NOT NULL, name TEXT NOT NULL, reading TEXT NOT NULL,
    seed INTEGER NOT NULL, trial TEXT NOT NULL REFERENCES trial(identity), timed INTEGER NOT NULL,
    code TEXT NOT NULL DEFAULT '', PRIMARY KEY (run, position)) WITHOUT ROWID;
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
_UPGRADE_1 = f"ALTER TABLE cell ADD COLUMN code TEXT NOT NULL DEFAULT ''; {_SINCE_2}"


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
        # In a folder that cannot be written, SQLite could not make the files beside it that it reads with.
        readable_only = not create and not os.access(path.parent, os.W_OK)
        address = f"{path.resolve().as_uri()}?immutable=1" if readable_only else path.resolve().as_uri()
        connection = sqlite3.connect(address, uri=True)
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


def _prepare(connection: sqlite3.Connection, path: Path, create: bool) -> None:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if version > SCHEMA_VERSION:
        raise StoreError(
            f"{path} is of version {version}, newer than this hpbench, "
            f"which reads up to {SCHEMA_VERSION}; upgrade hpbench"
        )
    if version == 0 and tables == 0 and create:
        connection.execute("PRAGMA journal_mode=WAL")
        _execute(connection, _SCHEMA + _SINCE_2)
    elif version == 1:
        _execute(connection, _UPGRADE_1)
    elif version == 0:
        raise StoreError(f"{path} is not a results file of hpbench")
    elif create:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")
    connection.execute("PRAGMA synchronous=NORMAL")


def _execute(connection: sqlite3.Connection, script: str) -> None:
    connection.executescript(f"BEGIN; {script} PRAGMA user_version={SCHEMA_VERSION}; COMMIT;")


def _reason(error: sqlite3.Error | OSError) -> str:
    return error.strerror or str(error) if isinstance(error, OSError) else str(error)

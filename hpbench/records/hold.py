"""One driver at a time on a results file: a lock that ends with its process, and who holds it."""

from __future__ import annotations

import os
import platform
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import psutil
from filelock import FileLock, Timeout

from hpbench.errors import UserError


class StoreHeldError(UserError):
    """Another driver is running on the results file."""


@contextmanager
def held(connection: sqlite3.Connection, path: Path, command: str) -> Iterator[None]:
    """Hold the results file for this process, for the time of the block.

    The lock lies beside the file and is the operating system's: it ends with the process, however that ends. Who holds
    it stands in the file itself.

    Args:
        connection: The open results file.
        path: Its path.
        command: The command line, for the one who finds the file held.

    Raises:
        StoreHeldError: Naming the process, its host and its command.
    """
    path = path.resolve()
    lock = FileLock(path.with_name(f"{path.name}.lock"), timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise StoreHeldError(
            f"{path} is in use by {holder(connection) or 'a process that has just begun'}. Wait until that has ended, "
            "or name another results file with --results"
        ) from None
    try:
        with connection:
            connection.execute("DELETE FROM holder")
            since = datetime.now(UTC).isoformat(timespec="seconds")
            connection.execute("INSERT INTO holder VALUES (?, ?, ?, ?)", (os.getpid(), platform.node(), command, since))
        yield
    finally:
        with suppress(sqlite3.Error), connection:  # on a full disk, say; the lock is what counts
            connection.execute("DELETE FROM holder")
        lock.release()


def holder(connection: sqlite3.Connection) -> str:
    """Who is running on the results file, in words; empty if nobody on this machine is."""
    row = connection.execute("SELECT process, host, command, since FROM holder").fetchone()
    if row is None or (row[1] == platform.node() and not psutil.pid_exists(row[0])):
        return ""
    process, host, command, since = row
    return f"process {process} on host {host} ({command}, since {since})"

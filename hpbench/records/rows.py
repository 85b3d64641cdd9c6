"""What the store gives back: runs, attempts and cells as they are stored."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from hpbench.records.trial import Outcome


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
    """What is known of one attempt at a trial, without its observations; ``elapsed`` are its wall seconds."""

    id: int
    trial: str
    outcome: Outcome
    timed: bool
    code: str
    message: str
    elapsed: float = math.nan


class StoredCell(NamedTuple):
    """A cell of a stored run.

    ``code`` is the fingerprint of the code that the run would use for its trial, ``stands`` the attempt whose result
    the run took over.
    """

    case: str
    reading: str
    seed: int
    trial: str
    timed: bool
    code: str
    stands: int | None


class Failure(NamedTuple):
    """An attempt that gave no result; ``cell`` says where its trial stands in a plan."""

    trial: str
    benchmark: str
    cell: str
    seed: int
    outcome: str
    message: str
    ended: str
    output: str

"""The history: a file of JSON lines, one a gated run, to which runs are appended and from which series are read."""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from filelock import FileLock
from pydantic import BaseModel, ConfigDict, ValidationError

from hpbench.errors import UserError
from hpbench.gate.sides import SHOWN
from hpbench.records.metrics import base_name, metric
from hpbench.report.commit import commit_of
from hpbench.report.files import write_whole
from hpbench.report.strict_json import dump

FORMAT = 1


class HistoryError(UserError):
    """The file is no history, or one of a newer hpbench."""


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, allow_inf_nan=False)


class Value(_Kept):
    """A metric of a case under a reading, over the seeds: mean and standard deviation (0 for one seed) of ``n``.

    ``settings`` is a digest of the case's, or of those of a group's cases; empty in lines that were written without.
    """

    case: str
    reading: str
    metric: str
    unit: str
    mean: float
    spread: float
    n: int
    settings: str = ""


class Entry(_Kept):
    """A gated run.

    Attributes:
        format: Version of the line.
        benchmark: Id of the definition.
        version: Of the definition.
        profile: Of the run.
        when: When the run was started, ISO 8601, UTC.
        commit: Of the code, 12 digits; empty if it is not known.
        dirty: Whether there were changes beside the commit.
        machine: Fingerprint of the hardware.
        outcome: What the gate said of it; empty if nothing.
        values: What was measured.
    """

    format: int = FORMAT
    benchmark: str
    version: int
    profile: str
    when: str
    commit: str
    dirty: bool
    machine: str
    outcome: str = ""
    values: tuple[Value, ...]

    @property
    def run(self) -> tuple[str, str, str, str, str]:
        """What tells it from other runs."""
        return (self.benchmark, self.profile, self.machine, self.when, self.commit)


class Place(NamedTuple):
    """Where values are comparable, and are one series over commits."""

    benchmark: str
    version: int
    profile: str
    machine: str
    case: str
    reading: str
    metric: str
    settings: str


class Point(NamedTuple):
    """A run in a series: mean and spread in the metric's unit, over ``n`` seeds."""

    when: str
    commit: str
    dirty: bool
    mean: float
    spread: float
    n: int


@dataclass(frozen=True)
class History:
    """A history as it was read.

    Attributes:
        entries: In the order of the runs' start.
        damaged: (line number, text) of lines that cannot be read: of the last one an append was cut off, say.
    """

    entries: tuple[Entry, ...]
    damaged: tuple[tuple[int, str], ...]

    def series(self) -> dict[Place, list[Point]]:
        """Every metric of every case over the runs, in the order in which they first occur."""
        found: dict[Place, list[Point]] = {}
        for entry in self.entries:
            for value in entry.values:
                place = Place(
                    *(entry.benchmark, entry.version, entry.profile, entry.machine),
                    *(value.case, value.reading, value.metric, value.settings),
                )
                point = Point(entry.when, entry.commit, entry.dirty, value.mean, value.spread, value.n)
                found.setdefault(place, []).append(point)
        return found


def entry(
    benchmark: str,
    version: int,
    profile: str,
    when: str,
    machine: Mapping[str, str],
    machine_id: str,
    values: Mapping[tuple[str, str, str], Iterable[float | None]],
    outcome: str = "",
    settings: Mapping[tuple[str, str], str] | None = None,
) -> Entry:
    """A run as the history keeps it.

    Args:
        benchmark: Id of the definition.
        version: Of the definition.
        profile: Of the run.
        when: When the run was started, ISO 8601, UTC.
        machine: Facts about the machine and its software, among them the commit.
        machine_id: Fingerprint of the hardware.
        values: (case, reading, metric) to the last value of each seed, in the metric's unit; what is None or not
            finite does not count, and a metric without any has no value.
        outcome: What the gate said.
        settings: (case, reading) to a digest of its settings.
    """
    settings = settings or {}
    commit = commit_of(machine)
    finite = {place: [v for v in seeds if v is not None and math.isfinite(v)] for place, seeds in values.items()}
    return Entry(
        benchmark=benchmark,
        version=version,
        profile=profile,
        when=when,
        commit=commit.id,
        dirty=commit.dirty,
        machine=machine_id,
        outcome=outcome,
        values=tuple(_value(place, seeds, settings.get(place[:2], "")) for place, seeds in finite.items() if seeds),
    )


def is_followed(name: str, gated: Iterable[str] = ()) -> bool:
    """Whether the history keeps a metric (with labels after dots): one that is gated, or that comparisons show."""
    return base_name(name) in SHOWN or name in gated


def append(path: Path, new: Sequence[Entry]) -> str:
    """Append runs to a history, whole or not at all; one that it has already is not appended again.

    Lines that cannot be read, such as one that was cut off, are moved to the file ``PATH.damaged`` beside it.

    Args:
        path: The file; made with its folder if it is not there.
        new: The runs.

    Returns:
        What was kept aside, in words; empty if nothing was.

    Raises:
        HistoryError: If the file is no history, or has lines of a newer hpbench. It stays as it is.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(path.with_name(f".{path.name}.lock")):
        found = read(path) if path.exists() else History((), ())
        known = {one.run for one in found.entries}
        fresh = {one.run: one for one in new if one.run not in known}
        kept = (*found.entries, *fresh.values())
        if found.damaged:
            aside = path.with_name(f"{path.name}.damaged")
            before = aside.read_text(encoding="utf-8") if aside.exists() else ""
            write_whole(aside, [before, *(f"{text}\n" for _, text in found.damaged)])
        write_whole(path.resolve(), (f"{dump(one.model_dump())}\n" for one in kept))
    return damage(path, found, f"moved to {path.name}.damaged")


def read(path: Path) -> History:
    """Read a history.

    Raises:
        HistoryError: If it is missing, no history, or has lines of a newer hpbench.
    """
    if not path.is_file():
        raise HistoryError(f"no history in {path}; 'hpbench gate' appends to one")
    entries: list[Entry] = []
    damaged: list[tuple[int, str]] = []
    lines = path.read_bytes().decode("utf-8", errors="replace").split("\n")
    for number, line in enumerate(lines, start=1):
        if line.strip():
            parsed = _parsed(line, path, number)
            if parsed is None:
                damaged.append((number, line))
            else:
                entries.append(parsed)
    if damaged and not entries:
        raise HistoryError(f"{path} is not a history of hpbench: no line of it can be read")
    return History(tuple(sorted(entries, key=lambda one: one.when)), tuple(damaged))


def damage(path: Path, history: History, done: str) -> str:
    """What is damaged, in words; empty if nothing is."""
    if not history.damaged:
        return ""
    numbers = ", ".join(str(number) for number, _ in history.damaged)
    return f"{path}, line {numbers}: not readable (a write that was cut off?), {done}"


def _parsed(line: str, path: Path, number: int) -> Entry | None:
    """The run of a line; None if it is damaged."""
    try:
        value: Any = json.loads(line)
        version = value["format"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if isinstance(version, int) and version > FORMAT:
        raise HistoryError(
            f"{path}, line {number}, is of format {version}, newer than this hpbench, which reads up to {FORMAT}; "
            "upgrade hpbench"
        )
    try:
        return Entry.model_validate(value)
    except ValidationError:
        return None


def _value(place: tuple[str, str, str], seeds: Sequence[float], settings: str) -> Value:
    case, reading, name = place
    return Value(
        case=case,
        reading=reading,
        metric=name,
        unit=metric(name).unit,
        mean=statistics.fmean(seeds),
        spread=statistics.stdev(seeds) if len(seeds) > 1 else 0.0,
        n=len(seeds),
        settings=settings,
    )

"""The timed cases as pytest-benchmark saves its benchmarks, so that ``pytest-benchmark compare`` reads them.

A benchmark is a timed case, a round one of its timed seeds, and the time that of 100 iterations (or as ``TIMES`` has
it). Fields are those of pytest-benchmark 5.1 (``pytest_benchmark/plugin.py``, ``stats.py``).
"""

from __future__ import annotations

import statistics
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hpbench.records.metrics import dotted
from hpbench.report.commit import commit_of
from hpbench.report.exports.measured import Measured, measured, times
from hpbench.report.facts import Facts
from hpbench.report.files import write_whole
from hpbench.report.strict_json import dump

VERSION = "5.1.0"
"""Of pytest-benchmark, whose fields these are."""
_OUTSIDE = 1.5
"""Interquartile ranges beyond the quartiles from which a value lies outside (Tukey 1977)."""


def write(facts: Facts, output: Path) -> list[Path]:
    """One file a benchmark; without timed cases its list is empty."""
    path = output / f"{facts.definition.id}.pytest-benchmark.json"
    write_whole(path, [dump(document(facts), indent=2), "\n"])
    return [path]


def document(facts: Facts) -> dict[str, Any]:
    """The whole file as a value."""
    found = list(measured(facts))
    commit = commit_of(facts.tables.machine)
    return {
        "machine_info": _machine(facts),
        "commit_info": {
            "id": commit.id or "unversioned",
            "time": None,
            "author_time": None,
            "dirty": commit.dirty,
            "project": "hpbench",
            "branch": "(unknown)",
        },
        "benchmarks": [_benchmark(facts, one, found) for one in times(found)],
        "datetime": facts.tables.created,
        "version": VERSION,
    }


def _machine(facts: Facts) -> dict[str, Any]:
    """As the run has it, under pytest-benchmark's names where it has such. No host name."""
    machine = facts.tables.machine
    implementation, _, version = machine.get("Python", "").partition(" ")
    system = machine.get("system", "").split(" ")
    return {
        "node": "",
        "machine": system[-1],
        "system": system[0],
        "release": system[1] if len(system) > 2 else "",
        "python_implementation": implementation,
        "python_version": version,
        "cpu": {"brand_raw": machine.get("CPU", "")},
        "hpbench": dict(machine),
    }


def _benchmark(facts: Facts, one: Measured, found: Sequence[Measured]) -> dict[str, Any]:
    definition, row = facts.definition, one.row
    name = f"{definition.id}[{one.place}]"
    return {
        "group": f"{definition.id}, {row.metric}",
        "name": name,
        "fullname": f"{facts.resolved.source.file}::{name}",
        "params": {"case": row.case, "reading": row.reading, **row.labels},
        "param": one.place,
        "extra_info": {
            "metric": row.metric,
            "version": definition.version,
            "profile": facts.resolved.selection.profile,
            "seeds": list(one.values),
            "diverged": row.diverged,
            **_others(one, found),
        },
        "options": {"timer": "perf_counter", "warmup": True},
        "stats": {**stats(list(one.values.values())), "iterations": 1},
    }


def _others(one: Measured, found: Sequence[Measured]) -> dict[str, float]:
    """Means over the seeds of the same case's other metrics, by the names that a definition gives them."""
    place = (one.row.case, one.row.reading)
    rows = (other.row for other in found if (other.row.case, other.row.reading) == place)
    return {dotted(row.metric, row.labels): row.mean for row in rows if row.metric != one.row.metric}


def stats(seconds: Sequence[float]) -> dict[str, Any]:
    """What pytest-benchmark says of rounds.

    Quartiles are those of Tukey's hinges for an even number of rounds, and of the third method of
    https://en.wikipedia.org/wiki/Quartile for an odd one, as ``pytest_benchmark.stats.Stats`` has them.

    Args:
        seconds: Of each round, at least one, in s.
    """
    data = sorted(seconds)
    mean, total = statistics.mean(data), sum(seconds)
    deviation = statistics.stdev(data) if len(data) > 1 else 0.0
    q1, q3 = _quartiles(data)
    low, high = q1 - _OUTSIDE * (q3 - q1), q3 + _OUTSIDE * (q3 - q1)
    far = sum(value < mean - deviation or value > mean + deviation for value in data)
    outside = sum(value < low or value > high for value in data)
    return {
        "min": data[0],
        "max": data[-1],
        "mean": mean,
        "stddev": deviation,
        "rounds": len(data),
        "median": statistics.median(data),
        "iqr": q3 - q1,
        "q1": q1,
        "q3": q3,
        "iqr_outliers": outside,
        "stddev_outliers": far,
        "outliers": f"{far};{outside}",
        "ld15iqr": data[bisect_left(data, low)],
        "hd15iqr": data[bisect_right(data, high) - 1],
        "ops": len(data) / total if total else 0.0,
        "total": total,
        "data": list(seconds),
    }


def _quartiles(data: Sequence[float]) -> tuple[float, float]:
    """The first and third quartile of rising values."""
    n, rest = divmod(len(data), 4)
    if len(data) == 1:
        return data[0], data[0]
    if rest == 1:
        return 0.25 * data[n - 1] + 0.75 * data[n], 0.75 * data[3 * n] + 0.25 * data[3 * n + 1]
    if rest == 3:
        return 0.75 * data[n] + 0.25 * data[n + 1], 0.25 * data[3 * n + 1] + 0.75 * data[3 * n + 2]
    half = len(data) // 2
    return statistics.median(data[:half]), statistics.median(data[half:])

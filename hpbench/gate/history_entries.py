"""What the history keeps of a gate: an entry for each benchmark that was run."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from hpbench.definition.gated import Gated
from hpbench.definition.readings import DEFAULT
from hpbench.gate.compare import Comparison
from hpbench.gate.history import Entry, entry, is_followed
from hpbench.gate.outcome import Outcome, outcome
from hpbench.gate.runs import LENGTH
from hpbench.gate.sides import BenchmarkSide, Side

Followed = Mapping[tuple[str, str, str], Iterable[float | None]]
"""Case or group, reading and metric to the last value of each seed."""


def entries(comparison: Comparison, harness: Sequence[str] = ()) -> list[Entry]:
    """An entry for each benchmark of the second side that has results.

    Args:
        comparison: A run, second, beside the reference, which says what is gated.
        harness: What stopped the run itself, such as a full disk.
    """
    return [
        entry(
            *(name, side.version, side.profile, side.created, side.machine, side.machine_id),
            followed(side, comparison.first.benchmarks[name].gated),
            _outcome(comparison, name, harness),
            _settings(side),
        )
        for name, side in comparison.second.benchmarks.items()
        if side.measured
    ]


def followed(side: BenchmarkSide, gated: Sequence[Gated]) -> Followed:
    """The values of a run that the history keeps: of every case, and what is gated of groups of cases."""
    names = [one.metric for one in gated]
    found = {
        (case, reading, metric): values.values()
        for case, readings in side.cases.items()
        for reading, one in readings.items()
        for metric, values in one.values.items()
        if is_followed(metric, names)
    }
    groups = {
        (case, DEFAULT, one.metric): side.values(case, DEFAULT, one.metric).values()
        for one in gated
        for case in one.cases
        if case in side.groups
    }
    return found | groups


def _settings(side: BenchmarkSide) -> dict[tuple[str, str], str]:
    """Case or group and reading to a digest of the settings."""
    found = {
        (case, reading): one.settings for case, readings in side.cases.items() for reading, one in readings.items()
    }
    groups = {
        (group, DEFAULT): hashlib.sha256("".join(found[case, DEFAULT] for case in cases).encode()).hexdigest()[:LENGTH]
        for group, cases in side.groups.items()
        if side.has(group)
    }
    return found | groups


def _outcome(comparison: Comparison, name: str, harness: Sequence[str]) -> Outcome:
    """What the gate would say of one benchmark alone."""
    first, second = (
        Side(name=side.name, benchmarks={name: side.benchmarks[name]}) for side in (comparison.first, comparison.second)
    )
    own = Comparison(first, second, tuple(pair for pair in comparison.pairs if pair.benchmark == name))
    return outcome(own, second.benchmarks[name].failures, harness)

"""The planner of cases, grids and searches: a round that holds every cell, and one of the searches' winners."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from hpbench.definition.order import seed_major
from hpbench.definition.resolve import PlannedCase, Resolved
from hpbench.definition.schema import Settings
from hpbench.plan.search import proposals, winners
from hpbench.records.trial import Cell, Trial, TrialResult

DataFingerprint = Callable[[Settings], str]
"""Fingerprint of the prepared data set that these settings name."""


def cells(resolved: Resolved, data: DataFingerprint) -> list[Cell]:
    """Every cell of the benchmark, seed-major, the order of cases reversed every other seed.

    In this order drift of the machine hits all cases alike.

    Args:
        resolved: The definition as asked for.
        data: Gives the fingerprint of the data set that settings name.
    """
    return cells_of(resolved, resolved.planned_cases(), data)


def cells_of(resolved: Resolved, cases: Sequence[PlannedCase], data: DataFingerprint) -> list[Cell]:
    """The cells of some cases, in that order."""
    definition = resolved.definition
    known: dict[int, tuple[dict[str, Any], str]] = {
        id(item): (item.settings.model_dump(mode="json"), data(item.settings)) for item in cases
    }
    return [
        Cell(
            case=item.case,
            reading=item.reading,
            trial=Trial(definition.id, definition.version, settings, seed, fingerprint),
            timed=seed < item.timed_seeds,
        )
        for item, seed in seed_major(cases)
        for settings, fingerprint in (known[id(item)],)
    ]


def next_round(resolved: Resolved, data: DataFingerprint, results: Sequence[TrialResult]) -> list[Cell]:
    """All cells in the first round; then what searches found best, with fresh seeds; then none."""
    if not results:
        return [*cells(resolved, data), *proposals(resolved, data)]
    known = {result.trial for result in results}
    last = winners(resolved, data, results)
    return [] if all(cell.trial.identity in known for cell in last) else last

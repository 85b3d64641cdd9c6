"""Searches in a plan: a round of the points proposed, and one in which each winner is run again with fresh seeds."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from hpbench.definition.changes import case_changes, with_changes
from hpbench.definition.readings import DEFAULT
from hpbench.definition.resolve import PlannedCase, Resolved
from hpbench.definition.schema import Settings
from hpbench.definition.searching import WINNER, Search
from hpbench.errors import UserError
from hpbench.records.metrics import dotted
from hpbench.records.trial import Cell, Trial, TrialResult, canonical_json

if TYPE_CHECKING:
    from hpbench.plan.cases import DataFingerprint
    from hpbench.plan.propose import Point


def count(resolved: Resolved) -> int:
    """Trials of all searches, at most: points by seeds, and the winners' again. Nothing is imported for it."""
    return sum(search.size * study.seeds + search.again for study, search in resolved.searches.values())


def proposals(resolved: Resolved, data: DataFingerprint) -> list[Cell]:
    """A cell for every point and seed, seed by seed."""
    cells: list[Cell] = []
    for name, (study, search) in resolved.searches.items():
        numbered = _numbered(resolved, name, search)
        cells += [
            _cell(resolved, data, f"{name}/{number}", point, seed)
            for seed in range(study.seeds)
            for number, point in numbered
        ]
    return cells


def winners(resolved: Resolved, data: DataFingerprint, results: Sequence[TrialResult]) -> list[Cell]:
    """The best point of each search with the seeds that follow the search's own; none where no trial has a score.

    Cases that a claim compares with a winner run with the same fresh seeds: comparisons are paired by seed.
    """
    cells: list[Cell] = []
    scores = {result.trial: result for result in results}
    for name, (study, search) in resolved.searches.items():
        numbered = _numbered(resolved, name, search)
        objective = [
            _mean(
                _final(scores.get(_cell(resolved, data, "", point, seed).trial.identity), search.objective.metric)
                for seed in range(study.seeds)
            )
            for _, point in numbered
        ]
        if any(map(math.isfinite, objective)):
            from hpbench.plan.propose import winner

            points = [point for _, point in numbered]
            best = points[winner(search, points, objective)]
            fresh = range(study.seeds, study.seeds + search.again)
            cells += [_cell(resolved, data, f"{name}/{WINNER}", best, seed) for seed in fresh]
            cells += [
                _placed(resolved, data, item.case, item.settings, seed)
                for item in _compared(resolved, name)
                for seed in fresh
                if seed >= item.seeds
            ]
    return list({(cell.case, cell.trial.identity): cell for cell in cells}.values())


def _compared(resolved: Resolved, study: str) -> list[PlannedCase]:
    """The cases that a claim names together with a search's winner, but for winners."""
    names = {
        case
        for claim in resolved.definition.claims
        if f"{study}/{WINNER}" in claim.test.case_names
        for case in claim.test.case_names
    }
    return [item for item in resolved.planned_cases() if item.reading == DEFAULT and item.case in names]


def _numbered(resolved: Resolved, study: str, search: Search) -> list[tuple[str, Point]]:
    from hpbench.plan.propose import points

    found = points(search, resolved.definition.id, study)
    width = len(str(len(found)))
    return [(f"{number:0{width}d}", point) for number, point in enumerate(found, start=1)]


def _cell(resolved: Resolved, data: DataFingerprint, case: str, point: Mapping[str, object], seed: int) -> Cell:
    definition = resolved.definition
    tree = definition.model_dump(mode="json", include=set(Settings.model_fields))
    return _placed(resolved, data, case, Settings.model_validate(with_changes(tree, case_changes(point))), seed)


def _placed(resolved: Resolved, data: DataFingerprint, case: str, settings: Settings, seed: int) -> Cell:
    definition = resolved.definition
    trial = Trial(definition.id, definition.version, settings.model_dump(mode="json"), seed, data(settings))
    return Cell(case, DEFAULT, trial, False)


def _final(result: TrialResult | None, metric: str) -> float:
    """The last value of a metric; NaN without a result, and of a trial that diverged its last state's."""
    if result is None:
        return math.nan
    found = [item.value for item in result.observations if dotted(item.name, item.labels) == metric]
    return found[-1] if found else math.nan


def _mean(values: Iterator[float]) -> float:
    """NaN if one of them is."""
    listed = list(values)
    return math.fsum(listed) / len(listed) if all(map(math.isfinite, listed)) else math.nan


class SearchChangedError(UserError):
    """A search is not the one whose trials are stored."""


def require_same_searches(resolved: Resolved, before: Resolved) -> None:
    """A search that goes on is the one that was begun: its space, strategy, seed and objective are the same.

    More trials, or other fresh seeds of the winner, only add to it.

    Args:
        resolved: The definition as asked for.
        before: As the newest stored run of the same version and profile had it.

    Raises:
        SearchChangedError: With each difference by name.
    """
    earlier = {name: search for name, (_, search) in before.searches.items()}
    differences = [
        f"{name}: {difference}"
        for name, (_, search) in resolved.searches.items()
        if name in earlier
        for difference in _differences(earlier[name].model_dump(mode="json"), search.model_dump(mode="json"))
    ]
    if differences:
        raise SearchChangedError(
            f"{resolved.definition.id}: a search has changed since its trials were stored, and is not gone on with: "
            f"{'; '.join(differences)}. Take the change back, name another file with --results, or raise the "
            "definition's version"
        )


def _differences(before: Any, now: Any, path: str = "") -> Iterator[str]:
    """What differs, as ``space.learning_rate.high was 0.1 and is 1``."""
    if isinstance(before, dict) and isinstance(now, dict):
        for key in dict.fromkeys((*before, *now)):
            inside = f"{path}.{key}" if path else str(key)
            if inside not in ("trials", "again"):
                yield from _differences(before.get(key, "not there"), now.get(key, "not there"), inside)
        if path == "space" and list(before) != list(now) and before.keys() == now.keys():
            yield "the axes stand in another order"
    elif before != now:
        yield f"{path} was {_said(before)} and is {_said(now)}"


def _said(value: Any) -> str:
    return "not there" if value == "not there" else canonical_json(value)

"""From cells to jobs: what is still to be done, and which trials share a process."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from hpbench.definition.schema import Settings
from hpbench.execution.code import code_fingerprint
from hpbench.execution.job import Job
from hpbench.records.store import Attempt
from hpbench.records.trial import Cell, Trial, canonical_json

LONGEST_SHARED = 60
"""Most trials of one shared job: memory grows a little from trial to trial."""


@dataclass(frozen=True)
class Pending:
    """What of a round is to be done.

    Args:
        trials: Trials to run, each once, in the plan's order, with whether it is timed.
        standing: Stored attempts whose result stands, one a trial.
        stale: Number of trials that run again because the code of their parts has changed.
        code: Trial identity to the fingerprint of its parts' source.
    """

    trials: tuple[tuple[Trial, bool], ...]
    standing: tuple[Attempt, ...]
    stale: int
    code: Mapping[str, str]


def pending(cells: Iterable[Cell], attempts: Mapping[str, Sequence[Attempt]], *, keep_stale: bool = False) -> Pending:
    """Compare a round's cells with the stored attempts of this machine.

    Args:
        cells: The round.
        attempts: Trial identity to its attempts, oldest first.
        keep_stale: Whether results of older code stand.
    """
    trials: dict[str, Trial] = {}
    timed: dict[str, bool] = {}
    for cell in cells:
        identity = cell.trial.identity
        trials.setdefault(identity, cell.trial)
        timed[identity] = timed.get(identity, False) or cell.timed
    code = _codes(trials)
    results = {key: [item for item in attempts.get(key, ()) if item.outcome.is_result] for key in trials}
    fresh = {key: [item for item in found if item.code == code[key]] for key, found in results.items()}
    if keep_stale:
        fresh = {key: fresh[key] or found for key, found in results.items()}
    usable = {key: [item for item in found if item.timed or not timed[key]] for key, found in fresh.items()}
    stands = {key: found[-1] for key, found in usable.items() if found}
    tried = {key: {item.code for item in attempts.get(key, ())} for key in trials}
    stale = sum(bool(results[key]) and code[key] not in tried[key] for key in trials)
    todo = tuple((trial, timed[key]) for key, trial in trials.items() if key not in stands)
    return Pending(todo, tuple(stands.values()), stale, code)


def _codes(trials: Mapping[str, Trial]) -> dict[str, str]:
    by_settings: dict[str, str] = {}
    codes = {}
    for identity, trial in trials.items():
        key = canonical_json(trial.settings)
        if key not in by_settings:
            by_settings[key] = code_fingerprint(Settings.model_validate(trial.settings))
        codes[identity] = by_settings[key]
    return codes


def make_jobs(
    todo: Pending, data_folder: str, seconds: Mapping[str, float], workers: int, allow: tuple[str, ...] = ()
) -> list[Job]:
    """Timed trials each a job of its own, in order; the others grouped by program, the longest jobs first.

    Trials that differ in the seed alone, or in nothing else that is compiled, share a compiled program. A group is
    split so that every worker has work.
    """
    jobs = [Job((trial,), True, data_folder, todo.code[trial.identity], allow) for trial, timed in todo.trials if timed]
    groups: dict[str, list[Trial]] = {}
    program = cache(lambda settings: Settings.model_validate_json(settings).program)
    for trial, timed in todo.trials:
        if not timed:
            groups.setdefault(program(canonical_json(trial.settings)), []).append(trial)
    total = sum(seconds[trial.identity] for group in groups.values() for trial in group)
    shared = []
    for group in groups.values():
        mean = sum(seconds[trial.identity] for trial in group) / len(group)
        share = total / (2 * max(1, workers)) / mean
        size = max(1, min(LONGEST_SHARED, int(share)))
        shared += [
            Job(tuple(group[i : i + size]), False, data_folder, todo.code[group[0].identity], allow)
            for i in range(0, len(group), size)
        ]
    shared.sort(key=lambda job: -sum(seconds[trial.identity] for trial in job.trials))
    return jobs + shared

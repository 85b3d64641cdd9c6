"""Which of several attempts at a trial counts, and a run's tables made from those."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from hpbench.records.metrics import is_cost
from hpbench.records.store import Attempt, Run, Store, StoredCell
from hpbench.records.tables import OBSERVATION_COLUMNS, TRIAL_COLUMNS, Resolutions, RunTables


def best(attempts: Iterable[Attempt], code: str = "") -> Attempt | None:
    """The attempt that counts, of those made with ``code``; where there is none, with the code of the newest one.

    One with a result before one without, a timed before an untimed, then the newest. What older code gave does not
    stand in for a trial that was run again, not even for one that failed.
    """
    known = sorted(attempts, key=lambda attempt: attempt.id)
    current = [attempt for attempt in known if attempt.code == code]
    current = current or [attempt for attempt in known if attempt.code == known[-1].code]
    return max(current, key=lambda attempt: (attempt.outcome.is_result, attempt.timed, attempt.id), default=None)


def load(store: Store, run: Run) -> RunTables:
    """The tables of a run, from the results of its own machine."""
    import pandas as pd

    cells = store.cells(run.id)
    by_trial = {cell.trial: cell for cell in cells}
    attempts = store.attempts(run.machine_id, by_trial)
    chosen = {trial: counts for trial, many in attempts.items() if (counts := _counting(many, by_trial[trial]))}
    trials = [
        (
            cell.case,
            cell.reading,
            cell.seed,
            str(attempt.outcome),
            attempt.timed,
            attempt.message,
            _stale(attempt, cell),
            attempt.elapsed,
        )
        for cell in cells
        if (attempt := chosen.get(cell.trial))
    ]
    results = [attempt.id for attempt in chosen.values() if attempt.outcome.is_result]
    raw = pd.DataFrame(store.observations(results), columns=["attempt", "metric", "value", "iteration", "labels"])
    raw = raw.astype({"value": float, "iteration": float})
    untimed = {attempt.id for attempt in chosen.values() if not attempt.timed}
    costs = raw["metric"].map({name: is_cost(name) for name in raw["metric"].unique()}).astype(bool)
    raw = raw[~(costs & raw["attempt"].isin(untimed))]
    places = pd.DataFrame(
        [(cell.case, cell.reading, cell.seed, chosen[cell.trial].id) for cell in cells if cell.trial in chosen],
        columns=["case", "reading", "seed", "attempt"],
    )
    observations = places.merge(raw, on="attempt", how="inner")[list(OBSERVATION_COLUMNS)]
    return RunTables(
        trials=pd.DataFrame(trials, columns=list(TRIAL_COLUMNS)),
        observations=observations,
        settings=store.settings(run.id),
        data=run.data,
        machine=run.machine,
        command=run.command,
        created=run.created,
        calibration=store.calibration(run.id),
        resolved=_resolved(store, [(cell, chosen[cell.trial].id) for cell in cells if cell.trial in chosen]),
    )


def _resolved(store: Store, chosen: Sequence[tuple[StoredCell, int]]) -> Resolutions:
    """What the jobs of the attempts that count resolved, with cases and readings in the plan's order."""
    facts = {attempt: json.loads(text) for attempt, text in store.resolved({attempt for _, attempt in chosen})}
    found: dict[str, dict[str, dict[tuple[str, str], None]]] = {}
    for cell, attempt in chosen:
        for name, value in facts[attempt].items():
            found.setdefault(name, {}).setdefault(value, {})[cell.case, cell.reading] = None
    return {name: {value: tuple(places) for value, places in values.items()} for name, values in found.items()}


def _counting(attempts: Sequence[Attempt], cell: StoredCell) -> Attempt | None:
    """The attempt that the run took over, or the best one of those made for it."""
    taken_over = next((attempt for attempt in attempts if attempt.id == cell.stands), None)
    return taken_over or best(attempts, cell.code)


def _stale(attempt: Attempt, cell: StoredCell) -> bool:
    """Whether the result is of other code than the run would have used, which files of version 1 did not keep."""
    return attempt.outcome.is_result and bool(cell.code) and attempt.code != cell.code

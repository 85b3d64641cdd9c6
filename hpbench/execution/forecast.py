"""What a run would do, before it is asked for: how many trials, how many of them done, how long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from hpbench.definition.resolve import Resolved
from hpbench.definition.schema import Settings
from hpbench.execution.code import code_fingerprint
from hpbench.measure.clock import duration
from hpbench.measure.machine import fingerprint, hardware, usable_cores
from hpbench.plan.cases import cells
from hpbench.plan.cost import Cost, estimate, search_seconds
from hpbench.plan.search import count
from hpbench.records.store import Store
from hpbench.records.trial import Cell, canonical_json


@dataclass(frozen=True)
class Forecast:
    """A plan in numbers.

    Attributes:
        cells: Cells of the plan.
        trials: Different trials.
        searched: Trials of searches beside these, whose points are not drawn before they are run.
        isolated: Of those, the ones that run alone, to be timed.
        done: Trials with a result in the results file, on whatever data.
        stale: Of those, the ones whose result is of older code: they run again.
        cost: Estimated cost of all trials.
    """

    cells: int
    trials: int
    searched: int
    isolated: int
    done: int
    stale: int
    cost: Cost

    def __str__(self) -> str:
        measured = self.cost.measured
        basis = f"{measured:.0%} of the trials measured before" if measured else "rough: nothing was measured here yet"
        done = f"; {self.done} done before" if self.done else ""
        stale = f", {self.stale} of those stale: made with older code, so they run again" if self.stale else ""
        searched = f", and {self.searched} of searches beside these" if self.searched else ""
        return (
            f"{self.cells} cells, {self.trials} trials, {self.isolated} of them isolated{searched}; "
            f"about {duration(self.cost.seconds)} ({basis}){done}{stale}"
        )


def forecast(resolved: Resolved, store: Store | None) -> Forecast:
    """Plan the first round, without the data, and look up what of it was done and measured on this machine."""
    definition = resolved.definition
    plan = cells(resolved, lambda settings: "")
    measured: Mapping[str, float] = {}
    results: Mapping[tuple[str, int], Sequence[tuple[bool, str]]] = {}
    if store is not None:
        machine = fingerprint(hardware())
        measured = store.seconds_by_settings(machine)
        results = store.results_by_settings(definition.id, definition.version, machine)
    done, stale = _done(plan, results)
    workers, searched = max(1, usable_cores() // definition.compute.threads), count(resolved)
    cost = estimate(plan, measured, workers)
    return Forecast(
        cells=len(plan),
        trials=len({cell.trial.identity for cell in plan}),
        searched=searched,
        isolated=len({cell.trial.identity for cell in plan if cell.timed}),
        done=done,
        stale=stale,
        cost=replace(cost, seconds=cost.seconds + search_seconds(definition, searched, workers)),
    )


def _done(plan: Sequence[Cell], results: Mapping[tuple[str, int], Sequence[tuple[bool, str]]]) -> tuple[int, int]:
    """How many trials have a result, timed where they have to be, and how many of those only one of older code."""
    timed: dict[tuple[str, int], bool] = {}
    for cell in plan:
        key = (canonical_json(cell.trial.settings), cell.trial.seed)
        timed[key] = timed.get(key, False) or cell.timed
    found = {
        key: {code for was_timed, code in results.get(key, ()) if was_timed or not needed}
        for key, needed in timed.items()
    }
    done = {key: codes for key, codes in found.items() if codes}
    now = {text: code_fingerprint(Settings.model_validate_json(text)) for text, _ in done}
    return len(done), sum(now[text] not in codes for (text, _), codes in done.items())

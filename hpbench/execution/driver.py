"""Runs a benchmark: prepare the data, plan round by round, run what is not done, keep every result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from hpbench.catalogue.work import PLANNERS
from hpbench.definition.resolve import Resolved
from hpbench.definition.schema import Settings
from hpbench.execution.environment import job_environment
from hpbench.execution.job import Ended, Message
from hpbench.execution.jobs import Pending, make_jobs, pending
from hpbench.execution.local import LocalExecutor
from hpbench.measure.machine import describe, fingerprint, usable_cores
from hpbench.parts.datasets.prepared import PreparedData, prepare_dataset
from hpbench.plan.cost import estimate, seconds_by_trial
from hpbench.records.store import Store
from hpbench.records.trial import Cell, Outcome, TrialResult

Planner = Callable[[Resolved, Callable[[Settings], str], list[TrialResult]], list[Cell]]


class Display(Protocol):
    """Shows a run to the person who waits for it."""

    def begin(
        self, benchmark: str, todo: Pending, cells: list[Cell], seconds: dict[str, float], estimated: float
    ) -> None:
        """A round begins."""

    def show(self, message: Message) -> None:
        """A trial has started, progressed or ended."""

    def end(self) -> None:
        """The round is over."""


@dataclass
class Tally:
    """How the trials of a run ended.

    Args:
        outcomes: Number of trials by outcome, of those run now.
        done: Number of trials that were done before.
        run: Number of the run in the store.
    """

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    done: int = 0
    run: int = 0

    @property
    def results(self) -> int:
        """Trials that have a result, now or from before."""
        return self.done + sum(count for outcome, count in self.outcomes.items() if outcome.is_result)

    @property
    def failures(self) -> int:
        """Trials that ended without a result."""
        return sum(count for outcome, count in self.outcomes.items() if not outcome.is_result)


def default_workers(threads: int) -> int:
    """Jobs side by side: one for every ``threads`` cores that this process may use."""
    return max(1, usable_cores() // threads)


def run_benchmark(
    resolved: Resolved,
    store: Store,
    data_folder: Path,
    command: str,
    display: Display,
    workers: int | None = None,
) -> Tally:
    """Run what of the benchmark is not done yet.

    Args:
        resolved: The definition as asked for.
        store: Where results go.
        data_folder: Folder of prepared data sets.
        command: The command line, to be kept with the run.
        display: Shows progress.
        workers: Jobs side by side; None for one a core.

    Raises:
        DataError: If the data set cannot be prepared.
        EnvironmentRefusedError: If the environment would change results silently.
    """
    compute = resolved.definition.compute
    prepared = prepare_dataset(resolved.definition.dataset.model_dump(), data_folder)
    machine = describe()
    number = store.add_run(_run_record(resolved, prepared, machine, command), [])
    tally = Tally(run=number)
    workers = workers or default_workers(compute.threads)
    with job_environment(compute.backend.name, compute.threads) as folder:
        executor = LocalExecutor(workers, Path(folder))
        planner: Planner = PLANNERS.load(resolved.definition.planner.name)
        results: list[TrialResult] = []
        fingerprints = _Fingerprints(data_folder)
        while cells := planner(resolved, fingerprints, results):
            results += _run_round(
                resolved,
                cells,
                store,
                number,
                executor,
                data_folder,
                fingerprint(machine),
                display,
                workers,
                tally,
            )
            if not results:
                break
    return tally


class _Fingerprints:
    """Fingerprints of the data sets that settings name, each prepared once."""

    def __init__(self, data_folder: Path) -> None:
        self._folder = data_folder
        self._known: dict[str, str] = {}

    def __call__(self, settings: Settings) -> str:
        key = settings.dataset.model_dump_json()
        if key not in self._known:
            self._known[key] = prepare_dataset(settings.dataset.model_dump(), self._folder).fingerprint
        return self._known[key]


def _run_round(
    resolved: Resolved,
    cells: list[Cell],
    store: Store,
    number: int,
    executor: LocalExecutor,
    data_folder: Path,
    machine: str,
    display: Display,
    workers: int,
    tally: Tally,
) -> list[TrialResult]:
    store.add_cells(number, cells)
    todo = pending(cells, store.attempts(machine, {cell.trial.identity for cell in cells}))
    tally.done += todo.done
    measured = store.seconds_by_settings(machine)
    seconds = seconds_by_trial(cells, measured)
    waiting = {trial.identity for trial, _ in todo.trials}
    cost = estimate([cell for cell in cells if cell.trial.identity in waiting], measured, workers)
    results: list[TrialResult] = []

    def listen(message: Message) -> None:
        if isinstance(message, Ended):
            store.add_result(message.result, machine, message.elapsed)
            tally.outcomes[message.result.outcome] += 1
            results.append(message.result)
        display.show(message)

    display.begin(resolved.definition.id, todo, cells, seconds, cost.seconds)
    limit = resolved.definition.compute.time_limit
    try:
        executor.run(make_jobs(todo, str(data_folder), seconds, workers), lambda job: limit, listen)
    finally:
        display.end()
    return results


def _run_record(resolved: Resolved, prepared: PreparedData, machine: dict[str, str], command: str) -> dict[str, Any]:
    definition = resolved.definition
    return {
        "benchmark": definition.id,
        "version": definition.version,
        "profile": resolved.selection.profile,
        "definition": resolved.source.text,
        "file": resolved.source.file,
        "selection": resolved.selection.as_dict(),
        "command": command,
        "machine": machine,
        "machine_id": fingerprint(machine),
        "data": {
            "name": prepared.title,
            "fingerprint": prepared.fingerprint,
            "generated": prepared.generated,
            "classes": prepared.classes,
            "counts": dict(prepared.counts),
            "source": prepared.source,
        },
    }

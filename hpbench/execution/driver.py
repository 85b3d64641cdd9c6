"""Runs a benchmark: prepare the data, plan round by round, run what is not done, keep every result."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from hpbench.catalogue.work import PLANNERS
from hpbench.definition.resolve import Resolved
from hpbench.definition.schema import Settings
from hpbench.execution.environment import job_environment
from hpbench.execution.job import Ended, Job, Message
from hpbench.execution.jobs import Pending, make_jobs, pending
from hpbench.execution.local import LocalExecutor
from hpbench.measure.machine import describe, fingerprint, usable_cores
from hpbench.parts.datasets.prepared import PreparedData, prepare_dataset
from hpbench.plan.cost import seconds_by_trial
from hpbench.records.results import StoredResults
from hpbench.records.store import Store
from hpbench.records.trial import Cell, Outcome, TrialResult

Planner = Callable[[Resolved, Callable[[Settings], str], Sequence[TrialResult]], list[Cell]]


class Display(Protocol):
    """Shows a run to the person who waits for it."""

    def begin(self, benchmark: str, todo: Pending, cells: list[Cell], shares: dict[str, float]) -> None:
        """A round begins; ``shares`` are the expected wall seconds that each trial adds to it."""

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


class Driver:
    """Runs one benchmark; the only writer of the store.

    Args:
        resolved: The definition as asked for.
        store: Where results go.
        data_folder: Folder of prepared data sets.
        display: Shows progress.
        workers: Jobs side by side; None for one a core.
    """

    def __init__(
        self, resolved: Resolved, store: Store, data_folder: Path, display: Display, workers: int | None = None
    ) -> None:
        self._resolved = resolved
        self._store = store
        self._data_folder = data_folder
        self._display = display
        self._compute = resolved.definition.compute
        self._workers = workers or default_workers(self._compute.threads)
        self._fingerprints: dict[str, str] = {}

    def run(self, command: str) -> Tally:
        """Run what of the benchmark is not done yet.

        Args:
            command: The command line, to be kept with the run.

        Raises:
            DataError: If the data set cannot be prepared.
            EnvironmentRefusedError: If the environment would change results silently.
        """
        with job_environment(self._compute.backend.name, self._compute.threads) as folder:
            prepared = prepare_dataset(self._resolved.definition.dataset.model_dump(), self._data_folder)
            machine = describe()
            tally = Tally(run=self._store.add_run(_run_record(self._resolved, prepared, machine, command)))
            planner: Planner = PLANNERS.load(self._resolved.definition.planner.name)
            executor = LocalExecutor(self._workers, Path(folder))
            results = StoredResults(self._store)
            while cells := planner(self._resolved, self._fingerprint, results):
                results.add(self._round(cells, executor, fingerprint(machine), tally))
        return tally

    def _fingerprint(self, settings: Settings) -> str:
        """Of the data set that settings name, each prepared once."""
        key = settings.dataset.model_dump_json()
        if key not in self._fingerprints:
            self._fingerprints[key] = prepare_dataset(settings.dataset.model_dump(), self._data_folder).fingerprint
        return self._fingerprints[key]

    def _round(self, cells: list[Cell], executor: LocalExecutor, machine: str, tally: Tally) -> list[int]:
        """Run a round; the attempts that gave its results, now or before."""
        self._store.add_cells(tally.run, cells)
        todo = pending(cells, self._store.attempts(machine, {cell.trial.identity for cell in cells}))
        tally.done += len(todo.standing)
        seconds = seconds_by_trial(cells, self._store.seconds_by_settings(machine))
        attempts = [attempt.id for attempt in todo.standing]

        def listen(message: Message) -> None:
            if isinstance(message, Ended):
                attempts.append(self._store.add_result(message.result, machine, message.elapsed))
                tally.outcomes[message.result.outcome] += 1
            self._display.show(message)

        shares = {
            trial.identity: seconds[trial.identity] / (1 if timed else self._workers) for trial, timed in todo.trials
        }
        self._display.begin(self._resolved.definition.id, todo, cells, shares)
        jobs = make_jobs(todo, str(self._data_folder), seconds, self._workers)
        try:
            executor.run(jobs, _time_limit, listen)
        finally:
            self._display.end()
        return attempts


def _time_limit(job: Job) -> float:
    """Seconds that a trial of the job may take."""
    return float(job.trials[0].settings["compute"]["time_limit"])


def _run_record(resolved: Resolved, prepared: PreparedData, machine: dict[str, str], command: str) -> dict[str, Any]:
    definition = resolved.definition
    return {
        "benchmark": definition.id,
        "version": definition.version,
        "profile": resolved.selection.profile,
        "definition": resolved.source.text,
        "file": Path(resolved.source.file).name,
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

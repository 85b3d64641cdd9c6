"""Runs a benchmark: prepare the data, plan round by round, run what is not done, keep every result."""

from __future__ import annotations

import math
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from hpbench.catalogue import own
from hpbench.catalogue.work import PLANNERS
from hpbench.definition.load import parse
from hpbench.definition.resolve import Resolved, Selection
from hpbench.definition.schema import Definition, Settings
from hpbench.execution.environment import job_environment
from hpbench.execution.fits import require_heads
from hpbench.execution.job import Ended, Job, Message
from hpbench.execution.jobs import Pending, make_jobs, pending
from hpbench.execution.limits import Limits
from hpbench.execution.local import LocalExecutor
from hpbench.measure.machine import describe, fingerprint, usable_cores, usable_memory
from hpbench.parts.datasets.prepared import DataError, PreparedData, is_prepared, prepare_dataset
from hpbench.plan.cost import seconds_by_trial
from hpbench.plan.search import require_same_searches
from hpbench.records.calibration import AFTER, BEFORE
from hpbench.records.results import StoredResults
from hpbench.records.store import Store
from hpbench.records.trial import Cell, Outcome, TrialResult, canonical_json

MEMORY_SHARE = 0.8
"""Share of the machine's memory that all jobs together may hold."""
Planner = Callable[[Resolved, Callable[[Settings], str], Sequence[TrialResult]], list[Cell]]


class Display(Protocol):
    """Shows a run to the person who waits for it."""

    def note(self, text: str) -> None:
        """Something is done that may take a while."""

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
        stale: Number of those whose result is of older code.
        run: Number of the run in the store.
    """

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    done: int = 0
    stale: int = 0
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


@dataclass(frozen=True)
class Options:
    """How to run.

    Args:
        data_folder: Folder of prepared data sets.
        workers: Jobs side by side; None for one a core.
        allow: Modules whose code a definition may name.
        keep_stale: Whether results of older code stand, to be shown as stale, instead of being made again.
        calibrate: Whether the calibration workload runs before and after timed trials.
    """

    data_folder: Path
    workers: int | None = None
    allow: tuple[str, ...] = ()
    keep_stale: bool = False
    calibrate: bool = True


class Driver:
    """Runs one benchmark; the only writer of the store.

    Args:
        resolved: The definition as asked for.
        store: Where results go.
        display: Shows progress.
        options: How to run.
    """

    def __init__(self, resolved: Resolved, store: Store, display: Display, options: Options) -> None:
        self._resolved = resolved
        self._store = store
        self._display = display
        self._options = options
        self._compute = resolved.definition.compute
        self._workers = options.workers or default_workers(self._compute.threads)
        self._fingerprints: dict[str, str] = {}

    def run(self, command: str) -> Tally:
        """Run what of the benchmark is not done yet.

        Args:
            command: The command line, to be kept with the run.

        Raises:
            CodeNotAllowedError: If the definition names code that is not allowed.
            DataError: If the data set cannot be prepared, or is not the one that stored trials used.
            EnvironmentRefusedError: If the environment would change results silently.
        """
        admit(self._resolved, self._options.allow)
        with job_environment(self._compute.backend.name, self._compute.threads) as folder:
            settings: list[Settings] = [item.settings for item in self._resolved.planned_cases()]
            settings = settings or [self._resolved.definition]  # a search alone
            prepared = self._prepare(settings[0].dataset.model_dump())
            planner: Planner = PLANNERS.load(self._resolved.definition.planner.name)
            self._require_same_searches()
            results = StoredResults(self._store)
            cells = planner(self._resolved, self._fingerprint, results)
            require_heads(self._resolved.definition, settings, prepared.heads)
            machine = describe()
            tally = Tally(run=self._store.add_run(_run_record(self._resolved, prepared, machine, command)))
            executor = LocalExecutor(self._workers, Path(folder))
            while cells:
                results.add(self._round(cells, executor, fingerprint(machine), tally))
                cells = planner(self._resolved, self._fingerprint, results)
        return tally

    def _require_same_searches(self) -> None:
        """Of the newest stored run of this version and profile, if there is one."""
        definition = self._resolved.definition
        runs = self._store.runs(definition.id, self._resolved.selection.profile)
        same = [run for run in runs if run.version == definition.version]
        if same:
            before = parse(same[-1].definition, same[-1].file, Selection.from_dict(same[-1].selection))
            require_same_searches(self._resolved, before)

    def _prepare(self, dataset: dict[str, Any]) -> PreparedData:
        """The data set, prepared; the first time that may take a while, and is said."""
        if not is_prepared(dataset, self._options.data_folder):
            self._display.note(f"preparing the data set {dataset['name']}, once")
        return prepare_dataset(dataset, self._options.data_folder)

    def _fingerprint(self, settings: Settings) -> str:
        """Of the data set that settings name, each prepared once, and compared with what stored trials used."""
        dataset = settings.dataset.model_dump(mode="json")
        key = canonical_json(dataset)
        if key not in self._fingerprints:
            prepared = self._prepare(dataset)
            definition = self._resolved.definition
            used = self._store.data_fingerprints(definition.id, definition.version).get(key, set())
            if used and prepared.fingerprint not in used:
                raise DataError(_other_data(prepared, used, definition, self._store.path))
            self._fingerprints[key] = prepared.fingerprint
        return self._fingerprints[key]

    def _round(self, cells: list[Cell], executor: LocalExecutor, machine: str, tally: Tally) -> list[int]:
        """Run a round; the attempts that gave its results, now or before."""
        stored = self._store.attempts(machine, {cell.trial.identity for cell in cells})
        todo = pending(cells, stored, keep_stale=self._options.keep_stale)
        self._store.add_cells(tally.run, cells, todo.code, todo.standing)
        tally.done += len(todo.standing)
        tally.stale += sum(attempt.code != todo.code[attempt.trial] for attempt in todo.standing)
        seconds = seconds_by_trial(cells, self._store.seconds_by_settings(machine))
        attempts = [attempt.id for attempt in todo.standing]

        def listen(message: Message) -> None:
            if isinstance(message, Ended):
                attempts.append(self._store.add_result(message.result, machine, message.elapsed, message.output))
                tally.outcomes[message.result.outcome] += 1
            self._display.show(message)

        shares = {
            trial.identity: seconds[trial.identity] / (1 if timed else self._workers) for trial, timed in todo.trials
        }
        limits = _limits(self._resolved.definition)
        self._display.begin(self._resolved.definition.id, todo, cells, shares)
        jobs = make_jobs(todo, str(self._options.data_folder), seconds, self._workers, self._options.allow)
        try:
            with self._calibrated(jobs, executor, tally.run):
                executor.run([job for job in jobs if job.timed], limits, listen)
            executor.run([job for job in jobs if not job.timed], limits, listen)
        finally:
            self._display.end()
        return attempts

    @contextmanager
    def _calibrated(self, jobs: Iterable[Job], executor: LocalExecutor, run: int) -> Iterator[None]:
        """Calibrate around a round's timed trials, where it has any; of several rounds the first and the last count."""
        timed = self._options.calibrate and any(job.timed for job in jobs)
        if timed and not self._store.calibration(run):
            self._store.set_calibration(run, BEFORE, executor.calibrate())
        yield
        if timed:
            self._store.set_calibration(run, AFTER, executor.calibrate())


def admit(resolved: Resolved, allow: Iterable[str]) -> None:
    """Let this process, and the jobs it starts, use the code of one's own that the planned trials name.

    Raises:
        CodeNotAllowedError: If some of it is not allowed.
        MissingCodeError: If some of it is not there.
    """
    names = {name for item in resolved.planned_cases() for name in item.settings.own_parts}
    own.require_allowed(names, allow)
    own.require_present(names)
    own.allow(allow)


def _limits(definition: Definition) -> Limits:
    asked = definition.limits
    memory = asked.memory_gib * 2**30 if asked.memory_gib else math.inf
    return Limits(asked.seconds, memory, MEMORY_SHARE * usable_memory())


def _other_data(prepared: PreparedData, used: set[str], definition: Definition, path: Path) -> str:
    before = ", ".join(sorted(fingerprint[:12] for fingerprint in used))
    return (
        f"{prepared.title}: the data has changed. Trials of {definition.id}, version {definition.version}, that are "
        f"stored in {path} used data with the fingerprint {before}; now it is {prepared.fingerprint[:12]}. Results "
        "on different data are not mixed: bring the former data back, name another file with --results, or raise the "
        "definition's version"
    )


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
            "heads": {head: list(names) for head, names in prepared.heads.items()},
            "pictures": {name: b64encode(prepared.picture(name)).decode() for name in prepared.pictures},
        },
    }

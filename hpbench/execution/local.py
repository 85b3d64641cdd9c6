"""The local executor: job processes on this machine, isolated ones alone, the others side by side."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from hpbench.execution.calibrating import run_calibration
from hpbench.execution.environment import in_environment
from hpbench.execution.interrupts import deferred_interrupt, heed_interrupt
from hpbench.execution.job import STACKS, Ended, Job, Message, Started, end_group, run_job
from hpbench.execution.limits import Limits, inherited, resident
from hpbench.measure.machine import usable_cores
from hpbench.records.calibration import Reading
from hpbench.records.trial import Outcome, TrialResult

Listener = Callable[[Message], None]
POLL_SECONDS = 0.5
ENDING_SECONDS = 5.0
"""How long a job that has closed its connection, or was asked to end, has to do so."""
STACKS_SECONDS = 0.2
"""How long a job that is to be ended has to write where it is."""
CALIBRATION_SECONDS = 60.0
"""How long the calibration workload may take; it takes one to three."""
OUTPUT_KEPT = 64 * 1024
"""Bytes of a failed trial's output that are kept: the last ones."""


@dataclass
class _Running:
    job: Job
    process: BaseProcess
    connection: Connection
    log: Path
    done: int = 0
    output_from: int = 0
    memory: int = 0
    inherited: int = 0
    since: float = field(default_factory=time.monotonic)

    @property
    def elapsed(self) -> float:
        """Seconds since the trial under way began."""
        return time.monotonic() - self.since


class LocalExecutor:
    """Runs jobs in fresh processes.

    A fork server that has imported the framework, but not started it, makes a job's process where the platform can
    fork; elsewhere each is spawned. The processes have the environment variables with which the executor was made,
    within ``job_environment``.

    Args:
        workers: Jobs side by side, for those that are not timed.
        folder: Where the jobs' output is kept while they run.
        method: How processes are made, ``forkserver`` or ``spawn``; the first that the platform has, if not given.
    """

    def __init__(self, workers: int, folder: Path, method: str | None = None) -> None:
        self._workers = workers
        self._folder = folder
        self._environment = dict(os.environ)
        methods = multiprocessing.get_all_start_methods()
        method = method or ("forkserver" if "forkserver" in methods else "spawn")
        self._context: Any = multiprocessing.get_context(method)
        if method == "forkserver":
            self._context.set_forkserver_preload(["hpbench.execution.preload"])
        self._running: list[_Running] = []
        self._number = 0
        self._memory_read = 0.0

    def _warm_up(self) -> None:
        """Start the fork server and wait until it has imported, so that no trial is charged with that."""
        process = self._process(_nothing)
        process.start()
        process.join()

    def _process(self, function: Callable[..., None], *arguments: Any) -> Any:
        """A process of the jobs' kind and environment, not started."""
        return self._context.Process(target=in_environment, args=(self._environment, function, *arguments), daemon=True)

    def run(self, jobs: Sequence[Job], limits: Limits, listen: Listener) -> None:
        """Run the timed jobs in their order, each alone, then the others side by side.

        Args:
            jobs: What to run.
            limits: Where a trial is ended.
            listen: Called in this process with each message; exactly one ``Ended`` comes for every trial.
        """
        if jobs:
            self._warm_up()
        timed = deque(job for job in jobs if job.timed)
        shared = deque(job for job in jobs if not job.timed)
        with deferred_interrupt():
            try:
                for queue, workers in ((timed, 1), (shared, self._workers)):
                    while queue or self._running:
                        while queue and len(self._running) < workers:
                            self._start(queue.popleft())
                        queue.extendleft(self._attend(limits, listen))
                        heed_interrupt()
            except KeyboardInterrupt:
                for running in self._end_all():
                    self._lost(running, Outcome.INTERRUPTED, "interrupted", listen)
                raise
            except BaseException:
                self._end_all()
                raise

    def calibrate(self) -> list[Reading]:
        """Run the calibration workload alone on all usable cores; no readings where it fails or takes too long."""
        self._warm_up()
        receiver, sender = self._context.Pipe(duplex=False)
        process = self._process(run_calibration, sender, usable_cores(), str(self._folder / "calibration.log"))
        until = time.monotonic() + CALIBRATION_SECONDS
        with deferred_interrupt():
            process.start()
            sender.close()
            try:
                while not (time.monotonic() >= until or receiver.poll(POLL_SECONDS)):
                    heed_interrupt()
                readings = list(receiver.recv()) if receiver.poll() else []
            except (EOFError, OSError):
                readings = []
            finally:
                end_group(process.pid or 0)
                process.join()
                receiver.close()
            heed_interrupt()
        return readings

    def _start(self, job: Job) -> None:
        self._number += 1
        log = self._folder / f"job-{self._number}.log"
        receiver, sender = self._context.Pipe(duplex=False)
        process = self._process(run_job, job, sender, time.time(), str(log))
        process.start()
        sender.close()
        self._running.append(_Running(job, process, receiver, log))

    def _attend(self, limits: Limits, listen: Listener) -> list[Job]:
        """Pass messages on; end what is over; return jobs for trials that a dead process left undone."""
        wait([running.connection for running in self._running], timeout=POLL_SECONDS)
        left: list[Job] = []
        self._read_memory()
        for running in list(self._running):
            alive = self._receive(running, listen)
            if alive and (over := self._over(running, limits)):
                _end(running)
                self._lost(running, *over, listen)
            elif not alive:
                self._lost_to_its_end(running, listen)
            else:
                continue
            left += self._finish(running)
        return left

    def _read_memory(self) -> None:
        """Read what each job holds, at most once in ``POLL_SECONDS``."""
        if time.monotonic() - self._memory_read > POLL_SECONDS:
            self._memory_read = time.monotonic()
            for running in self._running:
                running.memory = resident(running.process.pid)
                running.inherited = running.inherited or inherited(running.process.pid)

    def _over(self, running: _Running, limits: Limits) -> tuple[Outcome, str] | None:
        """How a job that is over a limit ends; what jobs share with the fork server counts once."""
        own = [other.memory - other.inherited for other in self._running]
        together = sum(own) + max(other.inherited for other in self._running)
        largest = running.memory - running.inherited == max(own)
        return limits.exceeded(running.elapsed, running.memory, together if largest else 0)

    def _receive(self, running: _Running, listen: Listener) -> bool:
        """Pass on what has come; False when the process has closed its end."""
        while True:
            try:
                if not running.connection.poll():
                    return True
                message = running.connection.recv()
            except (EOFError, OSError):
                return False
            if isinstance(message, Started | Ended):
                running.since = time.monotonic()
            if isinstance(message, Started):
                running.output_from = message.output_from
            if isinstance(message, Ended):
                running.done += 1
                if not message.result.outcome.is_result:
                    message = replace(message, output=_output(running))
            listen(message)

    def _lost_to_its_end(self, running: _Running, listen: Listener) -> None:
        """Record what a process that ended before its last trial leaves behind."""
        running.process.join(ENDING_SECONDS)  # a thread of own code may keep it
        end_group(running.process.pid or 0)
        running.process.join()
        code = running.process.exitcode or 0
        reason = f"killed by signal {-code}" if code < 0 else f"its process ended with status {code}"
        self._lost(running, Outcome.FAILED, f"{reason}{_last_line(running)}", listen)

    def _finish(self, running: _Running) -> list[Job]:
        running.connection.close()
        self._running.remove(running)
        rest = running.job.trials[running.done :]
        return [replace(running.job, trials=rest)] if rest else []

    def _lost(self, running: _Running, outcome: Outcome, message: str, listen: Listener) -> None:
        """Record the trial under way as ended without a result; once only."""
        if running.done < len(running.job.trials):
            trial = running.job.trials[running.done]
            running.done += 1
            result = TrialResult(trial.identity, outcome, (), running.job.timed, running.job.code, message)
            listen(Ended(result, running.elapsed, _output(running)))

    def _end_all(self) -> list[_Running]:
        """End every job; returns them."""
        ended, self._running = self._running, []
        for running in ended:
            running.process.terminate()
        for running in ended:
            running.process.join(ENDING_SECONDS)
            end_group(running.process.pid or 0)
            running.process.join()
        return ended


def _nothing() -> None:
    """What the first process of the fork server does."""


def _end(running: _Running) -> None:
    """End a job; where it was goes to its output first."""
    if running.process.pid is not None and STACKS != signal.SIGTERM:
        with suppress(OSError):
            os.kill(running.process.pid, STACKS)
            running.process.join(STACKS_SECONDS)
    end_group(running.process.pid or 0)
    running.process.join()


def _output(running: _Running) -> str:
    """What the trial under way, or just ended, has printed: the last part of it."""
    try:
        with running.log.open("rb") as stream:
            size = stream.seek(0, os.SEEK_END)
            start = max(running.output_from, size - OUTPUT_KEPT)
            stream.seek(start)
            text = stream.read().decode("utf-8", errors="replace")
    except OSError:
        return ""
    return text if start == running.output_from else f"[...]\n{text}"


def _last_line(running: _Running) -> str:
    """The last line of the output, to say what went wrong."""
    lines = _output(running).strip().splitlines()
    return f"; last output: {lines[-1][:300]}" if lines else ""

"""The local executor: job processes on this machine, isolated ones alone, the others side by side."""

from __future__ import annotations

import multiprocessing
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import FrameType
from typing import Any

from hpbench.execution.job import Ended, Job, Message, Started, run_job
from hpbench.records.trial import Outcome, TrialResult

Listener = Callable[[Message], None]
POLL_SECONDS = 0.5


@dataclass
class _Running:
    job: Job
    process: BaseProcess
    connection: Connection
    log: Path
    done: int = 0
    since: float = field(default_factory=time.monotonic)


class LocalExecutor:
    """Runs jobs in fresh processes.

    A fork server that has imported the framework, but not started it, makes a job's process where the platform can
    fork; elsewhere each is spawned.

    Args:
        workers: Jobs side by side, for those that are not timed.
        folder: Where the jobs' output is kept while they run.
    """

    def __init__(self, workers: int, folder: Path) -> None:
        self._workers = workers
        self._folder = folder
        methods = multiprocessing.get_all_start_methods()
        method = "forkserver" if "forkserver" in methods else "spawn"
        self._context: Any = multiprocessing.get_context(method)
        if method == "forkserver":
            self._context.set_forkserver_preload(["hpbench.execution.preload"])
        self._running: list[_Running] = []
        self._number = 0

    def _warm_up(self) -> None:
        """Start the fork server and wait until it has imported, so that no trial is charged with that."""
        process = self._context.Process(target=_nothing, daemon=True)
        process.start()
        process.join()

    def run(self, jobs: Sequence[Job], time_limit: Callable[[Job], float], listen: Listener) -> None:
        """Run the timed jobs in their order, each alone, then the others side by side.

        Args:
            jobs: What to run.
            time_limit: Seconds a trial of the job may take.
            listen: Called in this process with each message; exactly one ``Ended`` comes for every trial.
        """
        if jobs:
            self._warm_up()
        timed = deque(job for job in jobs if job.timed)
        shared = deque(job for job in jobs if not job.timed)
        with _deferred_interrupt() as interrupted:
            try:
                for queue, workers in ((timed, 1), (shared, self._workers)):
                    while queue or self._running:
                        while queue and len(self._running) < workers:
                            self._start(queue.popleft())
                        queue.extendleft(self._attend(time_limit, listen))
                        if interrupted.is_set():
                            raise KeyboardInterrupt
            except BaseException:
                self._interrupt(listen)
                raise

    def _start(self, job: Job) -> None:
        self._number += 1
        log = self._folder / f"job-{self._number}.log"
        receiver, sender = self._context.Pipe(duplex=False)
        process = self._context.Process(target=run_job, args=(job, sender, time.time(), str(log)), daemon=True)
        process.start()
        sender.close()
        self._running.append(_Running(job, process, receiver, log))

    def _attend(self, time_limit: Callable[[Job], float], listen: Listener) -> list[Job]:
        """Pass messages on; end what is over; return jobs for trials that a dead process left undone."""
        wait([running.connection for running in self._running], timeout=POLL_SECONDS)
        left: list[Job] = []
        for running in list(self._running):
            alive = self._receive(running, listen)
            if alive and time.monotonic() - running.since > time_limit(running.job):
                running.process.kill()
                running.process.join()
                self._lost(
                    running,
                    Outcome.TIMED_OUT,
                    f"ended after its limit of {time_limit(running.job):g} s",
                    listen,
                )
                left += self._finish(running)
            elif not alive:
                self._lost_to_its_end(running, listen)
                left += self._finish(running)
        return left

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
            if isinstance(message, Ended):
                running.done += 1
            listen(message)

    def _lost_to_its_end(self, running: _Running, listen: Listener) -> None:
        """Record what a process that ended before its last trial leaves behind."""
        running.process.join()
        code = running.process.exitcode or 0
        reason = f"killed by signal {-code}" if code < 0 else f"its process ended with status {code}"
        self._lost(running, Outcome.FAILED, f"{reason}{_tail(running.log)}", listen)

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
            listen(Ended(result, time.monotonic() - running.since))

    def _interrupt(self, listen: Listener) -> None:
        for running in self._running:
            running.process.terminate()
        for running in self._running:
            running.process.join(5)
            running.process.kill()
            self._lost(running, Outcome.INTERRUPTED, "interrupted", listen)
        self._running.clear()


@contextmanager
def _deferred_interrupt() -> Iterator[threading.Event]:
    """Note Ctrl-C (and a request to terminate) to be heeded between two steps; a second one is not deferred."""
    interrupted = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield interrupted
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def note(number: int, frame: FrameType | None) -> None:
        interrupted.set()
        restore()

    for number in before:
        signal.signal(number, note)
    try:
        yield interrupted
    finally:
        restore()


def _nothing() -> None:
    """What the first process of the fork server does."""


def _tail(log: Path) -> str:
    """The last line of a job's output, to say what went wrong."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    except OSError:
        return ""
    return f"; last output: {lines[-1][:300]}" if lines else ""

"""A job: one or more trials in one fresh process, and what that process does."""

from __future__ import annotations

import contextlib
import faulthandler
import io
import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from hpbench.catalogue import own
from hpbench.records.trial import Outcome, Trial, TrialResult

STACKS = getattr(signal, "SIGUSR1", signal.SIGTERM)
"""The signal on which a job writes where it is to its output."""


@dataclass(frozen=True)
class Job:
    """Trials for one process. A timed job has one trial and runs alone; those of another may share a program.

    Args:
        trials: What to do, in order.
        timed: Whether time and memory count.
        data_folder: Folder of prepared data sets.
        code: Fingerprint of the parts' source.
        allow: Modules of one's own that the job may import.
    """

    trials: tuple[Trial, ...]
    timed: bool
    data_folder: str
    code: str
    allow: tuple[str, ...] = ()


@dataclass(frozen=True)
class Started:
    """A trial has begun; ``output_from`` is the length of the job's output before it, in bytes."""

    trial: str
    output_from: int = 0


@dataclass(frozen=True)
class Progressed:
    """A trial has been evaluated."""

    trial: str
    iteration: int
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class Ended:
    """A trial has ended; ``elapsed`` is its wall time in seconds, ``output`` what it printed, kept on failure."""

    result: TrialResult
    elapsed: float
    output: str = ""


Message = Started | Progressed | Ended


def run_job(job: Job, connection: Connection, asked: float, log: str) -> None:
    """The job process's whole life."""
    begin_process(Path(log))
    own.allow(job.allow)
    workshop: dict[str, Any] = {}
    for trial in job.trials:
        start = asked if job.timed else time.time()
        connection.send(Started(trial.identity, os.fstat(2).st_size))
        result = _run_trial(job, trial, connection, asked, workshop)
        sys.stdout.flush()
        connection.send(Ended(result, time.time() - start))
    connection.close()


def begin_process(log: Path) -> None:
    """What a process of the driver does first. Output goes to the file ``log``; Ctrl-C is the driver's to handle."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _redirect_output(log)
    with contextlib.suppress(OSError, AttributeError):
        os.setpgid(0, 0)
    _end_with_driver()
    faulthandler.enable(file=2)
    if hasattr(faulthandler, "register"):
        faulthandler.register(STACKS, file=2)


def _end_with_driver() -> None:
    """End this process when the driver has ended, however that was: nobody would take its results."""
    threading.Thread(target=_wait_for_driver, daemon=True).start()
    with contextlib.suppress(OSError):  # when memory runs out, the system is to end a job and not the driver
        Path("/proc/self/oom_score_adj").write_text("500")


def _wait_for_driver() -> None:
    driver = multiprocessing.parent_process()
    if driver is not None:
        driver.join()
        end_group(os.getpid())
        os._exit(1)


def end_group(process: int) -> None:
    """Kill a job and the processes it has started, which are of its group; nothing for those that have ended."""
    if process and hasattr(os, "killpg"):
        for kill in (os.killpg, os.kill):  # the second for one that is killed before it has a group
            with contextlib.suppress(OSError):
                kill(process, signal.SIGKILL)


def _run_trial(job: Job, trial: Trial, connection: Connection, asked: float, workshop: dict[str, Any]) -> TrialResult:
    run: Any = None
    try:
        run = _prepare(job, trial, connection, workshop)
        if job.timed:
            run.observe("seconds_start", time.time() - asked)
        from hpbench.catalogue.work import PROCEDURES

        PROCEDURES.load(run.settings.training.procedure.name)(run)
        _require_same_code(run.settings, job.code)
        if job.timed:
            run.observe("seconds_total", time.time() - asked - run.seconds_of_instruments)
    except Exception as error:
        traceback.print_exc()
        return TrialResult(trial.identity, _outcome(error), (), job.timed, job.code, _one_line(error))
    return TrialResult(
        trial.identity, run.outcome, tuple(run.observations), job.timed, job.code, run.message, run.resolved
    )


def _prepare(job: Job, trial: Trial, connection: Connection, workshop: dict[str, Any]) -> Any:
    """The trial's run; backend, data and compiled programs are shared by the trials of a job."""
    from hpbench.catalogue.work import BACKENDS
    from hpbench.definition.schema import Settings
    from hpbench.engine.framework import require_backend
    from hpbench.engine.heads import Heads
    from hpbench.engine.trial_run import TrialRun

    settings = Settings.model_validate(trial.settings)
    compute = settings.compute
    if not workshop:
        require_backend(compute.backend.name)
        backend = BACKENDS.load(compute.backend.name)(threads=compute.threads, deterministic=compute.deterministic)
        data = _load_data(settings, trial.data, Path(job.data_folder))
        workshop.update(backend=backend, programs={}, data=data)
    splits, prepared = workshop["data"]
    return TrialRun(
        trial=trial,
        settings=settings,
        splits=splits,
        classes=prepared.classes,
        heads=Heads(prepared.heads),
        backend=workshop["backend"],
        timed=job.timed,
        progress=lambda iteration, metrics: connection.send(Progressed(trial.identity, iteration, dict(metrics))),
        programs=workshop["programs"],
        resolved=workshop["backend"].describe(),
    )


def _require_same_code(settings: Any, planned: str) -> None:
    """Own code may be edited while a run is under way; a result must not stand under another code's fingerprint."""
    from hpbench.execution.code import code_fingerprint

    if settings.own_parts and code_fingerprint(settings) != planned:
        raise RuntimeError(
            f"the code of {', '.join(settings.own_parts)} has changed since the run was planned; run again"
        )


def _load_data(settings: Any, fingerprint: str, folder: Path) -> tuple[dict[str, Any], Any]:
    """The arrays by split, as float32 and scaled, and the prepared set."""
    import numpy as np

    from hpbench.parts.datasets.prepared import DataError, prepare_dataset

    prepared = prepare_dataset(settings.dataset.model_dump(), folder)
    if prepared.fingerprint != fingerprint:
        raise DataError("the data set has changed since the run was planned; run again")
    scale = np.float32(settings.dataset.scale)
    return {name: (_scaled(x, scale), y) for name, (x, y) in prepared.load().items()}, prepared


def _scaled(images: Any, scale: Any) -> Any:
    """As float32, times the scale, in one array: there may be little room for a second one."""
    import numpy as np

    return np.multiply(images, scale, dtype=np.float32)


def _outcome(error: Exception) -> Outcome:
    """Frameworks name running out of memory in their own ways."""
    memory = isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError"
    return Outcome.OUT_OF_MEMORY if memory else Outcome.FAILED


def _one_line(error: Exception) -> str:
    text = str(error).strip().splitlines()
    line = f"{type(error).__name__}: {text[0] if text else ''}"[:500]
    return line.encode("utf-8", "replace").decode()  # a path in it need not be text that can be stored


def _redirect_output(log: Path) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(line_buffering=True)  # a job that is killed keeps what it has printed

"""How much of the usable cores other processes used while something was measured."""

from __future__ import annotations

import multiprocessing
import time
from contextlib import suppress
from types import TracebackType
from typing import NamedTuple, Self

import psutil

from hpbench.measure.machine import usable_core_numbers

SHORTEST_SECONDS = 0.5
"""Of less there is no figure: the system counts in ticks of 10 ms."""


class Usage(NamedTuple):
    """Counters at one moment, in seconds.

    Args:
        at: On the monotonic clock.
        busy: That the usable cores have computed for anyone; None where the system does not say.
        own: That this process and its children have computed.
    """

    at: float
    busy: float | None
    own: float


class OtherLoad:
    """A context manager: ``cores`` is the mean number of usable cores busy with others during the block, or None."""

    def __init__(self) -> None:
        self.cores: float | None = None

    def __enter__(self) -> Self:
        self._start = usage()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cores = cores_of_others(self._start, usage())


def cores_of_others(start: Usage, end: Usage) -> float | None:
    """Mean cores busy with others between two readings, at least 0; None where that cannot be told.

    That is so where the time between is too short, and in containers whose system shows no processor times.
    """
    seconds = end.at - start.at
    if start.busy is None or end.busy is None or seconds < SHORTEST_SECONDS or not end.busy:
        return None
    return max(0.0, (end.busy - start.busy) - (end.own - start.own)) / seconds


def usage() -> Usage:
    """The counters now."""
    return Usage(time.monotonic(), _busy(), _own())


def _busy() -> float | None:
    """User, system and stolen time of the usable cores: what a hypervisor gives to other guests is theirs, too."""
    cores = usable_core_numbers()
    try:
        times = psutil.cpu_times(percpu=True)
    except (OSError, RuntimeError):
        return None
    if cores[-1] >= len(times):  # the system numbers its cores in another way here
        return None
    kinds = ("user", "nice", "system", "steal")
    return float(sum(getattr(times[core], kind, 0.0) for core in cores for kind in kinds))


def _own() -> float:
    """Of this process, its children, and the driver that shows its progress.

    A child that has ended is counted with its parent.
    """
    process, driver = psutil.Process(), multiprocessing.parent_process()
    seconds = 0.0
    for member in (process, *process.children(recursive=True)):
        with suppress(psutil.Error):
            seconds += sum(member.cpu_times()[:4])
    if driver is not None:
        with suppress(psutil.Error):
            seconds += sum(psutil.Process(driver.pid).cpu_times()[:2])
    return seconds

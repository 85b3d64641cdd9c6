"""Where a trial is ended: its wall time, its memory, and the memory of all jobs together."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass

import psutil

from hpbench.records.trial import Outcome


@dataclass(frozen=True)
class Limits:
    """Where a trial is ended.

    Args:
        seconds: Wall time of one trial.
        memory: Host memory of its process, in bytes (resident set).
        memory_together: Host memory of all jobs side by side, in bytes; the largest one is ended.
    """

    seconds: float
    memory: float = math.inf
    memory_together: float = math.inf

    def exceeded(self, elapsed: float, memory: int, together: int = 0) -> tuple[Outcome, str] | None:
        """How a trial that is over one of its limits ends, and the words for it.

        Args:
            elapsed: Seconds since it began.
            memory: Bytes that its process holds.
            together: Bytes that all jobs hold, if this one is the largest of them.
        """
        if elapsed > self.seconds:
            return Outcome.TIMED_OUT, f"ended after its limit of {self.seconds:g} s (limits.seconds)"
        if memory > self.memory:
            limit = f"its limit of {_gib(self.memory)} (limits.memory_gib)"
            return Outcome.OUT_OF_MEMORY, f"ended at {_gib(memory)}, over {limit}"
        if together > self.memory_together:
            return Outcome.OUT_OF_MEMORY, (
                f"ended at {_gib(memory)}: the jobs together held {_gib(together)}, over "
                f"{_gib(self.memory_together)}, most of this machine's memory; with fewer --jobs each has more"
            )
        return None


def resident(process: int | None) -> int:
    """Bytes of memory that a process holds; 0 where it has just ended."""
    try:
        return int(psutil.Process(process).memory_info().rss) if process else 0
    except psutil.Error:
        return 0


def inherited(process: int | None) -> int:
    """Bytes that a forked job shares with the fork server: what that holds; 0 for a process that was spawned."""
    try:
        parent = psutil.Process(process).ppid() if process else os.getpid()
        return 0 if parent == os.getpid() else resident(parent)
    except psutil.Error:
        return 0


def _gib(size: float) -> str:
    return f"{size / 2**30:.2f} GiB"

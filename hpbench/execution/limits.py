"""Where a trial is ended: its wall time, its memory, and the memory of all jobs together."""

from __future__ import annotations

import math
from collections.abc import Collection
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

    def exceeded(self, elapsed: float, memory: int, all_memory: Collection[int]) -> tuple[Outcome, str] | None:
        """How a trial that is over one of its limits ends, and the words for it.

        Args:
            elapsed: Seconds since it began.
            memory: Bytes that its process holds.
            all_memory: Bytes that each job holds, this one among them.
        """
        if elapsed > self.seconds:
            return Outcome.TIMED_OUT, f"ended after its limit of {self.seconds:g} s (limits.seconds)"
        if memory > self.memory:
            limit = f"its limit of {_gib(self.memory)} (limits.memory_gib)"
            return Outcome.OUT_OF_MEMORY, f"ended at {_gib(memory)}, over {limit}"
        together = sum(all_memory)
        if together > self.memory_together and memory == max(all_memory):
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


def _gib(size: float) -> str:
    return f"{size / 2**30:.2f} GiB"

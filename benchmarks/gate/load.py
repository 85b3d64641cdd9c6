"""One core kept busy during random halves of the time.

Time is cut into intervals, each pair of which has one with load and one without, in an order that is drawn.
"""

from __future__ import annotations

import csv
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SECONDS = 15.0
"""Length of an interval: longer than a run, so that of two runs of a block one may be hit and the other not."""


def turns(seed: int) -> Iterator[bool]:
    """Whether there is load, interval by interval, without end."""
    draw = random.Random(seed)
    while True:
        first = draw.random() < 0.5
        yield from (first, not first)


@contextmanager
def beside(seed: int, log: Path) -> Iterator[None]:
    """A process that loads a core during random halves of the block's time.

    Args:
        seed: Of the order.
        log: Where each interval is added that has ended: start and end as seconds since 1970, and 1 with load or 0.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    root = Path(__file__).resolve().parents[2]
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.gate.load", str(seed), str(log.resolve())], cwd=root)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def intervals(log: Path) -> list[tuple[float, float, bool]]:
    """What a log has: start, end, and whether there was load."""
    if not log.exists():
        return []
    with log.open(encoding="utf-8", newline="") as file:
        return [(float(start), float(end), loaded == "1") for start, end, loaded in csv.reader(file)]


def run(seed: int, log: Path) -> None:
    """Load a core and sleep by turns until the process that has started this one is gone; go on where a log ends."""
    parent, order = os.getppid(), turns(seed)
    for _ in intervals(log):
        next(order)
    for loaded in order:
        start = time.time()
        until = time.monotonic() + SECONDS
        while loaded and time.monotonic() < until:
            pass
        time.sleep(max(0.0, until - time.monotonic()))
        if os.getppid() != parent:
            return
        with log.open("a", encoding="utf-8") as file:
            file.write(f"{start:.1f},{time.time():.1f},{loaded:d}\n")


if __name__ == "__main__":
    run(int(sys.argv[1]), Path(sys.argv[2]))

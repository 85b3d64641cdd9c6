"""Commands as a person runs them: their wall time, their memory, what they printed."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hpbench.records.choose import load
from hpbench.records.store import Store

ROOT = Path(__file__).resolve().parents[2]
POLL_SECONDS = 0.005


@dataclass(frozen=True)
class Ran:
    """A command that has ended well.

    Args:
        asked: When it was asked for, as ``time.time``.
        seconds: Its wall time.
        memory: Highest resident bytes of its process (``VmHWM``), without those of its children.
        output: What it printed.
    """

    asked: float
    seconds: float
    memory: int
    output: str


def python(module: str, *arguments: object, folder: Path) -> Ran:
    """Run a module with this interpreter in a folder.

    Raises:
        RuntimeError: It ended with another status than 0.
    """
    words = [sys.executable, "-m", module, *map(str, arguments)]
    variables = os.environ | {"PYTHONPATH": str(ROOT)}
    variables.pop(
        "PYTHONDONTWRITEBYTECODE", None
    )  # what is installed is compiled; a checkout is so from the first time
    with tempfile.TemporaryFile() as output:
        asked, start, memory = time.time(), time.perf_counter(), 0
        process = subprocess.Popen(words, cwd=folder, env=variables, stdout=output, stderr=subprocess.STDOUT)
        while process.poll() is None:
            memory = max(memory, _high_water(process.pid))
            time.sleep(POLL_SECONDS)
        seconds = time.perf_counter() - start
        output.seek(0)
        text = output.read().decode(errors="replace")
    if process.returncode:
        raise RuntimeError(f"{' '.join(words)} ended with {process.returncode}:\n{text[-4000:]}")
    return Ran(asked, seconds, memory, text)


def hpbench(*arguments: object, folder: Path) -> Ran:
    """Run a verb of hpbench in a folder."""
    return python("hpbench", *arguments, folder=folder)


def _high_water(process: int) -> int:
    try:
        lines = Path(f"/proc/{process}/status").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)


def stored(results: Path, metric: str) -> Mapping[str, Mapping[int, float]]:
    """Case to seed to what the newest run's trials observed of a metric, the last value of a curve."""
    with Store(results) as store:
        observations = load(store, store.runs()[-1]).observations
    found: dict[str, dict[int, float]] = {}
    for row in observations[observations["metric"] == metric].itertuples():
        found.setdefault(row.case, {})[row.seed] = row.value
    return found

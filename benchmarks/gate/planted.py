"""A copy of the source in which training is slower by a tenth and holds 30 MB more."""

from __future__ import annotations

import subprocess
from pathlib import Path

SLOWER = 0.1
"""Share of a stretch's time that is added to it."""
HELD = 30_000_000
"""Bytes that are held from the first stretch on."""
LOST = 0.015
"""Accuracy that is taken off, in the resampling: so small an effect cannot be planted into a training."""
LOOP = Path("hpbench/engine/loop.py")
SOUND = "            return self._program.run(batches)\n"
FAULTY = f"""\
            if not hasattr(self, "_held"):
                self._held = np.ones({HELD}, dtype=np.uint8)
            start = time.perf_counter()
            stretch = self._program.run(batches)
            end = time.perf_counter()
            while time.perf_counter() < end + {SLOWER} * (end - start):
                pass
            return stretch
"""
"""Stands inside of the stretch's training clock and memory block."""


class PlantingError(Exception):
    """The fault cannot be planted; the message says why."""


def faulty(source: str) -> str:
    """The loop's source with the fault in it.

    Raises:
        PlantingError: If the place where it belongs is not there exactly once.
    """
    if source.count(SOUND) != 1:
        raise PlantingError(f"{LOOP} has {source.count(SOUND)} times, not once, the line\n{SOUND}")
    return source.replace(SOUND, FAULTY)


def planted_copy(source: Path, copy: Path) -> Path:
    """A clone of the checkout with the fault in it; one that is there is used if the code has not changed since.

    Args:
        source: The checkout; what is not committed of ``hpbench/`` would make the arms differ by more than the fault.
        copy: Where the clone is, or comes to be.

    Raises:
        PlantingError: If the checkout's ``hpbench/`` is not that of the clone's commit.
    """
    if not copy.exists():
        copy.parent.mkdir(parents=True, exist_ok=True)
        _git(source, "clone", "--quiet", "--shared", str(source), str(copy))
        loop = copy / LOOP
        loop.write_text(faulty(loop.read_text(encoding="utf-8")), encoding="utf-8")
    commit = _git(copy, "rev-parse", "HEAD")
    if changed := _git(source, "diff", "--name-only", commit, "--", "hpbench"):
        raise PlantingError(
            f"{changed.splitlines()[0]} is not as in commit {commit[:12]}, with which {copy.parent} was begun; commit "
            "what is new and remove that folder, or bring the former code back"
        )
    return copy


def _git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise PlantingError(f"git {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout.strip()

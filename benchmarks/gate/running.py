"""Makes the pools: the arms take turns at ``hpbench run``, on the quiet machine and beside a load."""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks.gate import load
from benchmarks.gate.planted import planted_copy
from benchmarks.gate.pool import (
    ARMS,
    BUSY,
    QUIET,
    WORSE,
    Measured,
    PoolError,
    of_store,
    require_planted,
    rows_of,
    write_rows,
)
from hpbench.definition.load import read
from hpbench.definition.resolve import Resolved, Selection
from hpbench.execution.arms import Arm
from hpbench.execution.turns import TURNS, take_turns
from hpbench.gate.sides import BenchmarkSide, Block
from hpbench.report.files import write_whole

ROOT = Path(__file__).resolve().parents[2]
WORKLOAD = Path(__file__).with_name("workload.yaml")
ORDER_SEED, LOAD_SEED = 1, 2
LOG = "load.csv"
ROWS, CIRCUMSTANCES = "runs.csv", "circumstances.json"


class Circumstances(Block):
    """What a report tells beside the rows.

    Attributes:
        side: A side of the quiet pool without its values: machine, commit, settings, what is gated.
        iterations: Of a trial.
        windows: Of a trial, of whose times the median counts.
        wall_seconds: Of a run, median of the quiet pool.
        load: Of the busy pool, intervals as seconds since 1970, and whether there was load.
    """

    side: BenchmarkSide
    iterations: int
    windows: int
    wall_seconds: float
    load: tuple[tuple[float, float, bool], ...] = ()


def make_pool(folder: Path, pool: str, blocks: int, say: Callable[[str], None], profile: str = "full") -> bool:
    """Run what is missing of a pool; whether all is there, and it was not interrupted.

    Args:
        folder: Where the stores are, each pool's below its name, and the copy with the fault.
        pool: ``QUIET`` or ``BUSY``.
        blocks: How many there are to be.
        say: Told a line after each block.
        profile: Of the workload.
    """
    copy = planted_copy(ROOT, folder / "worse-source")
    arms = [_arm(name, copy if name == WORSE else ROOT, folder / pool) for name in ARMS]
    (folder / pool).mkdir(parents=True, exist_ok=True)
    rounds = range(_done(arms) + 1, blocks + 1)
    if not rounds:
        return True
    beside = load.beside(LOAD_SEED, folder / pool / LOG) if pool == BUSY else contextlib.nullcontext()
    with beside:
        return take_turns(arms, lambda number: _arguments(number, profile), rounds, ORDER_SEED, say)


def _arm(name: str, source: Path, folder: Path) -> Arm:
    before = [entry for entry in os.environ.get("PYTHONPATH", "").split(os.pathsep) if entry]
    path = os.pathsep.join([str(source), *before])
    return Arm(name, name, Path(sys.executable), {"PYTHONPATH": path}, (folder / f"{name}.sqlite").absolute())


def _arguments(seeds: int, profile: str) -> Sequence[str]:
    """One seed more than in the round before: what is stored is not run again."""
    asked = ("--profile", profile, "--seeds", str(seeds), "--set", f"timed_seeds={seeds}")
    return (str(WORKLOAD), *asked, "--no-report", "--no-calibration")


def _done(arms: Sequence[Arm]) -> int:
    """Blocks, from the first on, of which every arm has a result."""
    having = [set(of_store(arm.results).runs) if arm.results.exists() else set() for arm in arms]
    there = set.intersection(*having)
    return next(seed for seed in range(len(there) + 1) if seed not in there)


def export(folder: Path, output: Path) -> None:
    """Write all rows of the pools, and the circumstances, to a folder."""
    arms = {pool: _measured(folder / pool) for pool in (QUIET, BUSY) if (folder / pool).is_dir()}
    if QUIET not in arms:
        raise PoolError(f"{folder} has no runs")
    for measured in arms.values():
        require_planted(measured)
    rows = [row for pool, measured in arms.items() for row in rows_of(pool, measured)]
    write_rows(output / ROWS, rows)
    training = Resolved(read(WORKLOAD), Selection(profile=_side(arms).profile)).definition.training
    circumstances = Circumstances(
        side=_without_values(_side(arms)),
        iterations=training.iterations,
        windows=-(-training.iterations // (training.evaluate_every or training.iterations)),
        wall_seconds=_wall_seconds(folder / QUIET),
        load=tuple(load.intervals(folder / BUSY / LOG)),
    )
    write_whole(output / CIRCUMSTANCES, [circumstances.model_dump_json(indent=1), "\n"])


def _measured(folder: Path) -> dict[str, Measured]:
    return {arm: of_store(folder / f"{arm}.sqlite") for arm in ARMS}


def _side(arms: Mapping[str, Mapping[str, Measured]]) -> BenchmarkSide:
    return arms[QUIET][ARMS[0]].side


def _without_values(side: BenchmarkSide) -> BenchmarkSide:
    nothing: dict[str, object] = {"values": {}, "curves": {}, "loads": {}}
    cases = {
        case: {reading: one.model_copy(update=nothing) for reading, one in readings.items()}
        for case, readings in side.cases.items()
    }
    return side.model_copy(update={"cases": cases})


def _wall_seconds(folder: Path) -> float:
    lines = (folder / TURNS).read_text(encoding="utf-8").splitlines()
    return statistics.median(float(json.loads(line)["seconds"]) for line in lines)

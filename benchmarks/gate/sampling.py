"""Comparisons of runs that are drawn from a pool, each made by the gate's own code."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from random import Random
from typing import NamedTuple

from benchmarks.gate.planted import LOST
from benchmarks.gate.pool import ACCURACY, AGAIN, BENCHMARK, CASE, MEMORY, METRICS, NORMAL, TIME, WORSE, Block, Row
from hpbench.definition.readings import DEFAULT
from hpbench.gate.compare import Comparison, compare
from hpbench.gate.decide import Verdict
from hpbench.gate.outcome import Outcome, outcome
from hpbench.gate.plan import Need, plan
from hpbench.gate.sides import BenchmarkSide, Side
from hpbench.records.metrics import NOT_ALONE

NOTHING = ""
"""Stands for the metric that is made worse where none is."""


class Drawn(NamedTuple):
    """What one side of a comparison is made of, pair by pair: the run that gives its time, its memory, its accuracy.

    Args:
        times: Whose time counts, and whether it was alone.
        memories: Whose memory counts.
        accuracies: Whose accuracy counts.
        lost: What is taken off that accuracy.
    """

    times: Sequence[Row]
    memories: Sequence[Row]
    accuracies: Sequence[Row]
    lost: float = 0.0


class Ended(NamedTuple):
    """How a comparison ended: in all, and the verdict on each metric."""

    outcome: Outcome
    verdicts: Mapping[str, Verdict]
    too_good: bool


def side_of(base: BenchmarkSide, drawn: Drawn, name: str) -> Side:
    """A side with drawn values under the seeds 0, 1, 2, ...

    Args:
        base: A real side, whose settings, data and machine it takes over.
        drawn: The values.
        name: Of the side.
    """
    values = {
        TIME: {seed: row.seconds_per_100_iterations for seed, row in enumerate(drawn.times)},
        MEMORY: {seed: row.host_memory_training for seed, row in enumerate(drawn.memories)},
        ACCURACY: {seed: row.test_accuracy - drawn.lost for seed, row in enumerate(drawn.accuracies)},
    }
    case = base.cases[CASE][DEFAULT].model_copy(
        update={
            "curves": {seed: f"{row.seed} less {drawn.lost}" for seed, row in enumerate(drawn.accuracies)},
            "loads": {seed: row.other_load for seed, row in enumerate(drawn.times) if row.other_load >= NOT_ALONE},
            "values": values,
        }
    )
    return Side(name=name, benchmarks={BENCHMARK: base.model_copy(update={"cases": {CASE: {DEFAULT: case}}})})


def of_arm(base: BenchmarkSide, blocks: Sequence[Block], arm: str) -> Side:
    """All that an arm has in these blocks."""
    rows = [block[arm] for block in blocks]
    return side_of(base, Drawn(rows, rows, rows), arm)


def needs(base: BenchmarkSide, blocks: Sequence[Block]) -> dict[str, Need]:
    """What ``hpbench gate --plan`` asks for, by metric, from the two arms that are alike."""
    found = plan(of_arm(base, blocks, NORMAL), of_arm(base, blocks, AGAIN), in_turns=True)
    return {need.gated.metric: need for need in found}


def most(planned: Mapping[str, Need]) -> float:
    """Seeds that a gate of all metrics needs; infinite if one of them needs more than can be planned for."""
    return max(math.inf if math.isnan(need.needed) else need.needed for need in planned.values())


def draw(blocks: Sequence[Block], n: int, worse: str, random: Random) -> tuple[Drawn, Drawn]:
    """Two sides of n runs each.

    Times and memory are those of n blocks in a row, so that what drifts, drifts as it does for a user; which of the
    arms that are alike is the first side is drawn once, so that what sets them apart would be seen. The same seed gives
    the same accuracy in both: accuracies are those of 2 n different seeds, as after a change of the bits that leaves
    their distribution as it was.

    Args:
        blocks: Of the pool, in their order; after the last comes the first.
        n: Runs a side.
        worse: Metric that is worse on the second side; ``NOTHING`` for none.
        random: Draws.
    """
    start = random.randrange(len(blocks))
    row = [blocks[(start + place) % len(blocks)] for place in range(n)]
    one, other = ([block[arm] for block in row] for arm in random.sample((NORMAL, AGAIN), 2))
    faulty = [block[WORSE] for block in row]
    accuracies = [block[NORMAL] for block in random.sample(list(blocks), 2 * n)]
    second = Drawn(
        times=faulty if worse == TIME else other,
        memories=faulty if worse == MEMORY else other,
        accuracies=accuracies[n:],
        lost=LOST if worse == ACCURACY else 0.0,
    )
    return Drawn(one, one, accuracies[:n]), second


def compared(base: BenchmarkSide, first: Drawn, second: Drawn) -> Comparison:
    """The two sides, compared as ``hpbench ab`` compares them."""
    return compare(side_of(base, first, "first"), side_of(base, second, "second"), in_turns=True)


def ended(comparison: Comparison) -> Ended:
    """How a comparison ended; every metric has its verdict."""
    verdicts = {pair.metric: pair.decision.verdict for pair in comparison.gated}
    assert verdicts.keys() == set(METRICS)
    return Ended(outcome(comparison, ()), verdicts, any(pair.decision.too_good for pair in comparison.gated))


def sample(base: BenchmarkSide, blocks: Sequence[Block], n: int, worse: str, random: Random, times: int) -> list[Ended]:
    """How that many comparisons ended, each of runs drawn anew."""
    return [ended(compared(base, *draw(blocks, n, worse, random))) for _ in range(times)]

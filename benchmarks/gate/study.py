"""What is asked of the gate, and how often it was so."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from benchmarks.gate.pool import BUSY, METRICS, NORMAL, QUIET, TIME, Block, Row, blocks_of
from benchmarks.gate.sampling import NOTHING, Ended, most, needs, sample
from hpbench.analysis.statistics import FEWEST
from hpbench.gate.decide import Verdict
from hpbench.gate.outcome import Outcome
from hpbench.gate.plan import Need
from hpbench.gate.sides import BenchmarkSide

SELF, PLANTED, IN_BUSY = 300, 100, 100
"""Comparisons of the same code, with something planted, and of either kind on the busy machine."""
PILOT = 5
"""Blocks that a user runs to plan."""
STEPS = (3, 4, 5, 6, 8, 10, 14, 24, 32, 40, 48)
"""Pairs at which the share that is found is drawn."""
SEED = 20_261_122
"""Of all draws: a report repeats to the byte from the same rows."""


@dataclass(frozen=True)
class Tally:
    """How comparisons of one kind ended.

    Attributes:
        worse: The metric that was made worse; ``NOTHING`` for none.
        n: Seeds of each, the most where they differ.
        ended: Each.
    """

    worse: str
    n: int
    ended: Sequence[Ended]

    @property
    def total(self) -> int:
        """Number of comparisons."""
        return len(self.ended)

    @property
    def found(self) -> int:
        """Those in which the metric that was made worse is called worse."""
        return sum(one.verdicts.get(self.worse) is Verdict.WORSE for one in self.ended)

    @property
    def outcomes(self) -> Counter[Outcome]:
        """How the gate would have ended."""
        return Counter(one.outcome for one in self.ended)

    @property
    def better(self) -> int:
        """Those in which some metric is called better."""
        return sum(Verdict.BETTER in one.verdicts.values() for one in self.ended)

    @property
    def too_good(self) -> int:
        """Those in which some metric is better than is plausible."""
        return sum(one.too_good for one in self.ended)

    @property
    def found_or_unclear(self) -> int:
        """Those that are found, or in which the gate ends as unclear: nothing is let pass."""
        worse = self.worse
        return sum(one.verdicts.get(worse) is Verdict.WORSE or one.outcome is Outcome.UNCLEAR for one in self.ended)


@dataclass(frozen=True)
class Planned:
    """Seeds that are planned and seeds that are taken.

    Attributes:
        needs: By metric.
        asked: What a gate of all needs; may be infinite.
        taken: The same, but for what the pool can give.
    """

    needs: Mapping[str, Need]
    asked: float
    taken: int


@dataclass(frozen=True)
class Pilots:
    """Plans from a few blocks each, and what is found at the numbers that they ask for.

    Attributes:
        first: The plan from the first blocks of the pool.
        asked: Seeds that each of the other plans asked for.
        found: By metric, at those numbers as far as the pool can give them.
    """

    first: Planned
    asked: Sequence[float]
    found: Mapping[str, Tally]


@dataclass(frozen=True)
class Study:
    """All that is counted.

    Attributes:
        rows: What it is from.
        planned: From the whole quiet pool.
        alike: Comparisons of the same code.
        planted: By metric.
        pilots: Plans from few blocks.
        power: By metric, tallies at several numbers of seeds.
        busy_alike: Of the busy pool; None if it has no blocks.
        busy_planted: Slowdowns in the busy pool; None if it has no blocks.
    """

    rows: Sequence[Row]
    planned: Planned
    alike: Tally
    planted: Mapping[str, Tally]
    pilots: Pilots
    power: Mapping[str, Sequence[Tally]]
    busy_alike: Tally | None
    busy_planted: Tally | None

    @property
    def quiet(self) -> list[Block]:
        """Blocks of the quiet pool."""
        return blocks_of(self.rows, QUIET)

    @property
    def busy(self) -> list[Block]:
        """Blocks of the busy pool."""
        return blocks_of(self.rows, BUSY)


def study(base: BenchmarkSide, rows: Sequence[Row]) -> Study:
    """Draw all comparisons.

    Args:
        base: A real side of the pool.
        rows: The pools'.
    """
    quiet, busy = blocks_of(rows, QUIET), blocks_of(rows, BUSY)
    planned = _planned(base, quiet, quiet)
    n = planned.taken
    in_busy = min(n, _largest(busy))
    return Study(
        rows=rows,
        planned=planned,
        alike=_tally(base, quiet, n, NOTHING, "alike", SELF),
        planted={metric: _tally(base, quiet, n, metric, "planted", PLANTED) for metric in METRICS},
        pilots=_pilots(base, quiet),
        power={metric: _power(base, quiet, metric, n) for metric in METRICS},
        busy_alike=_tally(base, busy, in_busy, NOTHING, "busy", IN_BUSY) if busy else None,
        busy_planted=_tally(base, busy, in_busy, TIME, "busy", IN_BUSY) if busy else None,
    )


def _largest(blocks: Sequence[Block]) -> int:
    """Seeds that a comparison can have: accuracies are those of twice as many."""
    return len(blocks) // 2


def _planned(base: BenchmarkSide, seen: Sequence[Block], pool: Sequence[Block]) -> Planned:
    """A plan from some blocks, for comparisons drawn from a pool."""
    found = needs(base, seen)
    asked = most(found)
    return Planned(found, asked, int(min(asked, _largest(pool))))


def _tally(base: BenchmarkSide, blocks: Sequence[Block], n: int, worse: str, what: str, times: int) -> Tally:
    random = Random(f"{SEED} {what} {worse} {n}")
    return Tally(worse, n, sample(base, blocks, n, worse, random, times))


def _power(base: BenchmarkSide, blocks: Sequence[Block], worse: str, n: int) -> list[Tally]:
    numbers = sorted({*STEPS, n} & set(range(FEWEST, _largest(blocks) + 1)))
    return [_tally(base, blocks, number, worse, "power", PLANTED) for number in numbers]


def _pilots(base: BenchmarkSide, blocks: Sequence[Block]) -> Pilots:
    """Plans from blocks in a row that start anywhere, and for each one comparison a metric."""
    first = _planned(base, blocks[:PILOT], blocks)
    random = Random(f"{SEED} pilots")
    asked: list[float] = []
    found: dict[str, list[Ended]] = {metric: [] for metric in METRICS}
    for _ in range(PLANTED):
        start = random.randrange(len(blocks))
        plan = _planned(base, [blocks[(start + place) % len(blocks)] for place in range(PILOT)], blocks)
        asked.append(plan.asked)
        for metric in METRICS:
            found[metric] += sample(base, blocks, plan.taken, metric, random, 1)
    largest = int(min(max(asked), _largest(blocks)))
    return Pilots(first, asked, {metric: Tally(metric, largest, ended) for metric, ended in found.items()})


def differences(blocks: Sequence[Block], arm: str, metric: str) -> list[float]:
    """An arm less ``NORMAL``, block by block; of times as a share of the latter."""
    pairs = [(getattr(block[NORMAL], metric), getattr(block[arm], metric)) for block in blocks]
    return [other / one - 1 if metric == TIME else other - one for one, other in pairs if one and math.isfinite(other)]

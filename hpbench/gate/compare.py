"""Two sides beside each other: by benchmark, case and metric, with a verdict on the second."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from hpbench.analysis.statistics import FEWEST, Interval, mean_interval_or_undefined
from hpbench.definition.gated import Gated
from hpbench.definition.readings import DEFAULT
from hpbench.gate import comparable
from hpbench.gate.decide import Decision, Verdict, decide, holm, interval, paired_p, seen
from hpbench.gate.sides import BenchmarkSide, Side, direction
from hpbench.records.metrics import is_cost
from hpbench.records.metrics import metric as described

_TO_BE_TESTED = Decision(Verdict.UNCLEAR)
"""Stands for the verdict until all pairs are there to be tested together."""


@dataclass(frozen=True)
class Pair:
    """One metric of one case on both sides.

    Attributes:
        benchmark: Its id.
        case: Name of a case, or of a group of them.
        reading: Name of the reading.
        metric: With labels after dots.
        unit: Of ``first`` and ``second``.
        gated: The entry that gates it; None if it is only shown.
        note: Why it is only shown although an entry names it.
        higher_is_better: Whether a positive difference is an improvement.
        first: Mean and 95 % interval over the seeds of the first side.
        second: The same of the second side.
        seeds: Seeds that both have, but for those left out.
        left_out: Seeds of both that do not count: of times taken in turns, those at which one side was not alone on
            the machine, and those at which the first side has no finite value.
        why_left_out: What the pairs at these seeds are or have, in words.
        one_sided: Seeds that only one side has.
        differences: Second less first, one a seed; shares of the first where the threshold is one.
        difference: Mean and 95 % interval of the differences: of what is gated the one that decides.
        p: Of the test of no difference; None where there is none.
        significant: Whether the test says so beside all others.
        scaled: Across machines, the ratio of the times, each in units of its machine's calibration; else None.
        decision: The verdict.
    """

    benchmark: str
    case: str
    reading: str
    metric: str
    unit: str
    gated: Gated | None
    note: str
    higher_is_better: bool
    first: Interval
    second: Interval
    seeds: tuple[int, ...]
    left_out: tuple[int, ...]
    why_left_out: str
    one_sided: tuple[int, ...]
    differences: tuple[float, ...]
    difference: Interval
    p: float | None
    significant: bool
    scaled: float | None
    decision: Decision

    @property
    def relative(self) -> bool:
        """Whether the differences are shares of the first side's values."""
        return self.gated is not None and self.gated.relative


@dataclass(frozen=True)
class Comparison:
    """A side beside the first one.

    Attributes:
        first: What is compared with.
        second: What the verdicts are on.
        pairs: By benchmark; those that are gated first, then by reading, case and metric.
    """

    first: Side
    second: Side
    pairs: tuple[Pair, ...]

    @property
    def gated(self) -> tuple[Pair, ...]:
        """The pairs that decide."""
        return tuple(pair for pair in self.pairs if pair.gated)

    @property
    def shown(self) -> tuple[Pair, ...]:
        """The others."""
        return tuple(pair for pair in self.pairs if not pair.gated)


def compare(first: Side, second: Side, *, in_turns: bool = False) -> Comparison:
    """Compare all that both have, and say of what is gated why it cannot be compared where that is so.

    What is gated, the first side says. Of what it names, times of runs that were not taken in turns and costs of two
    machines are shown only.

    Args:
        first: What is compared with.
        second: What the verdicts are on.
        in_turns: Whether both were run on one machine in turns, seed by seed. Times are gated then, and of times those
            pairs are left out that were disturbed.
    """
    pairs: list[Pair] = []
    for benchmark, a in first.benchmarks.items():
        b = second.benchmarks.get(benchmark)
        pairs += _named(benchmark, a, b, in_turns)
        pairs += _shown(benchmark, a, b) if b else []
    return Comparison(first, second, tuple(_decided(pairs)))


def _named(benchmark: str, a: BenchmarkSide, b: BenchmarkSide | None, in_turns: bool) -> Iterator[Pair]:
    """What the first side's definition names as gated, of the cases it ran: what either side has measured of them."""
    for entry in a.gated:
        note = comparable.why_only_shown(a, b, entry.metric, in_turns)
        for case in a.gated_cases(entry):
            place = case, DEFAULT, entry.metric
            if a.values(*place) or (b and b.values(*place) and a.has(case)):
                yield _pair(benchmark, place, a, b, entry, note, in_turns)


def _shown(benchmark: str, a: BenchmarkSide, b: BenchmarkSide) -> Iterator[Pair]:
    gated = {(case, DEFAULT, entry.metric) for entry in a.gated for case in a.gated_cases(entry)}
    for case, readings in a.cases.items():
        for reading, side in readings.items():
            for metric in side.values:
                place = case, reading, metric
                if place not in gated and comparable.is_shown(metric) and b.values(*place):
                    yield _pair(benchmark, place, a, b, None)


def _pair(
    benchmark: str,
    place: comparable.Place,
    a: BenchmarkSide,
    b: BenchmarkSide | None,
    entry: Gated | None,
    note: str = "",
    in_turns: bool = False,
) -> Pair:
    """A pair without a test; decided where no test is needed."""
    case, reading, metric = place
    gated = None if note else entry
    higher = (entry.direction if entry else direction(metric)) == "higher"
    relative = gated is not None and gated.relative
    pairs = comparable.paired(a, b, place, relative=relative, in_turns=in_turns)
    reason = comparable.why_not(a, b, place)
    decision = Decision(Verdict.NOT_COMPARABLE, reason) if reason else _untested(a, b, place, pairs, gated)
    return Pair(
        benchmark=benchmark,
        case=case,
        reading=reading,
        metric=metric,
        unit=described(metric).unit,
        gated=gated,
        note=note,
        higher_is_better=higher,
        first=_interval(a.values(*place).values()),
        second=_interval(b.values(*place).values() if b else ()),
        seeds=pairs.seeds,
        left_out=pairs.left_out,
        why_left_out=pairs.why,
        one_sided=pairs.one_sided,
        differences=pairs.differences,
        difference=_difference(pairs.differences, None if decision.verdict is Verdict.IDENTICAL else gated),
        p=None,
        significant=False,
        scaled=comparable.scaled(a, b, place) if b and is_cost(metric) else None,
        decision=decision,
    )


def _untested(
    a: BenchmarkSide,
    b: BenchmarkSide | None,
    place: comparable.Place,
    pairs: comparable.Pairs,
    gated: Gated | None,
) -> Decision:
    """The verdict where no test is needed or none is possible; unclear without a reason where one is to be made."""
    assert b is not None
    if gated and b.stale(*place[:2]):
        return Decision(Verdict.UNCLEAR, "made by older code")
    if comparable.identical(a, b, place):
        return Decision(Verdict.IDENTICAL)
    differences, both = pairs.differences, len(pairs.differences) + len(pairs.left_out)
    if not both:
        return Decision(Verdict.NOT_COMPARABLE, "the sides have no seed in common")
    if broken := sum(not math.isfinite(value) for value in differences):
        told = f"no finite value any more at {broken} of {len(differences)} seeds"
        return Decision(Verdict.WORSE if FEWEST <= broken == len(differences) else Verdict.UNCLEAR, told)
    if len(differences) < FEWEST:
        why = f"{len(pairs.left_out)} of {both} pairs {pairs.why}" if pairs.why else f"too few seeds: {both}"
        return Decision(Verdict.UNCLEAR, f"{why}, and a test needs {FEWEST}")
    return Decision(Verdict.UNCLEAR, "" if pairs.left_out else comparable.disturbed(a, b, place))


def _decided(pairs: Sequence[Pair]) -> list[Pair]:
    """The pairs with the verdicts that need a test; all gated ones of a comparison are one family."""
    open_ = [index for index, pair in enumerate(pairs) if pair.gated and pair.decision == _TO_BE_TESTED]
    tests = {index: p for index in open_ if (p := _p(pairs[index])) is not None}
    significant = dict(zip(tests, holm(list(tests.values())), strict=True))
    decided = list(pairs)
    for index, pair in enumerate(pairs):
        if pair.gated and index in tests:
            verdict = decide(pair.differences, pair.higher_is_better, pair.gated.threshold, significant[index])
            decided[index] = replace(pair, p=tests[index], significant=significant[index], decision=verdict)
        elif not pair.gated and pair.decision == _TO_BE_TESTED:
            decided[index] = replace(pair, decision=seen(pair.difference, pair.higher_is_better))
    return decided


def _p(pair: Pair) -> float | None:
    return paired_p(pair.differences, pair.gated.threshold) if pair.gated else None


def _difference(differences: Sequence[float], gated: Gated | None) -> Interval:
    """Mean and interval of differences: of what is gated, and not the same to the bit, the one that decides."""
    if gated and all(map(math.isfinite, differences)):
        return interval(differences, gated.threshold)
    return mean_interval_or_undefined(differences)


def _interval(values: Iterable[float | None]) -> Interval:
    return mean_interval_or_undefined(math.nan if value is None else value for value in values)

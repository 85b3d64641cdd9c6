"""What has to be equal on two sides before their values may be compared, and what disturbs times."""

from __future__ import annotations

import math
import shlex
from typing import NamedTuple

from hpbench.gate.sides import SHOWN, BenchmarkSide, CaseSide
from hpbench.records.metrics import base_name, is_cost
from hpbench.records.metrics import metric as described

SPEED_CHANGE = 0.1
"""Share by which a machine's speed may differ between two runs before their times are not trusted."""

Place = tuple[str, str, str]
"""Case or group, reading, metric."""


class Pairs(NamedTuple):
    """Values of a place on both sides, paired by seed.

    Attributes:
        seeds: Seeds that both have, but for those left out.
        left_out: Seeds of both that do not count: of times taken in turns, those at which one side was not alone on
            the machine, and those at which the first side has no finite value.
        why: What the pairs at these seeds are or have, in words.
        one_sided: Seeds that only one side has.
        differences: Second less first, or as a share of the first, at ``seeds``; NaN where the second is not finite.
    """

    seeds: tuple[int, ...] = ()
    left_out: tuple[int, ...] = ()
    why: str = ""
    one_sided: tuple[int, ...] = ()
    differences: tuple[float, ...] = ()


def paired(a: BenchmarkSide, b: BenchmarkSide | None, place: Place, *, relative: bool, in_turns: bool) -> Pairs:
    """The values of a place, paired.

    Args:
        a: First side.
        b: Second side, if it has a run of the benchmark.
        place: Where.
        relative: Whether the differences are shares of the first side's values.
        in_turns: Whether both sides were run on one machine in turns.
    """
    if b is None:
        return Pairs()
    one, other = a.values(*place), b.values(*place)
    common = sorted(set(one) & set(other))
    loaded = {**loads(a, place), **loads(b, place)} if in_turns else {}
    usable = {seed: value for seed in common if (value := one[seed]) is not None and (value or not relative)}
    seeds = tuple(seed for seed in usable if seed not in loaded)
    reasons = ["were not alone on the machine"] if any(seed in loaded for seed in common) else []
    reasons += ["have no finite value on the first side"] if len(usable) < len(common) else []
    return Pairs(
        seeds=seeds,
        left_out=tuple(seed for seed in common if seed not in seeds),
        why=" or ".join(reasons),
        one_sided=tuple(sorted(set(one) ^ set(other))),
        differences=tuple(_difference(usable[seed], other[seed], relative) for seed in seeds),
    )


def _difference(one: float, other: float | None, relative: bool) -> float:
    if other is None:
        return math.nan
    return other / one - 1 if relative else other - one


def why_not(a: BenchmarkSide, b: BenchmarkSide | None, place: Place) -> str:
    """Why the values of a place cannot be compared; empty if they can."""
    if b is None:
        return "the second side has no run of this benchmark"
    if a.version != b.version:
        return f"definition version {a.version} beside {b.version}"
    if a.backend != b.backend:
        return f"backend {a.backend} beside {b.backend}"
    if a.precision != b.precision:
        return f"precision {a.precision} beside {b.precision}"
    if is_cost(place[2]) and a.machine_id != b.machine_id:
        return "another machine: times and memory of two machines are not compared"
    if set(a.members(place[0])) != set(b.members(place[0])):
        return "the group has other cases"
    for one, other in _sides(a, b, place):
        if one is None or other is None:
            return f"the {'second' if one else 'first'} side did not measure it"
        if one.data != other.data:
            return f"data with fingerprint {one.data[:12]} beside {other.data[:12]}"
        if one.settings != other.settings:
            return _other_settings(a, b)
    for which, side in (("first", a), ("second", b)):
        if not side.values(*place):
            return f"the {which} side did not measure it"
    return ""


def why_only_shown(a: BenchmarkSide, b: BenchmarkSide | None, metric: str, in_turns: bool) -> str:
    """Why a metric is shown and not gated, although the definition names it; empty if it is gated.

    Costs of two machines never are. Times of two runs, one after the other, differ by what else has changed on the
    machine meanwhile, and that is the same for all seeds: no number of seeds tells it from a change of the code.

    Args:
        a: First side.
        b: Second side, if it has a run of the benchmark.
        metric: What the definition names.
        in_turns: Whether both sides were run on one machine in turns.
    """
    if not is_cost(metric):
        return ""
    if b is not None and a.machine_id != b.machine_id:
        return "another machine"
    return "" if in_turns or described(metric).unit != "s" else "times are gated by 'hpbench ab'"


def _other_settings(a: BenchmarkSide, b: BenchmarkSide) -> str:
    if a.options == b.options:
        return f"other settings, both with {shlex.join(a.options)}: the definition has changed, and its version has not"
    return f"other settings: {shlex.join(a.options)} beside {shlex.join(b.options)}"


def identical(a: BenchmarkSide, b: BenchmarkSide, place: Place) -> bool:
    """Whether both have the same seeds with the same bits, of accuracies and losses along the whole curve."""
    same = a.values(*place) == b.values(*place)
    if not same or is_cost(place[2]):
        return same
    return all(one and other and one.curves == other.curves for one, other in _sides(a, b, place))


def loads(side: BenchmarkSide, place: Place) -> dict[int, float]:
    """Seeds at which a time of the place was taken beside other processes, and the cores that those took."""
    case, reading, metric = place
    if described(metric).unit != "s":
        return {}
    return {
        seed: cores
        for member in side.members(case)
        if (there := side.cases.get(member, {}).get(reading))
        for seed, cores in there.loads.items()
    }


def disturbed(a: BenchmarkSide, b: BenchmarkSide, place: Place) -> str:
    """Why times of a place are not to be trusted; empty if they are, and for what is no time."""
    if described(place[2]).unit != "s":
        return ""
    for which, side in (("first", a), ("second", b)):
        if found := loads(side, place):
            worst = max(found.values())
            return f"disturbed: {len(found)} timed trials of the {which} side beside others that took {worst:g} cores"
    ratio = speed_ratio(a, b)
    if ratio is not None and abs(math.log(ratio)) > math.log1p(SPEED_CHANGE):
        return f"disturbed: the calibration workload ran {ratio:.2f} times as fast on the second side"
    return ""


def speed_ratio(a: BenchmarkSide, b: BenchmarkSide) -> float | None:
    """How many times as fast the second machine was: geometric mean over the calibration's operations on the CPU."""
    common = [(speed, b.calibration[name]) for name, speed in a.calibration.items() if name in b.calibration]
    if not common:
        return None
    return math.exp(math.fsum(math.log(other.value / one.value) for one, other in common) / len(common))


def scaled(a: BenchmarkSide, b: BenchmarkSide, place: Place) -> float | None:
    """Ratio of the mean times on two machines, each multiplied by its machine's speed; None on one, or of memory."""
    ratio = speed_ratio(a, b)
    if a.machine_id == b.machine_id or described(place[2]).unit != "s" or ratio is None:
        return None
    first, second = ([value for value in side.values(*place).values() if value] for side in (a, b))
    if not first or not second:
        return None
    return (math.fsum(second) / len(second)) / (math.fsum(first) / len(first)) * ratio


def is_shown(metric: str) -> bool:
    """Whether every comparison shows the metric."""
    return base_name(metric) in SHOWN


def _sides(a: BenchmarkSide, b: BenchmarkSide, place: Place) -> list[tuple[CaseSide | None, CaseSide | None]]:
    """Both sides of the cases that a place names."""
    case, reading, _ = place
    return [(a.cases.get(one, {}).get(reading), b.cases.get(one, {}).get(reading)) for one in a.members(case)]

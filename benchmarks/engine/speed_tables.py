"""Rows of the report about the speed of a step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from benchmarks.engine.contenders import FIT, FIT_SHORT, SUITE, SUITE_SHORT, TORCH, TORCH_FUSED, TORCH_KEPT, Contender
from benchmarks.engine.race import Lane, Race
from benchmarks.engine.ratios import operations, ratio, state_bytes
from benchmarks.engine.workloads import Workload
from hpbench.analysis.statistics import Interval

Ceilings = Mapping[str, float]
"""Name of a reading of the calibration workload to its value."""

BEST_FIT = "fit at its best"
NOT_SLOWER = 0.97
"""Lower end of the interval against the best ``fit`` that a bundled benchmark's model has to reach."""


@dataclass(frozen=True)
class Target:
    """How many times as long a rival is to take as the suite.

    Args:
        rival: A contender's name, or ``BEST_FIT``.
        times: At least.
        missed: What the profile says and what was tried, where the target is known to be missed.
        own: Name of the suite's contender that is compared.
        by_low: Whether the lower end of the interval has to reach it, and not the mean.
    """

    rival: str
    times: float
    missed: str = ""
    own: str = SUITE.name
    by_low: bool = False


_CALL = (
    "a call of the compiled loop costs about 0.14 ms without any step, half as much as 15 steps take: TensorFlow's "
    "function call with data and state as arguments, and XLA's start. Nothing that made it shorter was found."
)
_TINY = (
    "the rival on cached tf.data is faster than the one the target was set against. Tried: without the accuracy of "
    "each batch (up to 10 % faster; it is reported, so it stays), without the check for finite losses (nothing), "
    "another form of the loss (2 %)."
)
KERNELS = (
    "the profile says that 98 % of a step is in oneDNN's kernels, which fit calls as well (convolutions and their "
    "gradients 73 %, dense layers 13 %, pooling 7 %, the update 3 %); there is no more overhead to take away. Tried: "
    "state carried through the loop (a quarter slower), two operations at a time, operations that need not be "
    "deterministic, freed memory kept (each within the noise)."
)

TARGETS: Mapping[str, tuple[Target, ...]] = {
    "few-shot": (
        Target(FIT_SHORT.name, 80),
        Target(FIT_SHORT.name, 80, _CALL, own=SUITE_SHORT.name),
        Target(BEST_FIT, 6, _TINY),
        Target(TORCH.name, 10),
    ),
    "office": (Target(BEST_FIT, NOT_SLOWER, by_low=True),),
    "office-adam": (
        *(Target(FIT.name, 1.9), Target(BEST_FIT, NOT_SLOWER, by_low=True)),
        *(Target(TORCH.name, 3), Target(TORCH_FUSED.name, 1.5)),
    ),
    "lenet-64": (Target(BEST_FIT, 1.25, KERNELS), Target(TORCH.name, 1.3, KERNELS), Target(TORCH_KEPT.name, 1.3)),
}
"""By workload."""

TARGET_COLUMNS = ("training", "rival", "rival's time / hpbench's", "target", "")
LANE_COLUMNS = (
    *("contender", "µs a step", "middle half", "windows x steps", "its time / hpbench's"),
    *("GFLOP/s", "of the product's", "GB/s", "of the triad's", "loss"),
)
BUNDLED_COLUMNS = (
    *("model of", "compiled", "fit at its best", "batch", "hpbench, µs a step", "fit, µs a step", "fit / hpbench", ""),
    *("GFLOP/s", "of the product's", "GB/s", "of the triad's"),
)


def interval(value: Interval) -> str:
    """A ratio and its interval."""
    return f"{value.mean:.3g} [{value.low:.3g}, {value.high:.3g}]" if value.bounded else f"{value.mean:.3g}"


def met(reached: float, target: float) -> str:
    """The verdict's word."""
    return "met" if reached >= target else "missed"


def named(workload: Workload) -> set[str]:
    """The contenders that a target is set against."""
    return {target.rival for target in TARGETS.get(workload.name, ())}


def targets(race: Race) -> tuple[list[tuple[str, ...]], list[str]]:
    """Rows of the table of targets, and what is to be said below it about those that are missed."""
    rows, remarks = [], []
    for target in TARGETS.get(race.workload.name, ()):
        fit = target.rival == BEST_FIT
        lane = race.fit_duel if fit else race.lanes.get(target.rival)
        if lane is None:
            rows.append((race.workload.name, target.rival, "not installed", f"{target.times:g}", ""))
            continue
        name = f"{BEST_FIT} ({lane.contender.name})" if fit else target.rival
        name += "" if target.own == SUITE.name else f", against {target.own}"
        own = race.suite_duel if fit else race.lanes[target.own]
        measured = ratio(lane.per_step, own.per_step)
        verdict = met(measured.low if target.by_low else measured.mean, target.times)
        rows.append((race.workload.name, name, interval(measured), f"{target.times:g}", verdict))
        if verdict == "missed" and target.missed:
            remarks.append(f"{race.workload.name} against {target.rival}: {target.missed}")
    return rows, remarks


def contender_rows(race: Race, contenders: list[Contender], ceilings: Ceilings) -> Iterator[tuple[str, ...]]:
    """A row for each contender, also for those whose library is not there."""
    for contender in contenders:
        lane = race.lanes.get(contender.name)
        if lane is None:
            yield contender.name, "not installed", *[""] * (len(LANE_COLUMNS) - 2)
            continue
        values = sorted(lane.per_step.values())
        quarter = len(values) // 4
        yield (
            contender.name,
            f"{lane.median:.4g}",
            f"{values[quarter]:.4g} to {values[-1 - quarter]:.4g}",
            f"{len(values)} x {lane.steps}",
            interval(ratio(lane.per_step, race.suite.per_step)) if lane is not race.suite else "1",
            *achieved(race, lane, ceilings),
            f"{lane.loss:.5f}",
        )


def bundled_row(race: Race, mode: str, ceilings: Ceilings) -> tuple[str, ...]:
    """The row of one model of a bundled benchmark."""
    best = race.fit_duel
    measured = ratio(best.per_step, race.suite_duel.per_step)
    return (
        race.workload.name,
        mode,
        best.contender.name,
        str(race.workload.batch_size),
        f"{race.suite_duel.median:.4g}",
        f"{best.median:.4g}",
        interval(measured),
        met(measured.low, NOT_SLOWER),
        *achieved(race, race.suite_duel, ceilings),
    )


def achieved(race: Race, lane: Lane, ceilings: Ceilings) -> tuple[str, str, str, str]:
    """GFLOP/s and GB/s at the median, and their shares of what the calibration workload reached."""
    computed = operations(race.network, race.workload.batch_size) / lane.median / 1e3
    moved = state_bytes(race.network) / lane.median / 1e3
    return (
        f"{computed:.3g}",
        f"{computed / ceilings['matrix product']:.0%}",
        f"{moved:.3g}",
        f"{moved / ceilings['triad']:.0%}",
    )

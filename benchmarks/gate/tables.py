"""Tables of the report that say what stands behind its targets."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from benchmarks.gate.pool import AGAIN, MEMORY, NORMAL, TIME, WORSE, Block
from benchmarks.gate.study import PILOT, Study, Tally, differences
from benchmarks.gate.targets import NAMES
from hpbench.gate.outcome import Outcome
from hpbench.records.metrics import NOT_ALONE
from hpbench.report.markup import Markup, bullets, join, table


def plans(study: Study) -> Markup:
    """How many pairs are planned for, from the whole pool and from few blocks."""
    first = study.pilots.first
    rows = [
        (
            metric,
            in_unit(metric, need.gated.threshold),
            in_unit(metric, need.spread),
            f"{need.to_pass:g}",
            f"{need.to_catch:g}",
            f"{first.needs[metric].needed:g}",
        )
        for metric, need in study.planned.needs.items()
    ]
    head = [
        "metric",
        "threshold",
        "spread of a difference",
        "pairs to pass",
        "pairs to catch",
        f"planned from {PILOT} blocks",
    ]
    asked = sorted(study.pilots.asked)
    found = ", ".join(f"{NAMES[metric]} {tally.found} of {tally.total}" for metric, tally in study.pilots.found.items())
    notes = [
        f"The plan for runs in turns (hpbench ab --plan) asks for {study.planned.asked:g} pairs, the most of the "
        f"three, when it is given the whole quiet pool; given its first {PILOT} blocks alone for {first.asked:g}.",
        f"{len(asked)} plans from {PILOT} blocks in a row, from anywhere in the pool: {asked[0]:g} to {asked[-1]:g} "
        f"pairs, in the middle {asked[len(asked) // 2]:g}. At the number that each asks for, as far as the pool has so "
        f"many: {found}.",
    ]
    return join(table(head, rows, numeric=1), bullets(notes))


def tallies(study: Study) -> Markup:
    """How the comparisons of each kind ended."""
    named: list[tuple[str, Tally | None]] = [("the same code", study.alike)]
    named += [(NAMES[metric], tally) for metric, tally in study.planted.items()]
    named += [("busy, the same code", study.busy_alike), (f"busy, {NAMES[TIME]}", study.busy_planted)]
    rows = [
        (
            name,
            str(tally.n),
            *(str(tally.outcomes[kind]) for kind in (Outcome.REGRESSION, Outcome.UNCLEAR, Outcome.FINE)),
            str(tally.found) if tally.worse else "",
            str(tally.better),
            str(tally.too_good),
        )
        for name, tally in named
        if tally
    ]
    head = [
        "second side",
        "pairs",
        "regression (1)",
        "unclear (6)",
        "fine (0)",
        "found",
        "something better",
        "TOO GOOD",
    ]
    return table(head, rows, numeric=1)


def pools(study: Study) -> Markup:
    """What the pools' runs measured."""
    pools = [(name, blocks) for name, blocks in (("quiet", study.quiet), ("busy", study.busy)) if blocks]
    rows = [
        (
            name,
            metric,
            in_unit(metric, statistics.mean(alike)),
            in_unit(metric, statistics.mean(worse)),
            *_spreads(blocks, metric),
        )
        for name, blocks in pools
        for metric in (TIME, MEMORY)
        for alike, worse in [(differences(blocks, AGAIN, metric), differences(blocks, WORSE, metric))]
    ]
    head = [
        "pool",
        "metric",
        "again less normal, mean",
        "worse less normal, mean",
        "standard deviation",
        "the same of worse",
    ]
    return join(
        table(head, rows, numeric=2), bullets([*(_runs(name, blocks) for name, blocks in pools), _accuracy(study)])
    )


def _spreads(blocks: Sequence[Block], metric: str) -> list[str]:
    return [in_unit(metric, statistics.stdev(differences(blocks, arm, metric))) for arm in (AGAIN, WORSE)]


def _runs(name: str, blocks: Sequence[Block]) -> str:
    rows = [row for block in blocks for row in block.values()]
    disturbed = sum(row.other_load >= NOT_ALONE for row in rows)
    whole = sum(all(row.other_load < NOT_ALONE for row in block.values()) for block in blocks)
    return (
        f"{name}: {len(rows)} runs in {len(blocks)} blocks. Beside {disturbed} runs other processes took {NOT_ALONE:g} "
        f"cores or more; {whole} blocks were alone throughout."
    )


def _accuracy(study: Study) -> str:
    values = [block[NORMAL].test_accuracy for block in study.quiet]
    mean, spread = statistics.mean(values), statistics.stdev(values)
    return f"Test accuracy of the quiet pool: {mean:.4f}, standard deviation {spread:.4f}."


def in_unit(metric: str, value: float) -> str:
    """A value as it is shown."""
    return {TIME: f"{value:.2%}", MEMORY: f"{value / 1e6:.2f} MB"}.get(metric, f"{value:.4f}")

"""The order of a plan: seed-major, the order of cases reversed every other seed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hpbench.definition.resolve import PlannedCase


def seed_major(cases: Sequence[PlannedCase]) -> Iterator[tuple[PlannedCase, int]]:
    """Case and seed of every cell; in this order drift of the machine hits all cases alike."""
    for seed in range(max((item.seeds for item in cases), default=0)):
        row = [item for item in cases if seed < item.seeds]
        for item in reversed(row) if seed % 2 else row:
            yield item, seed

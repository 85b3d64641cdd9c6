"""What is asked of the gate, beside what was counted."""

from __future__ import annotations

import math
from typing import NamedTuple

from scipy import special

from benchmarks.gate.planted import HELD, LOST, SLOWER
from benchmarks.gate.pool import ACCURACY, MEMORY, TIME
from benchmarks.gate.study import Study
from hpbench.gate.outcome import Outcome

TARGET_SHARE, KEPT_SHARE = 0.95, 0.8
"""Of what is planted: found; on the busy machine found or not let pass."""
ERROR = 0.05
"""Of the bounds of shares."""
NAMES = {
    TIME: f"training {SLOWER:.0%} slower",
    MEMORY: f"{HELD / 1e6:.0f} MB more training memory",
    ACCURACY: f"{LOST * 100:g} points of accuracy lost",
}


class Target(NamedTuple):
    """Something that is asked for.

    Args:
        name: Of what.
        asked: In words.
        count: Found so often.
        total: Of so many.
        met: Whether that is enough.
    """

    name: str
    asked: str
    count: int
    total: int
    met: bool


def targets(study: Study) -> list[Target]:
    """All of them, those of the busy machine as far as it has a pool."""
    alarms = study.alike.outcomes[Outcome.REGRESSION]
    found = [Target("false alarms, the same code", f"0 of {study.alike.total}", alarms, study.alike.total, not alarms)]
    for metric, tally in study.planted.items():
        asked = math.ceil(TARGET_SHARE * tally.total)
        found.append(
            Target(
                f"{NAMES[metric]}: found", f"{asked} of {tally.total}", tally.found, tally.total, tally.found >= asked
            )
        )
    if study.busy_alike and study.busy_planted:
        most, total = study.busy_alike.total // 50, study.busy_alike.total
        alarms = study.busy_alike.outcomes[Outcome.REGRESSION]
        found.append(Target("busy machine: false alarms", f"at most {most} of {total}", alarms, total, alarms <= most))
        kept, total = study.busy_planted.found_or_unclear, study.busy_planted.total
        asked = math.ceil(KEPT_SHARE * total)
        name = f"busy machine, {NAMES[TIME]}: found, or ended as unclear (6)"
        found.append(Target(name, f"{asked} of {total}", kept, total, kept >= asked))
    return found


def bounds(count: int, total: int) -> str:
    """Clopper and Pearson's 95 % bounds of a share (Biometrika 26, 1934); one-sided where none or all are counted."""
    error = ERROR if count in (0, total) else ERROR / 2
    low = special.betaincinv(count, total - count + 1, error) if count else 0.0
    high = special.betaincinv(count + 1, total - count, 1 - error) if count < total else 1.0
    if not count:
        return f"at most {high:.1%}"
    return f"at least {low:.1%}" if count == total else f"{low:.1%} to {high:.1%}"

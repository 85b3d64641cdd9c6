"""How a gate ends: the one thing that its exit code says."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

from hpbench.gate.compare import Comparison
from hpbench.gate.decide import Verdict


class Outcome(StrEnum):
    """From all verdicts to one."""

    FINE = "fine"
    REGRESSION = "regression"
    FAILED = "failed"
    NOTHING_MEASURED = "nothing measured"
    NOT_COMPARABLE = "not comparable"
    UNCLEAR = "unclear"


def outcome(comparison: Comparison, failed_trials: Sequence[str], harness: Sequence[str] = ()) -> Outcome:
    """What a comparison comes to.

    Nothing measured if the second side has no value at all, unless the harness is to blame. A regression that was found
    stands, whatever else there is. Then failures, then what cannot be compared (or that of what is named nothing is
    left to gate), then what is unclear: the gate is fine only if none is there, and something was compared.

    Args:
        comparison: A run, second, beside a reference.
        failed_trials: Trials of the run without a result.
        harness: What stopped the run itself, such as a full disk.
    """
    if not harness and not any(side.measured for side in comparison.second.benchmarks.values()):
        return Outcome.NOTHING_MEASURED
    verdicts = {pair.decision.verdict for pair in comparison.gated}
    if Verdict.WORSE in verdicts:
        return Outcome.REGRESSION
    if failed_trials or harness:
        return Outcome.FAILED
    if Verdict.NOT_COMPARABLE in verdicts or (not verdicts and any(pair.note for pair in comparison.shown)):
        return Outcome.NOT_COMPARABLE
    if not verdicts:
        return Outcome.NOTHING_MEASURED
    return Outcome.UNCLEAR if Verdict.UNCLEAR in verdicts else Outcome.FINE

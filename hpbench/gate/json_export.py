"""Comparisons and gates as strict JSON, for scripts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from hpbench.gate.compare import Comparison, Pair
from hpbench.gate.outcome import Outcome
from hpbench.report.strict_json import dump

FORMAT = 1


def gate_json(
    result: Outcome,
    comparison: Comparison,
    failures: Sequence[str],
    accepted: bool,
    code: int,
    facts: Mapping[str, Any] | None = None,
) -> str:
    """``format``, ``outcome``, ``accepted``, ``exit_code``, ``failures``, further facts, and the comparison.

    Args:
        result: What the gate comes to.
        comparison: The run beside the reference.
        failures: What failed.
        accepted: Whether what is unclear was accepted.
        code: The exit code.
        facts: What else is to be told of how the two were made.
    """
    head = {"format": FORMAT, "outcome": result, "accepted": accepted, "exit_code": code, "failures": list(failures)}
    return dump({**head, **(facts or {}), **_comparison(comparison)}, indent=1) + "\n"


def comparison_json(comparisons: Sequence[Comparison]) -> str:
    """``format`` and ``comparisons``, each of a side with the first one."""
    return dump({"format": FORMAT, "comparisons": [_comparison(one) for one in comparisons]}, indent=1) + "\n"


def _comparison(comparison: Comparison) -> dict[str, Any]:
    return {
        "first": comparison.first.name,
        "second": comparison.second.name,
        "gated": [_pair(pair) for pair in comparison.gated],
        "shown": [_pair(pair) for pair in comparison.shown],
    }


def _pair(pair: Pair) -> dict[str, Any]:
    return {
        **{name: getattr(pair, name) for name in ("benchmark", "case", "reading", "metric", "unit")},
        "first": asdict(pair.first),
        "second": asdict(pair.second),
        "difference": asdict(pair.difference),
        "relative": pair.relative,
        "direction": "higher" if pair.higher_is_better else "lower",
        "threshold": pair.gated.threshold if pair.gated else None,
        "seeds": list(pair.seeds),
        "left_out": list(pair.left_out),
        "why_left_out": pair.why_left_out,
        "one_sided": list(pair.one_sided),
        "differences": list(pair.differences),
        "p": pair.p,
        "significant": pair.significant,
        "ratio_to_calibration": pair.scaled,
        "verdict": pair.decision.verdict,
        "why": pair.decision.why,
        "note": pair.note,
        "too_good": pair.decision.too_good,
    }

"""Comparisons and gates as strict JSON, for scripts."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from hpbench.analysis.statistics import Interval
from hpbench.gate.compare import Comparison, Pair
from hpbench.gate.outcome import Outcome

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
    return _text({**head, **(facts or {}), **_comparison(comparison)})


def comparison_json(comparisons: Sequence[Comparison]) -> str:
    """``format`` and ``comparisons``, each of a side with the first one."""
    return _text({"format": FORMAT, "comparisons": [_comparison(one) for one in comparisons]})


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
        "first": _interval(pair.first),
        "second": _interval(pair.second),
        "difference": _interval(pair.difference),
        "relative": pair.relative,
        "direction": "higher" if pair.higher_is_better else "lower",
        "threshold": pair.gated.threshold if pair.gated else None,
        "seeds": list(pair.seeds),
        "left_out": list(pair.left_out),
        "differences": [_number(value) for value in pair.differences],
        "p": pair.test.p if pair.test else None,
        "test": pair.test.kind if pair.test else None,
        "significant": pair.significant,
        "ratio_to_calibration": pair.scaled,
        "verdict": pair.decision.verdict,
        "why": pair.decision.why,
        "note": pair.note,
        "too_good": pair.decision.too_good,
    }


def _interval(interval: Interval) -> dict[str, Any]:
    return {name: _number(getattr(interval, name)) for name in ("mean", "low", "high")} | {"n": interval.n}


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _text(document: dict[str, Any]) -> str:
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"

"""What a trial is, what it observed and how it ended."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any


class Outcome(StrEnum):
    """How a trial ended. ``DIVERGED`` is a result: its last accuracy stands to the end."""

    OK = "ok"
    DIVERGED = "diverged"
    OUT_OF_MEMORY = "out_of_memory"
    TIMED_OUT = "timed_out"
    FAILED = "failed"
    INTERRUPTED = "interrupted"

    @property
    def is_result(self) -> bool:
        """Whether the trial's observations count."""
        return self in (Outcome.OK, Outcome.DIVERGED)


@dataclass(frozen=True)
class Observation:
    """One raw value.

    Args:
        name: A metric's name, see ``hpbench.records.metrics``.
        value: In the metric's unit; NaN where nothing finite was observed.
        iteration: Updates done when it was observed; None for the trial as a whole.
        labels: What tells it from others of its name: split, head, layer, device.
    """

    name: str
    value: float
    iteration: int | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spaces: equal values give equal bytes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


@dataclass(frozen=True)
class Trial:
    """One resolved setting with one seed.

    Args:
        benchmark: The definition's id.
        version: The definition's version.
        settings: Data set, model, training and compute (backend, precision, requested compile mode,
            threads), every default filled in.
        seed: Index of the repetition, from 0; the random seeds are derived from it.
        data: Fingerprint of the prepared data set.
    """

    benchmark: str
    version: int
    settings: Mapping[str, Any]
    seed: int
    data: str

    @cached_property
    def identity(self) -> str:
        """SHA-256 over everything that determines the trial's result."""
        parts = [self.benchmark, self.version, self.settings, self.seed, self.data]
        return hashlib.sha256(canonical_json(parts).encode()).hexdigest()


@dataclass(frozen=True)
class Cell:
    """A trial's place in the plan: one seed of a case under a reading.

    Several cells may share a trial; ``timed`` asks for an isolated job whose time and memory count.
    """

    case: str
    reading: str
    trial: Trial
    timed: bool = False


@dataclass(frozen=True)
class TrialResult:
    """What one attempt at a trial gave.

    Args:
        trial: Identity of the trial.
        outcome: How it ended.
        observations: Raw values, in the order they were observed.
        timed: Whether it ran alone in its own process, so that its time and memory count.
        code: Fingerprint of the source of the parts it used.
        message: What went wrong, for a person; empty when nothing did.
        resolved: What the job chose or found: resolved compile mode, devices, determinism, source of memory figures.
    """

    trial: str
    outcome: Outcome
    observations: tuple[Observation, ...]
    timed: bool
    code: str
    message: str = ""
    resolved: Mapping[str, str] = field(default_factory=dict)

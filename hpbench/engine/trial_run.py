"""What a procedure is given, and what it gives back."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from hpbench.definition.schema import Settings
from hpbench.engine.backend import Backend, Rows, Split
from hpbench.engine.heads import Heads
from hpbench.records.trial import Observation, Outcome, Trial

Progress = Callable[[int, Mapping[str, float]], None]
"""Called at every evaluation with the iteration and the metrics."""


@dataclass
class TrialRun:
    """One trial under way in a job process.

    Args:
        trial: What to do.
        settings: Its settings, validated.
        splits: The data as float32, scaled: ``train``, ``validation``, ``test``.
        classes: Number of classes, those of all heads together.
        backend: The framework.
        timed: Whether this job is alone on the machine, so that time and memory count.
        progress: Called at every evaluation.
        programs: Compiled programs of this job by ``Settings.program``, which trials may have in common.
        heads: Which logits answer which question.
    """

    trial: Trial
    settings: Settings
    splits: Mapping[str, Split]
    classes: int
    backend: Backend
    timed: bool
    progress: Progress
    programs: dict[str, Any]
    heads: Heads = field(default_factory=Heads)
    observations: list[Observation] = field(default_factory=list)
    resolved: dict[str, str] = field(default_factory=dict)
    outcome: Outcome = Outcome.OK
    message: str = ""
    seconds_of_instruments: float = 0.0

    def observe(self, name: str, value: float, iteration: int | None = None, **labels: str) -> None:
        """Keep one raw value; what is not finite is kept as NaN."""
        number = float(value)
        self.observations.append(Observation(name, number if math.isfinite(number) else math.nan, iteration, labels))


@dataclass(frozen=True)
class Phase:
    """A training from its first iteration to its last; most trials have one.

    Attributes:
        rows: Indices of the training images.
        tested: Indices of the test images; None for all.
        iterations: Updates.
        labels: Of what is observed in it.
    """

    rows: Rows
    tested: Rows | None
    iterations: int
    labels: Mapping[str, str] = field(default_factory=dict)

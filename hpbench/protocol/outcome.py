"""What the protocol found: data, for programs and for the report."""

from __future__ import annotations

from dataclasses import dataclass, field

from hpbench.protocol.overfit_causes import Attempt
from hpbench.protocol.points import Trial
from hpbench.protocol.rate import RateCurve
from hpbench.protocol.step import Step


@dataclass(frozen=True)
class Outcome:
    """What the protocol found.

    Attributes:
        model: Name of the builder.
        data: Name of the data.
        steps: Those that were done, in order.
        attempts: Step 2, at each rate.
        rates: Step 3, at each rate.
        trials: Steps 4 and 5.
        best: The completed trial with the highest validation accuracy; None if there is none.
        seed: Of initialisation, order and search.
        batch_size: Of arrays; a loader makes its own batches.
        budget: In words.
        seconds: How long it all took.
        interrupted: Whether the person stopped it.
        classes: How many the model tells apart.
        own_rate: The builder's own learning rate; None if it has none.
        versions: Libraries, by name.
        remarks: What a reader has to know of model and data.
        takes: Which of ``learning_rate`` and ``weight_decay`` the builder takes.
    """

    model: str
    data: str
    steps: tuple[Step, ...]
    attempts: tuple[Attempt, ...]
    rates: tuple[RateCurve, ...]
    trials: tuple[Trial, ...]
    best: Trial | None
    seed: int
    batch_size: int
    budget: str
    seconds: float
    interrupted: bool
    classes: int
    own_rate: float | None
    versions: dict[str, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    takes: tuple[str, ...] = ("learning_rate", "weight_decay")

    @property
    def passed(self) -> bool:
        """Whether every step that was done passed."""
        return all(step.passed for step in self.steps)

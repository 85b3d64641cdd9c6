"""The settings that steps 4 and 5 try, and what came of each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from hpbench.protocol.curves import Curve

RATE_STEPS = (0.0, -0.5, 0.5, -1.0)
"""Decades from the rate of step 3: its best rate is often the largest that is still stable."""

DECAYS = (None, 1e-4, 1e-3, 1e-5)
"""Weight decays of the grid; None for none. With four rates: sixteen trials, as the document draws them."""

ROUND = 3
"""Trials of one round of step 5."""

RATE_WIDTH = 0.3
"""Decades to either side of the best rate in the first round of step 5; every round halves it."""

DECAY_WIDTH = 0.5
"""As ``RATE_WIDTH``, for weight decay."""

SMALLEST_DECAY = 1e-6


@dataclass(frozen=True)
class Point:
    """A setting.

    Attributes:
        learning_rate: The rate.
        weight_decay: None for none.
    """

    learning_rate: float
    weight_decay: float | None

    def __str__(self) -> str:
        decay = "no weight decay" if self.weight_decay is None else f"weight decay {self.weight_decay:.3g}"
        return f"learning rate {self.learning_rate:.3g}, {decay}"


@dataclass(frozen=True)
class Trial:
    """One training.

    Attributes:
        step: 4 or 5.
        round: Of step 5, from 1; 0 in step 4.
        point: The setting.
        epochs: That were to be trained.
        curve: What came of it, epoch by epoch.
        seconds: How long it took.
        cut: Whether the budget's time, or the person, ended it early; it then takes no part in the comparison.
    """

    step: int
    round: int
    point: Point
    epochs: int
    curve: Curve
    seconds: float
    cut: bool

    @property
    def accuracy(self) -> float:
        """Validation accuracy after its last epoch; 0 where there is none."""
        return self.curve.validation_accuracy[-1] if self.curve.epochs else 0.0

    @property
    def rank(self) -> tuple[float, float]:
        """Higher is better: accuracy, then the lower validation loss."""
        loss = self.curve.validation_loss[-1] if self.curve.epochs else math.inf
        return self.accuracy, -loss if math.isfinite(loss) else -math.inf


def best_of(trials: Sequence[Trial]) -> Trial | None:
    """The trial with the highest validation accuracy among those that were completed."""
    return max((t for t in trials if not t.cut and t.curve.epochs), key=lambda t: t.rank, default=None)


def grid(centre: float, takes_decay: bool) -> tuple[Point, ...]:
    """The settings of step 4, those nearest to the centre first, and of these other rates before other decays.

    Args:
        centre: The rate of step 3.
        takes_decay: Whether weight decay is searched, too.
    """
    decays = DECAYS if takes_decay else DECAYS[:1]
    places = sorted(product(range(len(RATE_STEPS)), range(len(decays))), key=lambda place: (sum(place), place[1]))
    return tuple(Point(_rounded(centre * 10 ** RATE_STEPS[rate]), decays[decay]) for rate, decay in places)


def refined(centre: Point, number: int, shape: str, rng: np.random.Generator) -> tuple[Point, ...]:
    """The settings of a round of step 5: near the best one, pushed to where its curve points.

    Args:
        centre: The best setting so far.
        number: Of the round, from 1: it begins with the centre itself, trained for longer.
        shape: Of the best trial's curves.
        rng: Draws on logarithmic scales.
    """
    width = 0.5 ** (number - 1)
    rate, decay = centre.learning_rate, centre.weight_decay
    if shape in ("plateau", "diverged"):
        rate /= 2
    if shape == "overfitting":
        decay = 1e-4 if decay is None else decay * 2
    elif shape == "underfitting" and decay is not None:
        decay = decay / 2 if decay > 2 * SMALLEST_DECAY else None
    points = [centre] if number == 1 else []
    while len(points) < ROUND:
        drawn_rate = rate * 10 ** rng.uniform(-RATE_WIDTH * width, RATE_WIDTH * width)
        drawn = rng.uniform(-DECAY_WIDTH * width, DECAY_WIDTH * width)
        points.append(Point(_rounded(drawn_rate), None if decay is None else _rounded(decay * 10**drawn)))
    return tuple(points)


def _rounded(value: float) -> float:
    """Three significant digits: what is reported is what was used."""
    return float(f"{value:.3g}")

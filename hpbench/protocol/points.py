"""The settings that steps 4 and 5 try, and what came of each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hpbench.protocol.curves import Curve

RATE_STEPS = (0.0, -0.5, 0.5, -1.0)
"""Decades from the rate of step 3: its best rate is often the largest that is still stable."""

DECAYS = (0.0, 1e-4, 1e-3, 1e-5)
"""Weight decays of the grid. With four rates: sixteen trials, as the document draws them."""

ROUND = 3
"""Trials of one round of step 5, at most."""

RATE_WIDTH = 0.3
"""Decades to either side of the best rate in the first round of step 5; every round halves it, to ``NARROWEST``."""

DECAY_WIDTH = 0.5
"""As ``RATE_WIDTH``, for weight decay."""

NARROWEST = 1 / 3
"""Share of these widths below which no round goes: rates a quarter apart (0.1 decades) hardly differ any more."""

SAME_RATE = 0.04
"""Decades between two rates, about a tenth, below which they count as the same one."""

SAME_DECAY = 0.15
"""As ``SAME_RATE``, for weight decay."""

DRAWS = 30
"""Settings that are drawn to find those of a round; where none of them is new, nothing new is left."""

SMALLEST_DECAY = 1e-6


@dataclass(frozen=True)
class Point:
    """A setting.

    Attributes:
        learning_rate: The rate.
        weight_decay: 0 for none; None where the builder takes none, so that it is what the builder makes it.
    """

    learning_rate: float
    weight_decay: float | None

    def __str__(self) -> str:
        rate = f"learning rate {self.learning_rate:.3g}"
        if self.weight_decay is None:
            return rate
        return f"{rate}, weight decay {self.weight_decay:.3g}" if self.weight_decay else f"{rate}, no weight decay"

    def is_near(self, other: Point) -> bool:
        """Whether the two are as good as the same, so that there is nothing to gain from trying both."""
        near = abs(math.log10(self.learning_rate / other.learning_rate)) < SAME_RATE
        mine, others = self.weight_decay or 0.0, other.weight_decay or 0.0
        return near and (mine == others or (mine * others > 0 and abs(math.log10(mine / others)) < SAME_DECAY))


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
    """The settings of step 4, from the centre on.

    As far as there are values left, every next setting has another rate and another decay than those before, so that
    of few trials each tells something of both axes (Bergstra and Bengio 2012).

    Args:
        centre: The rate of step 3.
        takes_decay: Whether weight decay is searched, too.
    """
    decays: tuple[float | None, ...] = DECAYS if takes_decay else (None,)
    rates = [_rounded(centre * 10**step) for step in RATE_STEPS]
    return tuple(
        Point(rate, decays[(place + turn) % len(decays)])
        for turn in range(len(decays))
        for place, rate in enumerate(rates)
    )


def refined(
    centre: Point, number: int, shape: str, rng: np.random.Generator, tried: Sequence[Point] = ()
) -> tuple[Point, ...]:
    """New settings for a round of step 5: near the best one, pushed to where its curve points.

    Args:
        centre: The best setting so far. Where it has no weight decay because the builder takes none, there is none.
        number: Of the round, from 1.
        shape: Of the best trial's curves.
        rng: Draws on logarithmic scales.
        tried: Settings that need not be tried again.

    Returns:
        ``ROUND`` at most; none if nothing new is left there.
    """
    width = max(0.5 ** (number - 1), NARROWEST)
    rate, decay = _pushed(centre, shape)
    points: list[Point] = []
    for _ in range(DRAWS):
        drawn_rate = _rounded(rate * 10 ** (RATE_WIDTH * width * rng.uniform(-1, 1)))
        drawn_decay = 10 ** (DECAY_WIDTH * width * rng.uniform(-1, 1))
        point = Point(drawn_rate, _rounded(decay * drawn_decay) if decay else decay)
        if len(points) < ROUND and not any(point.is_near(other) for other in (*tried, *points)):
            points.append(point)
    return tuple(points)


def _pushed(centre: Point, shape: str) -> tuple[float, float | None]:
    """Around which rate and decay to look, as the shape of the curves says."""
    rate, decay = centre.learning_rate, centre.weight_decay
    if shape in ("plateau", "diverged"):
        rate /= 2
    if decay is not None and shape == "overfitting":
        decay = decay * 2 or 1e-4
    elif decay is not None and shape == "underfitting":
        decay = decay / 2 if decay > 2 * SMALLEST_DECAY else 0.0
    return rate, decay


def _rounded(value: float) -> float:
    """Three significant digits: what is reported is what was used."""
    return float(f"{value:.3g}")

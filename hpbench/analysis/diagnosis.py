"""What learning curves say about a training: their shape by name, the numbers it rests on, and what to try.

The rules are asked one after the other, and the first that holds names the shape. Their thresholds were chosen on the
curves that the benchmark ``learning-curves`` marks as ``tuned_on``, and on no others.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from hpbench.analysis.learning_curves import LearningCurves
from hpbench.analysis.signs import Signs, signs
from hpbench.catalogue.shapes import NONE_OF_THESE, SHAPES

FEWEST_POINTS = 8
"""Evaluations below which only divergence can be told: quarters and tenths of a training need some points each."""
WORSE_THAN_CHANCE = 1.1
"""Loss at the end, over chance's, from which a training has diverged: noise around chance stays below."""
BROKEN_OUT = 2.0
"""Highest loss, over chance's, of a training that broke out and then stays near chance (``NEAR_CHANCE``)."""
NEAR_CHANCE = 0.9
SUBSTANTIAL = 0.25
"""Fall of the loss, in shares of chance's, below which nothing was learned that a shape could be read from."""
FLAT_FOR = 0.2
"""Share of the training without a twentieth of the fall: a straight line has that at 0.05, a slow start before 0.2."""
HIGH = 0.1
"""Loss at the end, over chance's, that is still high: of ten classes about 0.23 nat, or 93 % of the images right."""
LATE_SHARE = 0.04
"""Share of the fall in the last quarter that is still a fall: a straight line has 0.2."""
BEYOND_NOISE = 3.0
"""Standard deviations of the loss between evaluations that a late fall has to exceed."""
LATE_POINTS = 0.005
"""Test accuracy gained in the last quarter that is still a gain: half a point."""
RISE = 0.1
"""Rise of the test loss above its lowest, as a share of that, beyond what test losses do by chance."""
WIDE_GAP = 0.05
"""Training less test accuracy from which the two are no longer nearly the same."""
STILL_FITTING = 0.1
"""Share of the training loss lost since the test loss was lowest, without which the two do not part."""
EARLY = 0.5
"""Share of the training before which a decay can be too early."""
WAS_FALLING = 0.05
"""Fall of the loss, over chance's, in the second half of the time before the decay: it was not flat already."""
STOPPED = 0.15
"""Speed after the decay, over that just before, up to which the decay has stopped the fall."""
NOISY = 0.05
"""Standard deviation between evaluations, over the loss: of a loss that jumps about its minimum."""
LOW_ACCURACY = 0.9
"""Training accuracy from which a net is not too small for its images."""


@dataclass(frozen=True)
class Diagnosis:
    """What the curves are called.

    Attributes:
        shape: A name out of ``SHAPES``.
        evidence: Numbers that were read off the curves, by name (see ``Signs``).
        advice: What to try.
    """

    shape: str
    evidence: Mapping[str, float]
    advice: str


def diagnose(curves: LearningCurves) -> Diagnosis:
    """Name the shape of the curves of one training; ``none of these`` when unsure.

    Example:
        >>> import numpy as np
        >>> diagnose(LearningCurves(np.arange(3.0), np.array([2.0, 1.0, np.nan]))).shape
        'diverged'
    """
    finite = np.isfinite(curves.train_loss)
    if not finite.all():
        before = curves.iterations[: int(np.argmin(finite))]
        return _named("diverged", {"last_finite_iteration": float(before[-1])} if before.size else {})
    if curves.train_loss.size < 3 or not np.ptp(curves.places):
        return _named(NONE_OF_THESE, {"points": float(curves.train_loss.size)})
    with np.errstate(all="ignore"):  # of losses near the largest number
        found = signs(curves)
    rules = RULES if found.points >= FEWEST_POINTS else RULES[:1]
    return _named(next((name for name, holds in rules if holds(found)), NONE_OF_THESE), found.known)


def _named(shape: str, evidence: Mapping[str, float]) -> Diagnosis:
    return Diagnosis(shape, evidence, SHAPES[shape].advice)


def _diverged(found: Signs) -> bool:
    """It ends worse than chance, or has broken out and come back to no better than chance."""
    broken_out = found.highest_loss >= BROKEN_OUT and found.loss_at_end >= NEAR_CHANCE
    return found.loss_at_end >= WORSE_THAN_CHANCE or broken_out


def _flat_start(found: Signs) -> bool:
    """It falls, but not for the first part of the training."""
    return found.fall >= SUBSTANTIAL and found.flat_until >= FLAT_FOR


def _overfitting(found: Signs) -> bool:
    """Since its lowest point the test loss has risen, the training loss has gone on falling, and the gap is wide."""
    parted = found.test_loss_rise >= RISE and found.train_fall_since >= STILL_FITTING
    return parted and (math.isnan(found.gap) or found.gap >= WIDE_GAP)


def _decayed_too_early(found: Signs) -> bool:
    """The loss was falling until the rate was decayed, early, and then is flat at a high level."""
    if found.loss_at_end < HIGH:
        return False
    if math.isnan(found.decayed_at):
        return found.kink_at <= EARLY and found.noise < NOISY
    stopped = found.fall_before_decay >= WAS_FALLING and found.speed_after_decay <= STOPPED
    return found.decayed_at <= EARLY and stopped


def _still_improving(found: Signs) -> bool:
    """Late in the training the loss still falls, beyond its noise, and test images gain by it."""
    late_fall = found.late_fall * found.learned
    falls = found.late_fall >= LATE_SHARE and late_fall >= BEYOND_NOISE * found.noise * found.loss_at_end
    if not math.isnan(found.late_gain):
        return falls and found.late_gain >= LATE_POINTS
    return falls and (math.isnan(found.late_test_fall) or found.late_test_fall >= LATE_SHARE)


def _plateau(found: Signs) -> bool:
    """The loss has fallen and jumps about a high level at a learning rate that was not decayed."""
    stays = found.learned >= SUBSTANTIAL and found.loss_at_end >= HIGH
    return stays and not found.decayed_at <= 1 and found.noise >= NOISY


def _underfitting(found: Signs) -> bool:
    """Training images fare no better than others, and badly."""
    stays = found.learned >= SUBSTANTIAL / 2 and found.loss_at_end >= HIGH
    return stays and found.gap < WIDE_GAP and found.train_accuracy < LOW_ACCURACY


def _flat_at_high_level(found: Signs) -> bool:
    """A plateau that is calm, as the means over epochs are that Keras logs; asked where nothing underfits."""
    stays = found.learned >= SUBSTANTIAL and found.loss_at_end >= HIGH
    return stays and not found.decayed_at <= 1


def _healthy(found: Signs) -> bool:
    """The loss has fallen to a low level; what is wrong otherwise has been asked before."""
    return found.learned >= SUBSTANTIAL and found.loss_at_end < HIGH


RULES: tuple[tuple[str, Callable[[Signs], bool]], ...] = (
    ("diverged", _diverged),
    ("flat-start", _flat_start),
    ("overfitting", _overfitting),
    ("decayed-too-early", _decayed_too_early),
    ("still-improving", _still_improving),
    ("plateau", _plateau),
    ("underfitting", _underfitting),
    ("plateau", _flat_at_high_level),
    ("healthy", _healthy),
)
"""Shapes with their rules, in the order in which they are asked; of few evaluations only the first is."""

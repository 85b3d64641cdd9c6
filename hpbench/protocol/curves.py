"""Step 6: what learning curves say, by the gap between training and validation and by their slope."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from hpbench.protocol.step import Cause

TITLE = "Look at the learning curves"
GAP = 0.10
"""Accuracy by which training may be ahead of validation."""

SMALL_GAP = 0.01
"""Accuracy by which training is hardly ahead."""

STEEP = 0.005
"""Gain of accuracy an epoch, over the last third, at which longer training is worth it."""

HIGH = 0.97
"""Training accuracy that leaves little to learn."""

FLAT_START = 0.97
"""Share of the first loss that is left after the first third where a curve starts flat."""


@dataclass(frozen=True)
class Curve:
    """One trial, epoch by epoch.

    Attributes:
        train_loss: Mean loss of the epoch's batches, in nats; may not be finite.
        train_accuracy: Share, on a sample of the training data after the epoch.
        validation_loss: In nats, after the epoch.
        validation_accuracy: Share, after the epoch.
    """

    train_loss: tuple[float, ...] = ()
    train_accuracy: tuple[float, ...] = ()
    validation_loss: tuple[float, ...] = ()
    validation_accuracy: tuple[float, ...] = ()

    @property
    def epochs(self) -> int:
        """How many were completed."""
        return len(self.validation_accuracy)


Sign = Cause
"""What a curve shows, and what follows."""

Look = Callable[[Curve], tuple[Sign, ...]]
"""Whatever reads a curve: ``look``, or something better that gives the same signs."""


def look(curve: Curve) -> tuple[Sign, ...]:
    """What a curve shows, the gravest first; nothing for one without epochs.

    Args:
        curve: Of a trial.
    """
    if not curve.epochs:
        return ()
    rules = (_diverged, _overfitting, _flat_start, _plateau, _still_rising, _underfitting)
    return tuple(sign for rule in rules if (sign := rule(curve)) is not None)


def _diverged(curve: Curve) -> Sign | None:
    if np.isfinite(curve.train_loss).all():
        return None
    return Sign("diverged", "The training loss is not finite.", "Take a lower learning rate.")


def _overfitting(curve: Curve) -> Sign | None:
    """A gap that grows: training goes on rising, and validation does not."""
    gap = curve.train_accuracy[-1] - curve.validation_accuracy[-1]
    third = _third(curve)
    before = curve.train_accuracy[-1 - third] - curve.validation_accuracy[-1 - third] if curve.epochs > third else gap
    rising = math.isfinite(curve.validation_loss[-1]) and curve.validation_loss[-1] > 1.1 * min(curve.validation_loss)
    if gap < GAP and not (rising and gap > before + SMALL_GAP):
        return None
    return Sign(
        "overfitting",
        f"Training accuracy {curve.train_accuracy[-1]:.1%} is {gap:.1%} ahead of validation"
        + (", whose loss rises again." if rising else "."),
        "More weight decay or other regularisation, more data, or, seldom, a smaller model.",
    )


def _flat_start(curve: Curve) -> Sign | None:
    """Flat at first, then falling: the document's sign of a bad initialisation."""
    third = _third(curve)
    if curve.epochs < 6 or not np.isfinite(curve.train_loss).all():
        return None
    first, after, last = curve.train_loss[0], curve.train_loss[third], curve.train_loss[-1]
    if after < FLAT_START * first or last > 0.8 * after:
        return None
    return Sign(
        "flat_start",
        f"The loss is flat for the first {third + 1} epochs, and falls later.",
        "Another initialisation; or a warm-up of the learning rate.",
    )


def _plateau(curve: Curve) -> Sign | None:
    """Falls, then stays well above zero: the rate is too high to come closer."""
    third = _third(curve)
    if curve.epochs < 6 or not np.isfinite(curve.train_loss).all() or curve.train_accuracy[-1] > HIGH:
        return None
    first, before, last = curve.train_loss[0], curve.train_loss[-1 - third], curve.train_loss[-1]
    if last < 0.97 * before or before > 0.8 * first:
        return None
    return Sign(
        "plateau",
        f"The loss fell and then stays at {last:.3g} nat for the last {third + 1} epochs.",
        "Let the learning rate decay from where the plateau begins.",
    )


def _still_rising(curve: Curve) -> Sign | None:
    third = _third(curve)
    if curve.epochs <= third:
        return None
    slope = (curve.validation_accuracy[-1] - curve.validation_accuracy[-1 - third]) / third
    if slope < STEEP:
        return None
    return Sign(
        "still_rising",
        f"Validation accuracy still rises by {slope:.2%} an epoch.",
        "Train for longer.",
    )


def _underfitting(curve: Curve) -> Sign | None:
    """No gap, and not good."""
    gap = curve.train_accuracy[-1] - curve.validation_accuracy[-1]
    if gap > SMALL_GAP or curve.train_accuracy[-1] > HIGH or _still_rising(curve):
        return None
    return Sign(
        "underfitting",
        f"Training accuracy {curve.train_accuracy[-1]:.1%} is hardly ahead of validation: there is room.",
        "A larger model, or less regularisation.",
    )


def _third(curve: Curve) -> int:
    """Epochs that are looked back: a third of them, at least one."""
    return max(1, curve.epochs // 3)


def names(signs: Sequence[Sign]) -> frozenset[str]:
    """The signs' names."""
    return frozenset(sign.name for sign in signs)

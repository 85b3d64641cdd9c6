"""What is measured on learning curves before they are given a name: shares of the training, of chance, of accuracy.

No number here depends on the unit of the iterations.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import numpy as np

from hpbench.analysis.learning_curves import LearningCurves, Points
from hpbench.analysis.smoothing import smoothed
from hpbench.analysis.statistics import Floats

UNKNOWN = math.nan
BEGUN = 0.05
"""Share of the whole fall after which the loss counts as having begun to fall."""
LATE = 0.75
"""Share of the training from which on it is late."""
END = 0.1
"""Share of the evaluations, and at least 3 of them, whose mean is the level at the end."""
DECAYED = 0.2
"""Share of the highest learning rate at which it counts as decayed; a cosine comes to it at 0.7 of the training."""
KINK_POINTS = 2
"""Evaluations on each side of a kink: a curve that only flattens out bends over more of them."""


@dataclass(frozen=True)
class Signs:
    """Numbers read off the curves of one training; NaN where they cannot be known.

    Losses are shares of chance's (of the first one if the number of classes is not known), times of the training.

    Attributes:
        points: Evaluations.
        highest_loss: The highest training loss.
        loss_at_end: The training loss at the end.
        fall: Of the smoothed training loss, from its first to its lowest value.
        flat_until: When a twentieth of that fall was done.
        learned: From chance, or from the first value if that is higher, to the lowest value.
        late_fall: Share of that which came in the last quarter.
        noise: Standard deviation of the training loss from one evaluation to the next, over the loss at the end.
        train_accuracy: At the end.
        test_accuracy: At the end.
        gap: Training less test accuracy, at the end.
        gap_growth: The same, less that at the lowest test loss.
        late_gain: Test accuracy at the end less that at three quarters.
        late_test_fall: The same of the fall of the test loss.
        test_loss_rise: Test loss at the end over its lowest, less 1.
        test_loss_lowest_at: When it was lowest.
        train_fall_since: Share that the training loss then had and has lost since.
        decayed_at: When the rate had fallen to a fifth; more than 1 if it never did.
        fall_before_decay: Of the loss in the second half of the time before that.
        speed_after_decay: Of the fall from there to the end, over the speed just before.
        kink_at: Where a fall stops from one evaluation to the next.
    """

    points: int
    highest_loss: float
    loss_at_end: float
    fall: float
    flat_until: float
    learned: float
    late_fall: float
    noise: float
    train_accuracy: float = UNKNOWN
    test_accuracy: float = UNKNOWN
    gap: float = UNKNOWN
    gap_growth: float = UNKNOWN
    late_gain: float = UNKNOWN
    late_test_fall: float = UNKNOWN
    test_loss_rise: float = UNKNOWN
    test_loss_lowest_at: float = UNKNOWN
    train_fall_since: float = UNKNOWN
    decayed_at: float = UNKNOWN
    fall_before_decay: float = UNKNOWN
    speed_after_decay: float = UNKNOWN
    kink_at: float = UNKNOWN

    @property
    def known(self) -> dict[str, float]:
        """Those that are known, by name."""
        named = {field.name: float(getattr(self, field.name)) for field in fields(self)}
        return {name: value for name, value in named.items() if math.isfinite(value)}


def signs(curves: LearningCurves) -> Signs:
    """Read them; the training loss has to be finite, of at least 3 evaluations."""
    places, loss = curves.places, curves.train_loss / curves.reference
    calm = smoothed(loss)
    first, lowest = float(calm[0]), float(calm.min())
    fall, learned = max(0.0, first - lowest), max(1.0, first) - lowest
    level = end_level(loss)
    begun = np.flatnonzero(calm <= first - BEGUN * fall)
    late = float(np.interp(LATE, places, calm)) - level
    return Signs(
        points=loss.size,
        highest_loss=float(loss.max()),
        loss_at_end=level,
        fall=fall,
        flat_until=float(places[begun[0]]) if fall and begun.size else 1.0,
        learned=learned,
        late_fall=late / learned if learned > 0 else 0.0,
        noise=deviation(loss[loss.size // 2 :]) / abs(level) if level else 0.0,
        **_accuracies(curves),
        **_test_losses(curves, calm),
        **_decay(curves, calm, level),
        kink_at=_kink(places, loss if curves.learning_rate is None else loss[:0], level),
    )


def end_level(values: Floats) -> float:
    """Mean of the last tenth of the values, and at least of 3."""
    return float(values[-end_points(values.size) :].mean())


def end_points(count: int) -> int:
    """How many of so many values are the end."""
    return max(3, round(END * count))


def deviation(values: Floats) -> float:
    """Standard deviation of white noise on a straight line: root mean square of the second differences over root 6."""
    second = np.diff(values, 2)
    return float(np.sqrt(np.mean(second**2) / 6)) if second.size else 0.0


def _accuracies(curves: LearningCurves) -> dict[str, float]:
    train, test = curves.points(curves.train_accuracy), curves.points(curves.test_accuracy)
    found: dict[str, float] = {}
    if train is not None:
        found["train_accuracy"] = end_level(train[1])
    if test is not None:
        found["test_accuracy"] = end_level(test[1])
        found["late_gain"] = found["test_accuracy"] - _at(test, LATE)
    if train is not None and test is not None:
        found["gap"] = found["train_accuracy"] - found["test_accuracy"]
    return found


def _test_losses(curves: LearningCurves, calm: Floats) -> dict[str, float]:
    """What the test loss does, and the training loss and the gap meanwhile; ``calm`` is the smoothed training loss."""
    test = curves.points(curves.test_loss)
    if test is None or test[1].size < 3:
        return {}
    calm_test, level = smoothed(test[1]), end_level(test[1])
    lowest = int(calm_test.argmin())
    when, least = float(test[0][lowest]), float(calm_test[lowest])
    then = float(np.interp(when, curves.places, calm))
    found = {
        "test_loss_rise": level / least - 1 if least > 0 else UNKNOWN,
        "test_loss_lowest_at": when,
        "train_fall_since": 1 - end_level(curves.train_loss) / curves.reference / then if then > 0 else UNKNOWN,
    }
    if calm_test[0] > least:
        found["late_test_fall"] = (_at(test, LATE) - level) / float(calm_test[0] - least)
    train_accuracy, test_accuracy = curves.points(curves.train_accuracy), curves.points(curves.test_accuracy)
    if train_accuracy is not None and test_accuracy is not None:
        gap = end_level(train_accuracy[1]) - end_level(test_accuracy[1])
        found["gap_growth"] = gap - (_at(train_accuracy, when) - _at(test_accuracy, when))
    return found


def _decay(curves: LearningCurves, calm: Floats, level: float) -> dict[str, float]:
    """When the learning rate was decayed, and how fast the loss fell before and after."""
    rates = curves.points(curves.learning_rate)
    if rates is None:
        return {}
    places, values = rates
    highest = int(values.argmax())
    low = np.flatnonzero(values[highest:] <= DECAYED * values[highest])
    if not low.size:
        return {"decayed_at": 2.0}
    when = float(places[highest + low[0]])
    found = {"decayed_at": when}
    if 0 < when < 1:
        middle, then = (float(np.interp(place, curves.places, calm)) for place in (when / 2, when))
        found["fall_before_decay"] = middle - then
        if middle > then:
            found["speed_after_decay"] = (then - level) / (1 - when) / ((middle - then) / (when / 2))
    return found


def _kink(places: Floats, loss: Floats, level: float) -> float:
    """Where the fall stops most sharply: the fastest one after which a tenth of its speed is left.

    Looked for where no learning rate tells when it was decayed.
    """
    width = KINK_POINTS
    best, found = 0.0, UNKNOWN
    for i in range(width, loss.size - width):
        before = float(loss[i - width] - loss[i]) / max(float(places[i] - places[i - width]), 1e-12)
        after = float(loss[i] - loss[i + width]) / max(float(places[i + width] - places[i]), 1e-12)
        rest = float(loss[i] - level) / max(float(1 - places[i]), 1e-12)
        if max(after, rest) <= 0.1 * before and before > best:
            best, found = before, float(places[i])
    return found


def _at(points: Points, place: float) -> float:
    """The smoothed curve there."""
    return float(np.interp(place, points[0], smoothed(points[1])))

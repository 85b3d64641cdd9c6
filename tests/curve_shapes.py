"""Learning curves from closed forms, one for each shape; used by tests of what reads curves."""

import math

import numpy as np

from hpbench.analysis.learning_curves import LearningCurves

CLASSES = 10
CHANCE = math.log(CLASSES)
POINTS = 40
TIME = np.linspace(0, 1, POINTS)
NOISE = np.random.default_rng(0).normal(0, 1, POINTS)
COSINE = 0.05 * (1 + np.cos(math.pi * TIME))
CONSTANT = np.full(POINTS, 0.1)


def made(train, test, rate=CONSTANT, train_accuracy=None, test_accuracy=None):
    """Curves of losses as shares of chance's, with accuracies that go with them unless others are given."""
    return LearningCurves(
        10.0 * (1 + np.arange(POINTS)),
        CHANCE * train,
        CHANCE * test,
        np.clip(1 - 0.9 * train, 0, 1) if train_accuracy is None else train_accuracy,
        np.clip(1 - 0.9 * test, 0, 1) if test_accuracy is None else test_accuracy,
        rate,
        CLASSES,
    )


def falling(to, within):
    """From 1 to a level, exponentially."""
    return to + (1 - to) * np.exp(-TIME / within)


def _flat_start():
    loss = 0.03 + 0.97 / (1 + np.exp((TIME - 0.4) / 0.03))
    return made(loss, loss + 0.02)


def _plateau():
    loss = falling(0.3, 0.05) + 0.05 * NOISE
    return made(loss, loss + 0.02)


def _decayed_too_early():
    loss = np.where(TIME < 0.2, np.exp(-TIME / 0.3), math.exp(-0.2 / 0.3))
    return made(loss, loss + 0.02, np.where(TIME < 0.2, 0.1, 0.001))


def _still_improving():
    loss = np.exp(-TIME / 0.8)
    return made(loss, loss + 0.03)


def _overfitting():
    return made(falling(0.002, 0.1), falling(0.3, 0.06) + 0.3 * TIME)


def _underfitting():
    loss = falling(0.5, 0.08)
    return made(loss, loss + 0.01, COSINE)


def _diverged():
    loss = 1 + 5 * TIME
    return made(loss, loss)


def _healthy():
    return made(falling(0.02, 0.08), falling(0.07, 0.08), COSINE)


PLANTED = {
    "flat-start": _flat_start(),
    "plateau": _plateau(),
    "decayed-too-early": _decayed_too_early(),
    "still-improving": _still_improving(),
    "overfitting": _overfitting(),
    "underfitting": _underfitting(),
    "diverged": _diverged(),
    "healthy": _healthy(),
}

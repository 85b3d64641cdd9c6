"""Step 6: what planted curves show."""

import math

import pytest

from hpbench.protocol.curves import Curve, look


def curve(train_loss, train, validation, validation_loss=None):
    return Curve(tuple(train_loss), tuple(train), tuple(validation_loss or train_loss), tuple(validation))


FALLING = [2.0, 1.0, 0.6, 0.4, 0.25, 0.15, 0.1, 0.06, 0.04]


@pytest.mark.parametrize(
    ("planted", "name"),
    [
        (curve(FALLING, [0.5 + i / 20 for i in range(9)], [0.5] * 9), "overfitting"),
        (curve(FALLING, [0.9] * 9, [0.85] * 9, [1, 0.6, 0.5, 0.4, 0.4, 0.4, 0.6, 0.8, 1]), None),
        (curve([2.3] * 5 + [1.5, 1.0, 0.7, 0.5], [0.8] * 9, [0.75] * 9), "flat_start"),
        (curve([2.3, 1.5, 1.0, 0.9] + [0.9] * 5, [0.7] * 9, [0.65] * 9), "plateau"),
        (curve(FALLING, [0.5 + i / 20 for i in range(9)], [0.45 + i / 20 for i in range(9)]), "still_rising"),
        (curve(FALLING, [0.8] * 9, [0.8] * 9), "underfitting"),
        (curve([2.0, math.nan], [0.1, 0.1], [0.1, 0.1]), "diverged"),
        (curve(FALLING, [0.98] * 9, [0.95] * 9), None),
    ],
)
def test_the_gravest_sign_comes_first(planted, name):
    signs = look(planted)
    assert (signs[0].name if signs else None) == name


def test_a_curve_without_epochs_shows_nothing():
    assert look(Curve()) == ()

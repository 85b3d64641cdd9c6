"""The evidence of a diagnosis in words."""

from dataclasses import fields

import numpy as np
import pytest

from hpbench.analysis.learning_curves import LearningCurves
from hpbench.analysis.sign_words import WORDS, evidence_words, smoothing_words
from hpbench.analysis.signs import Signs, signs


def test_every_sign_has_words():
    assert {field.name for field in fields(Signs)} <= set(WORDS)


@pytest.mark.parametrize(
    ("sign", "words"),
    [
        ({"late_gain": 1.1e-16}, "test accuracy gained 0 points in the last quarter"),
        ({"gap": -0.0004}, "gap between the two 0 points"),
        ({"loss_at_end": 0.0181}, "training loss at the end 1.81 % of log(10)"),
        ({"highest_loss": 12.345}, "highest training loss 1234 % of log(10)"),
        ({"decayed_at": 0.5}, "learning rate decayed to a fifth after 50 % of the training"),
    ],
)
def test_numbers_have_units_and_no_noise(sign, words):
    assert list(evidence_words(sign, 10)) == [words]


def test_a_rate_that_was_never_decayed_is_not_spoken_of():
    losses = np.linspace(2.0, 0.1, 20)
    found = signs(LearningCurves(np.arange(20.0), losses, learning_rate=np.full(20, 0.1), classes=10)).known
    assert found["decayed_at"] > 1
    assert not any("decay" in words for words in evidence_words(found, 10))


def test_data_is_called_by_one_name_and_losses_by_what_they_are_judged():
    assert list(evidence_words({"test_accuracy": 0.5}, 10, "validation")) == ["validation accuracy at the end 50 %"]
    assert list(evidence_words({"fall": 0.5}, None)) == ["it fell by 50 % of the first loss"]


def test_it_says_how_many_evaluations_the_end_is():
    assert "last 6 evaluations" in smoothing_words({"points": 60.0})
    assert smoothing_words({}) == ""

"""Step 6: what planted curves show; the reading itself is tested with the rest of the suite's."""

import math

from hpbench.protocol.curves import Curve, looked_at

FALLING = [2.0, 1.0, 0.6, 0.4, 0.25, 0.15, 0.1, 0.06, 0.04, 0.03]
RISING = [0.5, 0.7, 0.8, 0.87, 0.92, 0.95, 0.97, 0.98, 0.99, 0.99]


def seen(train_loss, train, validation, validation_loss):
    columns = map(tuple, (train_loss, train, validation_loss, validation, [0.1] * len(validation)))
    return looked_at(Curve(*columns), 10, "learning rate 0.1")


def test_the_suite_s_diagnosis_names_the_shape_with_evidence_and_advice():
    step = seen(FALLING, RISING, [0.5] * 10, [2, 1.2, 1, 1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6])
    assert step.found["shape"] == "overfitting"
    assert "gap between the two 48.7 points" in step.remarks[1]
    assert "the end is the mean of the last 3 evaluations" in step.remarks[1]
    assert step.concluded.startswith("Overfitting: ")
    assert "regularisation" in step.remarks[0]
    assert "test" not in " ".join(step.remarks)  # tune judges by validation data
    assert "decayed" not in step.remarks[1]  # the rate never was
    assert not any("weight_decay" in remark for remark in step.remarks)


def test_a_function_without_weight_decay_is_told_to_take_it_where_it_overfits():
    curve = Curve(*map(tuple, (FALLING, RISING, [2, 1.2, 1, 1, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6], [0.5] * 10, [0.1] * 10)))
    step = looked_at(curve, 10, "learning rate 0.1", takes_decay=False)
    assert any("Let the function take weight_decay" in remark for remark in step.remarks)


def test_a_training_that_diverged_is_told_however_short():
    assert seen([2.0, math.nan], [0.1] * 2, [0.1] * 2, [2.0, 2.0]).found["shape"] == "diverged"


def test_too_few_epochs_are_said_to_be_too_few():
    step = seen(FALLING[:3], RISING[:3], RISING[:3], FALLING[:3])
    assert step.concluded == "3 epochs are too few to read a shape from: it takes 8."
    assert "--epochs" in step.remarks[0]
    assert (step.verdict, step.passed) == ("unfinished", True)

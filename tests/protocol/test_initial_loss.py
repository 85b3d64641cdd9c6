"""Step 1: which cause is named for which facts."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hpbench.protocol.initial_loss import described, judged
from hpbench.protocol.initial_loss_causes import InitialFacts
from hpbench.protocol.losses import loss_of
from hpbench.protocol.step import ProtocolError

HEALTHY = InitialFacts(
    loss=2.35,
    classes=10,
    kind="sparse",
    from_logits=True,
    loss_name="SparseCategoricalCrossentropy",
    activation="linear",
    outputs=(-1.0, 1.0),
    sums=(-2.0, 3.0),
    columns=10,
    labels=(0.0, 9.0),
    label_columns=1,
    whole_labels=True,
    distinct_labels=10,
    inputs=1.0,
    examples=100,
    bad_examples=0,
)


def causes(**changes):
    return [cause.name for cause in judged(replace(HEALTHY, **changes), []).causes]


def test_a_healthy_model_passes():
    assert judged(HEALTHY, []).passed


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"from_logits": False, "loss": 9.0}, "logits_to_probability_loss"),
        ({"from_logits": False, "loss": 2.3}, "logits_to_probability_loss"),
        ({"activation": "softmax", "outputs": (0.0, 0.3), "sums": (1.0, 1.0)}, "probabilities_to_logit_loss"),
        ({"outputs": (0.0, 0.3), "sums": (1.0, 1.0)}, "probabilities_to_logit_loss"),
        ({"labels": (1.0, 10.0), "loss": None}, "labels_out_of_range"),
        ({"labels": (-1.0, 9.0), "loss": None}, "labels_out_of_range"),
        ({"labels": (0.0, 9.8), "whole_labels": False, "loss": None}, "labels_not_whole"),
        ({"labels": (3.0, 3.0), "distinct_labels": 1}, "one_class_only"),
        ({"activation": "relu"}, "activation_on_logits"),
        ({"label_columns": 10, "labels": (0.0, 9.0)}, "one_hot_labels_to_sparse_loss"),
        ({"kind": "categorical", "labels": (0.0, 9.0)}, "label_columns"),
        ({"kind": "categorical", "label_columns": 10, "labels": (0.0, 9.0)}, "labels_out_of_range"),
        ({"inputs": 255.0, "loss": 80.0}, "inputs_not_scaled"),
        ({"outputs": (-60.0, 60.0), "loss": 40.0}, "initial_weights_too_large"),
        ({"loss": 0.2}, "loss_too_low"),
        ({"bad_examples": 1, "outputs": (math.nan, math.nan), "loss": math.nan}, "inputs_not_finite"),
        ({"bad_examples": 1}, "inputs_not_finite"),
        ({"outputs": (math.nan, math.nan), "loss": math.nan}, "outputs_not_finite"),
        ({"loss": math.nan}, "unknown"),
    ],
)
def test_the_likeliest_cause_comes_first(changes, cause):
    step = judged(replace(HEALTHY, **changes), [])
    assert not step.passed
    assert step.causes[0].name == cause
    assert all(cause.says and cause.advice for cause in step.causes)


def test_a_loss_of_one_s_own_is_not_judged_by_its_value():
    step = judged(replace(HEALTHY, kind="other", from_logits=None, loss=40.0), [])
    assert step.passed
    assert "cannot be said" in step.concluded
    assert causes(kind="other", from_logits=None, loss=math.nan) != []


def test_unscaled_inputs_with_a_good_loss_are_no_failure():
    assert causes(inputs=255.0) == []


@pytest.mark.parametrize(
    ("labels", "columns", "advice"),
    [
        ((1.0, 10.0), 10, "Subtract 1"),
        ((0.0, 9.0), 9, "10 units"),
        ((0.0, 9.0), 1, "10 units"),
        ((-1.0, 1.0), 2, "miss"),
    ],
)
def test_labels_out_of_range_come_with_what_to_do(labels, columns, advice):
    step = judged(replace(HEALTHY, labels=labels, columns=columns, classes=columns, loss=None), [])
    assert advice in step.causes[0].advice
    assert "no loss to compute" in step.concluded


def test_more_outputs_than_labels_are_remarked():
    step = judged(replace(HEALTHY, columns=20, classes=20, loss=3.1), [])
    assert step.passed
    assert step.remarks == ("The model has 20 outputs, and the labels go up to 9 only.",)


@given(loss=st.floats(0, 100), classes=st.integers(2, 1000))
def test_what_passes_is_near_log_classes(loss, classes):
    """From a quarter less to one nat more, where the labels fit the model."""
    labels = (0.0, classes - 1.0)
    step = judged(replace(HEALTHY, loss=loss, classes=classes, columns=classes, labels=labels), [])
    assert step.passed == (0.75 * math.log(classes) <= loss <= math.log(classes) + 1)
    assert step.passed == (not step.causes)


def test_facts_are_read_off_arrays():
    loss = loss_of("sparse_categorical_crossentropy", "model")
    outputs = np.array([[0.2, 0.8], [0.5, 0.5]])
    batches = [(np.array([[3.0], [-4.0]]), np.array([0, 1])), (np.array([[np.inf]]), np.array([1]))]
    facts = described(batches[:1], outputs, loss, "softmax")
    assert (facts.kind, facts.from_logits, facts.classes, facts.inputs) == ("sparse", False, 2, 4.0)
    assert facts.probabilities
    assert (facts.labels, facts.whole_labels, facts.distinct_labels) == ((0.0, 1.0), True, 2)
    both = described(batches, outputs, loss, "softmax")
    assert (both.examples, both.bad_examples) == (3, 1)
    assert not replace(facts, sums=(0.9, 1.0)).probabilities
    assert loss.mean(np.array([0, 1]), outputs) == pytest.approx(-(math.log(0.2) + math.log(0.5)) / 2, rel=1e-5)
    assert loss.accuracy(np.array([1, 1]), outputs) == 0.5


def test_a_yes_or_no_model_loses_log_2():
    loss = loss_of("binary_crossentropy", "model")
    outputs = np.array([[0.5], [0.5], [0.9]])
    assert loss.classes(1) == 2
    assert loss.mean(np.array([0, 1, 1]), outputs[:3]) == pytest.approx((2 * math.log(2) - math.log(0.9)) / 3, rel=1e-5)
    assert loss.accuracy(np.array([0, 1, 1]), outputs) == pytest.approx(2 / 3)


@pytest.mark.parametrize(("loss", "words"), [("mse", "regression"), (None, "none"), (["mse", "mse"], "several")])
def test_other_losses_are_refused_in_words(loss, words):
    import keras

    given_loss = keras.losses.MeanSquaredError() if loss == "mse" else loss
    with pytest.raises(ProtocolError, match=words):
        loss_of(given_loss, "model")

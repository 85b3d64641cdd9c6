"""Instruments read planted models right: one that gives every image the same, one that tells all apart, dead units."""

from dataclasses import replace
from types import SimpleNamespace

import keras
import numpy as np
import pytest

from hpbench.catalogue.instruments import INSTRUMENTS, Confusion, DeadUnits, Examples, Predictions
from hpbench.engine.heads import Heads
from hpbench.engine.instruments import confusion, dead_units, entropy, examples, predictions, softmax
from hpbench.engine.trial_run import Phase
from hpbench.parts.datasets.examples import example_rows
from hpbench.records.metrics import METRICS
from tests.engine.programs import Unconfigured

NAMES = {"domain": ("a", "b"), "item": ("p", "q", "r")}
LABELS = np.array([[0, 0], [1, 1], [0, 2], [1, 0], [0, 1], [1, 2]], dtype=np.int32)
ALL = Phase(np.arange(len(LABELS), dtype=np.int32), None, 1)
ONE_HOT = np.concatenate([np.eye(2)[LABELS[:, 0]], np.eye(3)[LABELS[:, 1]]], axis=1).astype(np.float32)


def run(heads=NAMES, labels=LABELS):
    """What instruments use of a trial; an image is its answers, one pixel each."""
    images = ONE_HOT[:, :, None, None]
    splits = {"test": (images, labels), "train": (images, labels)}
    return SimpleNamespace(heads=Heads(heads), splits=splits, backend=Unconfigured())


def model(kernel, bias=0.0, hidden=None):
    """From the pixels to the logits, linear, or through a hidden layer with these weights."""
    dense = [keras.layers.Dense(len(hidden[1]), activation="relu")] if hidden else []
    made = keras.Sequential([keras.Input((5, 1, 1)), keras.layers.Flatten(), *dense, keras.layers.Dense(5)])
    made.set_weights([*(hidden or ()), kernel, np.broadcast_to(np.float32(bias), 5).copy()])
    return made


def read(found, name, **labels):
    return [one.value for one in found if one.name == name and dict(one.labels) == labels]


def test_a_model_that_tells_all_apart():
    found = list(predictions(Predictions(name="predictions"), model(50 * np.eye(5, dtype=np.float32)), run(), ALL))
    for head, classes in (("domain", 2), ("item", 3)):
        assert read(found, "prediction_entropy", head=head) == [pytest.approx(np.log(classes))]
        assert read(found, "prediction_information", head=head) == [pytest.approx(np.log(classes), rel=1e-6)]
        assert read(found, "most_frequent_prediction", head=head) == [pytest.approx(1 / classes)]


def test_a_model_that_gives_every_image_the_same():
    same = model(np.zeros((5, 5), np.float32), np.array([0.0, 0.3, 0.1, 0.0, 0.2]))
    found = list(predictions(Predictions(name="predictions"), same, run(), ALL))
    for head in NAMES:
        assert read(found, "prediction_entropy", head=head) == [0.0]
        assert read(found, "prediction_information", head=head) == [pytest.approx(0.0, abs=1e-12)]
        assert read(found, "most_frequent_prediction", head=head) == [1.0]


def test_information_is_mutual_information():
    """Of two images with the distributions (3/4, 1/4) and (1/4, 3/4): ln 2 less their entropy."""
    logits = np.log(np.array([[3.0, 1.0], [1.0, 3.0]]))
    probabilities = softmax(logits)
    expected = np.log(2) + 0.75 * np.log(0.75) + 0.25 * np.log(0.25)
    assert entropy(probabilities.mean(axis=0)) - entropy(probabilities[0]) == pytest.approx(expected)


@pytest.mark.parametrize("dead", [0, 2, 4])
def test_dead_units_are_those_that_are_zero_for_every_image(dead):
    """A unit with a large negative bias is dead; one that is on for one image is not."""
    kernel, bias = np.zeros((5, 4), np.float32), np.zeros(4, np.float32)
    kernel[0] = 1.0  # on for the images of the first domain
    bias[:dead] = -10.0
    made = model(np.ones((4, 5), np.float32), hidden=(kernel, bias))
    found = list(dead_units(DeadUnits(name="dead_units"), made, run(), ALL))
    assert read(found, "dead_unit_share", layer="hidden-1") == [dead / 4]


def test_a_model_without_relu_has_no_dead_units():
    assert list(dead_units(DeadUnits(name="dead_units"), model(np.eye(5, dtype=np.float32)), run(), ALL)) == []


def test_confusion_counts_true_and_predicted():
    """Always the first class of each head."""
    always = model(np.zeros((5, 5), np.float32), np.array([1.0, 0, 1, 0, 0]))
    found = list(confusion(Confusion(name="confusion", heads=("domain",)), always, run(), ALL))
    assert [(one.labels["true"], one.labels["predicted"], one.value) for one in found] == [("a", "a", 3), ("b", "a", 3)]
    two = replace(ALL, tested=np.array([0, 1], dtype=np.int32))
    both = list(confusion(Confusion(name="confusion"), always, run(), two))
    assert sum(one.value for one in both) == 4


def test_examples_say_what_an_image_is_taken_for_and_how_surely():
    bias = np.log(np.array([4.0, 1, 1, 2, 1]))
    found = list(examples(Examples(name="examples"), model(np.zeros((5, 5), np.float32), bias), run(), ALL))
    second = {"head": "item", "example": "2", "true": "q", "predicted": "q"}
    assert read(found, "example_probability", **second) == [pytest.approx(0.5)]
    wrong = {"head": "domain", "example": "2", "true": "b", "predicted": "a"}
    assert read(found, "example_probability", **wrong) == [pytest.approx(0.8)]
    assert read(found, "example_probability_of_true", **wrong) == [pytest.approx(0.2)]


def test_classes_without_names_are_numbers():
    found = list(
        confusion(Confusion(name="confusion"), model(np.eye(5, dtype=np.float32)), run({}, LABELS[:, 1] + 2), ALL)
    )
    assert {(one.labels["true"], one.labels["predicted"]) for one in found} <= {
        (str(a), str(b)) for a in range(5) for b in range(5)
    }
    assert all("head" not in one.labels for one in found)


def test_examples_are_one_of_each_class_of_the_first_head_or_three():
    assert example_rows(LABELS) == [0, 1]
    assert example_rows(LABELS[:, 0]) == [0, 1, 2]


def test_logits_that_are_not_numbers_are_not_taken_for_a_collapse():
    broken = model(np.full((5, 5), np.nan, np.float32))
    values = [one.value for one in predictions(Predictions(name="predictions"), broken, run(), ALL)]
    assert len(values) == 8
    assert all(np.isnan(value) for value in values)
    assert list(confusion(Confusion(name="confusion"), broken, run(), ALL)) == []
    assert list(examples(Examples(name="examples"), broken, run(), ALL)) == []


def test_units_that_are_not_numbers_are_neither_dead_nor_alive():
    hidden = (np.full((5, 4), np.nan, np.float32), np.zeros(4, np.float32))
    broken = model(np.ones((4, 5), np.float32), hidden=hidden)
    (found,) = dead_units(DeadUnits(name="dead_units"), broken, run(), ALL)
    assert np.isnan(found.value)


def test_a_relu_layer_of_its_own_is_read_and_a_subclass_is_not():
    stacked = keras.Sequential(
        [
            keras.Input((5, 1, 1)),
            keras.layers.Flatten(),
            keras.layers.Dense(3),
            keras.layers.ReLU(),
            keras.layers.Dense(5),
        ]
    )
    assert len(list(dead_units(DeadUnits(name="dead_units"), stacked, run(), ALL))) == 1

    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(5, activation="relu")

        def call(self, inputs):
            return self.dense(keras.ops.reshape(inputs, (-1, 5)))

    assert list(dead_units(DeadUnits(name="dead_units"), Own(), run(), ALL)) == []


def test_the_share_of_the_most_frequent_class_is_that_of_the_training_images():
    """Item q is the most frequent in training; the model always says q."""
    seen = run()
    seen.splits["train"] = (None, np.array([[0, 1], [0, 1], [1, 0]], dtype=np.int32))
    found = list(predictions(Predictions(name="predictions"), model(np.zeros((5, 5)), [0, 1, 0, 1, 0]), seen, ALL))
    assert read(found, "majority_prediction", head="item") == [1.0]
    assert read(found, "majority_prediction", head="domain") == [0.0]


@pytest.mark.parametrize("name", list(INSTRUMENTS))
@pytest.mark.parametrize("heads", [NAMES, {}], ids=["two heads", "one head"])
def test_an_instrument_gives_observations_that_can_be_shown(name, heads):
    """Every instrument, a new one too: metrics with a title, values for the trial as a whole, labels that are texts."""
    labels = LABELS if heads else LABELS[:, 1]
    hidden = (np.ones((5, 4), np.float32), np.zeros(4, np.float32))
    spec = INSTRUMENTS[name].model_validate({"name": name})
    found = list(
        INSTRUMENTS.load(name)(spec, model(np.ones((4, 5), np.float32), hidden=hidden), run(heads, labels), ALL)
    )
    assert found
    for one in found:
        assert one.name in METRICS
        assert one.iteration is None
        assert all(isinstance(text, str) for pair in one.labels.items() for text in pair)

"""Parts of one's own, imported for real."""

import sys

import keras
import numpy as np
import pytest

from hpbench.catalogue import own
from hpbench.catalogue.callbacks import CALLBACKS
from hpbench.catalogue.datasets import DATASETS
from hpbench.catalogue.models import MODELS
from hpbench.catalogue.optimizers import OPTIMIZERS
from hpbench.catalogue.schedules import SCHEDULES
from hpbench.errors import UserError
from hpbench.parts.datasets.prepared import prepare_dataset

CODE = """
import keras
import numpy as np

def dense(input_shape, classes, units=8):
    layers = [keras.layers.Flatten(), keras.layers.Dense(units), keras.layers.Dense(classes)]
    return keras.Sequential([keras.Input(input_shape), *layers])

def one_logit(input_shape, classes):
    return dense(input_shape, 1)

def no_model(input_shape, classes):
    return "a model"

def blobs(count=12, classes=2):
    labels = np.arange(count) % classes
    images = np.full((count, 4, 4), labels[:, None, None] * 100, np.uint8)
    arrays = {"x_train": images, "y_train": labels, "x_test": images, "y_test": labels}
    return arrays | {"title": "blobs", "generated": True}

def no_labels():
    return {"x_train": np.zeros((2, 4, 4), np.uint8)}

def no_arrays():
    return [1, 2]

class Halving(keras.optimizers.schedules.LearningRateSchedule):
    def __init__(self, base, every):
        self.base, self.every = base, every
    def __call__(self, step):
        return self.base * 0.5 ** (keras.ops.cast(step, "float32") // self.every)

class Count(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        logs["evaluations"] = epoch + 1.0

SOMETHING = 3
"""


@pytest.fixture(autouse=True)
def code(tmp_path, monkeypatch):
    """The module ``mine`` in the working folder, allowed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(own, "_allowed", {"mine", "keras"})
    (tmp_path / "mine.py").write_text(CODE)
    yield tmp_path / "mine.py"
    sys.modules.pop("mine", None)


def test_a_model_of_one_s_own():
    model = MODELS.load("mine:dense")({"name": "mine:dense", "units": 5}, (4, 4, 1), 3)
    assert model.count_params() == 17 * 5 + 6 * 3


def test_a_schedule_of_one_s_own_and_one_of_keras():
    halving = SCHEDULES.load("mine:Halving").for_training({"every": 2}, 0.5, 100)
    assert [float(halving(step)) for step in range(5)] == [0.5, 0.5, 0.25, 0.25, 0.125]
    decay = SCHEDULES.load("keras.optimizers.schedules:ExponentialDecay").for_training(
        {"decay_steps": 1, "decay_rate": 0.5}, 0.5, 100
    )
    assert float(decay(3)) == 0.0625


def test_an_optimizer_of_keras():
    adam = OPTIMIZERS.load("keras.optimizers:Adam")({"beta_1": 0.8}, 0.25)
    assert isinstance(adam, keras.optimizers.Adam)
    assert (float(adam.learning_rate), adam.beta_1) == (0.25, 0.8)


def test_a_callback_of_one_s_own():
    logs = {}
    CALLBACKS.load("mine:Count")().on_epoch_end(2, logs)
    assert logs == {"evaluations": 3.0}


def dataset(**fields):
    return DATASETS.own.model_validate(fields).model_dump()


def test_a_data_set_of_one_s_own_is_prepared_like_any_other(tmp_path):
    prepared = prepare_dataset(dataset(name="mine:blobs", count=20, scale=0.01), tmp_path / "data")
    assert (prepared.title, prepared.generated, prepared.classes) == ("blobs", True, 2)
    assert prepared.counts == {"train": 20, "validation": 0, "test": 20}
    images, labels = prepared.load()["test"]
    assert images.shape == (20, 4, 4, 1)
    np.testing.assert_array_equal(images[:, 0, 0, 0], labels * 100)
    assert ":" not in prepared.folder.name


def test_a_data_set_is_prepared_again_when_its_code_changes(tmp_path, code):
    before = prepare_dataset(dataset(name="mine:blobs"), tmp_path / "data")
    assert prepare_dataset(dataset(name="mine:blobs"), tmp_path / "data").fingerprint == before.fingerprint
    code.write_text(CODE.replace("* 100", "* 50"))
    sys.modules.pop("mine")
    assert prepare_dataset(dataset(name="mine:blobs"), tmp_path / "data").fingerprint != before.fingerprint


@pytest.mark.parametrize(
    ("use", "words"),
    [
        (lambda: MODELS.load("mine:dens"), "the module has no 'dens'; did you mean 'dense'"),
        (lambda: MODELS.load("mine.deeper:dense"), "no module 'mine.deeper'"),
        (lambda: MODELS.load("mine:SOMETHING")({}, (4, 4, 1), 3), "has to be something that can be called"),
        (lambda: MODELS.load("mine:dense")({"unit": 3}, (4, 4, 1), 3), r"\{'unit': 3\}: .*unexpected keyword"),
        (lambda: MODELS.load("mine:no_model")({}, (4, 4, 1), 3), "has to return a keras.Model; it returned a str"),
        (lambda: MODELS.load("mine:one_logit")({}, (4, 4, 1), 3), r"logits of shape \(n, 3\); it gives \(None, 1\)"),
        (lambda: SCHEDULES.load("mine:Count").for_training({}, 0.1, 3), "takes 1 positional argument"),
        (lambda: OPTIMIZERS.load("mine:blobs")({}, 0.1), "unexpected keyword argument 'learning_rate'"),
        (lambda: CALLBACKS.load("mine:blobs")(), "has to be a Keras callback class"),
        (lambda: DATASETS.load("mine:no_arrays")({}, None), "mapping of arrays such as x_train; it returned a list"),
        (lambda: DATASETS.load("mine:no_labels")({}, None), "lacks y_train, x_test, y_test; it may have"),
        (lambda: SCHEDULES.load("mine:blobs").for_training({}, 12, 3), "LearningRateSchedule class"),
    ],
)
def test_what_is_wrong_with_it_is_said(use, words):
    with pytest.raises(UserError, match=words) as caught:
        use()
    assert "mine" in str(caught.value)

"""What every part of the catalogue keeps. A new part is tested here by being in its register."""

from typing import get_origin

import keras
import numpy as np
import pytest
import tensorflow as tf

from hpbench.catalogue.callbacks import CALLBACKS
from hpbench.catalogue.datasets import DATASETS, FromTfds
from hpbench.catalogue.models import MODELS
from hpbench.catalogue.optimizers import OPTIMIZERS
from hpbench.catalogue.schedules import SCHEDULES
from hpbench.parts.datasets.arrays import SPLITS, fingerprint
from hpbench.parts.datasets.folders import tfds_root
from hpbench.parts.datasets.office31.reader import FromFolder
from hpbench.parts.datasets.prepared import prepare
from hpbench.parts.schedules import InversePower
from tests import tfds_sets
from tests.office31_tree import write_tree

VALUES = {float: 0.5, int: 3, bool: True, tuple: (3,)}


def parameters(register, name, **given):
    """Parameters of a part: those given, any number for other required fields, defaults for the rest."""
    model = register[name]
    needed = {key: field for key, field in model.model_fields.items() if field.is_required() and key != "name"}
    filled = {
        key: given.get(key, VALUES.get(get_origin(field.annotation) or field.annotation))
        for key, field in needed.items()
    }
    return model(name=name, **filled).model_dump(exclude={"name"})


def round_trip(part):
    return keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(part))


# --- schedules


@pytest.fixture(params=list(SCHEDULES))
def schedule(request):
    part = SCHEDULES.load(request.param)
    return part.for_training(parameters(SCHEDULES, request.param), learning_rate=0.3, iterations=20)


def test_a_schedule_survives_serialisation(schedule):
    again = round_trip(schedule)
    assert type(again) is type(schedule)
    assert again.get_config() == schedule.get_config()
    assert [float(again(step)) for step in range(25)] == [float(schedule(step)) for step in range(25)]


def test_a_schedule_keeps_every_parameter_in_its_config(schedule, request):
    name = request.node.callspec.params["schedule"]
    config = schedule.get_config()
    assert config["learning_rate"] == 0.3
    assert parameters(SCHEDULES, name).items() <= config.items()


def test_a_schedule_starts_at_the_base_rate_and_stays_finite_and_not_negative(schedule):
    rates = np.array([float(schedule(step)) for step in range(25)])
    assert rates[0] == np.float32(0.3)
    assert np.isfinite(rates).all()
    assert (rates >= 0).all()


# --- optimizers


@pytest.fixture(params=list(OPTIMIZERS))
def make_optimizer(request):
    def make(learning_rate):
        return OPTIMIZERS.load(request.param)(parameters(OPTIMIZERS, request.param), learning_rate)

    return make


@pytest.mark.parametrize("rate", [0.125, InversePower(0.125)], ids=["float", "schedule"])
def test_an_optimizer_survives_serialisation(make_optimizer, rate):
    optimizer = make_optimizer(rate)
    again = round_trip(optimizer)
    assert type(again) is type(optimizer)
    assert again.get_config() == optimizer.get_config()
    assert float(again.learning_rate) == 0.125


def test_an_optimizer_lowers_a_loss_inside_a_compiled_function(make_optimizer):
    optimizer = make_optimizer(InversePower(0.05))
    weight = keras.Variable(np.array([3.0, -2.0], np.float32), name="kernel")
    optimizer.build([weight])

    @tf.function(jit_compile=True)
    def update():
        optimizer.apply([2 * weight.value], [weight])

    for _ in range(10):
        update()
    assert int(optimizer.iterations) == 10
    assert np.square(weight.numpy()).sum() < 13


# --- callbacks


@pytest.fixture(params=list(CALLBACKS))
def callback(request):
    return CALLBACKS.load(request.param)(**parameters(CALLBACKS, request.param))


def test_a_callback_survives_serialisation(callback):
    again = round_trip(callback)
    assert type(again) is type(callback)
    assert again.get_config() == callback.get_config()


@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")  # Keras' own
def test_a_callback_adds_python_floats_to_the_logs(callback):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", loss="mse")
    callback.set_model(model)
    callback.on_train_begin()
    logs = {"test_loss": 0.5}
    callback.on_epoch_end(0, logs)
    assert len(logs) > 1
    assert all(type(value) is float for value in logs.values())


# --- models


@pytest.fixture(params=list(MODELS))
def make_model(request):
    def make():
        return MODELS.load(request.param)(parameters(MODELS, request.param), (28, 28, 1), 10)

    return make


def test_a_model_gives_logits_and_survives_serialisation(make_model):
    model = make_model()
    images = np.random.default_rng(0).random((3, 28, 28, 1), np.float32)
    logits = keras.ops.convert_to_numpy(model(images))
    assert logits.shape == (3, 10)
    assert np.isfinite(logits).all()
    again = round_trip(model)
    again.set_weights(model.get_weights())
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(again(images)), logits)


def test_a_model_s_initial_weights_come_from_the_seed(make_model):
    starts = []
    for seed in (3, 3, 4):
        keras.utils.set_random_seed(seed)
        starts.append(np.concatenate([weight.ravel() for weight in make_model().get_weights()]))
    np.testing.assert_array_equal(starts[0], starts[1])
    assert not np.array_equal(starts[0], starts[2])


# --- data sets


@pytest.fixture(params=list(DATASETS))
def dataset(request, write_idx, write_npz, tmp_path):
    """A set's parameters with its name; ``folder`` and ``path`` lead to small files, ``set`` to one written here."""
    given = {"folder": str(write_idx()), "path": str(write_npz()), "set": "tiny"}
    if issubclass(DATASETS[request.param], FromTfds):
        tfds_sets.write(tfds_root(tmp_path), given["set"] if request.param == "tfds" else request.param)
    chosen = {"name": request.param} | parameters(DATASETS, request.param, **given)
    if DATASETS[request.param].from_folder:
        chosen["origin"] = FromFolder(write_tree(tmp_path / "published"))
    if "share" in chosen:
        chosen["share"] = 0.1
    return chosen | ({"validation": 5} if "validation" in chosen else {})


@pytest.mark.usefixtures("_tfds_imported")
def test_a_data_set_has_sound_arrays_and_prepares(dataset, tmp_path):
    data = DATASETS.load(dataset["name"])(dataset, tmp_path)
    shape, dtype = data.x_train.shape[1:], data.x_train.dtype
    assert dtype in (np.uint8, np.float32)
    assert len(shape) == 3
    for split in SPLITS:
        images, labels = getattr(data, f"x_{split}"), getattr(data, f"y_{split}")
        assert (images.shape[1:], images.dtype, len(images)) == (shape, dtype, len(labels))
        assert labels.dtype == np.int32
        assert labels.shape[1:] == ((len(data.heads),) if data.heads else ())
        for answers, names in zip(np.atleast_2d(labels.T), data.heads.values() or [range(data.classes)], strict=True):
            assert set(answers.tolist()) <= set(range(len(names)))
    assert sum(map(len, data.heads.values())) in (0, data.classes)
    for answers, names in zip(np.atleast_2d(data.y_train.T), data.heads.values() or [range(data.classes)], strict=True):
        assert set(answers.tolist()) == set(range(len(names)))
    assert data.title
    assert data.source
    settings = {key: value for key, value in dataset.items() if key != "origin"}
    prepared = prepare(dataset["name"], settings, tmp_path, lambda parameters, folder: data)
    assert prepared.fingerprint == fingerprint(data.by_name)
    assert prepared.load().keys() == set(SPLITS)

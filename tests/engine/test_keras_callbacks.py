"""Keras' own callbacks decide here as they do in ``model.fit``, and write the same."""

import csv
import re
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from ruamel.yaml import YAML

from hpbench.catalogue.callbacks import OwnCallback
from hpbench.definition.schema import Settings
from hpbench.engine.backend import Stretch
from hpbench.engine.batches import batch_indices
from hpbench.engine.hooks import CallbackError, Hooks
from hpbench.parts.datasets.prepared import prepare_dataset
from hpbench.parts.optimizers import sgd
from hpbench.parts.schedules import Exponential
from hpbench.records.seeds import derive
from hpbench.records.trial import Outcome

CODE = """
import keras

def dense(input_shape, classes):
    layers = [keras.layers.Flatten(), keras.layers.Dense(16, activation="relu"), keras.layers.Dense(classes)]
    return keras.Sequential([keras.Input(input_shape), *layers])

def convolutions(input_shape, classes):
    layers = [keras.layers.Conv2D(8, 3), keras.layers.MaxPooling2D(2), keras.layers.Flatten()]
    return keras.Sequential([keras.Input(input_shape), *layers, keras.layers.Dense(classes)])

class Warm(keras.callbacks.LearningRateScheduler):
    def __init__(self, evaluations):
        super().__init__(lambda epoch, rate: 0.05 * min(1.0, (epoch + 1) / evaluations))

class Left(keras.callbacks.Callback):
    def __init__(self, file):
        super().__init__()
        self.file = file

    def on_train_end(self, logs=None):
        self.model.save_weights(self.file)
"""
STOP = {"name": "keras.callbacks:EarlyStopping"}
PLATEAU = {"name": "keras.callbacks:ReduceLROnPlateau"}
CHECKPOINT = {"name": "keras.callbacks:ModelCheckpoint"}
RATE = {"name": "record_learning_rate"}
MODELS = {"dense": {"name": "mine:dense"}, "convolutions": {"name": "mine:convolutions"}}
README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
keras_warnings = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"  # Keras' own
)


def dense(shape):
    layers = [keras.layers.Flatten(), keras.layers.Dense(16, activation="relu"), keras.layers.Dense(10)]
    return keras.Sequential([keras.Input(shape), *layers])


def convolutions(shape):
    layers = [keras.layers.Conv2D(8, 3), keras.layers.MaxPooling2D(2), keras.layers.Flatten()]
    return keras.Sequential([keras.Input(shape), *layers, keras.layers.Dense(10)])


BUILD = {"dense": dense, "convolutions": convolutions}


def data_of(done):
    """Training and test images with labels, as the trial has them."""
    settings = Settings.model_validate(done.trial.settings)
    data = prepare_dataset(settings.dataset.model_dump(), done.folder).load()
    scale = np.float32(settings.dataset.scale)
    return {split: (x.astype(np.float32) * scale, y) for split, (x, y) in data.items()}


def by_fit(done, build, callbacks):
    """The history of ``model.fit`` from the same weights, fed the trial's batches and its test images."""
    settings, data = Settings.model_validate(done.trial.settings).training, data_of(done)
    x, y = data["train"]
    keras.utils.set_random_seed(derive("initialisation", done.trial.benchmark, done.trial.seed) % 2**32)
    model = build(x.shape[1:])
    optimizer = sgd(settings.optimizer.model_dump(exclude={"name"}), settings.learning_rate)
    model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    seed = derive("data order", done.trial.benchmark, done.trial.seed)
    order = batch_indices(len(x), settings.batch_size, settings.iterations, seed).ravel()
    history = model.fit(
        tf.data.Dataset.from_tensor_slices((x[order], y[order])).batch(settings.batch_size),
        epochs=settings.iterations // settings.evaluate_every,
        steps_per_epoch=settings.evaluate_every,
        validation_data=data["test"],
        validation_batch_size=settings.test_batch_size,
        callbacks=callbacks,
        shuffle=False,
        verbose=0,
    )
    return history.history


@keras_warnings
@pytest.mark.parametrize(("model", "rate"), [("dense", 0.2), ("convolutions", 0.01)])
def test_a_rate_falls_and_a_training_stops_where_they_do_in_fit(trials, model, rate):
    plateau = {"factor": 0.5, "patience": 1, "min_delta": 0.05, "cooldown": 1}
    stop = {"monitor": "val_accuracy", "patience": 3, "min_delta": 0.05, "start_from_epoch": 2}
    changes = {"model": MODELS[model], "training__iterations": 80, "training__evaluate_every": 5}
    (done,) = trials([PLATEAU | plateau, STOP | stop], cases__fast__learning_rate=rate, **changes)
    mine = [keras.callbacks.ReduceLROnPlateau(**plateau), keras.callbacks.EarlyStopping(**stop)]
    history = by_fit(done, BUILD[model], mine)
    evaluations = len(history["val_loss"])
    assert 5 < evaluations < 16
    assert done.result.message == f"stopped by a callback at iteration {5 * evaluations}"
    assert len(set(history["learning_rate"])) > 2
    assert done.values("learning_rate")[:evaluations] == history["learning_rate"]
    assert done.values("test_loss")[:evaluations] == pytest.approx(history["val_loss"], rel=1e-3)
    assert done.values("test_accuracy")[:evaluations] == pytest.approx(history["val_accuracy"], abs=0.003)


def weights(folder, name):
    """Weights that a trial has written, in a model of its shape."""
    model = dense((8, 8, 1))
    model.load_weights(folder / f"{name}.weights.h5")
    return model


def measured(model, data):
    """Loss and accuracy of a model's logits, computed by NumPy in float64."""
    x, y = data
    logits = model.predict(x, verbose=0).astype(np.float64)
    losses = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(y)), y]
    return losses.mean(), np.mean(logits.argmax(axis=1) == y)


def test_the_best_weights_come_back_and_a_scheduler_sets_the_rate_of_every_stretch(trials):
    """By this measure, a loss that is to grow, the first evaluation is the best; its weights are what is left."""
    callbacks = [
        {"name": "mine:Warm", "evaluations": 2},
        STOP | {"monitor": "test_loss", "mode": "max", "patience": 2, "restore_best_weights": True},
        CHECKPOINT | {"filepath": "{trial}-{epoch}.weights.h5", "save_weights_only": True},
        {"name": "mine:Left", "file": "{trial}-left.weights.h5"},
    ]
    (done,) = trials(callbacks, model=MODELS["dense"], training__iterations=20)
    assert done.result.message == "stopped by a callback at iteration 12"
    assert done.values("learning_rate")[:3] == pytest.approx([0.025, 0.05, 0.05])
    first, third, left = (weights(done.folder, f"{done.trial.identity[:12]}-{name}") for name in (1, 3, "left"))
    test = data_of(done)["test"]
    assert measured(third, test)[0] == pytest.approx(done.values("test_loss")[2], rel=1e-5)
    for expected, found, other in zip(first.get_weights(), left.get_weights(), third.get_weights(), strict=True):
        np.testing.assert_array_equal(found, expected)
        assert not np.array_equal(found, other)


def test_weights_are_saved_at_the_iterations_that_a_checkpoint_names(trials):
    callback = CHECKPOINT | {"filepath": "{trial}-{epoch}-{batch}.weights.h5", "save_weights_only": True}
    (done,) = trials([callback | {"save_freq": 3, "every_iteration": True}], model=MODELS["dense"])
    name = done.trial.identity[:12]
    saved = sorted(path.name for path in done.folder.glob(f"{name}-*.weights.h5"))
    assert saved == [f"{name}-{place}.weights.h5" for place in ("1-3", "2-2", "3-1", "3-4")]
    loss, accuracy = measured(weights(done.folder, f"{name}-3-4"), data_of(done)["test"])
    assert done.values("test_loss")[-1] == pytest.approx(loss, rel=1e-5)
    assert done.values("test_accuracy")[-1] == pytest.approx(accuracy)


def test_a_loss_that_is_not_finite_ends_the_training_with_and_without_a_callback_for_it(trials):
    callback = {"name": "keras.callbacks:TerminateOnNaN"}
    for callbacks in ([], [callback], [callback | {"every_iteration": True}]):
        (done,) = trials(callbacks, model=MODELS["dense"], cases__fast__learning_rate=1e30)
        assert done.result.outcome is Outcome.DIVERGED
        assert 1 < done.values("diverged_at_iteration")[0] <= 4


def readme_callbacks():
    """The training's callbacks in the README's example."""
    (block,) = [text for text in re.findall(r"```yaml\n(.*?)```", README, re.DOTALL) if "CSVLogger" in text]
    return YAML(typ="safe").load(block)["training"]["callbacks"]


def test_the_readme_s_callbacks_write_what_is_observed_and_stop(trials):
    names = {"loss": "batch_loss", "val_loss": "test_loss", "val_accuracy": "test_accuracy"}
    done = trials(readme_callbacks(), seeds=2, cases__fast__learning_rate=0.5, training__iterations=40)
    for trial in done:
        (path,) = trial.folder.glob(f"*{trial.trial.identity[:12]}.csv")
        rows = list(csv.DictReader(path.read_text().splitlines()))
        assert trial.result.message == f"stopped by a callback at iteration {4 * len(rows)}"
        assert [row["epoch"] for row in rows] == [str(index) for index in range(len(rows))]
        assert set(trial.curves) - {"worse_than_chance", "trainable_weights"} | {*names, "accuracy", "epoch"} == set(
            rows[0]
        )
        for column in set(rows[0]) - {"accuracy", "epoch"}:
            assert [float(row[column]) for row in rows] == trial.values(names.get(column, column))[: len(rows)]
        losses = trial.values("test_loss")[: len(rows)]
        assert min(losses) == losses[-3]


@keras_warnings
def test_the_best_state_is_saved_and_loads_as_the_model_that_was_measured(trials):
    best = CHECKPOINT | {"filepath": "best/{trial}.keras", "save_best_only": True, "monitor": "val_accuracy"}
    every = CHECKPOINT | {"filepath": "all/{trial}-{epoch:02d}-{val_loss:.3f}.keras"}
    done = trials([best, every], seeds=2, model=MODELS["dense"])
    for trial in done:
        x, y = data_of(trial)["test"]
        name, accuracies = trial.trial.identity[:12], trial.values("test_accuracy")
        losses = trial.values("test_loss")
        paths = [trial.folder / f"all/{name}-{i:02d}-{loss:.3f}.keras" for i, loss in enumerate(losses, start=1)]
        logits = [keras.models.load_model(path).predict(x, verbose=0) for path in paths]
        expected = [np.mean(one.argmax(axis=1) == y) for one in logits]
        assert accuracies == pytest.approx(expected, abs=1e-6)
        found = keras.models.load_model(trial.folder / f"best/{name}.keras").predict(x, verbose=0)
        np.testing.assert_array_equal(found, logits[int(np.argmax(accuracies))])
        assert len(set(accuracies)) > 1


# --- refused, without a job


@pytest.fixture
def begin(mine):
    """Begins a training with one callback and ends its evaluations, of which all values are one; whether it stopped."""

    def begun(callback, rate=0.5, values=(0.5,)):
        model = dense((4, 4, 1))
        model.compile(keras.optimizers.SGD(rate))
        hooks = Hooks([OwnCallback.model_validate(callback)], model, evaluations=3, steps=4, trial="a" * 64)
        hooks.begin_training()
        names = ("test_accuracy", "train_accuracy", "test_loss", "train_loss", "batch_loss", "batch_accuracy")
        for index, value in enumerate(values):
            hooks.end_epoch(index, dict.fromkeys(names, value), Stretch(value, (value,), (value,), 4, True))
        return hooks.stop

    return begun


@pytest.mark.parametrize("callback", [PLATEAU, {"name": "mine:Warm", "evaluations": 2}], ids=["plateau", "scheduler"])
@keras_warnings
def test_a_callback_that_would_set_the_rate_beside_a_schedule_is_refused_at_once(begin, callback):
    begin(callback)
    with pytest.raises(CallbackError, match=f"^{callback['name']} in .* write 'schedule: {{name: constant}}'"):
        begin(callback, Exponential(0.5, factor=0.5))


@pytest.mark.parametrize(
    ("callback", "words"),
    [
        (
            CHECKPOINT | {"filepath": "a.keras", "save_freq": 3},
            "keras.callbacks:ModelCheckpoint .* has on_train_batch_end, .* 'every_iteration: true'",
        ),
        ({"name": "keras.callbacks:BackupAndRestore", "backup_dir": "a", "save_freq": 3}, "has on_train_batch_end"),
        ({"name": "keras.callbacks:SwapEMAWeights"}, "has on_test_begin, which is never called here"),
        (
            STOP | {"monitor": "val_acc", "mode": "max"},
            "keras.callbacks:EarlyStopping .* monitors 'val_acc', which nothing observes; there are: test_accuracy, ",
        ),
    ],
    ids=["save_freq", "backup", "averages", "monitor"],
)
def test_a_callback_of_keras_that_could_not_work_is_refused(begin, callback, words):
    with pytest.raises(CallbackError, match=words):
        begin(callback)


@pytest.mark.parametrize("monitor", ["train_loss", "test_accuracy", "val_accuracy", "batch_loss"])
def test_which_values_are_better_is_known_from_their_names(begin, monitor):
    """Training goes on while they get better, and stops when they get worse."""
    rising = begin(STOP | {"monitor": monitor, "patience": 1}, values=(0.3, 0.4, 0.5))
    falling = begin(STOP | {"monitor": monitor, "patience": 1}, values=(0.5, 0.4, 0.3))
    assert (rising, falling) == ((False, True) if monitor.endswith("accuracy") else (True, False))

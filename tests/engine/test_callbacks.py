"""Callbacks in a training: those that change the rate, those that stop it, those that want every iteration."""

import keras
import pytest

from hpbench.catalogue.callbacks import OwnCallback
from hpbench.engine.backend import Stretch
from hpbench.engine.hooks import CallbackError, Hooks
from hpbench.parts.own import OwnCodeError
from hpbench.parts.schedules import Exponential
from hpbench.records.trial import Outcome

CODE = """
import keras

class StopAt(keras.callbacks.Callback):
    def __init__(self, evaluation):
        super().__init__()
        self.evaluation = evaluation

    def on_epoch_end(self, epoch, logs=None):
        self.model.stop_training = epoch + 1 == self.evaluation

class Epochs(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        self.model.optimizer.learning_rate = 0.05 / (epoch + 1)

    def on_epoch_end(self, epoch, logs=None):
        logs["rate"] = keras.ops.max(self.model.optimizer.learning_rate)

class Batches(keras.callbacks.Callback):
    def __init__(self, stop_after=None):
        super().__init__()
        self.stop_after = stop_after
        self.total = 0

    def on_epoch_begin(self, epoch, logs=None):
        self.batches, self.losses, self.accuracies, self.images = [], [], [], 0

    def on_train_batch_begin(self, batch, logs=None):
        self.images += logs["size"]

    def on_train_batch_end(self, batch, logs=None):
        self.batches.append(batch)
        self.losses.append(logs["loss"])
        self.accuracies.append(logs["accuracy"])
        self.total += 1
        self.model.stop_training = self.total == self.stop_after

    def on_epoch_end(self, epoch, logs=None):
        count = len(self.batches)
        logs["in_order"] = self.batches == list(range(count))
        logs["images"] = self.images
        logs["mean_loss"] = sum(self.losses) / count
        logs["last_accuracy"] = self.accuracies[-1]
        logs["mean_accuracy"] = sum(self.accuracies) / count - logs["accuracy"]

class OldBatches(keras.callbacks.Callback):
    def on_batch_end(self, batch, logs=None):
        pass

class Tests(keras.callbacks.Callback):
    def on_test_end(self, logs=None):
        pass

class Fails(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        raise KeyError("nothing")

class Words(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        logs["state"] = "fine"

class Doubts(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        logs["test_accuracy"] = 1.0
        logs["loss"] = 0.0
        logs[7] = epoch

class Told(keras.callbacks.Callback):
    def __init__(self, text, number=1):
        super().__init__()
        self.text = text
"""
PLATEAU = {"name": "reduce_on_plateau", "factor": 0.5, "patience": 1, "min_delta": 100.0}
MEASURED = {"test_accuracy": 0.5, "train_accuracy": 0.6, "test_loss": 2.0, "train_loss": 1.9, "batch_loss": 1.8}
STRETCH = Stretch(1.8, (0.25,), (0.75,), 4, True)


# --- in a job


def test_the_rate_falls_on_a_plateau_and_starts_anew_with_the_next_trial_of_the_job(trials):
    """Nothing improves by 100, so every evaluation after the first halves the rate."""
    done = trials([PLATEAU, {"name": "record_learning_rate"}], seeds=2)
    assert [trial.result.outcome for trial in done] == [Outcome.OK] * 2
    for trial in done:
        assert dict(trial.curves["learning_rate"]) == pytest.approx({4: 0.05, 8: 0.025, 12: 0.0125})


def test_a_constant_rate_gives_the_same_bits_with_and_without_callbacks(trials):
    (plain,), (recorded,) = trials([]), trials([{"name": "record_weight_norm"}])
    assert plain.curves == {name: curve for name, curve in recorded.curves.items() if name != "weight_norm"}


def test_a_callback_that_stops_leaves_its_values_to_the_end(trials):
    (done,) = trials([{"name": "mine:StopAt", "evaluation": 2}])
    assert (done.result.outcome, done.result.message) == (Outcome.OK, "stopped by a callback at iteration 8")
    curve = done.curves["test_accuracy"]
    assert [iteration for iteration, _ in curve] == [4, 8, 12]
    assert curve[1][1] == curve[2][1]


def test_a_callback_may_act_before_a_stretch_as_keras_learning_rate_scheduler_does_and_log_tensors(trials):
    (done,) = trials([{"name": "mine:Epochs"}])
    assert dict(done.curves["rate"]) == pytest.approx({4: 0.05, 8: 0.025, 12: 0.05 / 3})


def test_a_callback_that_asks_is_called_at_every_iteration_and_the_training_stays_the_same(trials):
    (plain,), (each,) = trials([]), trials([{"name": "mine:Batches", "every_iteration": True}])
    assert each.values("in_order") == [1.0] * 3
    assert each.values("images") == [4 * 16] * 3
    assert each.values("mean_loss") == pytest.approx(plain.values("batch_loss"), rel=1e-6)
    assert each.values("last_accuracy") == plain.values("batch_accuracy")
    assert each.values("mean_accuracy") == pytest.approx([0.0] * 3, abs=1e-6)
    for name in ("test_loss", "train_loss", "test_accuracy", "train_accuracy"):
        assert each.curves[name] == plain.curves[name]


def test_a_callback_may_stop_at_any_iteration(trials):
    (done,) = trials([{"name": "mine:Batches", "every_iteration": True, "stop_after": 6}])
    assert (done.result.outcome, done.result.message) == (Outcome.OK, "stopped by a callback at iteration 6")
    assert done.values("images") == [4 * 16, 2 * 16, 2 * 16]


def test_a_callback_that_would_not_be_called_fails_the_trial_in_one_line(trials):
    (done,) = trials([{"name": "mine:Batches"}])
    assert done.result.outcome is Outcome.FAILED
    assert done.result.message == (
        "CallbackError: mine:Batches in training.callbacks has on_train_batch_begin, "
        "which is called only if you add 'every_iteration: true' to it"
    )


# --- without one


@pytest.fixture
def hooks(mine):
    """Makes the hooks of a small model, for callbacks given by name and fields."""

    def make(*callbacks, rate=0.5):
        model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        model.compile(keras.optimizers.SGD(rate))
        specs = [OwnCallback.model_validate(callback) for callback in callbacks]
        return Hooks(specs, model, evaluations=3, steps=4, trial="0123456789abcdef")

    return make


def through(hooks):
    """A training of one evaluation; what is observed."""
    hooks.begin_training()
    hooks.begin_epoch(0)
    logs = hooks.end_epoch(0, MEASURED, STRETCH)
    hooks.end_training(logs)
    return logs


def test_what_is_measured_stays_and_keras_names_of_it_are_not_observed(hooks):
    assert through(hooks({"name": "mine:Doubts"})) == MEASURED | {"7": 0.0}


def test_callbacks_see_keras_names_of_what_is_measured(hooks):
    made = hooks({"name": "keras.callbacks:History"})
    through(made)
    seen = {name: values[0] for name, values in made._model.history.history.items()}
    assert seen == MEASURED | {"loss": 1.8, "accuracy": 0.75, "val_loss": 2.0, "val_accuracy": 0.5}


def test_callbacks_know_how_long_the_training_is(hooks):
    ((_, callback),) = hooks({"name": "mine:Epochs"})._named
    assert callback.params == {"epochs": 3, "steps": 4, "verbose": 0}


def test_the_trial_s_name_takes_its_place_in_texts_and_other_braces_stay(hooks):
    made = hooks({"name": "mine:Told", "text": "{trial}/{trial}-{epoch:02d}.keras", "number": 3})
    ((_, callback),) = made._named
    assert callback.text == "0123456789ab/0123456789ab-{epoch:02d}.keras"


def test_a_stop_of_the_trial_before_does_not_last(hooks):
    made = hooks({"name": "mine:StopAt", "evaluation": 1})
    made.begin_training()
    made.end_epoch(0, MEASURED, STRETCH)
    assert made.stop
    made.begin_training()
    assert not made.stop


@pytest.mark.parametrize(
    ("callback", "error", "words"),
    [
        ({"name": "mine:OldBatches"}, CallbackError, "mine:OldBatches .* has on_batch_end, .*'every_iteration: true'"),
        ({"name": "mine:Tests"}, CallbackError, "mine:Tests in training.callbacks has on_test_end, .* never called"),
        ({"name": "mine:Fails"}, OwnCodeError, r"mine:Fails, .*mine.py, line \d+: KeyError: 'nothing'"),
        ({"name": "mine:Words"}, OwnCodeError, "mine:Words: 'state' in the logs has to be a number; it is 'fine'"),
        ({"name": "mine:Told", "txt": "a"}, OwnCodeError, "mine:Told takes .* unexpected keyword|missing"),
        ({"name": "mine:Told", "text": "a", "every_iteration": "yes"}, ValueError, "every_iteration"),
    ],
)
def test_what_goes_wrong_is_said_with_the_callback_s_name(hooks, callback, error, words):
    with pytest.raises(error, match=words):
        through(hooks(callback))


def test_a_rate_set_beside_a_schedule_is_told_as_what_it_is(hooks):
    through(hooks({"name": "mine:Epochs"}))
    with pytest.raises(
        CallbackError, match=r"mine:Epochs in .* sets the learning rate, .*'schedule: \{name: constant\}'"
    ):
        through(hooks({"name": "mine:Epochs"}, rate=Exponential(0.5, factor=0.5)))

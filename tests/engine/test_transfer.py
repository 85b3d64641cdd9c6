"""Whole trials on a set with two heads: selections, instruments, and the procedure ``transfer``."""

import pytest

from hpbench.records.trial import Outcome

CODE = """
import keras

class Keep(keras.callbacks.Callback):
    \"\"\"Adds a sum over each layer's weights to the logs, so that a test can see what has changed.\"\"\"
    def on_epoch_end(self, epoch, logs):
        for number, layer in enumerate(layer for layer in self.model.layers if layer.weights):
            logs[f"sum_{number}"] = float(sum(abs(weight.numpy()).sum() for weight in layer.weights))


class StopSource(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs):
        self.model.stop_training = all(layer.trainable for layer in self.model.layers)
"""
OFFICE = {
    "dataset": {"name": "office31_like", "size": 8, "share": 0.05, "scale": 0.004},
    "model": {"name": "mlp", "units": [16, 8]},
    "training__optimizer": {"name": "sgd"},
    "training__schedule": {"name": "constant"},
    "training__iterations": 20,
    "training__evaluate_every": 10,
    "cases__fast": {"learning_rate": 0.05},
}
TRANSFER = {"training__procedure": {"name": "transfer", "source": {"domain": "amazon"}}}
DSLR = {"training__only": {"domain": "dslr"}}
KEEP = [{"name": "mine:Keep"}]


def named(done, name, **labels):
    return [one.value for one in done.result.observations if one.name == name and dict(one.labels) == labels]


@pytest.fixture(scope="module")
def plain(trials):
    """A training of both heads on all images."""
    return trials([], **OFFICE, training__instruments=[{"name": "predictions"}, {"name": "dead_units"}])[0]


@pytest.fixture(scope="module")
def transferred(trials):
    """Two seeds in one job, each from amazon to dslr, with what is read on the way."""
    instruments = [{"name": "gradient_norms", "images": 4, "at": [0]}]
    return trials(KEEP, 2, **OFFICE, **TRANSFER, **DSLR, training__instruments=instruments)


def test_a_trial_with_two_heads_observes_each(plain):
    done = plain
    assert done.result.outcome is Outcome.OK, done.result.message
    for head in ("domain", "item"):
        assert len(named(done, "test_accuracy", head=head)) == 2
        assert len(named(done, "prediction_entropy", head=head)) == 1
    assert named(done, "test_accuracy") == []
    assert len(named(done, "test_loss")) == 2
    assert len(named(done, "dead_unit_share", layer="hidden-2")) == 1
    assert named(done, "trainable_weights") == [8 * 8 * 3 * 16 + 16 + 16 * 8 + 8 + 8 * 34 + 34]


def test_only_the_images_of_a_class_are_trained_and_tested_on(trials):
    """All are of dslr: a net that always says so is always right about the domain."""
    (done,) = trials([], **OFFICE | {"training__iterations": 200}, **DSLR)
    assert named(done, "test_accuracy", head="domain")[-1] == 1.0


def test_what_was_learned_is_kept_but_for_the_last_layer(transferred):
    done = transferred[0]
    assert done.result.outcome is Outcome.OK, done.result.message
    source = [named(done, f"sum_{layer}", phase="source")[-1] for layer in range(3)]
    target = [named(done, f"sum_{layer}")[-1] for layer in range(3)]
    assert source[:2] == target[:2]
    assert source[2] != target[2]
    assert named(done, "trainable_weights") == [8 * 34 + 34]
    assert named(done, "trainable_weights", phase="source") == [8 * 8 * 3 * 16 + 16 + 16 * 8 + 8 + 8 * 34 + 34]


def test_the_source_is_learned_as_by_a_trial_of_its_own(trials, transferred):
    (alone,) = trials([], **OFFICE, training__only={"domain": "amazon"})
    assert named(alone, "test_loss") == named(transferred[0], "test_loss", phase="source")


def test_what_is_read_on_the_way_is_told_apart_by_phase(transferred):
    done = transferred[0]
    assert done.result.outcome is Outcome.OK, done.result.message
    layers = [one.labels for one in done.result.observations if one.name == "gradient_norm"]
    assert len([one for one in layers if one.get("phase") == "source"]) == 3
    assert len([one for one in layers if "phase" not in one]) == 1  # all but the last are frozen
    assert len(named(done, "log10_gradient_ratio", phase="source")) == 1
    assert named(done, "log10_gradient_ratio") == []


def test_trials_of_a_job_transfer_each_for_itself(trials, transferred):
    """Two seeds in one job give what each gives in a job of its own."""
    alone = trials([], 2, apart=True, **OFFICE, **TRANSFER, **DSLR)
    losses = [named(done, "test_loss") for done in transferred]
    assert losses == [named(done, "test_loss") for done in alone]
    assert losses[0] != losses[1]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"training__only": {"domain": "phone"}}, "the head 'domain' has no class 'phone'; there are: amazon, dslr"),
        ({"training__images_per_class": 2}, "images_per_class is for data sets with one label an image"),
    ],
)
def test_what_the_data_does_not_have_is_said(trials, changes, message):
    (done,) = trials([], **OFFICE, **changes)
    assert done.result.outcome is Outcome.FAILED
    assert message in done.result.message


def test_fit_trains_both_heads_as_train_does(trials, plain):
    (fit,) = trials([], **OFFICE, training__procedure={"name": "fit"})
    assert fit.result.outcome is Outcome.OK, fit.result.message
    assert named(fit, "test_loss")[-1] == pytest.approx(named(plain, "test_loss")[-1], rel=1e-4)
    for head in ("domain", "item"):
        assert named(fit, "test_accuracy", head=head)[-1] == pytest.approx(named(plain, "test_accuracy", head=head)[-1])


def test_a_source_that_diverges_leaves_what_it_was_to_the_target(trials):
    """The seed stays in n, with the accuracy of its last state."""
    rate = {"cases__fast": {"learning_rate": 1e30}}
    (done,) = trials([], **OFFICE | rate, **TRANSFER, **DSLR)
    assert done.result.outcome is Outcome.DIVERGED
    assert len(named(done, "test_accuracy", head="item")) == 2
    assert len(named(done, "test_accuracy", head="item", phase="source")) == 2


def test_a_callback_that_stops_the_source_leaves_the_target_to_be_learned(trials):
    (done,) = trials([{"name": "mine:StopSource"}], **OFFICE, **TRANSFER, **DSLR)
    assert done.result.outcome is Outcome.OK
    assert done.result.message == "on the source: stopped by a callback at iteration 10"
    assert len(named(done, "test_accuracy", head="item")) == 2

"""Tuning by gradient: validation gradients against finite differences and against derivatives written out."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
from pydantic import ValidationError

from hpbench.catalogue.work import Bilevel
from hpbench.definition.schema import Training
from hpbench.engine.batches import batch_indices
from hpbench.engine.bilevel import NoValidationImagesError, Outer, Tuned
from hpbench.engine.bilevel import bilevel as bilevel_procedure
from hpbench.engine.heads import Heads
from hpbench.parts.models.mlp import mlp
from hpbench.records.trial import Outcome
from tests.engine import bilevel_by_hand as by_hand
from tests.engine.programs import Unconfigured, compiled
from tests.engine.search_by_hand import TwoLayerNet

CODE = ""
SHAPE, CLASSES, BATCH, STEPS = (3, 3, 1), 4, 8, 6
STARTS = [(0.3, 0.01), (0.01, 1.0), (2.0, 1e-4)]
"""Rate and decay: of use both, much decay and little rate, much rate and little decay."""


def drawn(count, seed, dtype=np.float64):
    """Images of classes that can be told apart, but not well."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, CLASSES, count).astype(np.int32)
    images = generator.normal(size=(count, *SHAPE))
    images[np.arange(count), labels // 3, labels % 3, 0] += 1
    return images.astype(dtype), labels


def flat(data):
    return data[0].reshape(len(data[0]), -1).astype(np.float64), data[1]


@pytest.fixture(autouse=True)
def usual_precision():
    yield
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")


def precision(dtype):
    keras.config.set_floatx(dtype)
    keras.config.set_dtype_policy(dtype)
    keras.utils.set_random_seed(1)


def linear(dtype="float64"):
    precision(dtype)
    return keras.Sequential([keras.Input(SHAPE), keras.layers.Flatten(), keras.layers.Dense(CLASSES)])


def hidden(dtype="float64"):
    precision(dtype)
    return mlp({"units": [7]}, SHAPE, CLASSES)


def normalised(dtype="float64"):
    """Whatever has a state, or a kink: moving averages, maxima."""
    precision(dtype)
    return keras.Sequential(
        [
            keras.Input(SHAPE),
            keras.layers.Conv2D(3, 2, padding="same"),
            keras.layers.BatchNormalization(momentum=0.5),
            keras.layers.ReLU(),
            keras.layers.MaxPooling2D(2, padding="same"),
            keras.layers.Flatten(),
            keras.layers.Dense(CLASSES),
        ]
    )


NETS = {"linear": (linear, by_hand.LinearNet()), "hidden": (hidden, TwoLayerNet())}


def unrolled(model, mode="graph", dtype=np.float64):
    backend = Unconfigured()
    data = backend.place({"train": drawn(40, 1, dtype), "validation": drawn(30, 2, dtype)})
    return backend.validation_gradient(model, data["train"], data["validation"], mode, Heads())


@pytest.fixture(scope="module")
def begun():
    """Gives a net in float64 as it was made, with what unrolls it, compiled once, and its weights."""
    made = {}

    def again(net):
        precision("float64")
        if net not in made:
            model = NETS[net][0]()
            made[net] = model, unrolled(model), model.get_weights()
        model, _, weights = made[net]
        model.set_weights(weights)
        return made[net]

    return again


BATCHES = batch_indices(40, BATCH, STEPS, 3)
EVERYTHING = np.arange(30, dtype=np.int32)


@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize("start", STARTS, ids=str)
def test_the_gradient_is_that_of_finite_differences(begun, net, start):
    reference, (model, unroll, weights) = NETS[net][1], begun(net)
    data, validation = flat(drawn(40, 1)), flat(drawn(30, 2))
    found = unroll(BATCHES, EVERYTHING, *start)
    after = by_hand.inner(reference, weights, BATCHES, data, *start)
    for one, other in zip(model.get_weights(), after, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-11)
    assert found.validation_loss == pytest.approx(reference.loss(after, *validation), rel=1e-10)
    expected = by_hand.slopes(reference, weights, BATCHES, data, validation, *start)
    np.testing.assert_allclose(found.gradient, expected, rtol=1e-5, atol=1e-8)
    assert found.losses[0] == pytest.approx(reference.loss(weights, data[0][BATCHES[0]], data[1][BATCHES[0]]))
    assert found.finite


@pytest.mark.parametrize("start", STARTS, ids=str)
def test_the_gradient_of_a_linear_model_is_the_one_written_out(begun, start):
    (_, unroll, weights), reference = begun("linear"), by_hand.LinearNet()
    data, validation = flat(drawn(40, 1)), flat(drawn(30, 2))
    exact = by_hand.exact_slopes(reference, weights, BATCHES, data, validation, *start)
    found = unroll(BATCHES, EVERYTHING, *start)
    np.testing.assert_allclose(found.gradient, exact, rtol=1e-10, atol=1e-13)


def test_the_gradient_goes_through_moving_averages_and_maxima():
    """Against central differences of what it gives itself, from the same state.

    TensorFlow's moments give no second derivatives: with them it is off by 3 %.
    """
    model, (rate, decay) = normalised(), STARTS[0]
    start = [variable.numpy() for variable in model.variables]
    unroll = unrolled(model)

    def found(rate, decay):
        for variable, value in zip(model.variables, start, strict=True):
            variable.assign(value)
        return unroll(BATCHES, EVERYTHING, rate, decay)

    step = 1e-6
    up, down = np.exp(step), np.exp(-step)
    pairs = [((rate * up, decay), (rate * down, decay)), ((rate, decay * up), (rate, decay * down))]
    expected = [(found(*one).validation_loss - found(*other).validation_loss) / (2 * step) for one, other in pairs]
    np.testing.assert_allclose(found(rate, decay).gradient, expected, rtol=1e-5, atol=1e-8)
    averages = [variable for variable in model.non_trainable_variables if "moving_mean" in variable.path]
    assert np.abs(averages[0].numpy()).max() > 0


@pytest.mark.parametrize("mode", ["xla", "graph", "eager"])
def test_every_mode_gives_it_in_float32(mode):
    model, reference = hidden("float32"), TwoLayerNet()
    weights = [weight.astype(np.float64) for weight in model.get_weights()]
    found = unrolled(model, mode, np.float32)(BATCHES, EVERYTHING, *STARTS[0])
    data = flat(drawn(40, 1, np.float32)), flat(drawn(30, 2, np.float32))
    expected = by_hand.slopes(reference, weights, BATCHES, *data, *STARTS[0])
    np.testing.assert_allclose(found.gradient, expected, rtol=1e-3, atol=1e-5)


def test_warming_up_changes_nothing():
    model = normalised("float32")
    before = [variable.numpy() for variable in model.variables]
    unrolled(model, dtype=np.float32).warm_up((STEPS, BATCH), 30)
    for variable, value in zip(model.variables, before, strict=True):
        np.testing.assert_array_equal(variable.numpy(), value)


@pytest.mark.parametrize(
    ("changes", "outer_steps"),
    [
        ({}, 5),
        ({"tune": ("learning_rate",)}, 5),
        ({"tune": ("weight_decay",)}, 5),
        ({"outer_rate": 20.0, "largest_change": 0.1}, 5),
        ({"outer_steps": 2}, 2),
    ],
    ids=str,
)
def test_outer_steps_are_those_of_the_algorithm_by_hand(begun, changes, outer_steps):
    """Five inner loops in float64, from evaluation to evaluation; the last loop of a stretch is shorter."""
    procedure = Bilevel.model_validate({"name": "bilevel", "inner_steps": 4, "outer_rate": 0.5} | changes)
    batches = batch_indices(40, BATCH, 18, 3)
    loops = [batches[0:4], batches[4:8], batches[8:9], batches[9:13], batches[13:17]]
    (model, unroll, weights), reference, start = begun("hidden"), TwoLayerNet(), (0.1, 0.05)
    data, validation = flat(drawn(40, 1)), flat(drawn(30, 2))
    tuned = np.array([name in procedure.tune for name in ("learning_rate", "weight_decay")])
    settings = procedure.outer_rate, tuned, procedure.largest_change
    weights, values = by_hand.outer(reference, weights, loops[:outer_steps], data, validation, start, *settings)
    for rest in loops[outer_steps:]:
        weights = by_hand.inner(reference, weights, rest, data, *values[-1])
    hyperparameters = Outer(procedure, *start)
    program = Tuned(None, unroll, hyperparameters, lambda step: EVERYTHING, procedure.inner_steps)
    first, second = program.run(batches[:9]), program.run(batches[9:17])
    assert (first.iterations, second.iterations, first.finite) == (9, 8, True)
    np.testing.assert_allclose(hyperparameters.values, values[-1], rtol=1e-6)
    for one, other in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-8)
    assert program.observed()["chosen_rate"] == pytest.approx(values[min(outer_steps, 4)][0], rel=1e-6)
    assert (np.abs(values[-1] / values[0] - 1) > 1e-3).tolist() == tuned.tolist()


def test_a_stretch_counts_as_that_of_the_plain_program():
    """With hyperparameters that stay, loss and accuracies are those of plain SGD by the compiled loop."""
    data = drawn(40, 1, np.float32)
    batches = batch_indices(40, BATCH, 12, 7)
    plain = compiled(hidden("float32"), keras.optimizers.SGD(0.1), data, batch_size=BATCH).run(batches)
    procedure = Bilevel(name="bilevel", inner_steps=5, outer_rate=1e-12)
    unroll = unrolled(hidden("float32"), dtype=np.float32)
    found = Tuned(None, unroll, Outer(procedure, 0.1, 0.0), lambda step: EVERYTHING, 5).run(batches)
    assert found.loss == pytest.approx(plain.loss, rel=1e-5)
    assert found.accuracy == pytest.approx(plain.accuracy)
    assert found.batch_accuracy == pytest.approx(plain.batch_accuracy)
    assert (found.iterations, found.finite) == (12, True)


def test_a_loss_that_is_not_finite_ends_the_stretch_at_its_iteration():
    data = drawn(40, 1, np.float32)
    batches = batch_indices(40, BATCH, 12, 7)
    plain = compiled(hidden("float32"), keras.optimizers.SGD(1e25), data, batch_size=BATCH).run(batches)
    procedure = Bilevel(name="bilevel", inner_steps=5)
    outer = Outer(procedure, 1e25, 1e-4)
    found = Tuned(None, unrolled(hidden("float32"), dtype=np.float32), outer, lambda step: EVERYTHING, 5).run(batches)
    assert (found.finite, found.iterations) == (plain.finite, plain.iterations) == (False, found.iterations)
    assert found.iterations < 12


def test_a_gradient_that_is_not_a_number_changes_nothing():
    outer = Outer(Bilevel(name="bilevel", outer_rate=0.1), 0.1, 0.01)
    outer.step(np.array([np.nan, 1.0]))
    np.testing.assert_allclose(outer.values, [0.1, 0.01 * np.exp(-0.1)])


def test_a_rate_far_too_small_grows():
    """Loops of 5 iterations; the training loss ends below that of the fixed rate."""
    procedure = Bilevel(name="bilevel", inner_steps=5, outer_rate=100.0)
    batches = batch_indices(40, BATCH, 100, 7)
    outer = Outer(procedure, 1e-3, 1e-4)
    tuned = Tuned(None, unrolled(hidden("float32"), "xla", np.float32), outer, lambda step: EVERYTHING, 5)
    losses = [tuned.run(batches[start : start + 20]).loss for start in range(0, 100, 20)]
    fixed = compiled(hidden("float32"), keras.optimizers.SGD(1e-3), drawn(40, 1, np.float32), batch_size=BATCH)
    fixed.run(batches[:80])
    assert losses[-1] < fixed.run(batches[80:]).loss - 0.1
    assert outer.values[0] > 1e-2


# --- whole trials

PLAIN = {"training__optimizer": {"name": "sgd", "l2": 0.001}}


def bilevel(**fields):
    return PLAIN | {"training__procedure": {"name": "bilevel", "inner_steps": 4} | fields}


@pytest.fixture(scope="module")
def train(trials):
    """The trial whose procedure is plain training."""
    return trials([], **PLAIN)[0]


def test_a_trial_observes_what_training_does_and_what_was_chosen(trials, train):
    (done,) = trials([], **bilevel(outer_rate=1.0))
    assert done.result.outcome is Outcome.OK, done.result.message
    assert set(done.curves) - set(train.curves) == {"chosen_rate", "chosen_weight_decay", "validation_loss"}
    assert not set(train.curves) - set(done.curves)
    rates = dict(done.curves["chosen_rate"])
    assert list(rates) == [4, 8, 12]
    assert rates[4] == pytest.approx(0.05)
    assert len({round(rate, 6) for rate in rates.values()}) == 3
    assert dict(done.curves["chosen_weight_decay"])[4] == pytest.approx(0.001)


def test_hyperparameters_that_stay_give_what_training_gives(trials, train):
    (tuned,) = trials([], **bilevel(outer_rate=1e-12))
    for name in ("test_loss", "train_loss", "batch_loss", "test_accuracy"):
        assert tuned.values(name) == pytest.approx(train.values(name), rel=1e-4)


def test_trials_of_a_job_tune_each_for_itself(trials):
    first, second = trials([], 2, **bilevel(outer_rate=1.0, validation_images=20))
    alone = trials([], 2, apart=True, **bilevel(outer_rate=1.0, validation_images=20))
    assert [done.values("chosen_rate") for done in (first, second)] == [done.values("chosen_rate") for done in alone]
    assert first.values("chosen_rate") != second.values("chosen_rate")


def test_a_trial_whose_rate_is_far_too_large_diverges(trials):
    (done,) = trials([], **bilevel() | {"cases__fast": {"learning_rate": 1e30}})
    assert done.result.outcome is Outcome.DIVERGED
    assert len(done.curves["test_accuracy"]) == 3


def test_a_data_set_without_validation_images_is_refused():
    nothing = np.zeros((0, *SHAPE), np.float32), np.zeros(0, np.int32)
    run = SimpleNamespace(
        settings=SimpleNamespace(training=Training.model_validate(FIELDS)),
        splits={"train": drawn(40, 1), "validation": nothing, "test": drawn(30, 2)},
        trial=SimpleNamespace(benchmark="b", seed=0),
        heads=Heads(),
        backend=Unconfigured(),
    )
    with pytest.raises(NoValidationImagesError, match="the data set has none; split some off its training images"):
        bilevel_procedure(run)


# --- definitions

FIELDS = {
    "procedure": {"name": "bilevel"},
    "optimizer": {"name": "sgd", "l2": 0.001},
    "schedule": {"name": "constant"},
    "learning_rate": 0.1,
    "batch_size": 16,
    "iterations": 10,
}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"optimizer": {"name": "sgd"}}, "give a positive one, or write 'tune:"),
        ({"optimizer": {"name": "sgd", "momentum": 0.9, "l2": 0.1}}, "sgd without momentum"),
        ({"schedule": {"name": "exponential", "factor": 0.9}}, "write 'schedule: {name: constant}'"),
        ({"step": {"name": "learning_rate_search"}}, "leave the step learning_rate_search out"),
        ({"callbacks": [{"name": "record_weight_norm"}]}, "calls no callbacks"),
        ({"procedure": {"name": "bilevel", "tune": []}}, "at least 1"),
        ({"procedure": {"name": "bilevel", "tune": ["momentum"]}}, "learning_rate"),
    ],
)
def test_a_definition_that_does_not_fit_is_told_what_would(changes, words):
    assert Training.model_validate(FIELDS).procedure.inner_steps == 10
    with pytest.raises(ValidationError, match=words):
        Training.model_validate(FIELDS | changes)


def test_without_weight_decay_only_the_rate_is_tuned():
    changes = {"optimizer": {"name": "sgd"}, "procedure": {"name": "bilevel", "tune": ["learning_rate"]}}
    assert Training.model_validate(FIELDS | changes).procedure.tune == ("learning_rate",)

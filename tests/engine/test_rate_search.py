"""The learning-rate search against the same algorithm written by hand in NumPy."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from hpbench.engine.batches import batch_indices, few_shot
from hpbench.engine.fitting import with_step
from hpbench.engine.rate_search import LearningRateSearch
from hpbench.engine.tensorflow_state import Carried
from hpbench.parts.datasets.embedded import mnist5k
from hpbench.parts.models.mlp import mlp
from tests.engine.programs import compiled
from tests.engine.search_by_hand import ALPHA, BETA, Search, TwoLayerNet

H1, H2 = (0.01, 0.1, 1.0), (1.0, 10.0, 100.0)
USUAL, WIDE = (8.0, 5.0), (60.0, 60.0)
TRAJECTORIES = [(H1, USUAL, 2, 4), (H2, USUAL, 2, 1), (H2, USUAL, 4, 4), (H1, USUAL, 8, 2), (H1, WIDE, 2, 0)]
"""Proposals, alpha and beta, batch size and seed; among them rounds of every kind."""
LENGTH = 16
"""Iterations of a trajectory."""
OPEN = {
    "as-default": ({}, {}),
    "nonzero": ({"components": "nonzero"}, {"nonzero": True}),
    "no-sign": ({"zero": "no-sign"}, {"zero_has_sign": False}),
    "left-out": ({"biases": False}, {"biases": False}),
    "free": ({"rounds": "free"}, {"free": True}),
    "nonzero-no-sign-free": (
        {"components": "nonzero", "zero": "no-sign", "rounds": "free"},
        {"nonzero": True, "zero_has_sign": False, "free": True},
    ),
}
TOLD_APART = [("left-out", (H1, USUAL, 4, 23))] + [
    (name, TRAJECTORIES[place]) for name in ("nonzero", "no-sign", "free", "nonzero-no-sign-free") for place in (0, 2)
]
"""What is open, with trajectories in which it makes a difference."""


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    arrays = mnist5k({"name": "mnist5k"}, tmp_path_factory.mktemp("data"))
    return arrays.x_train.reshape(-1, 784) / 255, arrays.y_train


def drawn(images, per_class, seed):
    x, y = images
    rows = few_shot(y, per_class, seed)
    return x[rows], y[rows]


def network(units, seed, dtype="float32"):
    keras.config.set_floatx(dtype)
    keras.config.set_dtype_policy(dtype)
    keras.utils.set_random_seed(seed)
    return mlp({"units": [units]}, (28, 28, 1), 10)


@pytest.fixture(autouse=True)
def usual_precision():
    yield
    keras.config.set_floatx("float32")
    keras.config.set_dtype_policy("float32")


@pytest.mark.parametrize(
    ("open_points", "trajectory"), [*(("as-default", one) for one in TRAJECTORIES), *TOLD_APART], ids=str
)
def test_whole_trajectories_in_float64(images, open_points, trajectory):
    (keywords, by_hand), (proposals, thresholds, batch_size, seed) = OPEN[open_points], trajectory
    x, y = drawn(images, 3, seed)
    model = network(20, seed, "float64")
    optimizer = keras.optimizers.SGD(0.1)
    optimizer.build(model.trainable_variables)
    state = Carried(model, optimizer, LearningRateSearch(proposals, *thresholds, **keywords))
    weights = [weight.astype(np.float64) for weight in model.get_weights()]
    reference, carried = Search(list(proposals), *thresholds, **by_hand), state.begin()
    for row in batch_indices(len(y), batch_size, LENGTH, seed):
        weights = reference.iterate(TwoLayerNet(), weights, x[row], y[row])
        _, carried = state.advance((tf.constant(x[row].reshape(-1, 28, 28, 1)), tf.constant(y[row])), carried)
        assert float(carried.own["bound"]) == pytest.approx(reference.delta or 0)
        assert float(carried.own["rate"]) == pytest.approx(reference.rate or 0)
        for found, expected in zip(carried.weights, weights, strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-11)
    counts = {name: reference.branches.count(branch) for name, branch in BRANCHES.items()}
    assert {name: int(carried.own[name]) for name in counts} == counts


BRANCHES = {"shrinks": "a", "updates": "c", "picks": "pick"}


def references(images, open_points, trajectory):
    """A trajectory by hand: its branches, whether each pick was the full bound, and bound and rate on the way."""
    proposals, thresholds, batch_size, seed = trajectory
    x, y = drawn(images, 3, seed)
    weights = [weight.astype(np.float64) for weight in network(20, seed, "float64").get_weights()]
    reference, full, way = Search(list(proposals), *thresholds, **OPEN[open_points][1]), set(), []
    for row in batch_indices(len(y), batch_size, LENGTH, seed):
        weights = reference.iterate(TwoLayerNet(), weights, x[row], y[row])
        full |= {reference.rate == reference.delta} if reference.losses else set()
        way.append((reference.delta, reference.rate))
    return set(reference.branches), full, way


def test_all_branches_occur_in_those_trajectories(images):
    """Else they would agree on little: rounds that shrink, that fall between beta and alpha, and both picks."""
    branches, full, _ = zip(*(references(images, "as-default", one) for one in TRAJECTORIES), strict=True)
    assert set().union(*branches) == {"a", "b", "c", "pick"}
    assert set().union(*full) == {True, False}


def test_what_is_open_makes_a_difference_in_those_trajectories(images):
    for open_points, trajectory in TOLD_APART:
        assert references(images, open_points, trajectory)[2] != references(images, "as-default", trajectory)[2]


@pytest.fixture(scope="module")
def program(images):
    """Gives a model and its program over the same images; those of one mode and batch size share it."""
    x, y = drawn(images, 2, 0)
    data, made = (x.reshape(-1, 28, 28, 1).astype(np.float32), y), {}

    def begun(mode, batch_size, step, seed):
        model, optimizer = network(20, seed), keras.optimizers.SGD(0.1)
        if (mode, batch_size) in made:
            made[mode, batch_size][1].reset(model, None, step)
        else:
            program = compiled(model, optimizer, data, mode, step, stretch=1, batch_size=batch_size)
            made[mode, batch_size] = model, program
        return *made[mode, batch_size], data

    return begun


@pytest.mark.parametrize(
    ("mode", "batch_size", "seed"), [("xla", 2, 0), ("xla", 2, 1), ("xla", 8, 0), ("xla", 8, 1), ("graph", 4, 2)]
)
@pytest.mark.parametrize("proposals", [H1, H2])
def test_step_by_step_from_the_same_state(program, mode, proposals, batch_size, seed):
    """The compiled float32 program, one iteration at a time; each from the program's own state.

    Where G is within half a point of alpha or beta, or the losses within 1e-5 of each other, float32 may decide
    otherwise.
    """
    step = LearningRateSearch(proposals, ALPHA, BETA)
    model, searching, data = program(mode, batch_size, step, seed)
    own, compared, y = {"h": list(proposals), "delta": None}, 0, data[1]
    for row in batch_indices(len(y), batch_size, 60, seed):
        reference = Search(own["h"], delta=own["delta"])
        before = [weight.astype(np.float64) for weight in model.get_weights()]
        expected = reference.iterate(TwoLayerNet(), before, data[0][row].reshape(-1, 784).astype(np.float64), y[row])
        searching.run(row[None])
        kept = zip(sorted(step.start()), searching._state.own, strict=True)
        after = {name: variable.numpy() for name, variable in kept}
        own = {"h": [float(rate) for rate in after["proposals"]], "delta": float(after["bound"]) or None}
        if unclear(reference):
            continue
        compared += 1
        assert own["h"] == pytest.approx(reference.h)
        assert own["delta"] == (None if reference.delta is None else pytest.approx(reference.delta))
        if reference.branches[-1] in ("c", "pick"):
            assert float(after["rate"]) == pytest.approx(reference.rate)
        for found, wanted in zip(model.get_weights(), expected, strict=True):
            np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-5)
    assert compared > 30


def unclear(reference):
    near = [abs(max(g) - threshold) for g in reference.g for threshold in (ALPHA, BETA)]
    if reference.losses:
        less, more = sorted(reference.losses)
        return more - less <= 1e-5 * more
    return min(near) <= 0.5


def test_signs_on_all_images(images):
    x, y = drawn(images, 3, 5)
    data = x.reshape(-1, 28, 28, 1).astype(np.float32), y
    model = network(20, 5)
    step = LearningRateSearch(H2, ALPHA, BETA, batch="all")
    program = compiled(model, keras.optimizers.SGD(0.1), data, "xla", step, stretch=1, batch_size=2)
    row = batch_indices(len(y), 2, 1, 5)[0]
    reference = Search(list(H2), everything=(x, y))
    reference.iterate(TwoLayerNet(), [weight.astype(np.float64) for weight in model.get_weights()], x[row], y[row])
    assert not unclear(reference)
    program.run(row[None])
    assert program.observed()["search_shrinks"] == reference.branches.count("a")
    assert step.sees_all_images


def test_without_a_bound_every_update_takes_the_proposal_with_the_least_loss(images):
    x, y = drawn(images, 2, 1)
    data = x.reshape(-1, 28, 28, 1).astype(np.float32), y
    model, net = network(20, 1), TwoLayerNet()
    step = LearningRateSearch(H1, bounded=False)
    program = compiled(model, keras.optimizers.SGD(0.1), data, "xla", step, stretch=1, batch_size=2)
    for row in batch_indices(len(y), 2, 20, 1):
        weights = [weight.astype(np.float64) for weight in model.get_weights()]
        gradient = net.gradient(weights, x[row], y[row])
        after = [[w - eta * g for w, g in zip(weights, gradient, strict=True)] for eta in H1]
        losses = [net.loss(moved, x[row], y[row]) for moved in after]
        program.run(row[None])
        if np.diff(sorted(losses)).min() > 1e-5 * max(losses):
            assert program.observed() == {"chosen_rate": pytest.approx(H1[int(np.argmin(losses))])}


def test_another_trial_of_the_job_starts_with_its_own_proposals(images):
    x, y = drawn(images, 2, 1)
    data = x.reshape(-1, 28, 28, 1).astype(np.float32), y
    batches = batch_indices(len(y), 2, 30, 1)

    def program(proposals):
        step = LearningRateSearch(proposals)
        return compiled(network(20, 1), keras.optimizers.SGD(0.1), data, "graph", step, batch_size=2)

    def observed(program):
        program.run(batches)
        return program.observed()

    shared = program(H1)
    first = observed(shared)
    shared.reset(network(20, 1), None, LearningRateSearch(H2))
    assert observed(shared) == observed(program(H2)) != first


def test_in_a_model_of_one_s_own_by_fit(images):
    """The same as the compiled loop on the same batches."""
    x, y = drawn(images, 2, 3)
    images4d = x.reshape(-1, 28, 28, 1).astype(np.float32)
    looped = network(20, 3)
    program = compiled(looped, keras.optimizers.SGD(0.1), (images4d, y), "graph", LearningRateSearch(H1), batch_size=4)
    program.run(np.tile(np.arange(20, dtype=np.int32).reshape(5, 4), (8, 1)))
    model = network(20, 3)
    stepped = with_step(model, LearningRateSearch(H1))
    stepped.compile("sgd", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    history = stepped.fit(images4d, y, batch_size=4, epochs=8, shuffle=False, verbose=0)
    assert stepped.observed() == pytest.approx(program.observed())
    for found, expected in zip(model.get_weights(), looped.get_weights(), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    assert history.history["loss"][-1] < history.history["loss"][0]
    assert stepped.evaluate(images4d, y, verbose=0)[1] > 0.5


@pytest.mark.parametrize(
    ("keywords", "words"),
    [
        ({"proposals": ()}, "positive rates"),
        ({"proposals": (0.1, -1.0)}, "positive rates"),
        ({"proposals": (math.inf,)}, "positive rates"),
        ({"alpha": 4.0}, "beta the smaller one"),
    ],
)
def test_what_cannot_be_searched_is_refused(keywords, words):
    with pytest.raises(ValueError, match=words):
        LearningRateSearch(**keywords)


def test_a_model_that_is_not_built_is_refused():
    with pytest.raises(ValueError, match="not built"):
        with_step(keras.Sequential([keras.layers.Dense(3)]), LearningRateSearch())
    with pytest.raises(ValueError, match="all training images"):
        with_step(network(20, 0), LearningRateSearch(batch="all"))


def test_the_reference_s_gradient_is_that_of_its_loss(images):
    x, y = drawn(images, 1, 0)
    generator = np.random.default_rng(0)
    weights = [generator.normal(scale=0.1, size=shape) for shape in ((784, 5), (5,), (5, 10), (10,))]
    net = TwoLayerNet()
    gradient = net.gradient(weights, x, y)
    for index, weight in enumerate(weights):
        direction = generator.normal(size=weight.shape)
        moved = [list(weights), list(weights)]
        for sign, one in zip((1, -1), moved, strict=True):
            one[index] = weight + sign * 1e-6 * direction
        slope = (net.loss(moved[0], x, y) - net.loss(moved[1], x, y)) / 2e-6
        assert slope == pytest.approx((gradient[index] * direction).sum(), rel=1e-5, abs=1e-8)

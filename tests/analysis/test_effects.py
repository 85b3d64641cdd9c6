import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hpbench.analysis.effects import effects
from hpbench.analysis.variance import doubling_effect, rank_correlation, variance_shares

BATCHES, RATES = (32, 64), (0.01, 0.02, 0.04)


def test_an_additive_response_has_no_interaction():
    array = np.array([0.0, 3.0])[:, None] + np.array([0.0, 1.0, 2.0])
    shares = variance_shares(array, ("a", "b"))
    assert shares == pytest.approx({("a",): 2.25 / (2.25 + 2 / 3), ("b",): (2 / 3) / (2.25 + 2 / 3), ("a", "b"): 0})


def test_an_exclusive_or_is_all_interaction():
    two = np.array([[0.0, 1.0], [1.0, 0.0]])
    assert variance_shares(two, ("a", "b")) == pytest.approx({("a",): 0, ("b",): 0, ("a", "b"): 1})
    three = np.einsum("i,j,k->ijk", *[np.array([-1.0, 1.0])] * 3)
    shares = variance_shares(three, ("a", "b", "c"))
    assert shares.pop(("a", "b", "c")) == pytest.approx(1)
    assert list(shares) == [("a",), ("b",), ("c",), ("a", "b"), ("a", "c"), ("b", "c")]
    assert list(shares.values()) == pytest.approx([0] * 6, abs=1e-12)


def test_against_the_textbooks_two_way_analysis_of_variance():
    array = np.random.default_rng(0).normal(size=(4, 5))
    rows, columns = array.mean(axis=1), array.mean(axis=0)
    total = array.size * array.var()
    of_rows = 5 * ((rows - array.mean()) ** 2).sum() / total
    of_columns = 4 * ((columns - array.mean()) ** 2).sum() / total
    shares = variance_shares(array, ("rows", "columns"))
    assert shares["rows",] == pytest.approx(of_rows)
    assert shares["columns",] == pytest.approx(of_columns)
    assert shares["rows", "columns"] == pytest.approx(1 - of_rows - of_columns)


def test_against_least_squares_with_three_axes():
    """The share of a main effect is the R squared of a regression on its indicators."""
    array = np.random.default_rng(1).normal(size=(2, 3, 4))
    shares = variance_shares(array, ("a", "b", "c"))
    y = array.ravel() - array.mean()
    for dimension, axis in enumerate("abc"):
        levels = np.indices(array.shape)[dimension].ravel()
        indicators = np.eye(array.shape[dimension])[levels]
        residual = y - indicators @ np.linalg.lstsq(indicators, y)[0]
        assert shares[axis,] == pytest.approx(1 - (residual @ residual) / (y @ y))


@given(arrays(np.float64, st.tuples(*[st.integers(1, 4)] * 3), elements=st.floats(-1e3, 1e3)))
def test_shares_sum_to_one_or_are_undefined(array):
    shares = list(variance_shares(array, ("a", "b", "c")).values())
    if np.ptp(array) > 1e-6:
        assert math.fsum(shares) == pytest.approx(1)
        assert min(shares) >= 0
    if np.ptp(array) == 0:
        assert all(map(math.isnan, shares))


@given(st.floats(-5, 5), st.floats(-5, 5), st.floats(-5, 5))
def test_the_effect_of_doubling_is_the_planted_slope(a, b, constant):
    array = constant + a * np.log2(BATCHES)[:, None] + b * np.log2(RATES)
    assert doubling_effect(array, 0, BATCHES) == pytest.approx(a, abs=1e-9)
    assert doubling_effect(array, 1, RATES) == pytest.approx(b, abs=1e-9)


def test_an_axis_of_words_or_of_one_value_has_no_direction():
    array = np.arange(4.0).reshape(2, 2)
    for levels in (("adam", "sgd"), (0, 1), (3, 3)):
        assert math.isnan(doubling_effect(array, 0, levels))
        assert math.isnan(rank_correlation(array, 0, levels))
    assert math.isnan(rank_correlation(np.ones((2, 2)), 0, BATCHES))


def test_rank_correlation_by_hand():
    """Ranks 1.5 1.5 3.5 3.5 against 1 2 3 4: 4 / sqrt(4 x 5) = 0.894."""
    assert rank_correlation(np.array([[1.0, 2.0], [3.0, 9.0]]), 0, BATCHES) == pytest.approx(4 / math.sqrt(20))


def plant(run, seeds=3, timed=(), hump=0.2):
    """Accuracy rises with iterations, not with the batch, and goes up and down with the rate."""
    for batch in BATCHES:
        for place, rate in enumerate(RATES):
            case = f"crossed/batch_size={batch},learning_rate={rate}"
            for seed in range(seeds):
                bump = (hump if place == 1 else 0) + 0.001 * seed
                run.curve(case, seed, "test_accuracy", [0.1, 0.3 + bump, 0.4 + bump, 0.5 + bump])
                if seed in timed:
                    run.curve(case, seed, "seconds_per_100_iterations", [batch / 32], iterations=[math.nan])


def test_planted_effects_are_found(planted):
    plant(planted, timed=(0,))
    found = effects(planted.tables(), planted.resolved, "crossed")
    assert found.axes == {"batch_size": BATCHES, "learning_rate": RATES}
    read = [(r.metric, r.iteration, r.axes, r.seeds) for r in found.responses]
    assert read == [
        ("test_accuracy", None, ("batch_size", "learning_rate", "iterations"), 3),
        ("test_accuracy", 200, ("batch_size", "learning_rate"), 3),
        ("test_accuracy", 400, ("batch_size", "learning_rate"), 3),
        ("seconds_per_100_iterations", None, ("batch_size", "learning_rate"), 1),
    ]
    assert found.not_measured == ("training_clock", "host_memory_training")
    together, at_200, _, seconds = found.responses
    shares = {share.axes: share.share.mean for share in together.shares}
    # variance of the rate: 0.2**2 x 2/9; of the iterations: 0.1**2
    assert shares["learning_rate",] == pytest.approx((0.04 * 2 / 9) / (0.04 * 2 / 9 + 0.01))
    assert shares["iterations",] == pytest.approx(0.01 / (0.04 * 2 / 9 + 0.01))
    assert sum(shares.values()) == pytest.approx(1)
    by_axis = {effect.axis: effect for effect in at_200.effects}
    assert by_axis["learning_rate"].doubling.mean == pytest.approx(0, abs=1e-12)
    assert {effect.axis: effect.doubling.mean for effect in together.effects}["iterations"] == pytest.approx(0.2)
    assert {share.axes: share.share.mean for share in seconds.shares}["batch_size",] == pytest.approx(1)
    assert math.isnan(seconds.effects[0].doubling.low)
    assert seconds.effects[0].doubling.mean == pytest.approx(1)


def test_training_time_grows_with_the_iterations_and_the_batch(planted):
    """Planted: batch / 32 seconds for each 100 iterations, read at 200 and 400."""
    plant(planted)
    for batch in BATCHES:
        for rate in RATES:
            for seed in range(3):
                case = f"crossed/batch_size={batch},learning_rate={rate}"
                planted.curve(case, seed, "training_clock", [batch / 32 * step for step in (1, 2, 3, 4)])
    found = effects(planted.tables(), planted.resolved, "crossed")
    clock = next(response for response in found.responses if response.metric == "training_clock")
    assert clock.axes == ("batch_size", "learning_rate", "iterations")
    doubling = {effect.axis: effect.doubling.mean for effect in clock.effects}
    assert doubling["batch_size"] == pytest.approx(3)
    assert doubling["learning_rate"] == pytest.approx(0, abs=1e-12)
    assert doubling["iterations"] == pytest.approx(2 * (1 + BATCHES[1] / 32) / 2)


def test_the_surface_shows_the_hump_that_no_correlation_does(planted):
    plant(planted)
    together = effects(planted.tables(), planted.resolved, "crossed").responses[0]
    assert len(together.surface) == 2 * 3 * 2
    at_end = [p.interval.mean for p in together.surface if p.iteration == 400 and p.point["batch_size"] == 32]
    assert at_end == pytest.approx([0.501, 0.701, 0.501])
    assert [p.point["learning_rate"] for p in together.surface[:3]] == list(RATES)


def test_a_seed_without_the_full_grid_is_left_out(planted):
    plant(planted)
    planted.observations = [
        row for row in planted.observations if row[:3] != ("crossed/batch_size=32,learning_rate=0.01", "default", 1)
    ]
    assert {response.seeds for response in effects(planted.tables(), planted.resolved, "crossed").responses} == {2}


def test_no_full_grid_no_effects(planted):
    planted.curve("crossed/batch_size=32,learning_rate=0.01", 0, "test_accuracy", [0.1, 0.2, 0.3, 0.4])
    assert effects(planted.tables(), planted.resolved, "crossed") is None


def test_a_study_without_a_grid_has_no_effects(planted_as):
    run = planted_as("grid: {batch_size: [32, 64], learning_rate: [0.01, 0.02, 0.04]}", "cases: {x: {batch_size: 8}}")
    run.curve("crossed/x", 0, "test_accuracy", [0.1] * 4)
    assert effects(run.tables(), run.resolved, "crossed") is None

"""Curves from closed forms are named as they were made, whatever the unit of their iterations, and nothing breaks."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hpbench.analysis.diagnosis import RULES, diagnose
from hpbench.analysis.learning_curves import LearningCurves
from hpbench.analysis.signs import deviation, signs
from hpbench.analysis.smoothing import smoothed, window_of
from hpbench.catalogue.shapes import NONE_OF_THESE, SHAPE_NAMES, SHAPES
from tests.curve_shapes import CHANCE, CONSTANT, PLANTED, POINTS, TIME, falling, made

OTHERS = ("test_loss", "train_accuracy", "test_accuracy", "learning_rate")
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


@st.composite
def any_curves(draw, numbers=NUMBERS):
    """Curves of finite numbers of any size, some of the columns missing."""
    n = draw(st.integers(0, 40))
    columns = {name: draw(st.none() | st.lists(numbers, min_size=n, max_size=n).map(np.array)) for name in OTHERS}
    columns = {name: None if column is None else column.astype(float) for name, column in columns.items()}
    loss = np.array(draw(st.lists(numbers, min_size=n, max_size=n)), dtype=float)
    return LearningCurves(np.arange(n, dtype=float), loss, **columns, classes=draw(st.none() | st.integers(1, 100)))


@pytest.mark.parametrize("shape", SHAPE_NAMES)
def test_a_planted_shape_is_named(shape):
    found = diagnose(PLANTED[shape])
    assert found.shape == shape, found.evidence
    assert found.advice == SHAPES[shape].advice


def test_there_is_a_rule_for_every_shape():
    assert {name for name, _ in RULES} == set(SHAPE_NAMES)
    assert set(SHAPES) == {*SHAPE_NAMES, NONE_OF_THESE}


@pytest.mark.parametrize(
    "shape", ["flat-start", "plateau", "decayed-too-early", "still-improving", "diverged", "healthy"]
)
def test_the_training_loss_alone_is_enough_for_most(shape):
    curves = PLANTED[shape]
    assert diagnose(LearningCurves(curves.iterations, curves.train_loss)).shape == shape


@pytest.mark.parametrize("shape", SHAPE_NAMES)
def test_half_as_many_points_have_the_same_shape(shape):
    curves = PLANTED[shape]
    every = {name: getattr(curves, name)[1::2] for name in ("iterations", "train_loss", *OTHERS)}
    assert diagnose(LearningCurves(**every, classes=curves.classes)).shape == shape


@pytest.mark.parametrize("shape", SHAPE_NAMES)
@pytest.mark.parametrize("factor", [0.25, 1024.0])
def test_the_unit_of_the_iterations_does_not_matter(shape, factor):
    curves = PLANTED[shape]
    scaled = diagnose(replace(curves, iterations=factor * curves.iterations))
    assert (scaled.shape, scaled.evidence) == (shape, diagnose(curves).evidence)


@given(any_curves())
@settings(max_examples=200, deadline=None)
def test_any_finite_curves_have_a_name(curves):
    found = diagnose(curves)
    assert found.shape in SHAPES
    assert all(np.isfinite(value) for value in found.evidence.values())


@given(any_curves(st.floats(0, 10)), st.integers(-20, 20))
@settings(max_examples=100, deadline=None)
def test_scaling_the_iterations_changes_nothing(curves, power):
    assert diagnose(replace(curves, iterations=2.0**power * curves.iterations)) == diagnose(curves)


@given(any_curves(), st.sampled_from([np.nan, np.inf, -np.inf]))
@settings(max_examples=100, deadline=None)
def test_an_appended_loss_that_is_not_finite_is_divergence(curves, value):
    columns = {name: getattr(curves, name) for name in OTHERS}
    longer = {name: None if column is None else np.append(column, 0.0) for name, column in columns.items()}
    n = float(curves.iterations.size)
    ended = LearningCurves(np.append(curves.iterations, n), np.append(curves.train_loss, value), **longer)
    assert diagnose(ended).shape == "diverged"


def test_missing_values_of_the_other_curves_are_left_out():
    for shape, curves in PLANTED.items():
        test_loss, test_accuracy = curves.test_loss.copy(), curves.test_accuracy.copy()
        test_loss[::2] = test_accuracy[::2] = np.nan
        assert diagnose(replace(curves, test_loss=test_loss, test_accuracy=test_accuracy)).shape == shape


@pytest.mark.parametrize("n", range(8))
def test_few_points_say_nothing(n):
    assert diagnose(LearningCurves(np.arange(n) + 0.0, np.linspace(2, 0.1, n), classes=10)).shape == NONE_OF_THESE


def test_a_loss_that_never_falls_has_no_shape():
    assert diagnose(made(np.ones(POINTS), np.ones(POINTS))).shape == NONE_OF_THESE


def test_a_training_that_broke_out_and_stays_at_chance_has_diverged():
    assert diagnose(made(np.where(TIME < 0.2, 9.0, 1.0), np.ones(POINTS))).shape == "diverged"


def test_a_late_decay_is_no_early_one():
    loss = np.where(TIME < 0.7, falling(0.2, 0.2), falling(0.2, 0.2)[int(0.7 * POINTS)])
    late = made(loss, loss + 0.02, np.where(TIME < 0.7, 0.1, 0.001))
    assert diagnose(late).shape != "decayed-too-early"


def test_curves_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="a value for each iteration"):
        LearningCurves(np.arange(3.0), np.ones(2))


def test_the_signs_are_what_they_say():
    found = signs(PLANTED["still-improving"])
    lowest = np.exp(-1 / 0.8)
    assert found.fall == pytest.approx(1 - lowest)
    late = np.exp(-0.75 / 0.8) - np.exp(-TIME[-4:] / 0.8).mean()
    assert found.late_fall == pytest.approx(late / (1 - lowest), rel=0.01)
    assert found.loss_at_end == pytest.approx(np.exp(-TIME[-4:] / 0.8).mean())
    assert found.gap == pytest.approx(0.9 * 0.03)
    assert found.decayed_at == 2.0
    overfitted = signs(PLANTED["overfitting"])
    test = PLANTED["overfitting"].test_loss / CHANCE
    assert overfitted.test_loss_lowest_at == pytest.approx(TIME[test.argmin()], abs=0.06)
    assert overfitted.test_loss_rise == pytest.approx(test[-4:].mean() / test.min() - 1, abs=0.02)
    assert signs(PLANTED["decayed-too-early"]).decayed_at == pytest.approx(TIME[TIME >= 0.2][0])


@given(st.integers(1, 60), st.integers(0, 1000))
@settings(max_examples=50, deadline=None)
def test_smoothing_is_a_centred_mean(n, seed):
    values = np.random.default_rng(seed).normal(size=n)
    window = window_of(n)
    half = window // 2
    assert window % 2 == 1
    calm = smoothed(values)
    assert calm.shape == values.shape
    assert calm[[0, -1]] == pytest.approx(values[[0, -1]])
    if n >= window:
        inside = np.convolve(values, np.full(window, 1 / window), "valid")
        np.testing.assert_allclose(calm[half : n - half], inside, atol=1e-12)
    np.testing.assert_allclose(smoothed(3 * np.arange(n) + 1.0), 3 * np.arange(n) + 1.0)


def test_the_deviation_is_that_of_the_noise_and_not_of_the_trend():
    noise = np.random.default_rng(1).normal(0, 0.2, 20_000)
    assert deviation(noise + np.linspace(0, 100, noise.size)) == pytest.approx(noise.std(), rel=0.03)
    assert deviation(CONSTANT) == 0

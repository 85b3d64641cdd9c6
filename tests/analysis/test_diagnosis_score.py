"""Scores of the diagnosis and of its rivals, against NumPy and scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score
from sklearn.neighbors import NearestCentroid

from hpbench.analysis.diagnosis_score import LAST_VALUES, MEAN_CURVE, RULES, WITHOUT_RATE, Score, shape_scores
from hpbench.analysis.evidence import default_evidence
from hpbench.analysis.nearest_mean import HIGHEST, NearestMean, last_values, resampled
from hpbench.analysis.stored_curves import stored_curves
from tests.curve_shapes import CHANCE, PLANTED, POINTS

SHAPES = """shapes:
  tuned_on: {healthy: [A], plateau: [B]}
  held_out: {overfitting: [C], healthy: ["crossed/batch_size=32,learning_rate=0.01"]}
advice:"""
METRICS = ("train_loss", "test_loss", "train_accuracy", "test_accuracy", "learning_rate")


def plant(run, case, shape, seeds=2):
    curves = PLANTED[shape]
    for seed in range(seeds):
        for metric in METRICS:
            run.curve(case, seed, metric, getattr(curves, metric), iterations=list(curves.iterations))


@pytest.fixture
def scored(planted_as):
    run = planted_as("advice:", SHAPES)
    plant(run, "A", "healthy")
    plant(run, "B", "plateau")
    plant(run, "C", "overfitting")
    plant(run, "crossed/batch_size=32,learning_rate=0.01", "underfitting", 1)
    return default_evidence(run.tables(), run.resolved)


def test_stored_curves_are_those_that_were_observed(scored):
    found = stored_curves(scored, "B")
    assert list(found) == [0, 1]
    for metric in (*METRICS, "iterations"):
        np.testing.assert_array_equal(getattr(found[0], metric), getattr(PLANTED["plateau"], metric))
    assert found[0].reference == pytest.approx(CHANCE)


def test_a_case_without_losses_has_no_curves(planted):
    planted.curve("A", 0, "test_accuracy", [0.5, 0.6])
    assert stored_curves(default_evidence(planted.tables(), planted.resolved), "A") == {}


def test_both_sets_are_scored_by_all(scored):
    scores = shape_scores(scored)
    assert [score.namer for score in scores.held_out.scores] == [RULES, WITHOUT_RATE, LAST_VALUES, MEAN_CURVE]
    rules = scores.held_out.scores[0]
    assert rules.counts == {("overfitting", "overfitting"): 2, ("healthy", "underfitting"): 1}
    assert (rules.n, rules.balanced_accuracy) == (3, 0.5)
    assert [(one.case, one.named) for one in scores.held_out.mistaken] == [
        ("crossed/batch_size=32,learning_rate=0.01", {"underfitting": 1})
    ]
    assert scores.tuned_on.scores[0].balanced_accuracy == 1
    assert scores.tuned_on.mistaken == ()
    assert scores.held_out.made_of == ("lenet on digits",)
    rivals = {one for score in scores.held_out.scores[2:] for _, one in score.counts}
    assert rivals <= {"healthy", "plateau"}, "rivals know what they were made of"


def test_without_shapes_there_is_nothing(planted):
    assert shape_scores(default_evidence(planted.tables(), planted.resolved)) is None


def test_a_set_that_was_not_run_has_no_score(planted_as):
    run = planted_as("advice:", SHAPES)
    plant(run, "C", "overfitting")
    scores = shape_scores(default_evidence(run.tables(), run.resolved))
    assert scores.tuned_on is None
    assert [score.namer for score in scores.held_out.scores] == [RULES, WITHOUT_RATE]


def test_balanced_accuracy_is_that_of_scikit_learn():
    random = np.random.default_rng(0)
    intended, named = random.choice(list("abc"), 60, p=[0.7, 0.2, 0.1]), random.choice(list("abc"), 60)
    counts = {}
    for pair in zip(intended.tolist(), named.tolist(), strict=True):
        counts[pair] = counts.get(pair, 0) + 1
    score = Score("x", counts)
    assert score.n == 60
    assert score.balanced_accuracy == pytest.approx(balanced_accuracy_score(intended, named))


@pytest.mark.parametrize("features", [last_values, resampled])
def test_the_nearest_mean_is_that_of_scikit_learn(features):
    random = np.random.default_rng(0)
    labels = list(PLANTED)
    known = [PLANTED[label] for label in labels for _ in range(3)]
    matrix = np.stack([features(curves) for curves in known]) + random.normal(0, 0.3, (len(known), 1))
    names = [label for label in labels for _ in range(3)]
    drawn = iter(matrix)
    ours = NearestMean(lambda curves: next(drawn), known, names)
    scale = np.where(matrix.std(axis=0) > 0, matrix.std(axis=0), 1)
    theirs = NearestCentroid().fit((matrix - matrix.mean(axis=0)) / scale, names)
    asked = random.normal(matrix.mean(axis=0), scale, (20, matrix.shape[1]))
    ours._features = lambda row: row
    expected = theirs.predict((asked - matrix.mean(axis=0)) / scale)
    assert [ours(row) for row in asked] == expected.tolist()


def test_features_are_finite_whatever_is_missing():
    curves = PLANTED["healthy"]
    broken = curves.train_loss.copy()
    broken[5:] = np.nan
    for one in (last_values, resampled):
        found = one(type(curves)(curves.iterations, broken, classes=10))
        assert np.isfinite(found).all()
    assert last_values(type(curves)(curves.iterations, broken, classes=10))[0] == HIGHEST
    np.testing.assert_allclose(
        resampled(curves)[:2] * CHANCE, np.interp([0, 1 / 31], np.linspace(0, 1, POINTS), curves.train_loss)
    )

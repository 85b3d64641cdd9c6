"""Cases trained by ``model.fit`` beside those that differ in nothing else."""

import numpy as np
import pytest

from hpbench.analysis.by_fit import by_fit
from hpbench.analysis.evidence import default_evidence
from hpbench.analysis.statistics import student_quantile

STUDY = """studies:
  slow:
    why: To compare.
    cases:
      own: {learning_rate: 0.3}
      fit: {learning_rate: 0.3, training.procedure: {name: fit}}
      other: {learning_rate: 0.4}
      alone: {learning_rate: 0.5, training.procedure: {name: fit}}
"""


@pytest.fixture
def run(planted_as):
    run = planted_as("studies:\n", STUDY)
    run.whole("slow/own", "seconds_training", [1.0, 2.0, 1.0])
    run.whole("slow/fit", "seconds_training", [10.0, 10.0, 20.0])
    run.whole("slow/other", "seconds_training", [5.0, 5.0, 5.0])
    run.whole("slow/own", "test_accuracy", [0.9, 0.8, 0.7])
    run.whole("slow/fit", "test_accuracy", [0.9, 0.9, 0.7])
    return run


def test_each_is_compared_with_the_one_like_it(run):
    (pair,) = by_fit(default_evidence(run.tables(), run.resolved))
    assert (pair.fit, pair.own) == ("slow/fit", "slow/own")
    assert pair.accuracy.mean == pytest.approx(0.1 / 3)


def test_ratios_are_geometric_means_over_seeds(run):
    (pair,) = by_fit(default_evidence(run.tables(), run.resolved))
    logarithms = np.log([10.0, 5.0, 20.0])
    half = student_quantile(2) * logarithms.std(ddof=1) / np.sqrt(3)
    found = pair.ratios["seconds_training"]
    assert found.mean == pytest.approx(10)
    assert (found.low, found.high) == pytest.approx((10 * np.exp(-half), 10 * np.exp(half)))
    assert pair.ratios["seconds_compile"].n == 0


def test_without_such_a_case_there_is_nothing(planted):
    planted.whole("A", "seconds_training", [1.0])
    assert list(by_fit(default_evidence(planted.tables(), planted.resolved))) == []

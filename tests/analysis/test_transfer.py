"""Cases that transfer what they learned beside those like them from scratch."""

import math

import pytest

from hpbench.analysis.evidence import default_evidence
from hpbench.analysis.transfer import transfers

STUDY = """studies:
  moved:
    why: To compare.
    cases:
      scratch: {learning_rate: 0.3}
      transfer: {learning_rate: 0.3, training.procedure: {name: transfer, source: {domain: amazon}}}
      other: {learning_rate: 0.4}
"""


def test_weights_times_and_accuracies_are_paired_by_seed(planted_as):
    run = planted_as("studies:\n", STUDY)
    run.whole("moved/scratch", "trainable_weights", [1000.0, 1000.0, 1000.0])
    run.whole("moved/transfer", "trainable_weights", [10.0, 10.0, 10.0])
    run.whole("moved/scratch", "seconds_training", [4.0])
    run.whole("moved/transfer", "seconds_training", [1.0])
    run.whole("moved/transfer", "seconds_training", [20.0], phase="source")
    run.whole("moved/scratch", "test_accuracy", [0.5, 0.6, 0.7])
    run.whole("moved/transfer", "test_accuracy", [0.6, 0.8, 1.0])
    (pair,) = transfers(default_evidence(run.tables(), run.resolved))
    assert (pair.transfer, pair.scratch) == ("moved/transfer", "moved/scratch")
    assert pair.ratios["trainable_weights"].mean == pytest.approx(0.01)
    assert pair.ratios["seconds_training"].mean == pytest.approx(0.25)
    assert pair.source_seconds.mean == 20.0
    assert pair.differences["test_accuracy"].mean == pytest.approx(0.2)
    assert pair.means["moved/scratch"]["trainable_weights"].mean == 1000


def test_what_was_not_timed_is_not_made_up(planted_as):
    run = planted_as("studies:\n", STUDY)
    run.whole("moved/scratch", "test_accuracy", [0.5])
    run.whole("moved/transfer", "test_accuracy", [0.6])
    (pair,) = transfers(default_evidence(run.tables(), run.resolved))
    assert pair.ratios["seconds_training"].n == 0
    assert math.isnan(pair.source_seconds.mean)


def test_without_such_a_case_there_is_nothing(planted):
    planted.whole("A", "test_accuracy", [1.0])
    assert list(transfers(default_evidence(planted.tables(), planted.resolved))) == []
